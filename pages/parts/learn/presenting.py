"""The presenter's view: large type and no sidebar, for a hall."""

from __future__ import annotations

import streamlit as st

from pages.session.address import asked_one

VIEW = "presenter"
_KEY = "learn-presenting"
_LARGE = """
<style>
  html { font-size: 21px !important; }
  [data-testid="stSidebar"], [data-testid="stExpandSidebarButton"] { display: none; }
</style>
"""


def follow_link() -> None:
    """Take over what a link asks for."""
    st.session_state[_KEY] = asked_one("view", [VIEW], "the view") == VIEW


def is_on() -> bool:
    """Whether the page is shown to a hall; sets the type if it is."""
    on = bool(st.session_state.get(_KEY, False))
    if on:
        st.html(_LARGE)
    return on


def show_toggle() -> None:
    """The switch."""
    st.session_state.setdefault(_KEY, False)
    st.toggle(
        "Presenter",
        key=_KEY,
        persist_state="session",
        help="Large type and no sidebar, for a lecture hall.",
    )
