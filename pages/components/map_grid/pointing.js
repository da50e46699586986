// Reading values: a place in the picture, ringed in every map and said for the one pointed at.

const INVITATION = "Point at a map, or focus it and use the arrow keys, to read values.";
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };

class Pointing {
  constructor(output) {
    this.output = output;
    this.tiles = [];
    this.cell = null;
  }

  follow(tiles, picture) {
    this.tiles = tiles;
    this.picture = picture;
    for (const tile of tiles) this.watch(tile);
    this.leave();
  }

  watch(tile) {
    const { canvas, map } = tile;
    const point = (event) => {
      const area = canvas.getBoundingClientRect();
      const u = (event.clientX - area.left) / area.width;
      const v = (event.clientY - area.top) / area.height;
      this.mark(tile, this.cellAt(map, u, v));
    };
    canvas.addEventListener("pointermove", point);
    canvas.addEventListener("pointerdown", point);
    for (const end of ["pointerleave", "blur"]) canvas.addEventListener(end, () => this.leave());
    canvas.addEventListener("keydown", (event) => {
      const step = STEPS[event.key];
      if (!step) return;
      event.preventDefault();
      const [rows, columns] = map.grid;
      const [row, column] = this.cell ?? [(rows - 1) >> 1, (columns - 1) >> 1];
      this.mark(tile, [
        Math.min(rows - 1, Math.max(0, row + step[0])),
        Math.min(columns - 1, Math.max(0, column + step[1])),
      ]);
    });
  }

  // The cell of a map under a place of the picture, in shares of its sides.
  cellAt({ frame, grid }, u, v) {
    const across = (u * this.picture.width - frame.x0) / (frame.x1 - frame.x0);
    const down = (v * this.picture.height - frame.y0) / (frame.y1 - frame.y0);
    if (across < 0 || across >= 1 || down < 0 || down >= 1) return null;
    return [Math.floor(down * grid[0]), Math.floor(across * grid[1])];
  }

  // Where a cell lies, in shares of the picture's sides.
  placeOf({ frame, grid }, [row, column]) {
    const width = (frame.x1 - frame.x0) / this.picture.width / grid[1];
    const height = (frame.y1 - frame.y0) / this.picture.height / grid[0];
    const left = frame.x0 / this.picture.width + column * width;
    return { left, top: frame.y0 / this.picture.height + row * height, width, height };
  }

  mark(tile, cell) {
    this.cell = cell;
    if (!cell) {
      this.leave();
      this.output.textContent = worded("The model did not see this part.");
      return;
    }
    const here = this.placeOf(tile.map, cell);
    const middle = [here.left + here.width / 2, here.top + here.height / 2];
    for (const { map, ring } of this.tiles) {
      const place = this.placeOf(map, this.cellAt(map, ...middle) ?? cell);
      ring.hidden = false;
      for (const [name, value] of Object.entries(place)) ring.style[name] = `${100 * value}%`;
    }
    const at = cell[0] * tile.map.grid[1] + cell[1];
    this.output.textContent = worded(
      "{name} · cell {row} down, {column} across: raw {raw}, shown as {share}",
      {
        name: tile.map.name,
        row: cell[0] + 1,
        column: cell[1] + 1,
        raw: short(tile.map.raw[at]),
        share: percent(tile.map.values[at]),
      }
    );
  }

  leave() {
    this.cell = null;
    for (const { ring } of this.tiles) ring.hidden = true;
    this.output.textContent = this.tiles.length ? worded(INVITATION) : "";
  }
}
