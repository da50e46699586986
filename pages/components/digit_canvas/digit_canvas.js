// White ink on black; the drawing goes to the server when the pen is lifted, not before.

const INK = 24; // of 280 pixels: about 2.4 of 28, as wide as MNIST's strokes

function start(root, canvas, context) {
  let last = null;
  const place = (event) => {
    const area = canvas.getBoundingClientRect();
    const scale = canvas.width / area.width;
    return [(event.clientX - area.left) * scale, (event.clientY - area.top) * scale];
  };
  const blank = () => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
  };
  Object.assign(context, { lineWidth: INK, lineCap: "round", lineJoin: "round", strokeStyle: "#fff" });
  blank();
  const stroke = (to) => {
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...to);
    context.stroke();
    last = to;
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    stroke(last);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    for (const own of event.getCoalescedEvents?.() ?? []) stroke(place(own));
    stroke(place(event));
  });
  const lift = () => {
    if (!last) return;
    last = null;
    root.send(canvas.toDataURL("image/png").split(",")[1]);
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  root.querySelector("button").addEventListener("click", () => {
    blank();
    root.send(null);
  });
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".digit");
  const canvas = root.querySelector("canvas");
  canvas.setAttribute("aria-label", data.label);
  root.querySelector("span").textContent = data.hint;
  root.querySelector("button").textContent = data.clear;
  const known = Boolean(root.send);
  root.send = (png) => setStateValue("drawing", png);
  if (known) return;
  start(root, canvas, canvas.getContext("2d"));
}
