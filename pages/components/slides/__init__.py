"""A step of the lesson as a slide: it fits the screen, and a clicker turns it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import streamlit as st

_HERE = Path(__file__).parent
SLIDES_STYLE = (_HERE / "slides.css").read_text(encoding="utf-8")
"""Of the whole page; there are no slides without it."""
_slides = st.components.v2.component(
    "camaudit_slides", html="<i hidden></i>", js=(_HERE / "slides.js").read_text(encoding="utf-8")
)


def watch_slides(step: str, go: Callable[[str], None], *, key: str = "slides") -> None:
    """Fit the step to the screen for as long as it is shown, and listen to the keyboard.

    Parameters
    ----------
    step : str
        Changes with the slide.
    go : callable
        Called with "next", "previous", "first" or "last".
    """

    def turn() -> None:
        wanted = st.session_state[key].go
        if wanted in ("next", "previous", "first", "last"):
            go(wanted)

    _slides(key=key, data=step, on_go_change=turn)
