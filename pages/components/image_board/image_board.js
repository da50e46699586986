// A grid of pictures under their maps. Sliders act here; only a tick tells the server.

function tileOf({ id, title, caption, alt, link }, picture, overlay) {
  const figure = document.createElement("figure");
  const anchor = document.createElement("a");
  anchor.className = "stack";
  anchor.href = link;
  anchor.target = "_blank";
  anchor.rel = "noopener";
  for (const [bytes, words] of [[picture, alt], [overlay, ""]]) {
    if (!bytes.length) continue;
    const image = document.createElement("img");
    image.src = URL.createObjectURL(new Blob([bytes]));
    image.alt = words;
    anchor.append(image);
  }
  if (!picture.length) anchor.setAttribute("aria-label", alt);
  const words = document.createElement("figcaption");
  const label = document.createElement("label");
  const tick = document.createElement("input");
  tick.type = "checkbox";
  tick.value = id;
  const name = document.createElement("span");
  name.textContent = title;
  label.append(tick, name);
  const below = document.createElement("span");
  below.textContent = caption;
  words.append(label, below);
  figure.append(anchor, words);
  return figure;
}

export default function ({ data, parentElement, setStateValue }) {
  const board = parentElement.querySelector(".board");
  const { header, blob } = unpack(data);
  board.setAttribute("aria-label", header.words.pictures);
  parentElement.querySelector(".size-label").textContent = header.words.size;
  parentElement.querySelector(".map-label").textContent = header.words.map;
  const shape = JSON.stringify(header.tiles);
  if (board.shape !== shape) {
    board.shape = shape;
    for (const image of board.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    board.replaceChildren(
      ...header.tiles.map((tile, i) => tileOf(tile, blob(2 * i), blob(2 * i + 1)))
    );
  }
  const ticks = [...board.querySelectorAll("input")];
  const mark = () => {
    for (const tick of ticks) tick.closest("figure").classList.toggle("ticked", tick.checked);
  };
  for (const tick of ticks) {
    tick.checked = header.picked.includes(Number(tick.value));
    tick.onchange = () => {
      mark();
      const ids = ticks.filter((own) => own.checked).map((own) => Number(own.value));
      setStateValue("picked", [ids, Date.now()]);
    };
  }
  mark();
  const size = parentElement.querySelector(".size");
  const opacity = parentElement.querySelector(".opacity");
  size.oninput = () => board.style.setProperty("--tile", `${size.value}px`);
  opacity.oninput = () => board.style.setProperty("--map", opacity.value / 100);
}
