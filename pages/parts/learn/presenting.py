"""The presenter's view: slides of large type without a sidebar, for a hall."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from pages.components.slides import SLIDES_STYLE, watch_slides
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.session.address import asked_one

VIEW = "presenter"
_KEY = "learn-presenting"


def follow_link() -> None:
    """Take over what a link asks for."""
    st.session_state[_KEY] = asked_one("view", [VIEW], marked("the view")) == VIEW


def is_on() -> bool:
    """Whether the page is shown to a hall; sets the type if it is."""
    on = bool(st.session_state.get(_KEY, False))
    if on:
        st.html(f"<style>{SLIDES_STYLE}</style>")
    return on


def watch_keys(step: str, go: Callable[[str], None]) -> None:
    """Fit the step to the screen, and follow the keys of a clicker.

    Parameters
    ----------
    step : str
        Its slug.
    go : callable
        Called with "next", "previous", "first" or "last".
    """
    watch_slides(step, go)


def show_toggle() -> None:
    """The switch."""
    st.session_state.setdefault(_KEY, False)
    st.toggle(
        _("Presenter"),
        key=_KEY,
        persist_state="session",
        help=_(
            "Slides of large type without a sidebar, for a lecture hall. Page up and down, the "
            "arrows, Home and End turn them; F fills the screen, B makes it black."
        ),
    )
