// Maps as numbers: from the native grid to the pixels of a picture, and from there to colours.
// The geometry is that of camcore's Heatmap.upsampled: half-pixel centres, and only the part of
// the grid that lies on the picture.

const triangle = { reach: 1, weight: (x) => (Math.abs(x) < 1 ? 1 - Math.abs(x) : 0) };
const cubic = {
  reach: 2,
  weight(distance) {
    const x = Math.abs(distance);
    const a = -0.5;
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
    return 0;
  },
};

// Python rounds halves to even; the same edge must come out of both.
function roundHalfEven(x) {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

// For each of `count` output pixels: the first cell that it draws from, and the weights.
function taps(cells, from, to, count, kind) {
  const step = (to - from) / count;
  if (kind === "nearest") {
    return Array.from({ length: count }, (_, i) => {
      const cell = Math.floor(from + (i + 0.5) * step);
      return { first: Math.min(cells - 1, Math.max(0, cell)), weights: [1] };
    });
  }
  const filter = kind === "bicubic" ? cubic : triangle;
  const scale = Math.max(1, step); // a grid finer than the picture is averaged, not skipped
  const reach = filter.reach * scale;
  return Array.from({ length: count }, (_, i) => {
    const centre = from + (i + 0.5) * step;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(cells, Math.floor(centre + reach + 0.5));
    const weights = [];
    for (let cell = first; cell < last; cell += 1) {
      weights.push(filter.weight((cell - centre + 0.5) / scale));
    }
    const sum = weights.reduce((a, b) => a + b, 0) || 1;
    return { first, weights: weights.map((w) => w / sum) };
  });
}

// Where the grid lies on a picture of width x height pixels, and which part of it.
function placement(frame, rows, columns, width, height) {
  const [x0, y0, x1, y1] = frame.reach || [frame.x0, frame.y0, frame.x1, frame.y1];
  const left = Math.max(0, x0);
  const top = Math.max(0, y0);
  const right = Math.min(frame.width, x1);
  const bottom = Math.min(frame.height, y1);
  const wide = (frame.x1 - frame.x0) / columns;
  const high = (frame.y1 - frame.y0) / rows;
  return {
    x0: roundHalfEven((left * width) / frame.width),
    x1: roundHalfEven((right * width) / frame.width),
    y0: roundHalfEven((top * height) / frame.height),
    y1: roundHalfEven((bottom * height) / frame.height),
    left: (left - frame.x0) / wide,
    top: (top - frame.y0) / high,
    right: (right - frame.x0) / wide,
    bottom: (bottom - frame.y0) / high,
  };
}

// How many cells a side goes on beyond the grid, where the outermost cells speak for more.
function beyond(before, after, cells) {
  const up = (value) => Math.max(0, Math.ceil(value - 1e-9));
  return [up(-before), up(after - cells)];
}

// A map with its outermost cells repeated, and where it then lies.
function extended(values, rows, columns, at) {
  const [before, after] = beyond(at.left, at.right, columns);
  const [above, below] = beyond(at.top, at.bottom, rows);
  const wide = columns + before + after;
  const high = rows + above + below;
  const moved = {
    ...at,
    left: Math.max(0, at.left + before),
    right: Math.min(wide, at.right + before),
    top: Math.max(0, at.top + above),
    bottom: Math.min(high, at.bottom + above),
  };
  if (wide === columns && high === rows) return { values, rows, columns, at: moved };
  const more = new Float32Array(wide * high);
  for (let y = 0; y < high; y += 1) {
    const row = Math.min(rows - 1, Math.max(0, y - above));
    for (let x = 0; x < wide; x += 1) {
      const column = Math.min(columns - 1, Math.max(0, x - before));
      more[y * wide + x] = values[row * columns + column];
    }
  }
  return { values: more, rows: high, columns: wide, at: moved };
}

// The map on the pixels that the model saw: a rectangle of the picture and its values in 0..1.
function upsample(grid, gridRows, gridColumns, frame, width, height, kind) {
  const placed = placement(frame, gridRows, gridColumns, width, height);
  const { values, rows, columns, at } = extended(grid, gridRows, gridColumns, placed);
  const w = Math.max(1, at.x1 - at.x0);
  const h = Math.max(1, at.y1 - at.y0);
  const across = taps(columns, at.left, at.right, w, kind);
  const down = taps(rows, at.top, at.bottom, h, kind);
  const wide = new Float32Array(rows * w);
  for (let y = 0; y < rows; y += 1) {
    for (let x = 0; x < w; x += 1) {
      const { first, weights } = across[x];
      let sum = 0;
      for (let k = 0; k < weights.length; k += 1) sum += values[y * columns + first + k] * weights[k];
      wide[y * w + x] = sum;
    }
  }
  const out = new Float32Array(w * h);
  for (let y = 0; y < h; y += 1) {
    const { first, weights } = down[y];
    for (let k = 0; k < weights.length; k += 1) {
      const row = (first + k) * w;
      const weight = weights[k];
      for (let x = 0; x < w; x += 1) out[y * w + x] += wide[row + x] * weight;
    }
  }
  for (let i = 0; i < out.length; i += 1) out[i] = Math.min(1, Math.max(0, out[i]));
  return { x0: at.x0, y0: at.y0, w, h, values: out };
}

// Lay a map over the pixels of a picture (RGBA, changed in place); see camcore.BLENDS.
function blend(pixels, width, map, palette, { alpha, threshold, mode }) {
  for (let y = 0; y < map.h; y += 1) {
    let at = ((map.y0 + y) * width + map.x0) * 4;
    for (let i = y * map.w; i < (y + 1) * map.w; i += 1, at += 4) {
      const value = map.values[i];
      if (value < threshold) continue;
      const colour = Math.round(value * 255) * 3;
      const over = mode === "fade" ? alpha * value : alpha;
      const under = mode === "add" ? 1 : 1 - over;
      // Uint8ClampedArray rounds and clips.
      pixels[at] = under * pixels[at] + over * palette[colour];
      pixels[at + 1] = under * pixels[at + 1] + over * palette[colour + 1];
      pixels[at + 2] = under * pixels[at + 2] + over * palette[colour + 2];
    }
  }
}

// A map on its own grid, one pixel a cell.
function cells(values, rows, columns, palette, threshold) {
  const image = new ImageData(columns, rows);
  values.forEach((value, i) => {
    const colour = Math.round(value * 255) * 3;
    image.data.set(palette.subarray(colour, colour + 3), i * 4);
    image.data[i * 4 + 3] = value < threshold ? 0 : 255;
  });
  return image;
}
