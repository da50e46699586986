// One cell of the sum: what it was, the product that comes to it, and what it becomes; with a line
// from the feature map's cell to the sum's.

const MOVES = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
const PRODUCT_HINT =
  "Point at a cell, or focus a map and use the arrow keys, to see its product added.";

function svg(name, into) {
  return into.appendChild(document.createElementNS("http://www.w3.org/2000/svg", name));
}

class CellProduct {
  // `from` is the figure of the feature map, `to` that of the sum; `changed` when a cell is chosen.
  constructor(figures, output, from, to, changed) {
    Object.assign(this, { figures, output, from, to, changed, cell: null });
    this.link = svg("svg", figures);
    this.link.setAttribute("class", "link");
    this.link.setAttribute("aria-hidden", "true");
    this.line = svg("line", this.link);
    this.rings = [from, to].map(() => svg("rect", this.link));
    for (const { canvas } of [from, to]) this.watch(canvas);
  }

  watch(canvas) {
    canvas.tabIndex = 0;
    const point = (event) => {
      const area = canvas.getBoundingClientRect();
      const at = (share, cells) => Math.min(cells - 1, Math.max(0, Math.floor(share * cells)));
      this.choose([
        at((event.clientY - area.top) / area.height, this.grid[0]),
        at((event.clientX - area.left) / area.width, this.grid[1]),
      ]);
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point);
    canvas.addEventListener("pointerleave", () => this.choose(null));
    canvas.addEventListener("blur", () => this.choose(null));
    canvas.addEventListener("keydown", (event) => {
      const move = MOVES[event.key];
      if (!move) return;
      event.preventDefault();
      event.stopPropagation(); // an arrow here is no other step of the lesson
      const [row, column] = this.cell ?? this.grid.map((cells) => (cells - 1) >> 1);
      this.choose([
        Math.min(this.grid[0] - 1, Math.max(0, row + move[0])),
        Math.min(this.grid[1] - 1, Math.max(0, column + move[1])),
      ]);
    });
  }

  choose(cell) {
    if (String(cell) === String(this.cell)) return;
    this.cell = cell;
    this.changed();
  }

  // `values` of the sum, `last` of the feature map that came last with its weight; null for none.
  draw(grid, values, last, symbol) {
    this.grid = grid;
    const seen = this.cell && last;
    this.link.style.display = seen ? "" : "none";
    if (!seen) {
      this.output.textContent = worded(PRODUCT_HINT);
      return;
    }
    const [row, column] = this.cell;
    const at = row * grid[1] + column;
    const product = last.weight * last.values[at];
    this.output.textContent =
      worded("Cell {row} down, {column} across: {before} so far + {product} = {after}", {
        row: row + 1,
        column: column + 1,
        before: signed(values[at] - product),
        product: `${symbol} ${signed(last.weight)} × ${signed(last.values[at])}`,
        after: signed(values[at]),
      });
    const [start, end] = [this.from, this.to].map(({ canvas }, i) => this.ring(i, canvas));
    const beside = end.left >= start.right; // else the sum stands below, on a narrow screen
    this.stretch(
      beside ? [start.right, start.middle] : [start.centre, start.bottom],
      beside ? [end.left, end.middle] : [end.centre, end.top]
    );
  }

  ring(i, canvas) {
    const [row, column] = this.cell;
    const all = this.figures.getBoundingClientRect();
    const zoom = all.width / this.figures.offsetWidth || 1; // a slide is drawn smaller than it is
    const area = canvas.getBoundingClientRect();
    const [w, h] = [area.width / zoom / this.grid[1], area.height / zoom / this.grid[0]];
    const left = (area.left - all.left) / zoom + column * w;
    const top = (area.top - all.top) / zoom + row * h;
    const box = { x: left + 1.5, y: top + 1.5, width: Math.max(1, w - 3), height: Math.max(1, h - 3) };
    for (const [name, value] of Object.entries(box)) this.rings[i].setAttribute(name, value);
    return { left, top, right: left + w, bottom: top + h, middle: top + h / 2, centre: left + w / 2 };
  }

  stretch([x1, y1], [x2, y2]) {
    for (const [name, value] of Object.entries({ x1, y1, x2, y2 })) {
      this.line.setAttribute(name, value);
    }
  }
}
