// The figures: a canvas each, with its caption and, for the heatmap, its colour scale.

function makeFigure(kind, index, { frame, picture, grid }, palette) {
  const node = el("figure", `${kind} map${index ?? ""}`);
  const mount = el("div", "mount");
  const canvas = el("canvas");
  const ring = el("div", "ring");
  ring.hidden = true;
  canvas.setAttribute("role", "img");
  canvas.tabIndex = 0;
  const [w, h] =
    kind === "raw" ? [frame.x1 - frame.x0, frame.y1 - frame.y0] : [picture.width, picture.height];
  mount.style.setProperty("--ratio", w / h);
  if (kind === "raw") [canvas.height, canvas.width] = grid;
  mount.append(canvas, ring);
  const caption = el("figcaption");
  const title = el("strong");
  const sub = el("span");
  caption.append(title, sub);
  node.append(mount, caption);
  const made = { kind, index, node, canvas, ring, title, sub };
  if (kind === "raw") {
    made.scale = el("div", "scale");
    made.bar = ramp(palette);
    made.bar.setAttribute("aria-hidden", "true");
    made.low = el("span");
    made.high = el("span");
    made.scale.append(made.bar, made.low, made.high);
    caption.after(made.scale);
  }
  return made;
}

function aside() {
  const words =
    "Two classes, one picture, one layer. Each map is scaled to its own maximum; the numbers under the colour scales tell them apart.";
  return el("p", "aside", words);
}

function describe(figure, { header: { picture, grid, layer, method }, maps }) {
  const map = maps[figure.index];
  const gridText = `${grid[0]} × ${grid[1]}`;
  const two = maps.length === 2;
  if (figure.kind === "original") {
    figure.title.textContent = "Original";
    figure.sub.textContent = `${picture.name} · ${picture.width} × ${picture.height}`;
    figure.canvas.setAttribute("aria-label", `The picture ${picture.name}`);
  } else if (figure.kind === "raw") {
    figure.title.textContent = two ? map.name : `Heatmap, ${gridText}`;
    figure.sub.textContent = `${two ? `heatmap, ${gridText}` : map.name} · ${layer}, true cells`;
    figure.low.textContent = short(map.low);
    figure.high.textContent = short(map.high);
    figure.scale.title = `raw values from ${short(map.rawMin)} to ${short(map.rawMax)}; ${map.scaling}`;
    figure.canvas.setAttribute(
      "aria-label",
      `Heatmap of ${map.name} on its native grid of ${gridText} cells, raw values from ` +
        `${short(map.rawMin)} to ${short(map.rawMax)}. ${map.statement}`
    );
  } else {
    figure.title.textContent = two ? map.name : "Overlay";
    figure.sub.textContent =
      map.evidence === "none"
        ? `no positive evidence for ${map.name} at this layer`
        : `${two ? "overlay" : map.name} · ${method}`;
    figure.canvas.setAttribute("aria-label", `${method} for ${map.name} over the picture. ${map.statement}`);
  }
}
