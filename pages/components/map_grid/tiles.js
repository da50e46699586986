// The tiles of the grid: an overlay each, or words about why there is none.

// A layer's name breaks between its words, conv_pw_11_relu behind an underscore.
function breakable(name) {
  const node = el("strong");
  for (const word of name.split(/(?<=[_./])/)) node.append(word, document.createElement("wbr"));
  return node;
}

function heading({ title, sub }, className) {
  const node = el("div", `heading ${className}`);
  node.append(breakable(title));
  if (sub) node.append(el("span", "", sub));
  return node;
}

function mapTile(map, index, { width, height }) {
  const node = el("figure", `overlay map${index}`);
  const mount = el("div", "mount");
  const canvas = el("canvas");
  const ring = el("div", "ring");
  ring.hidden = true;
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", worded("{name}, over the picture. {statement}", map));
  canvas.tabIndex = 0;
  mount.style.setProperty("--ratio", width / height);
  mount.append(canvas, ring);
  node.append(mount);
  if (map.evidence === "none") {
    node.append(el("figcaption", "", worded("no positive evidence")));
  }
  node.title = worded("raw values from {low} to {high}; {scaling}", {
    low: short(map.low),
    high: short(map.high),
    scaling: map.scaling,
  });
  return { node, canvas, ring, map };
}

function wordTile({ words, ask, label }, index, { width, height }, send) {
  const node = el("div", `words tile${index}`);
  node.style.setProperty("--ratio", width / height);
  node.append(el("p", "", words));
  if (ask) {
    const button = el("button", "", label);
    button.type = "button";
    button.addEventListener("click", () => send(ask));
    node.append(button);
  }
  return node;
}

// One scale for all tiles: the colours, from 0 to each map's own maximum.
function sharedScale(palette) {
  const node = el("div", "scale shared");
  const bar = ramp(palette);
  bar.setAttribute("aria-hidden", "true");
  node.append(bar, el("span", "", "0"), el("span", "", worded("each map's own maximum")));
  return { node, bar };
}
