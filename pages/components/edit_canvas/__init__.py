"""A picture whose parts are dragged, and which is painted over, while the server answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

import camcore
from camcore.auditing.edits.by_hand import BRUSH, MOST_DABS, PARTS, HandEdit
from pages.components.map_row import encoded_picture
from pages.components.payload import READER, pack
from pages.components.styling import CONTROLS
from pages.languages.catalogues import gettext as _

Stroke = list[list[float]]
HANGS = "sky"
"""The part that is pulled down from the upper edge, and never off it."""

_LATTICE = 96  # on which parts are outlined while the server has not answered
_HERE = Path(__file__).parent
_canvas = st.components.v2.component(
    "camaudit_edit_canvas",
    html=(_HERE / "edit_canvas.html").read_text(encoding="utf-8"),
    css=CONTROLS + (_HERE / "edit_canvas.css").read_text(encoding="utf-8"),
    js=READER + (_HERE / "edit_canvas.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class HandMove:
    """What a hand has done on the canvas.

    Attributes
    ----------
    right, down : float
        How far a part has been moved.
    strokes : list of Stroke
        Of the brush; each a list of `camcore.auditing.edits.by_hand.Dab`.
    rests : bool
        Whether the hand has let go.
    """

    right: float
    down: float
    strokes: list[Stroke]
    rests: bool


def show_edit_canvas(
    seen: camcore.Picture,
    edited: camcore.Picture,
    donor: camcore.Picture | None,
    edit: HandEdit,
    strokes: list[Stroke],
    *,
    brush: float,
    words: str,
    key: str,
    on_move: Callable[[HandMove], None],
) -> None:
    """Show a picture to be edited by hand.

    Parameters
    ----------
    seen, edited : Picture
        Before and after the edit.
    donor : Picture or None
        What the edit takes from.
    edit : HandEdit
    strokes : list of Stroke
        The brush's, which `edit` holds as dabs.
    brush : float
        The brush's radius, as a share of the width.
    words : str
        What can be done here.
    key : str
    on_move : callable
        Called with what the hand has done.
    """
    turn_key = f"{key}-turn"

    def moved() -> None:
        move, turn = _checked(st.session_state[key].edit, edit.part)
        st.session_state[turn_key] = turn
        if move is not None:
            on_move(move)

    region = None if edit.part == BRUSH else PARTS[edit.part]
    rectangles = region.boxes(_LATTICE, _LATTICE) if region else ()
    header = {
        "original": seen.sha256,
        "donor": donor.sha256 if donor else None,
        "edited": edited.sha256,
        "width": seen.width,
        "height": seen.height,
        "ratio": seen.width / seen.height,
        "part": edit.part,
        "box": region.box if region else None,
        "rectangles": [
            [across.start / _LATTICE, down.start / _LATTICE, across.stop / _LATTICE,
             down.stop / _LATTICE]
            for down, across in rectangles
        ],
        "hangs": edit.part == HANGS,
        "right": edit.right,
        "down": edit.down,
        "strokes": strokes,
        "brush": brush,
        "turn": st.session_state.get(turn_key, 0),
        "label": _("{name}, to be edited by hand", name=seen.name),
        "help": words,
    }  # fmt: skip
    pictures = [seen, donor, edited]
    blobs = [encoded_picture(picture) if picture else b"" for picture in pictures]
    _canvas(key=key, data=pack(header, blobs), on_edit_change=moved)


def _checked(value: Any, part: str) -> tuple[HandMove | None, int]:
    """What the browser sent, and its number: it may send anything, and late."""
    try:
        turn = int(value["turn"])
        strokes = [
            [[float(number) for number in dab] for dab in stroke] for stroke in value["strokes"]
        ]
        right, down = float(value["right"]), float(value["down"])
        late = value["part"] != part
        rests = bool(value["rests"])
    except (TypeError, ValueError, KeyError):
        return None, 0
    sound = (
        abs(right) <= 1
        and abs(down) <= 1
        and sum(map(len, strokes)) <= MOST_DABS
        and all(
            len(dab) == 4 and all(0 <= number <= 2 for number in dab)
            for stroke in strokes
            for dab in stroke
        )
    )
    return (None if late or not sound else HandMove(right, down, strokes, rests)), turn
