// Saving the overlays as shown: at the picture's own size, each with how it was made.

async function saveOverlays(figures, scene, settings) {
  const { picture, method } = scene.header;
  for (const figure of figures.filter(({ kind }) => kind === "overlay")) {
    const map = scene.maps[figure.index];
    const canvas = el("canvas");
    canvas.width = picture.width;
    canvas.height = picture.height;
    compose(canvas, scene, settings, map);
    const name = [picture.name.replace(/\.[^.]*$/, ""), map.name, method, "overlay"]
      .join("-")
      .replace(/[^\p{L}\p{N}.-]+/gu, "_");
    await keepCanvas(canvas, `${name}.png`, {
      ...map.made,
      "Colour map": settings.colormap,
      Alpha: String(settings.alpha),
      Threshold: String(settings.threshold),
      Interpolation: settings.interpolation,
      Blend: settings.blend,
    });
  }
}
