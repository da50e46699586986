"""What a page says, and which of it the catalogues know as English."""

from __future__ import annotations

import re

from babel.messages.pofile import read_po
from streamlit.testing.v1 import AppTest

from pages.languages.catalogues import catalogue_file


def said(app: AppTest) -> str:
    """All that a page driven by AppTest says: texts, labels, help and choices, a line each."""
    lines: list[str] = []
    for name in (
        "title", "markdown", "caption", "info", "warning", "error", "success", "subheader",
        "header", "button", "selectbox", "toggle", "checkbox", "text_input", "text_area",
        "number_input", "slider", "select_slider", "radio", "expander", "tabs", "multiselect",
        "segmented_control", "pills", "metric",
    ):  # fmt: skip
        for element in getattr(app, name, ()):
            if getattr(element, "key", None) == "language":
                continue  # each language by its own name
            if not hasattr(element, "options"):  # whose value is no text of the page
                lines.append(str(getattr(element, "value", "")))
            lines.append(str(getattr(element, "label", "")))
            lines += [str(element.proto.help)] if hasattr(element.proto, "help") else []
            lines += map(str, getattr(element, "options", ()))
    return "\n".join(lines).replace("\\", "")


def english_left(text: str, language: str) -> set[str]:
    """English sentences of a catalogue that stand whole in a text, and have a translation.

    What has places for other words, and hardly a word of its own, fits too many to tell.
    """
    with catalogue_file(language).open("rb") as file:
        messages = [message for message in read_po(file, locale=language) if message.id]
    left = set()
    for message in messages:
        forms = message.id if isinstance(message.id, tuple) else (message.id,)
        translations = (message.string,) if isinstance(message.string, str) else message.string
        for form in forms:
            parts = re.split(r"\{\w+\}", form.replace("\\", ""))
            if form in translations or (len(parts) > 1 and len("".join(parts).strip()) < 10):
                continue
            if re.search(rf"(?m)^{'.+?'.join(map(re.escape, parts))}$", text):
                left.add(form)
    return left
