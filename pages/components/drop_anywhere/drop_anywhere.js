// Streamlit's uploaders take what is dropped on them and nothing else. While files are dragged over
// the page it says that it takes them; once they are dropped, each goes to the uploader for its
// ending, which the page may have to show first.
const PATIENCE = 15000; // milliseconds for an uploader to appear

function place() {
  const cover = document.createElement("div");
  cover.className = "camaudit-drop";
  cover.setAttribute("aria-hidden", "true");
  document.body.append(cover);
  return cover;
}

const input = (key) => document.querySelector(`.st-key-${key} input[type=file]`);

function hand(file, key) {
  const files = new DataTransfer();
  files.items.add(file);
  const field = input(key);
  field.files = files.files;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function await_uploader(file, key) {
  const end = Date.now() + PATIENCE;
  const look = () => {
    if (input(key)) hand(file, key);
    else if (Date.now() < end) setTimeout(look, 100);
  };
  look();
}

class Drops {
  constructor() {
    this.cover = place();
    this.depth = 0; // of the elements that the pointer has entered
    const listen = (kind, act) => document.addEventListener(kind, (event) => this.take(event, act));
    listen("dragenter", () => this.show(++this.depth));
    listen("dragleave", () => this.show((this.depth = Math.max(0, this.depth - 1))));
    listen("dragover", (event) => event.preventDefault());
    listen("drop", (event) => this.drop(event));
  }

  take(event, act) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    if (event.target.closest?.("[data-testid=stFileUploaderDropzone]")) this.show((this.depth = 0));
    else act(event);
  }

  show(shown) {
    const app = document.querySelector("[data-testid=stApp]"); // the theme is told there alone
    this.cover.style.colorScheme = getComputedStyle(app).colorScheme;
    this.cover.style.display = shown ? "grid" : "none";
  }

  drop(event) {
    event.preventDefault();
    this.show((this.depth = 0));
    const given = new Set();
    for (const file of event.dataTransfer.files) {
      const ending = file.name.split(".").pop().toLowerCase();
      const key = Object.keys(this.uploaders).find((name) => this.uploaders[name].includes(ending));
      if (!key) this.refuse(file.name);
      else if (!given.has(key)) {
        given.add(key);
        if (!input(key)) this.bring(key);
        await_uploader(file, key);
      }
    }
  }
}

export default function ({ data, setTriggerValue }) {
  const drops = (window.camauditDrops ??= new Drops());
  drops.uploaders = data.uploaders;
  drops.cover.textContent = data.invitation;
  drops.bring = (key) => setTriggerValue("wanted", [key, Date.now()]);
  drops.refuse = (name) => setTriggerValue("refused", name);
}
