// Reading values: the cell under the pointer or reached by the arrow keys, ringed and in words.

const INVITATION = "Point at a picture, or focus it and use the arrow keys, to read values.";
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

class Readout {
  constructor(output) {
    this.output = output;
    this.cell = null;
  }

  // From now on read from this scene, and ring cells in these figures.
  follow(scene, figures) {
    this.scene = scene;
    this.figures = figures;
    this.say(scene.maps.length ? worded(INVITATION) : "");
  }

  watch(figure) {
    const { canvas } = figure;
    canvas.addEventListener("pointermove", (event) => this.point(figure, event));
    canvas.addEventListener("pointerdown", (event) => this.point(figure, event));
    canvas.addEventListener("pointerleave", () => this.mark(null));
    canvas.addEventListener("blur", () => this.mark(null));
    canvas.addEventListener("keydown", (event) => {
      const { grid, maps } = this.scene.header;
      const step = STEPS[event.key];
      if (!step || !maps.length) return;
      event.preventDefault();
      const [rows, columns] = grid;
      const [row, column] = this.cell ?? [(rows - 1) >> 1, (columns - 1) >> 1];
      this.mark([
        Math.min(rows - 1, Math.max(0, row + step[0])),
        Math.min(columns - 1, Math.max(0, column + step[1])),
      ]);
    });
  }

  point(figure, event) {
    const { frame, picture, grid, maps } = this.scene.header;
    if (!maps.length) return;
    const area = figure.canvas.getBoundingClientRect();
    let u = (event.clientX - area.left) / area.width;
    let v = (event.clientY - area.top) / area.height;
    if (figure.kind !== "raw") {
      u = (u * picture.width - frame.x0) / (frame.x1 - frame.x0);
      v = (v * picture.height - frame.y0) / (frame.y1 - frame.y0);
    }
    if (u < 0 || u >= 1 || v < 0 || v >= 1) this.mark(null, worded("The model did not see this part."));
    else this.mark([Math.floor(v * grid[0]), Math.floor(u * grid[1])]);
  }

  mark(cell, words = worded(INVITATION)) {
    this.cell = cell;
    const { header, maps } = this.scene;
    const { frame, picture, grid } = header;
    for (const { kind, ring } of this.figures) {
      ring.hidden = !cell;
      if (!cell) continue;
      const own = kind === "raw";
      const across = (own ? 1 : (frame.x1 - frame.x0) / picture.width) / grid[1];
      const down = (own ? 1 : (frame.y1 - frame.y0) / picture.height) / grid[0];
      ring.style.left = `${100 * ((own ? 0 : frame.x0 / picture.width) + cell[1] * across)}%`;
      ring.style.top = `${100 * ((own ? 0 : frame.y0 / picture.height) + cell[0] * down)}%`;
      ring.style.width = `${100 * across}%`;
      ring.style.height = `${100 * down}%`;
    }
    if (!cell) return this.say(words);
    const at = cell[0] * grid[1] + cell[1];
    const values = maps.map((map) =>
      worded("{name}: raw {raw}, shown as {share}", {
        name: map.name,
        raw: short(map.raw[at]),
        share: percent(map.values[at]),
      })
    );
    return this.say(
      worded("Cell {row} down, {column} across · {values}", {
        row: cell[0] + 1,
        column: cell[1] + 1,
        values: values.join(" · "),
      })
    );
  }

  say(words) {
    this.output.textContent = words;
  }
}
