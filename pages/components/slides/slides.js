const MOST = 1.15;
const LEAST = 0.35;
const FOOT = 6; // pixels left free below
const CALM = 2500; // milliseconds without a move after which the controls go

const TURNS = {
  PageDown: "next",
  PageUp: "previous",
  Home: "first",
  End: "last",
};

function slide() {
  return document.querySelector("[class*='st-key-learn-step-']");
}

// An equation that is wider than its column is written smaller; it must not make all else small.
function fitEquations(step) {
  for (const equation of step.querySelectorAll(".katex-display")) {
    equation.style.fontSize = "";
    const share = equation.clientWidth / equation.scrollWidth;
    if (share < 1) equation.style.fontSize = `${0.97 * share}em`;
  }
}

function fits(step, zoom) {
  step.style.setProperty("--slide", zoom);
  fitEquations(step);
  const box = step.getBoundingClientRect();
  const wide = step.scrollWidth <= step.clientWidth + 2;
  return wide && box.bottom <= window.innerHeight - FOOT;
}

// The largest size at which the whole step is on the screen.
function fit() {
  const step = slide();
  if (!step) return;
  document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
  let low = LEAST;
  let high = MOST;
  if (fits(step, high)) return;
  while (high - low > 0.02) {
    const middle = (low + high) / 2;
    if (fits(step, middle)) low = middle;
    else high = middle;
  }
  fits(step, low);
}

function typing(target) {
  return target.closest?.("input, textarea, select, [contenteditable], [role=combobox]");
}

export default function ({ data, setTriggerValue, parentElement }) {
  const root = document.documentElement;
  const state = (parentElement.slides ??= {});
  state.turn = (to) => setTriggerValue("go", to);
  if (state.stop) {
    state.later();
    return state.stop;
  }
  let waiting = null;
  let moved = null;
  let size = "";
  state.later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(fit, 60);
  };
  const grown = new ResizeObserver(() => {
    const step = slide();
    // What stands above it may grow as well, and push it down.
    const top = Math.round(step?.getBoundingClientRect().top ?? 0);
    const now = `${step?.className} ${step?.childElementCount} ${step?.scrollHeight} ${top} ${window.innerHeight}`;
    if (now !== size) {
      size = now;
      state.later();
    }
  });
  const seen = new MutationObserver(() => {
    const step = slide();
    if (step) for (const part of [step.parentElement, ...step.children]) grown.observe(part);
    state.later();
  });
  seen.observe(document.querySelector("[data-testid=stMain]"), { childList: true, subtree: true });
  const pointer = () => {
    root.classList.add("slide-chrome");
    clearTimeout(moved);
    moved = setTimeout(() => root.classList.remove("slide-chrome"), CALM);
  };
  const pressed = (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || typing(event.target)) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (TURNS[key]) {
      event.preventDefault();
      state.turn(TURNS[key]);
    } else if (key === "f") {
      if (document.fullscreenElement) document.exitFullscreen();
      else root.requestFullscreen?.();
    } else if (key === "b") {
      root.classList.toggle("slide-black");
    }
  };
  window.addEventListener("resize", state.later);
  window.addEventListener("pointermove", pointer);
  window.addEventListener("keydown", pressed);
  root.classList.add("slides");
  document.fonts.ready.then(() => state.later());
  document.fonts.addEventListener("loadingdone", state.later); // an equation gets its size by its font
  state.later();
  state.stop = () => {
    seen.disconnect();
    grown.disconnect();
    window.removeEventListener("resize", state.later);
    document.fonts.removeEventListener("loadingdone", state.later);
    window.removeEventListener("pointermove", pointer);
    window.removeEventListener("keydown", pressed);
    root.classList.remove("slides", "slide-chrome", "slide-black");
    state.stop = null;
  };
  return state.stop;
}
