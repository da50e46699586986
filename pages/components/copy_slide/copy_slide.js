// A slide goes to the clipboard when the button is pressed, though it is made only then: the
// clipboard is given a promise, as it takes nothing that comes long after the press.
function copied(root) {
  const png = new Promise((resolve) => (root.arrived = resolve));
  const item = new ClipboardItem({ "image/png": png });
  return navigator.clipboard.write([item]);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".copy");
  const [button, status] = [root.querySelector("button"), root.querySelector("span")];
  root.words = data;
  button.textContent = data.button;
  button.setAttribute("aria-label", data.label);
  root.ask = () => setTriggerValue("wanted", true);
  if (data.png && root.arrived) {
    fetch(`data:image/png;base64,${data.png}`)
      .then((answer) => answer.blob())
      .then(root.arrived);
    root.arrived = null;
  }
  if (root.known) return;
  root.known = true;
  button.addEventListener("click", async () => {
    if (!navigator.clipboard?.write) {
      status.textContent = root.words.impossible;
      return;
    }
    status.textContent = root.words.making;
    const done = copied(root);
    root.ask();
    try {
      await done;
      status.textContent = root.words.copied;
    } catch {
      status.textContent = root.words.refused;
    }
  });
}
