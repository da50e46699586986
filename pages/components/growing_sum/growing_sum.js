// The first n feature maps of an order, weighted and added up; every n at once, no server.

const ORDERS = {
  "largest contribution": (added) => (a, b) => Math.abs(added[b]) - Math.abs(added[a]) || a - b,
  "index": () => (a, b) => a - b,
};
const PLAYING = 6000; // milliseconds for the whole sum

class Sum {
  constructor(root) {
    this.order = el("select");
    for (const name of Object.keys(ORDERS)) this.order.append(new Option(worded(name), name));
    this.order.addEventListener("input", () => this.arrange());
    const order = el("label", "", worded("In the order of"));
    order.append(this.order);
    this.slider = makeSlider(worded("Feature maps in the sum"), {
      max: 1,
      value: 1,
      shown: (n) => worded("{n} of {count}", { n, count: this.header?.count ?? 1 }),
      changed: () => {
        this.stop();
        this.draw();
      },
    });
    this.play = el("button", "", worded("Play"));
    this.play.type = "button";
    this.play.addEventListener("click", () => (this.timer ? this.stop() : this.start()));
    const controls = el("div", "controls");
    controls.append(this.slider.node, order, this.play);
    const figures = el("div", "figures");
    this.next = this.figure(figures);
    this.map = this.figure(figures);
    this.over = this.figure(figures);
    this.running = el("output", "running");
    this.line = el("canvas");
    this.line.setAttribute("aria-hidden", "true");
    const line = el("div", "line");
    line.append(this.line);
    const output = el("output", "product");
    this.product = new CellProduct(figures, output, this.next, this.map, () => this.draw());
    root.append(controls, this.running, line, figures, output);
    new ResizeObserver(() => this.draw()).observe(figures);
  }

  figure(into) {
    const node = el("figure");
    const mount = el("div", "mount");
    const canvas = el("canvas");
    canvas.setAttribute("role", "img");
    mount.append(canvas);
    const caption = el("figcaption");
    const [title, sub] = [el("strong"), el("span")];
    caption.append(title, sub);
    node.append(mount, caption);
    into.append(node);
    return { node, canvas, title, sub };
  }

  async update({ header, blob, floats }) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const bitmap = await createImageBitmap(new Blob([blob(2)]));
    if (turn !== this.turn) return; // newer numbers came while this picture was decoded
    this.stop();
    this.bitmap = bitmap;
    this.header = header;
    this.palettes = { signed: blob(0), even: blob(1) };
    [this.maps, this.weights, this.added] = [3, 4, 5].map(floats);
    const { frame, picture } = header;
    this.ratio = (frame.x1 - frame.x0) / (frame.y1 - frame.y0);
    for (const { node } of [this.next, this.map]) node.style.setProperty("--ratio", this.ratio);
    this.over.node.style.setProperty("--ratio", picture.width / picture.height);
    const { input } = this.slider;
    input.max = header.count;
    input.value = Math.min(3, header.count);
    this.slider.tell();
    this.arrange();
  }

  arrange() {
    const by = ORDERS[this.order.value](this.added);
    this.sequence = Array.from(this.added.keys()).sort(by);
    // The score on its way: all of its stops, so that the line has room for each.
    let score = this.header.bias ?? 0;
    this.scores = [score, ...this.sequence.map((k) => (score += this.added[k]))];
    const whole = this.sum(this.header.count);
    this.largest = whole.reduce((a, b) => Math.max(a, Math.abs(b)), 0) || 1;
    this.highest = whole.reduce((a, b) => Math.max(a, b), 0) || 1;
    this.draw();
  }

  sum(n) {
    const [rows, columns] = this.header.grid;
    const size = rows * columns;
    const total = new Float32Array(size);
    for (const k of this.sequence.slice(0, n)) {
      const weight = this.weights[k];
      const at = k * size;
      for (let i = 0; i < size; i += 1) total[i] += weight * this.maps[at + i];
    }
    return total;
  }

  start() {
    this.play.textContent = worded("Stop");
    const { input, tell } = this.slider;
    const { count } = this.header;
    const from = Number(input.value) < count ? Number(input.value) : 0;
    const began = performance.now();
    const frame = () => {
      const n = Math.min(count, from + Math.floor(((performance.now() - began) / PLAYING) * count));
      if (n !== Number(input.value)) {
        input.value = n;
        tell();
        this.draw();
      }
      if (n < count) this.timer = requestAnimationFrame(frame);
      else this.stop();
    };
    this.timer = requestAnimationFrame(frame);
  }

  stop() {
    cancelAnimationFrame(this.timer);
    this.timer = null;
    this.play.textContent = worded("Play");
  }

  draw() {
    if (!this.sequence) return;
    const { header } = this;
    const [rows, columns] = header.grid;
    const n = Number(this.slider.input.value);
    const values = this.sum(n);
    const cells = { rows, columns, ratio: this.ratio };
    this.drawLast(n, cells);
    const [low, high] = [-this.largest, this.largest];
    paintCells(this.map.canvas, { ...cells, values, low, high, palette: this.palettes.signed });
    this.map.title.textContent = worded(
      n === 1 ? "Sum of {n} weighted feature map" : "Sum of {n} weighted feature maps", { n }
    );
    this.map.sub.textContent =
      worded("blue against, white zero, red for; from {low} to {high}", {
        low: signed(low),
        high: signed(high),
      });
    const spread = values.map((value) => shade(value, 0, this.highest));
    const options = { ...cells, values: spread, frame: header.frame, interpolation: "bilinear" };
    const drawn = { ...options, palette: this.palettes.even, alpha: 0.6 };
    paintOver(this.over.canvas, this.bitmap, header.picture, drawn);
    this.over.title.textContent = worded("Over the picture");
    this.over.sub.textContent = worded("what is above zero, up to {highest}", {
      highest: signed(this.highest),
    });
    const described = worded("{title}, values from {lowest} to {highest}", {
      title: this.map.title.textContent,
      lowest: signed(Math.min(...values)),
      highest: signed(Math.max(...values)),
    });
    this.map.canvas.setAttribute("aria-label", described);
    this.over.canvas.setAttribute(
      "aria-label", worded("The sum of {n} feature maps over the picture", { n })
    );
    const k = this.sequence[n - 1];
    const last = n ? { weight: this.weights[k], values: this.mapOf(k) } : null;
    this.product.draw(header.grid, values, last, header.symbol);
    this.tell(n);
  }

  mapOf(k) {
    const [rows, columns] = this.header.grid;
    return this.maps.subarray(k * rows * columns, (k + 1) * rows * columns);
  }

  // The feature map that came last.
  drawLast(n, cells) {
    const { canvas, title, sub } = this.next;
    const size = cells.rows * cells.columns;
    const k = this.sequence[n - 1];
    const values = n ? this.mapOf(k) : new Float32Array(size);
    const high = values.reduce((a, b) => Math.max(a, b), 0) || 1;
    const low = values.reduce((a, b) => Math.min(a, b), 0);
    paintCells(canvas, { ...cells, values, low, high, palette: this.palettes.even });
    title.textContent = n ? worded("Added last: feature map {k}", { k }) : worded("Nothing added yet");
    sub.textContent = n
      ? worded("weight {symbol} = {weight}, its mean times the weight = {added}", {
          symbol: this.header.symbol,
          weight: signed(this.weights[k]),
          added: signed(this.added[k]),
        })
      : worded("move the slider, or press Play");
    canvas.setAttribute("aria-label", `${title.textContent}; ${sub.textContent}`);
  }

  tell(n) {
    const { bias, count } = this.header;
    const score = this.scores[n];
    if (bias === null) {
      this.running.textContent = worded("Mean of the sum: {mean}, of all: {all}", {
        mean: signed(score),
        all: signed(this.scores[count]),
      });
    } else {
      this.running.textContent =
        worded(
          n === count
            ? "Mean of the sum {mean} + bias {bias} = {score} · class score {whole}: reached"
            : "Mean of the sum {mean} + bias {bias} = {score} · class score {whole}",
          {
            mean: signed(score - bias),
            bias: signed(bias),
            score: signed(score),
            whole: signed(this.scores[count]),
          }
        );
    }
    this.drawLine(n);
  }

  // Where the score has got to: a bar to it, and a mark at its goal.
  drawLine(n) {
    const canvas = this.line;
    if (!fitCanvas(canvas, canvas.clientWidth / (canvas.clientHeight || 1))) return;
    const { width, height } = canvas;
    const lowest = Math.min(0, ...this.scores);
    const highest = Math.max(0, ...this.scores);
    const x = (value) => 8 + ((value - lowest) / (highest - lowest || 1)) * (width - 16);
    const context = canvas.getContext("2d");
    const style = getComputedStyle(canvas);
    context.clearRect(0, 0, width, height);
    context.fillStyle = style.getPropertyValue("--st-secondary-background-color");
    context.fillRect(0, height * 0.3, width, height * 0.4);
    context.fillStyle = style.getPropertyValue("--st-primary-color");
    const [from, to] = [x(0), x(this.scores[n])];
    context.fillRect(Math.min(from, to), height * 0.3, Math.abs(to - from), height * 0.4);
    context.fillStyle = style.color;
    context.fillRect(x(0) - 1, height * 0.15, 2, height * 0.7);
    const goal = x(this.scores.at(-1));
    context.fillRect(goal - 2, 0, 4, height);
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".sum");
  const unpacked = unpack(data);
  if (speaksAnew(root, unpacked.header.words)) root.sum = new Sum(root);
  root.sum.update(unpacked);
}
