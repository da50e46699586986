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
  root.limits = data.limits;
  if (root.known) return;
  root.known = true;
  root.querySelector("button").addEventListener("click", async () => {
    const link = window.location.href;
    const copied = await copy(link);
    status.textContent = `${copied ? "Copied." : `Copy it from the address bar: ${link}`} ${root.limits}`;
  });
}
