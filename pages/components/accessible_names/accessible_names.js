// What Streamlit draws without a name of its own: every upload button is "file upload" to a screen
// reader, and an equation that scrolls cannot be reached by the keyboard.
function name(uploader) {
  const label = uploader.querySelector("[data-testid=stWidgetLabel]")?.textContent.trim();
  const zone = uploader.querySelector("[data-testid=stFileUploaderDropzone]");
  const said = label || zone?.getAttribute("aria-label");
  if (!said) return;
  if (zone && zone.getAttribute("role") !== "group") zone.setAttribute("role", "group");
  for (const button of uploader.querySelectorAll("[data-testid=stFileUploaderDropzone] button")) {
    const named = window.camauditWords.upload.replace("{name}", () => said);
    if (button.getAttribute("aria-label") !== named) button.setAttribute("aria-label", named);
  }
}

function reach(equation) {
  const scrolls = equation.scrollWidth > equation.clientWidth + 1;
  if (scrolls && equation.tabIndex !== 0) {
    equation.tabIndex = 0;
    equation.setAttribute("role", "group");
    equation.setAttribute("aria-label", window.camauditWords.equation);
  }
}

function look() {
  document.querySelectorAll("[data-testid=stFileUploader]").forEach(name);
  document.querySelectorAll(".katex-display").forEach(reach);
}

export default function ({ data }) {
  window.camauditWords = data;
  document.documentElement.lang = data.language;
  if (window.camauditNames) return;
  let waiting = null;
  const later = () => {
    waiting ??= setTimeout(() => {
      waiting = null;
      look();
    }, 150);
  };
  window.camauditNames = new MutationObserver(later);
  window.camauditNames.observe(document.body, { childList: true, subtree: true });
  window.addEventListener("resize", later);
  document.fonts.addEventListener("loadingdone", later); // an equation gets its width by its font
  later();
}
