// A box is drawn by dragging; it goes to the server when the pointer is lifted, not before.

const SMALLEST = 2; // pixels of the picture: less is a click
const SHARP = 64; // pictures of few pixels are shown as pixels, and drawn on larger

class BoxCanvas {
  constructor(root) {
    this.canvas = root.querySelector("canvas");
    this.context = this.canvas.getContext("2d");
    this.help = root.querySelector("span");
    this.clear = root.querySelector("button");
    this.clear.addEventListener("click", () => this.send(null));
    const on = (name, act) => this.canvas.addEventListener(name, act);
    on("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.from = this.place(event);
      event.preventDefault();
    });
    on("pointermove", (event) => {
      if (this.from) this.draw([this.between(this.from, this.place(event))]);
    });
    on("pointerup", (event) => {
      if (!this.from) return;
      const box = this.between(this.from, this.place(event));
      this.from = null;
      const large = box[2] - box[0] >= SMALLEST && box[3] - box[1] >= SMALLEST;
      if (large) this.send(box);
      else this.draw(this.boxes);
    });
    on("pointercancel", () => {
      this.from = null;
      this.draw(this.boxes);
    });
  }

  async update({ header, blob }, send) {
    this.send = send;
    this.boxes = header.boxes;
    this.canvas.setAttribute("aria-label", header.label);
    this.help.textContent = header.help;
    this.clear.textContent = header.clear;
    if (this.id !== header.id) {
      const bitmap = await createImageBitmap(new Blob([blob(0)]));
      this.id = header.id;
      this.bitmap = bitmap;
      this.size = [header.width, header.height];
      this.small = Math.max(bitmap.width, bitmap.height) <= SHARP;
      this.canvas.width = bitmap.width * (this.small ? 8 : 1);
      this.canvas.height = bitmap.height * (this.small ? 8 : 1);
    }
    this.draw(this.boxes);
  }

  // Where an event lies, in pixels of the picture.
  place(event) {
    const area = this.canvas.getBoundingClientRect();
    const inside = (at, length) => Math.min(length, Math.max(0, at));
    return [
      inside(((event.clientX - area.left) / area.width) * this.size[0], this.size[0]),
      inside(((event.clientY - area.top) / area.height) * this.size[1], this.size[1]),
    ];
  }

  between([ax, ay], [bx, by]) {
    const edges = [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
    return edges.map(Math.round);
  }

  draw(boxes) {
    const { context, canvas } = this;
    context.imageSmoothingEnabled = !this.small;
    context.drawImage(this.bitmap, 0, 0, canvas.width, canvas.height);
    const [sx, sy] = [canvas.width / this.size[0], canvas.height / this.size[1]];
    const line = Math.max(1, Math.min(canvas.width, canvas.height) / 120);
    for (const [x0, y0, x1, y1] of boxes) {
      for (const [colour, width] of [["#000", 3 * line], ["#fff", line]]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.strokeRect(x0 * sx, y0 * sy, (x1 - x0) * sx, (y1 - y0) * sy);
      }
    }
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".box-canvas");
  root.boxCanvas ??= new BoxCanvas(root);
  // The time makes the same box new when it is drawn again after it was changed elsewhere.
  root.boxCanvas.update(unpack(data), (box) => setStateValue("box", [box, Date.now()]));
}
