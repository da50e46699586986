// Drawing on canvases: the map on its own grid, the picture, the map over it, its box.
// A scene is what the server sent, decoded: { header, bitmap, maps, palettes }.

const SMALL = 64; // pictures of few pixels are shown as pixels, not blurred

function ramp(palette) {
  const canvas = el("canvas");
  canvas.width = 256;
  canvas.height = 1;
  paintRamp(canvas, palette, 0);
  return canvas;
}

function paintRamp(canvas, palette, threshold) {
  const level = Float32Array.from({ length: 256 }, (_, i) => i / 255);
  const image = cells(level, 1, 256, palette, threshold);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function drawRaw(figure, { header, maps, palettes }, { colormap, threshold }) {
  const [rows, columns] = header.grid;
  const palette = palettes[colormap];
  const image = cells(maps[figure.index].values, rows, columns, palette, threshold);
  figure.canvas.getContext("2d").putImageData(image, 0, 0);
  paintRamp(figure.bar, palette, threshold);
}

// The picture as large as it is laid out, and a map over it if there is one.
function drawPicture(canvas, scene, settings, map) {
  const { picture } = scene.header;
  const dense = window.devicePixelRatio || 1;
  const width = Math.min(2048, Math.round(canvas.clientWidth * dense));
  if (!width) return; // not laid out yet; the observer calls again
  const height = Math.max(1, Math.round((width * picture.height) / picture.width));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  compose(canvas, scene, settings, map);
}

// Draw the picture, and over it a map, onto a canvas of any size.
function compose(canvas, { header, bitmap, palettes }, settings, map) {
  const { width, height } = canvas;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const { picture } = header;
  context.imageSmoothingEnabled = Math.max(picture.width, picture.height) > SMALL;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, width, height);
  if (!map || map.evidence === "none") return;
  const image = context.getImageData(0, 0, width, height);
  const { alpha, threshold, blend: mode, colormap, interpolation, box } = settings;
  const over = spread(map, header, width, height, interpolation);
  blend(image.data, width, over, palettes[colormap], { alpha, threshold, mode });
  context.putImageData(image, 0, 0);
  if (box && map.box) drawBox(context, map.box, width / picture.width, height / picture.height);
}

// The upsampled map, kept until its size or the interpolation changes.
function spread(map, { grid: [rows, columns], frame }, width, height, interpolation) {
  const key = `${width} ${height} ${interpolation}`;
  if (map.key !== key) {
    map.key = key;
    map.full = upsample(map.values, rows, columns, frame, width, height, interpolation);
  }
  return map.full;
}

function drawBox(context, [x0, y0, x1, y1], sx, sy) {
  const line = Math.max(1, roundHalfEven(Math.min(context.canvas.width, context.canvas.height) / 150));
  const outline = (colour, inset, thick) => {
    const [left, top] = [Math.round(x0 * sx) + inset, Math.round(y0 * sy) + inset];
    const w = Math.round(x1 * sx) - inset - left;
    const h = Math.round(y1 * sy) - inset - top;
    context.fillStyle = colour;
    context.fillRect(left, top, w, Math.min(thick, h));
    context.fillRect(left, top + Math.max(0, h - thick), w, Math.min(thick, h));
    context.fillRect(left, top, Math.min(thick, w), h);
    context.fillRect(left + Math.max(0, w - thick), top, Math.min(thick, w), h);
  };
  outline("#000", 0, 3 * line);
  outline("#fff", line, line);
}
