// A radio group of pictures. Only a click or a key press tells the server.

export default function ({ data, parentElement, setStateValue }) {
  const grid = parentElement.querySelector(".grid");
  const { header, blob } = unpack(data);
  grid.setAttribute("aria-label", header.label);
  const shape = JSON.stringify(header.samples);
  if (grid.shape !== shape) {
    grid.shape = shape;
    for (const image of grid.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    grid.replaceChildren(
      ...header.samples.map(({ name, title }, i) => {
        const label = document.createElement("label");
        const radio = document.createElement("input");
        const image = document.createElement("img");
        radio.type = "radio";
        radio.name = "sample";
        radio.value = name;
        radio.addEventListener("change", () => grid.picked(name));
        image.src = URL.createObjectURL(new Blob([blob(i)], { type: "image/png" }));
        image.alt = title;
        label.title = title;
        label.append(radio, image);
        return label;
      })
    );
  }
  // A state and not a trigger: a second click close behind must not swallow the first. The time
  // makes it new when the same picture is picked again after the page has chosen another.
  grid.picked = (name) => setStateValue("picked", [name, Date.now()]);
  for (const radio of grid.querySelectorAll("input")) radio.checked = radio.value === header.chosen;
}
