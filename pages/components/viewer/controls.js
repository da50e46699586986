// The controls: what is set, kept for this tab of the browser, and the choices on offer.

const KEPT = "camaudit.viewer";
const START = {
  alpha: 0.4,
  threshold: 0,
  colormap: "viridis",
  interpolation: "bilinear",
  blend: "mix",
  box: false,
};

class Controls {
  // `changed` is called after every change, `keep` when the picture is to be saved.
  constructor(root, { changed, keep }) {
    this.root = root;
    this.changed = changed;
    this.settings = { ...START, ...this.remembered() };
    this.comparing = false;
    this.listen();
    root.querySelector("[data-does=keep]").addEventListener("click", keep);
  }

  remembered() {
    try {
      return JSON.parse(sessionStorage.getItem(KEPT)) ?? {};
    } catch {
      return {}; // storage may be blocked; the defaults are good
    }
  }

  set(name, value) {
    this.settings[name] = value;
    try {
      sessionStorage.setItem(KEPT, JSON.stringify(this.settings));
    } catch {
      // see remembered()
    }
    this.show();
    this.changed();
  }

  listen() {
    for (const input of this.root.querySelectorAll("[data-sets]")) {
      const read = () => {
        if (input.type === "checkbox") return input.checked;
        return input.type === "range" ? Number(input.value) : input.value;
      };
      input.addEventListener("input", () => this.set(input.dataset.sets, read()));
    }
    const compare = this.root.querySelector("[data-does=compare]");
    const hold = (on) => () => {
      this.comparing = on;
      this.changed();
    };
    compare.addEventListener("pointerdown", hold(true));
    for (const end of ["pointerup", "pointerleave", "pointercancel", "blur", "keyup"]) {
      compare.addEventListener(end, hold(false));
    }
    compare.addEventListener("keydown", (event) => {
      if (event.key === " " || event.key === "Enter") hold(true)();
    });
  }

  // Say what viewer.html says in the reader's language; true where that is another one than before.
  speak(words) {
    wording = words;
    if (this.root.lang === words.language) return false;
    this.root.lang = words.language;
    this.sentences ??= sentencesOf(this.root);
    for (const { sentence, say } of this.sentences) say(worded(sentence));
    return true;
  }

  // Choices that depend on what the engine knows: colour maps and blends.
  offer({ blends, colormaps }, palettes) {
    if (!palettes[this.settings.colormap]) this.settings.colormap = START.colormap;
    if (this.offered === wording.language) return;
    this.offered = wording.language;
    const select = this.root.querySelector("[data-sets=blend]");
    select.replaceChildren(
      ...blends.map(({ name, title, about }) => {
        const option = el("option", "", title);
        option.value = name;
        option.title = about;
        return option;
      })
    );
    select.parentElement.title = blends.map((b) => `${b.title}: ${b.about}`).join("\n");
    const swatches = this.root.querySelector(".swatches");
    swatches.replaceChildren();
    for (const { name, about } of colormaps) {
      const label = el("label", "swatch");
      label.title = `${name}: ${about}`;
      const radio = el("input");
      radio.type = "radio";
      radio.name = "colormap";
      radio.value = name;
      radio.setAttribute("aria-label", `${name}, ${about}`);
      radio.addEventListener("input", () => this.set("colormap", name));
      label.append(radio, ramp(palettes[name]));
      swatches.append(label);
    }
  }

  show() {
    for (const input of this.root.querySelectorAll("[data-sets]")) {
      const value = this.settings[input.dataset.sets];
      if (input.type === "checkbox") input.checked = value;
      else input.value = value;
      if (input.type === "range") input.setAttribute("aria-valuetext", percent(value));
    }
    for (const radio of this.root.querySelectorAll(".swatches input")) {
      radio.checked = radio.value === this.settings.colormap;
    }
    for (const name of ["alpha", "threshold"]) {
      this.root.querySelector(`[data-shows=${name}]`).textContent = percent(this.settings[name]);
    }
    this.root.querySelector("[data-shows=colormap]").textContent = this.settings.colormap;
  }
}
