// Reads what payload.py packs: length of the header, JSON header, byte strings.
function unpack(data) {
  const bytes = data instanceof Uint8Array ? data : new Uint8Array(data);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  const blob = (index) => {
    const [start, size] = header.blobs[index];
    const from = 4 + length + start;
    return bytes.slice(from, from + size); // a copy, so that floats are aligned
  };
  return { header, blob, floats: (index) => new Float32Array(blob(index).buffer) };
}
