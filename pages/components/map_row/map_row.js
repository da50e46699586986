// A row of maps. Under the pointer the same place is read in all of them.

class Row {
  constructor(root) {
    this.root = root;
    this.alpha = 0.6;
    this.figures = el("div", "figures");
    this.controls = el("div", "controls");
    this.slider = makeSlider(worded("Map over the picture"), {
      max: 100,
      value: 100 * this.alpha,
      shown: (value) => `${value} %`,
      changed: (value) => {
        this.alpha = value / 100;
        this.draw();
      },
    });
    this.controls.append(this.slider.node);
    this.readout = el("output", "readout");
    root.append(this.figures, this.readout, this.controls);
    new ResizeObserver(() => this.draw()).observe(this.figures);
  }

  async update({ header, blob, floats }) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    if (this.pictureId !== header.picture.id) {
      const bitmap = await createImageBitmap(new Blob([blob(2)]));
      if (turn !== this.turn) return; // a newer row came while this picture was decoded
      this.bitmap = bitmap;
      this.pictureId = header.picture.id;
    }
    this.header = header;
    this.palettes = { signed: blob(0), even: blob(1) };
    this.maps = header.figures.map((own) => this.figure(own, floats(own.values)));
    this.figures.replaceChildren(...this.maps.map((own) => own.node));
    this.controls.hidden = !header.figures.some((own) => own.over);
    this.say();
    this.draw();
  }

  figure(own, values) {
    const node = el("figure");
    const mount = el("div", "mount");
    const canvas = el("canvas");
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", own.alt);
    const { frame } = own;
    const ratio = own.over
      ? this.header.picture.width / this.header.picture.height
      : (frame.x1 - frame.x0) / (frame.y1 - frame.y0);
    node.style.setProperty("--ratio", ratio);
    mount.append(canvas);
    const palette = own.signed ? this.palettes.signed : this.palettes.even;
    const scale = el("div", "scale");
    const bar = el("canvas");
    bar.setAttribute("aria-hidden", "true");
    paintRamp(bar, palette);
    scale.append(bar, el("span", "", signed(own.low)));
    if (own.signed) scale.append(el("span", "", "0"));
    scale.append(el("span", "", signed(own.high)));
    const caption = el("figcaption");
    caption.append(el("strong", "", own.title), el("span", "", own.sub));
    node.append(mount, scale, caption);
    const [rows, columns] = own.grid;
    const map = { ...own, node, canvas, values, rows, columns, palette, ratio };
    canvas.addEventListener("pointermove", (event) => this.read(map, event));
    canvas.addEventListener("pointerleave", () => this.say());
    return map;
  }

  draw() {
    for (const map of this.maps ?? []) {
      if (!map.over) paintCells(map.canvas, map);
      else {
        const values = map.values.map((value) => shade(value, map.low, map.high));
        const options = { ...map, values, alpha: this.alpha };
        map.full = paintOver(map.canvas, this.bitmap, this.header.picture, options);
      }
    }
  }

  // The pointer's place on the picture, 0..1 each way, and what every map has there.
  read(map, event) {
    const { width, height } = this.header.picture;
    const area = map.canvas.getBoundingClientRect();
    let x = (event.clientX - area.left) / area.width;
    let y = (event.clientY - area.top) / area.height;
    if (!map.over) {
      x = (map.frame.x0 + x * (map.frame.x1 - map.frame.x0)) / width;
      y = (map.frame.y0 + y * (map.frame.y1 - map.frame.y0)) / height;
    }
    const parts = this.maps.map((own) => `${own.title}: ${this.value(own, x, y)}`);
    this.say(worded("Here · {readings}", { readings: parts.join(" · ") }));
  }

  value(map, x, y) {
    if (map.over) {
      if (!map.full) return "–";
      const column = Math.floor(x * map.canvas.width) - map.full.x0;
      const row = Math.floor(y * map.canvas.height) - map.full.y0;
      const inside = column >= 0 && row >= 0 && column < map.full.w && row < map.full.h;
      return inside
        ? pointed(map.full.values[row * map.full.w + column].toFixed(2))
        : worded("not seen");
    }
    const { frame, rows, columns } = map;
    const column = Math.floor(((x * frame.width - frame.x0) / (frame.x1 - frame.x0)) * columns);
    const row = Math.floor(((y * frame.height - frame.y0) / (frame.y1 - frame.y0)) * rows);
    const inside = column >= 0 && row >= 0 && column < columns && row < rows;
    return inside ? signed(map.values[row * columns + column]) : worded("not seen");
  }

  say(words = worded("Point at a map to read the same place in all of them.")) {
    this.readout.textContent = words;
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".row");
  const unpacked = unpack(data);
  if (speaksAnew(root, unpacked.header.words)) root.row = new Row(root);
  root.row.update(unpacked);
}
