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
  const words = worded(
    "Two classes, one picture, one layer. Each map is scaled to its own maximum; the numbers under the colour scales tell them apart."
  );
  return el("p", "aside", words);
}

function describe(figure, { header: { picture, grid, layer, method }, maps }) {
  const map = maps[figure.index];
  const two = maps.length === 2;
  const values = { layer, method, grid: `${grid[0]} × ${grid[1]}`, name: (map ?? picture).name };
  if (figure.kind === "original") {
    figure.title.textContent = worded("Original");
    figure.sub.textContent = `${picture.name} · ${picture.width} × ${picture.height}`;
    figure.canvas.setAttribute("aria-label", worded("The picture {name}", values));
    return;
  }
  Object.assign(values, {
    low: short(map.rawMin),
    high: short(map.rawMax),
    scaling: map.scaling,
    statement: map.statement,
  });
  if (figure.kind === "raw") {
    figure.title.textContent = two ? map.name : worded("Heatmap, {grid}", values);
    figure.sub.textContent = two
      ? worded("heatmap, {grid} · {layer}, true cells", values)
      : worded("{name} · {layer}, true cells", values);
    figure.low.textContent = short(map.low);
    figure.high.textContent = short(map.high);
    figure.scale.title = worded("raw values from {low} to {high}; {scaling}", values);
    figure.canvas.setAttribute(
      "aria-label",
      worded(
        "Heatmap of {name} on its native grid of {grid} cells, raw values from {low} to {high}. {statement}",
        values
      )
    );
    return;
  }
  figure.title.textContent = two ? map.name : worded("Overlay");
  if (map.evidence === "none") {
    figure.sub.textContent = worded("no positive evidence for {name} at this layer", values);
  } else {
    figure.sub.textContent = two ? worded("overlay · {method}", values) : `${map.name} · ${method}`;
  }
  figure.canvas.setAttribute(
    "aria-label",
    worded("{method} for {name} over the picture. {statement}", values)
  );
}
