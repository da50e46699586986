"""A canvas to draw a digit on: white ink on black, as MNIST's digits are."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.components.styling import CONTROLS
from pages.languages.catalogues import gettext as _

_LARGEST = 1_000_000  # characters of base64; a drawing has a few thousand
_HERE = Path(__file__).parent
_canvas = st.components.v2.component(
    "camaudit_digit_canvas",
    html=(_HERE / "digit_canvas.html").read_text(encoding="utf-8"),
    css=CONTROLS + (_HERE / "digit_canvas.css").read_text(encoding="utf-8"),
    js=(_HERE / "digit_canvas.js").read_text(encoding="utf-8"),
)


def draw_digit(*, key: str = "digit", on_change: Callable[[], None] = lambda: None) -> bytes | None:
    """The drawing as a PNG file, sent when the pen is lifted; None while there is none."""
    words = {
        "label": _("Draw a digit here with the mouse, a pen or a finger"),
        "hint": _("Draw one digit, large and in the middle."),
        "clear": _("Clear"),
    }
    result = _canvas(key=key, data=words, on_drawing_change=on_change)
    drawing = result.drawing
    if not isinstance(drawing, str) or len(drawing) > _LARGEST:
        return None
    try:
        return base64.b64decode(drawing, validate=True) or None
    except binascii.Error:
        return None
