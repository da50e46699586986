"""Names for what Streamlit draws without one, for who listens to the page or has no mouse."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

_names = st.components.v2.component(
    "camaudit_accessible_names",
    html="<i hidden></i>",
    js=(Path(__file__).parent / "accessible_names.js").read_text(encoding="utf-8"),
)


def give_names() -> None:
    """Keep the names of the page's widgets in order for as long as it is open."""
    _names(key="accessible-names", height=1)
