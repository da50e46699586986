"""Names for what Streamlit draws without one, for who listens to the page or has no mouse."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.languages.catalogues import gettext as _

_names = st.components.v2.component(
    "camaudit_accessible_names",
    html="<i hidden></i>",
    js=(Path(__file__).parent / "accessible_names.js").read_text(encoding="utf-8"),
)


def give_names(language: str) -> None:
    """Keep the names of the page's widgets in order for as long as it is open.

    Parameters
    ----------
    language : str
        Of what the page says, for who listens to it and for the choice of its glyphs.
    """
    words = {
        "language": language.replace("_", "-"),
        "upload": _("Upload: {name}"),
        "equation": _("Equation, scrolls sideways"),
    }
    _names(key="accessible-names", data=words, height=1)
