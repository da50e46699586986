// Original, heatmap on its native grid, and overlay. Everything that changes how a map is shown
// happens here, in the browser; nothing is sent to the server while a control moves.

const KEPT = "camaudit.viewer";
const START = {
  alpha: 0.4,
  threshold: 0,
  colormap: "viridis",
  interpolation: "bilinear",
  blend: "mix",
  box: false,
};
const SMALL = 64; // pictures of few pixels are shown as pixels, not blurred

function el(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text; // never as HTML: names come from outside
  return node;
}

function short(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 100000)) return value.toExponential(1);
  return String(Number(value.toPrecision(3)));
}

const percent = (value) => `${Math.round(value * 100)} %`;

class Viewer {
  constructor(root) {
    this.root = root;
    this.pictures = root.querySelector(".pictures");
    this.readout = root.querySelector(".readout");
    this.settings = { ...START, ...this.remembered() };
    this.figures = [];
    this.comparing = false;
    this.listen();
    this.resized = new ResizeObserver(() => this.schedule());
    this.resized.observe(this.pictures);
  }

  remembered() {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    } catch {
      return {}; // storage may be blocked; the defaults are good
    }
  }

  set(name, value) {
    this.settings[name] = value;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(this.settings));
    } catch {
      // see remembered()
    }
    this.showSettings();
    this.schedule();
  }

  listen() {
    for (const input of this.root.querySelectorAll("[data-sets]")) {
      const read = () => {
        if (input.type === "checkbox") return input.checked;
        return input.type === "range" ? Number(input.value) : input.value;
      };
      input.addEventListener("input", () => this.set(input.dataset.sets, read()));
    }
    const compare = this.root.querySelector("[data-does=compare]");
    const hold = (on) => () => {
      this.comparing = on;
      this.schedule();
    };
    compare.addEventListener("pointerdown", hold(true));
    for (const end of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) {
      compare.addEventListener(end, hold(false));
    }
    compare.addEventListener("keydown", (event) => {
      if (event.key === " " || event.key === "Enter") hold(true)();
    });
    this.root.querySelector("[data-does=keep]").addEventListener("click", () => this.keep());
  }

  // ---- what the server sent -------------------------------------------------------------

  async update({ header, blob, floats }, askForFull) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.askForFull = askForFull;
    const { picture } = header;
    const id = `${picture.id} ${picture.full}`;
    let bitmap = this.bitmap;
    if (this.bitmapId !== id) {
      bitmap = await createImageBitmap(new Blob([blob(picture.encoded)]));
      if (turn !== this.turn) return; // a newer answer came while this one was decoded
    }
    this.bitmap = bitmap;
    this.bitmapId = id;
    this.header = header;
    this.maps = header.maps.map((map) => ({ ...map, values: floats(map.values), raw: floats(map.raw) }));
    const luts = blob(header.luts);
    this.palettes = Object.fromEntries(
      header.colormaps.map(({ name }, i) => [name, luts.subarray(i * 768, (i + 1) * 768)])
    );
    if (!this.palettes[this.settings.colormap]) this.settings.colormap = START.colormap;
    this.offer();
    this.build();
    this.showSettings();
    this.draw();
    if (this.wanted && picture.full) {
      this.wanted = false;
      this.keepNow();
    }
  }

  // Choices that depend on what the engine knows: colour maps and blends.
  offer() {
    const blends = this.root.querySelector("[data-sets=blend]");
    if (blends.length === 0) {
      for (const { name, about } of this.header.blends) {
        const option = el("option", "", name);
        option.value = name;
        option.title = about;
        blends.append(option);
      }
      blends.parentElement.title = this.header.blends.map((b) => `${b.name}: ${b.about}`).join("\n");
    }
    const swatches = this.root.querySelector(".swatches");
    if (swatches.childElementCount) return;
    for (const { name, about } of this.header.colormaps) {
      const label = el("label", "swatch");
      label.title = `${name}: ${about}`;
      const radio = el("input");
      radio.type = "radio";
      radio.name = "colormap";
      radio.value = name;
      radio.setAttribute("aria-label", `${name}, ${about}`);
      radio.addEventListener("input", () => this.set("colormap", name));
      label.append(radio, this.ramp(name));
      swatches.append(label);
    }
  }

  ramp(name) {
    const canvas = el("canvas");
    canvas.width = 256;
    canvas.height = 1;
    this.paintRamp(canvas, name, 0);
    return canvas;
  }

  paintRamp(canvas, name, threshold) {
    const level = Float32Array.from({ length: 256 }, (_, i) => i / 255);
    const image = cells(level, 1, 256, this.palettes[name], threshold);
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  // ---- figures --------------------------------------------------------------------------

  build() {
    const { header } = this;
    const shape = `${header.maps.length} ${header.picture.id} ${header.grid} ${Object.values(header.frame)}`;
    if (this.shape !== shape) {
      this.shape = shape;
      this.pictures.replaceChildren();
      this.pictures.classList.toggle("two", header.maps.length === 2);
      this.pictures.classList.toggle("plain", header.maps.length === 0);
      this.figures = [this.figure("original", null)];
      header.maps.forEach((_, i) => {
        const pair = header.maps.length === 2 ? ["overlay", "raw"] : ["raw", "overlay"];
        for (const kind of pair) this.figures.push(this.figure(kind, i));
      });
      if (header.maps.length === 2) this.pictures.append(this.aside());
    }
    for (const figure of this.figures) this.caption(figure);
    this.root.querySelector(".controls").hidden = header.maps.length === 0;
    this.say(header.maps.length ? "Point at a picture, or focus it and use the arrow keys, to read values." : "");
  }

  figure(kind, index) {
    const { frame, picture, grid } = this.header;
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
    this.pictures.append(node);
    const made = { kind, index, node, canvas, ring, title, sub };
    if (kind === "raw") {
      made.scale = el("div", "scale");
      made.bar = this.ramp(this.settings.colormap);
      made.bar.setAttribute("aria-hidden", "true");
      made.low = el("span");
      made.high = el("span");
      made.scale.append(made.bar, made.low, made.high);
      caption.after(made.scale);
    }
    this.watch(made);
    return made;
  }

  aside() {
    const note = el("p", "aside");
    note.textContent =
      "Two classes, one picture, one layer. Each map is scaled to its own maximum; the numbers under the colour scales tell them apart.";
    return note;
  }

  caption(figure) {
    const { picture, grid, layer, method } = this.header;
    const map = this.maps[figure.index];
    const gridText = `${grid[0]} × ${grid[1]}`;
    const two = this.maps.length === 2;
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

  showSettings() {
    for (const input of this.root.querySelectorAll("[data-sets]")) {
      const value = this.settings[input.dataset.sets];
      if (input.type === "checkbox") input.checked = value;
      else input.value = value;
      if (input.type === "range") input.setAttribute("aria-valuetext", percent(value));
    }
    for (const radio of this.root.querySelectorAll(".swatches input")) {
      radio.checked = radio.value === this.settings.colormap;
    }
    for (const name of ["alpha", "threshold"]) {
      this.root.querySelector(`[data-shows=${name}]`).textContent = percent(this.settings[name]);
    }
    this.root.querySelector("[data-shows=colormap]").textContent = this.settings.colormap;
  }

  // ---- drawing --------------------------------------------------------------------------

  schedule() {
    if (this.frameAsked || !this.header) return;
    this.frameAsked = true;
    requestAnimationFrame(() => {
      this.frameAsked = false;
      this.draw();
    });
  }

  draw() {
    for (const figure of this.figures) {
      if (figure.kind === "raw") this.drawRaw(figure);
      else this.drawPicture(figure);
    }
  }

  drawRaw(figure) {
    const { colormap, threshold } = this.settings;
    const [rows, columns] = this.header.grid;
    const image = cells(
      this.maps[figure.index].values, rows, columns, this.palettes[colormap], threshold
    );
    figure.canvas.getContext("2d").putImageData(image, 0, 0);
    this.paintRamp(figure.bar, colormap, threshold);
  }

  drawPicture(figure) {
    const { picture } = this.header;
    const dense = window.devicePixelRatio || 1;
    const width = Math.min(2048, Math.round(figure.canvas.clientWidth * dense));
    if (!width) return; // not laid out yet; the observer calls again
    const height = Math.max(1, Math.round((width * picture.height) / picture.width));
    if (figure.canvas.width !== width || figure.canvas.height !== height) {
      figure.canvas.width = width;
      figure.canvas.height = height;
    }
    const plain = figure.kind === "original" || this.comparing;
    this.compose(figure.canvas, plain ? null : figure);
  }

  // Draw the picture, and over it a map, onto a canvas of any size.
  compose(canvas, figure) {
    const { width, height } = canvas;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    const { picture } = this.header;
    context.imageSmoothingEnabled = Math.max(picture.width, picture.height) > SMALL;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.bitmap, 0, 0, width, height);
    if (!figure) return;
    const map = this.maps[figure.index];
    if (map.evidence === "none") return;
    const image = context.getImageData(0, 0, width, height);
    const { alpha, threshold, blend: mode, colormap, box } = this.settings;
    blend(image.data, width, this.spread(map, width, height), this.palettes[colormap], {
      alpha, threshold, mode,
    });
    context.putImageData(image, 0, 0);
    if (box && map.box) this.drawBox(context, map.box, width / picture.width, height / picture.height);
  }

  // The upsampled map, kept until its size or the interpolation changes.
  spread(map, width, height) {
    const { interpolation } = this.settings;
    const key = `${width} ${height} ${interpolation}`;
    if (map.key !== key) {
      const [rows, columns] = this.header.grid;
      map.key = key;
      map.full = upsample(map.values, rows, columns, this.header.frame, width, height, interpolation);
    }
    return map.full;
  }

  drawBox(context, [x0, y0, x1, y1], sx, sy) {
    const line = Math.max(1, roundHalfEven(Math.min(context.canvas.width, context.canvas.height) / 150));
    const outline = (colour, inset, thick) => {
      const [left, top] = [Math.round(x0 * sx) + inset, Math.round(y0 * sy) + inset];
      const w = Math.round(x1 * sx) - inset - left;
      const h = Math.round(y1 * sy) - inset - top;
      context.fillStyle = colour;
      context.fillRect(left, top, w, Math.min(thick, h));
      context.fillRect(left, top + Math.max(0, h - thick), w, Math.min(thick, h));
      context.fillRect(left, top, Math.min(thick, w), h);
      context.fillRect(left + Math.max(0, w - thick), top, Math.min(thick, w), h);
    };
    outline("#000", 0, 3 * line);
    outline("#fff", line, line);
  }

  // ---- reading values -------------------------------------------------------------------

  watch(figure) {
    const { canvas } = figure;
    canvas.addEventListener("pointermove", (event) => this.point(figure, event));
    canvas.addEventListener("pointerdown", (event) => this.point(figure, event));
    canvas.addEventListener("pointerleave", () => this.mark(null));
    canvas.addEventListener("blur", () => this.mark(null));
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
      if (!step || !this.header.maps.length) return;
      event.preventDefault();
      const [rows, columns] = this.header.grid;
      const [row, column] = this.cell ?? [(rows - 1) >> 1, (columns - 1) >> 1];
      this.mark([
        Math.min(rows - 1, Math.max(0, row + step[0])),
        Math.min(columns - 1, Math.max(0, column + step[1])),
      ]);
    });
  }

  point(figure, event) {
    const { frame, picture, grid, maps } = this.header;
    if (!maps.length) return;
    const area = figure.canvas.getBoundingClientRect();
    let u = (event.clientX - area.left) / area.width;
    let v = (event.clientY - area.top) / area.height;
    if (figure.kind !== "raw") {
      u = (u * picture.width - frame.x0) / (frame.x1 - frame.x0);
      v = (v * picture.height - frame.y0) / (frame.y1 - frame.y0);
    }
    if (u < 0 || u >= 1 || v < 0 || v >= 1) this.mark(null, "The model did not see this part.");
    else this.mark([Math.floor(v * grid[0]), Math.floor(u * grid[1])]);
  }

  mark(cell, words = "Point at a picture, or focus it and use the arrow keys, to read values.") {
    this.cell = cell;
    const { frame, picture, grid } = this.header;
    for (const figure of this.figures) {
      figure.ring.hidden = !cell;
      if (!cell) continue;
      const own = figure.kind === "raw";
      const across = (own ? 1 : (frame.x1 - frame.x0) / picture.width) / grid[1];
      const down = (own ? 1 : (frame.y1 - frame.y0) / picture.height) / grid[0];
      figure.ring.style.left = `${100 * ((own ? 0 : frame.x0 / picture.width) + cell[1] * across)}%`;
      figure.ring.style.top = `${100 * ((own ? 0 : frame.y0 / picture.height) + cell[0] * down)}%`;
      figure.ring.style.width = `${100 * across}%`;
      figure.ring.style.height = `${100 * down}%`;
    }
    if (!cell) return this.say(words);
    const at = cell[0] * grid[1] + cell[1];
    const values = this.maps.map(
      (map) => `${map.name}: raw ${short(map.raw[at])}, shown as ${percent(map.values[at])}`
    );
    return this.say(`Cell ${cell[0] + 1} down, ${cell[1] + 1} across · ${values.join(" · ")}`);
  }

  say(words) {
    this.readout.textContent = words;
  }

  // ---- keeping --------------------------------------------------------------------------

  keep() {
    const { picture } = this.header;
    if (picture.full) this.keepNow();
    else {
      this.wanted = true; // the picture was sent smaller than it is: ask once for all of it
      this.askForFull();
    }
  }

  async keepNow() {
    const { picture, method } = this.header;
    for (const figure of this.figures.filter(({ kind }) => kind === "overlay")) {
      const map = this.maps[figure.index];
      const canvas = el("canvas");
      canvas.width = picture.width;
      canvas.height = picture.height;
      this.compose(canvas, figure);
      const { alpha, colormap, interpolation, blend: mode, threshold } = this.settings;
      const name = [picture.name.replace(/\.[^.]*$/, ""), map.name, method, "overlay"]
        .join("-")
        .replace(/[^\p{L}\p{N}.-]+/gu, "_");
      await keepCanvas(canvas, `${name}.png`, {
        ...map.made,
        "Colour map": colormap,
        Alpha: String(alpha),
        Threshold: String(threshold),
        Interpolation: interpolation,
        Blend: mode,
      });
    }
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".viewer");
  root.viewer ??= new Viewer(root);
  root.viewer.update(unpack(data), () => setTriggerValue("full", true));
}
