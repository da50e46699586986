// The entry: takes what the server sends, and has it drawn again whenever a control moves.
// Nothing is sent to the server while one does; a button in a tile asks for its map.

const MOST_LYING = 7;

class MapGrid {
  constructor(root) {
    this.root = root;
    root.setAttribute("aria-label", "Maps side by side");
    this.grid = root.querySelector(".pictures");
    this.grid.classList.add("side-by-side");
    this.tiles = [];
    this.pointing = new Pointing(root.querySelector(".readout"));
    this.controls = new Controls(root, { changed: () => this.schedule(), keep: () => {} });
    new ResizeObserver(() => this.schedule()).observe(this.grid);
  }

  async update({ header, blob, floats }, send) {
    const turn = (this.turn = (this.turn ?? 0) + 1);
    this.send = send;
    const { picture } = header;
    let bitmap = this.bitmap;
    if (this.bitmapId !== picture.id) {
      bitmap = await createImageBitmap(new Blob([blob(picture.encoded)]));
      if (turn !== this.turn) return; // a newer answer came while this one was decoded
    }
    this.bitmapId = picture.id;
    this.bitmap = bitmap;
    const luts = blob(header.luts);
    this.palettes = Object.fromEntries(
      header.colormaps.map(({ name }, i) => [name, luts.subarray(i * 768, (i + 1) * 768)])
    );
    this.header = header;
    this.controls.speak(header.words);
    this.controls.offer(header, this.palettes);
    this.build(floats);
    this.controls.show();
    this.draw();
  }

  build(floats) {
    const { rows, columns, tiles, picture } = this.header;
    // Few columns and not many rows fit a wide screen better lying down.
    this.grid.classList.toggle("lying", columns.length < rows.length && rows.length <= MOST_LYING);
    this.grid.style.setProperty("--columns", columns.length);
    this.grid.style.setProperty("--rows", rows.length);
    this.grid.replaceChildren();
    columns.forEach((own, at) => this.put(heading(own, "column"), 0, at + 1));
    this.tiles = [];
    tiles.forEach((tile, index) => {
      const [row, column] = [Math.floor(index / columns.length), index % columns.length];
      if (column === 0) this.put(heading(rows[row], "row"), row + 1, 0);
      if (!tile.map) {
        const words = wordTile(tile, index, picture, (ask) => this.send(ask));
        this.put(words, row + 1, column + 1);
        return;
      }
      const { values, raw } = tile.map;
      const map = { ...tile.map, values: floats(values), raw: floats(raw) };
      const made = mapTile(map, this.tiles.length, picture);
      this.tiles.push(made);
      this.put(made.node, row + 1, column + 1);
    });
    this.scale?.node.remove();
    this.scale = sharedScale(this.palettes[this.controls.settings.colormap]);
    this.grid.after(this.scale.node);
    this.root.querySelector(".controls").hidden = this.tiles.length === 0;
    this.scale.node.hidden = this.tiles.length === 0;
    this.pointing.follow(this.tiles, picture);
  }

  put(node, row, column) {
    node.style.setProperty("--row", row + 1);
    node.style.setProperty("--column", column + 1);
    this.grid.append(node);
  }

  schedule() {
    if (this.frameAsked || !this.header) return;
    this.frameAsked = true;
    requestAnimationFrame(() => {
      this.frameAsked = false;
      this.draw();
    });
  }

  draw() {
    const { settings, comparing } = this.controls;
    for (const { canvas, map } of this.tiles) {
      const scene = {
        header: { picture: this.header.picture, grid: map.grid, frame: map.frame },
        bitmap: this.bitmap,
        palettes: this.palettes,
      };
      drawPicture(canvas, scene, settings, comparing ? null : map);
    }
    paintRamp(this.scale.bar, this.palettes[settings.colormap], settings.threshold);
  }
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".viewer");
  root.mapGrid ??= new MapGrid(root);
  // The time makes the same question new when it is asked again.
  root.mapGrid.update(unpack(data), (ask) => setStateValue("ask", [ask, Date.now()]));
}
