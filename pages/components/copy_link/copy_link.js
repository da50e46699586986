// The address is read when the button is pressed: it follows every choice.
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false; // a page served without https has no clipboard
  }
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".copy");
  const status = root.querySelector("span");
  root.words = data;
  root.querySelector("button").textContent = data.label;
  if (root.known) return;
  root.known = true;
  root.querySelector("button").addEventListener("click", async () => {
    const link = window.location.href;
    const copied = await copy(link);
    const { words } = root;
    const done = copied ? words.copied : words.by_hand.replace("{link}", () => link);
    status.textContent = `${done} ${words.limits}`;
  });
}
