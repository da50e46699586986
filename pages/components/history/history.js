// A page completes the address by which somebody comes to it, and Streamlit makes an entry of the
// browser's history of each address that a page writes. The short address is no place of its own:
// Back would lead to it, and it would complete itself again. So what a page writes before anybody
// has done anything on it replaces the entry; what somebody chooses is an entry, as ever.
const ACTS = ["pointerdown", "click", "keydown", "change", "drop"];

export default function () {
  if (window.camauditHistory) return;
  const state = (window.camauditHistory = { acted: false });
  const push = window.history.pushState.bind(window.history);
  window.history.pushState = (data, title, url) => {
    const wanted = new URL(url ?? "", window.location.href);
    const elsewhere = wanted.pathname !== window.location.pathname;
    if (state.acted) push(data, title, url);
    else window.history.replaceState(data, title, url);
    if (elsewhere) state.acted = false;
  };
  for (const act of ACTS) {
    document.addEventListener(act, () => (state.acted = true), { capture: true });
  }
  window.addEventListener("popstate", () => (state.acted = false), { capture: true });
}
