// Painting maps: cells in colours with their numbers, and a map over a picture.

const dense = () => window.devicePixelRatio || 1;
const SMALL_PICTURE = 64; // pixels of a side up to which pixels are shown as pixels
const SMALLEST_TYPE = 9; // CSS pixels of the numbers in cells

// Give a canvas as many pixels as it is laid out with; false while it is not laid out.
function fitCanvas(canvas, ratio) {
  const width = Math.min(1600, Math.round(canvas.clientWidth * dense()));
  if (!width) return false;
  const height = Math.max(1, Math.round(width / ratio));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return true;
}

const shade = (value, low, high) => Math.min(1, Math.max(0, (value - low) / (high - low || 1)));

// A map on its own grid: `values` in colours between `low` and `high`, numbers where there is room.
function paintCells(canvas, { values, rows, columns, low, high, palette, ratio }) {
  if (!fitCanvas(canvas, ratio)) return;
  const shades = values.map((value) => shade(value, low, high));
  const small = new OffscreenCanvas(columns, rows);
  small.getContext("2d").putImageData(cells(shades, rows, columns, palette, 0), 0, 0);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
  paintNumbers(context, values, columns, canvas.width / columns, canvas.height / rows, (i) => {
    const at = Math.round(shades[i] * 255) * 3;
    return 0.299 * palette[at] + 0.587 * palette[at + 1] + 0.114 * palette[at + 2] > 140;
  });
}

// The values in cells of w x h, as large as the longest of them allows.
function paintNumbers(context, values, columns, w, h, isLight) {
  if (Math.min(w, h) < 2 * SMALLEST_TYPE * dense()) return;
  const font = (size) => `${size}px ui-sans-serif, system-ui, sans-serif`;
  const words = Array.from(values, signed);
  context.font = font(100);
  const longest = Math.max(...words.map((word) => context.measureText(word).width));
  const size = Math.min(h / 3, (85 * w) / longest);
  if (size < SMALLEST_TYPE * dense()) return;
  context.font = font(size);
  context.textAlign = "center";
  context.textBaseline = "middle";
  words.forEach((word, i) => {
    context.fillStyle = isLight(i) ? "#000" : "#fff";
    context.fillText(word, ((i % columns) + 0.5) * w, (Math.floor(i / columns) + 0.5) * h);
  });
}

// The picture, and over it a map of values in 0..1.
function paintOver(canvas, bitmap, picture, { values, rows, columns, frame, interpolation, palette, alpha }) {
  if (!fitCanvas(canvas, picture.width / picture.height)) return null;
  const { width, height } = canvas;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingEnabled = Math.max(picture.width, picture.height) > SMALL_PICTURE;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  const full = upsample(values, rows, columns, frame, width, height, interpolation);
  const image = context.getImageData(0, 0, width, height);
  blend(image.data, width, full, palette, { alpha, threshold: 0, mode: "mix" });
  context.putImageData(image, 0, 0);
  return full;
}

function paintRamp(canvas, palette) {
  canvas.width = 256;
  canvas.height = 1;
  const level = Float32Array.from({ length: 256 }, (_, i) => i / 255);
  canvas.getContext("2d").putImageData(cells(level, 1, 256, palette, 0), 0, 0);
}

// Numbers with true minus signs.
const signed = (value) => short(value).replaceAll("-", "−");

// A slider with its name and its value.
function makeSlider(name, { min = 0, max, step = 1, value, shown, changed }) {
  const label = el("label", "slide");
  const head = el("span", "", name);
  const text = el("i");
  head.append(text);
  const input = el("input");
  Object.assign(input, { type: "range", min, max, step, value });
  const tell = () => {
    text.textContent = shown(Number(input.value));
    input.setAttribute("aria-valuetext", text.textContent);
  };
  input.addEventListener("input", () => {
    tell();
    changed(Number(input.value));
  });
  label.append(head, input);
  tell();
  return { node: label, input, tell };
}
