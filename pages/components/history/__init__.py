"""The browser's history: one entry for each place that somebody chose."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_KEY = "page-history"
_history = st.components.v2.component(
    "camaudit_history",
    html="<i hidden></i>",
    js=(Path(__file__).parent / "history.js").read_text(encoding="utf-8"),
)


def keep_places() -> None:
    """See to it that an address which a page completes by itself is no entry of its own.

    To be called before the page writes its address; it takes no room.
    """
    with st.container(key=_KEY):
        _history(key=f"{_KEY}-watch", height=1)
