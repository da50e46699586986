// Pictures to keep: PNG files that carry how they were made, as camcore's own do.

const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k += 1) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

function crc32(bytes) {
  let c = 0xffffffff;
  for (const byte of bytes) c = crcTable[(c ^ byte) & 0xff] ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

function textChunk(key, value) {
  const utf8 = new TextEncoder();
  // iTXt: keyword, end, not compressed, method 0, no language, no translated keyword, text.
  const body = utf8.encode(`iTXt${key}\0\0\0\0\0${value}`);
  const chunk = new Uint8Array(body.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(4 + body.length, crc32(body));
  return chunk;
}

async function withText(png, made) {
  const bytes = new Uint8Array(await png.arrayBuffer());
  const head = 8 + 25; // signature and IHDR
  const chunks = Object.entries(made).map(([key, value]) => textChunk(key, value));
  return new Blob([bytes.subarray(0, head), ...chunks, bytes.subarray(head)], { type: "image/png" });
}

async function keepCanvas(canvas, name, made) {
  const png = await new Promise((done) => canvas.toBlob(done, "image/png"));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await withText(png, made));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
