// Tiles of feature maps, a page of them at a time.

const ORDERS = {
  "largest contribution": (own) => -Math.abs(own.added),
  "largest weight": (own) => -Math.abs(own.weight),
  "most active": (own) => -own.mean,
  "index": (own) => own.k,
};

class Gallery {
  constructor(root) {
    this.page = 0;
    this.controls = el("div", "controls");
    this.tiles = el("ul", "tiles");
    this.order = el("select");
    for (const name of Object.keys(ORDERS)) this.order.append(new Option(worded(name), name));
    this.order.addEventListener("input", () => this.turn(0));
    const order = el("label", "", worded("In the order of"));
    order.append(this.order);
    this.own = el("input");
    this.own.type = "checkbox";
    this.own.checked = true;
    this.own.addEventListener("input", () => this.draw());
    const own = el("label", "tick");
    own.append(this.own, worded("Each in its own scale"));
    own.title = worded("Off: all maps share the scale of the most active one");
    this.back = this.button("‹", worded("Earlier feature maps"), -1);
    this.on = this.button("›", worded("Later feature maps"), 1);
    this.where = el("i");
    const pager = el("div", "pager");
    pager.append(this.back, this.where, this.on);
    this.controls.append(order, own, pager);
    root.append(this.controls, this.tiles);
  }

  button(text, name, by) {
    const made = el("button", "", text);
    made.type = "button";
    made.setAttribute("aria-label", name);
    made.addEventListener("click", () => this.turn(this.page + by));
    return made;
  }

  update({ header, blob, floats }) {
    const [maps, weights, means] = [1, 2, 3].map(floats);
    const [rows, columns] = header.grid;
    const size = rows * columns;
    this.header = header;
    this.palette = blob(0);
    this.channels = Array.from({ length: header.count }, (_, k) => ({
      k,
      weight: weights[k],
      mean: means[k],
      added: weights[k] * means[k],
      map: maps.subarray(k * size, (k + 1) * size),
    }));
    this.highest = maps.reduce((a, b) => Math.max(a, b), 0);
    this.most = Math.max(...this.channels.map((own) => Math.abs(own.added))) || 1;
    this.turn(0);
  }

  turn(page) {
    this.page = page;
    this.draw();
  }

  draw() {
    const { count, grid, page: size } = this.header;
    const key = ORDERS[this.order.value];
    const sorted = [...this.channels].sort((a, b) => key(a) - key(b) || a.k - b.k);
    const from = this.page * size;
    const shown = sorted.slice(from, from + size);
    this.tiles.style.setProperty("--ratio", grid[1] / grid[0]);
    this.tiles.replaceChildren(...shown.map((own) => this.tile(own)));
    this.where.textContent = worded("{first} to {last} of {count}", {
      first: from + 1,
      last: from + shown.length,
      count,
    });
    this.back.disabled = this.page === 0;
    this.on.disabled = from + size >= count;
  }

  tile({ k, weight, mean, added, map }) {
    const { grid, symbol } = this.header;
    const [rows, columns] = grid;
    const low = map.reduce((a, b) => Math.min(a, b), 0);
    const high = this.own.checked ? map.reduce((a, b) => Math.max(a, b), low) : this.highest;
    const canvas = el("canvas");
    [canvas.height, canvas.width] = grid;
    const shades = map.map((value) => shade(value, low, high));
    canvas.getContext("2d").putImageData(cells(shades, rows, columns, this.palette, 0), 0, 0);
    canvas.setAttribute("role", "img");
    const numbers = { k, weight: signed(weight), mean: signed(mean), added: signed(added) };
    const described = "Feature map {k}: weight {weight}, mean {mean}, adds {added}";
    canvas.setAttribute("aria-label", worded(described, numbers));
    const bar = el("div", "bar");
    const fill = el("b", added < 0 ? "against" : "");
    const share = (50 * Math.abs(added)) / this.most;
    fill.style.left = `${added < 0 ? 50 - share : 50}%`;
    fill.style.width = `${share}%`;
    bar.append(fill);
    const tile = el("li");
    tile.append(
      canvas,
      bar,
      el("strong", "", `k = ${k}: ${added < 0 ? "" : "+"}${signed(added)}`),
      el("span", "", worded("{symbol} {weight} × mean {mean}", { symbol, ...numbers }))
    );
    return tile;
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".gallery");
  const unpacked = unpack(data);
  if (speaksAnew(root, unpacked.header.words)) root.gallery = new Gallery(root);
  root.gallery.update(unpacked);
}
