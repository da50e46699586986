"""A picture on which one draws where the object truly is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st

import camcore
from pages.components.encoded_picture import thumbnail
from pages.components.payload import READER, pack
from pages.components.styling import CONTROLS
from pages.languages.catalogues import gettext as _

Box = tuple[int, int, int, int]

_HERE = Path(__file__).parent
_canvas = st.components.v2.component(
    "camaudit_box_canvas",
    html=(_HERE / "box_canvas.html").read_text(encoding="utf-8"),
    css=CONTROLS + (_HERE / "box_canvas.css").read_text(encoding="utf-8"),
    js=READER + (_HERE / "box_canvas.js").read_text(encoding="utf-8"),
)


def draw_box(
    picture: camcore.Picture,
    boxes: Sequence[Box],
    *,
    key: str,
    on_box: Callable[[Box | None], None],
) -> None:
    """Show a picture with boxes; a new one is drawn by dragging.

    Parameters
    ----------
    picture : Picture
    boxes : sequence of (x0, y0, x1, y1)
        What is drawn already, in pixels of the picture, ends exclusive.
    key : str
    on_box : callable
        Called with a box when one has been drawn, and with None when it was cleared.
    """

    def drawn() -> None:
        value, _when = st.session_state[key].box or (None, 0)
        on_box(_checked(value, picture))

    header = {
        "id": picture.sha256,
        "label": _("Draw a box on the picture {name}", name=picture.name),
        "help": _("Drag from one corner to the other."),
        "clear": _("Clear"),
        "width": picture.width,
        "height": picture.height,
        "boxes": [list(box) for box in boxes],
    }
    _canvas(key=key, data=pack(header, [thumbnail(picture)]), on_box_change=drawn)


def _checked(value: object, picture: camcore.Picture) -> Box | None:
    """Four whole numbers inside the picture, or None: the browser may send anything."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    if not all(isinstance(number, int) for number in value):
        return None
    x0, y0, x1, y1 = value
    inside = 0 <= x0 < x1 <= picture.width and 0 <= y0 < y1 <= picture.height
    return (x0, y0, x1, y1) if inside else None
