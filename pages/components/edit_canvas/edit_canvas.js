// A picture whose parts are dragged and painted. The server edits it; until its answer is there the
// picture is edited here as well as the browser can. One question is on its way at a time.

const SHARP = 64; // pictures of few pixels are shown as pixels
const LONGEST = 640; // pixels of the canvas
const STEP = 0.02; // of the picture, for a key
const NEAR = 0.03; // a part that comes so close to its own place falls into it
const LATE = 4000; // milliseconds after which an answer is no longer waited for
const MOST = 2000; // places of the brush, as the server takes them
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));

class EditCanvas {
  constructor(root) {
    this.canvas = root.querySelector("canvas");
    this.help = root.querySelector(".help");
    this.context = this.canvas.getContext("2d");
    this.cursor = null;
    const on = (name, act) => this.canvas.addEventListener(name, act);
    on("pointerdown", (event) => {
      this.canvas.setPointerCapture(event.pointerId);
      this.drags = true;
      this.begin();
      this.follow(event);
      this.canvas.focus({ preventScroll: true });
      event.preventDefault();
    });
    on("pointermove", (event) => {
      this.cursor = this.place(event);
      if (!this.drags) return this.draw();
      if (this.paints) for (const own of event.getCoalescedEvents?.() ?? []) this.dab(this.place(own));
      this.follow(event);
    });
    on("pointerleave", () => {
      this.cursor = null;
      this.draw();
    });
    const lift = () => {
      if (!this.drags) return;
      this.drags = false;
      this.tell(true);
    };
    on("pointerup", lift);
    on("pointercancel", lift);
    on("keydown", (event) => this.press(event));
  }

  async update(packed, send) {
    const { header, blob } = packed;
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.send = send;
    const before = this.header;
    const wanted = [header.original, header.donor, header.edited];
    const bitmaps = await Promise.all(
      wanted.map((id, i) => {
        if (id === null) return null;
        this.bitmaps ??= new Map();
        if (!this.bitmaps.has(id)) this.bitmaps.set(id, createImageBitmap(new Blob([blob(i)])));
        return this.bitmaps.get(id);
      })
    );
    if (turn !== this.turn) return; // newer data came while these pictures were decoded
    for (const id of this.bitmaps.keys()) if (!wanted.includes(id)) this.bitmaps.delete(id);
    this.header = header;
    [this.original, this.donor, this.edited] = bitmaps;
    const answered = this.sent !== undefined && header.turn >= this.sent;
    if (answered || Date.now() - (this.when ?? 0) > LATE) this.waits = false;
    const other = !before || before.original !== header.original || before.part !== header.part;
    // What is under the hand is not taken out of it by an answer to an earlier question.
    if (other || (!this.drags && !this.waits && !this.changed)) {
      this.right = header.right;
      this.down = header.down;
      this.strokes = header.strokes.map((stroke) => stroke.map((dab) => [...dab]));
      this.settled = true;
    }
    if (other) this.drags = false;
    this.paints = header.box === null;
    this.canvas.classList.toggle("paints", this.paints);
    this.canvas.setAttribute("aria-label", header.label);
    this.help.textContent = header.help;
    this.sharp = Math.max(header.width, header.height) <= SHARP;
    const longest = Math.max(header.ratio, 1);
    const size = [Math.round((LONGEST * header.ratio) / longest), Math.round(LONGEST / longest)];
    if (this.canvas.width !== size[0] || this.canvas.height !== size[1]) {
      [this.canvas.width, this.canvas.height] = size;
    }
    if (this.changed && !this.waits) this.ask();
    this.draw();
  }

  // The pointer's place on the picture, 0..1 each way.
  place(event) {
    const area = this.canvas.getBoundingClientRect();
    return [
      clamp((event.clientX - area.left) / area.width, 0, 1),
      clamp((event.clientY - area.top) / area.height, 0, 1),
    ];
  }

  begin() {
    if (this.paints) this.strokes.push([]);
  }

  follow(event) {
    const at = this.place(event);
    if (this.paints) this.dab(at);
    else this.move(...at);
    this.tell(false);
  }

  // A part's middle comes under the pointer; one that hangs from the top is pulled down by its edge.
  move(x, y) {
    const [x0, y0, x1, y1] = this.header.box;
    if (this.header.hangs) {
      this.right = 0;
      this.down = Math.min(0, y - y1);
    } else {
      this.right = x - (x0 + x1) / 2;
      this.down = y - (y0 + y1) / 2;
    }
    if (Math.abs(this.right) < NEAR && Math.abs(this.down) < NEAR) this.right = this.down = 0;
  }

  dab([x, y]) {
    const radius = this.header.brush;
    const count = this.strokes.reduce((sum, stroke) => sum + stroke.length, 0);
    const stroke = this.strokes.at(-1);
    const last = stroke.at(-1);
    const near = last && Math.hypot((x - last[0]) / radius, (y - last[1]) / radius) < 0.4;
    if (near || count >= MOST) return;
    stroke.push([x, y, radius, radius * this.header.ratio].map((own) => Math.round(own * 1e4) / 1e4));
  }

  press(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || !this.header) return;
    const arrow = ARROWS[event.key];
    if (arrow && this.paints) {
      const [x, y] = this.cursor ?? [0.5, 0.5];
      this.cursor = [clamp(x + arrow[0] * STEP, 0, 1), clamp(y + arrow[1] * STEP, 0, 1)];
      this.draw();
    } else if (arrow) {
      this.right = this.header.hangs ? 0 : clamp(this.right + arrow[0] * STEP, -1, 1);
      this.down = clamp(this.down + arrow[1] * STEP, -1, this.header.hangs ? 0 : 1);
      this.tell(true);
    } else if (this.paints && (event.key === " " || event.key === "Enter")) {
      this.cursor ??= [0.5, 0.5];
      this.begin();
      this.dab(this.cursor);
      this.tell(true);
    } else if (this.paints && event.key === "Backspace" && this.strokes.length) {
      this.strokes.pop();
      this.tell(true);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation(); // a key that works here turns no slide
  }

  // To the server: at once, or when it has answered the last question. At rest the address follows.
  tell(rests) {
    this.settled = false;
    this.changed = true;
    this.rests = rests;
    if (this.waits && Date.now() - this.when > LATE) this.waits = false;
    if (!this.waits) this.ask();
    this.draw();
  }

  ask() {
    this.changed = false;
    this.waits = true;
    this.when = Date.now();
    this.sent = (this.sent ?? this.header.turn) + 1;
    const { right, down, strokes, rests } = this;
    this.send({ part: this.header.part, right, down, strokes, rests, turn: this.sent });
  }

  outline(context) {
    const { width, height } = this.canvas;
    context.beginPath();
    if (this.paints) {
      for (const [x, y, rx, ry] of this.strokes.flat()) {
        context.moveTo((x + rx) * width, y * height);
        context.ellipse(x * width, y * height, rx * width, ry * height, 0, 0, 2 * Math.PI);
      }
      return;
    }
    for (const [x0, y0, x1, y1] of this.header.rectangles) {
      const [left, top] = [(x0 + this.right) * width, (y0 + this.down) * height];
      context.rect(left, top, (x1 - x0) * width, (y1 - y0) * height);
    }
  }

  draw() {
    const { context, canvas } = this;
    if (!this.header) return;
    const { width, height } = canvas;
    context.imageSmoothingEnabled = !this.sharp;
    const answered = this.settled || (!this.changed && !this.waits);
    context.drawImage(answered ? this.edited : this.original, 0, 0, width, height);
    if (!answered) {
      context.save();
      this.outline(context);
      context.clip();
      const [dx, dy] = this.paints ? [0, 0] : [this.right * width, this.down * height];
      if (this.donor) context.drawImage(this.donor, dx, dy, width, height);
      else {
        context.fillStyle = "rgb(128 128 128 / 60%)";
        context.fillRect(0, 0, width, height);
      }
      context.restore();
    }
    if (this.paints && this.cursor) this.ring();
  }

  // Where the brush is.
  ring() {
    const { context, canvas } = this;
    const [x, y] = this.cursor;
    const radius = this.header.brush * canvas.width;
    for (const [colour, line] of [["#000", 4], ["#fff", 2]]) {
      context.beginPath();
      context.ellipse(x * canvas.width, y * canvas.height, radius, radius, 0, 0, 2 * Math.PI);
      context.strokeStyle = colour;
      context.lineWidth = line;
      context.stroke();
    }
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".edit-canvas");
  root.editCanvas ??= new EditCanvas(root);
  root.editCanvas.update(unpack(data), (edit) => setStateValue("edit", edit));
}
