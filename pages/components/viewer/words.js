// Elements with text in them, and sentences and numbers as people read them.

let wording = { language: "en", decimal: ".", sentences: {} };

// Take over the reader's language, as the server sends it; true where what `root` holds is none of
// it: it is emptied then, to be made anew.
function speaksAnew(root, words) {
  wording = words;
  if (root.lang === words.language) return false;
  root.lang = words.language;
  root.replaceChildren();
  return true;
}

function worded(sentence, values = {}) {
  const translated = wording.sentences[sentence] ?? sentence;
  return translated.replace(/\{(\w+)\}/g, (place, name) => values[name] ?? place);
}

// The sentences of a piece of HTML as it was written: its texts, titles and names.
function sentencesOf(root) {
  const sentences = [];
  for (const node of [root, ...root.querySelectorAll("*")]) {
    for (const name of ["title", "aria-label"]) {
      const sentence = node.getAttribute(name);
      if (sentence) sentences.push({ sentence, say: (text) => node.setAttribute(name, text) });
    }
    for (const text of node.childNodes) {
      const sentence = text.nodeType === Node.TEXT_NODE ? text.data.trim() : "";
      const [before, after] = text.nodeType === Node.TEXT_NODE ? text.data.split(sentence) : [];
      if (sentence) sentences.push({ sentence, say: (said) => (text.data = before + said + after) });
    }
  }
  return sentences;
}

function el(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text; // never as HTML: names come from outside
  return node;
}

function short(value) {
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 100000)) return pointed(value.toExponential(1));
  return pointed(String(Number(value.toPrecision(3))));
}

const pointed = (digits) => digits.replace(".", wording.decimal);
const percent = (value) => `${Math.round(value * 100)} %`;
