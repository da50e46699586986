"""A button that copies the address of what is shown, and says what that address cannot hold."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from pages.components.styling import CONTROLS
from pages.languages.catalogues import gettext as _

_HERE = Path(__file__).parent
_button = st.components.v2.component(
    "camaudit_copy_link",
    html='<div class="copy"><button type="button"></button><span role="status"></span></div>',
    css=CONTROLS + (_HERE / "copy_link.css").read_text(encoding="utf-8"),
    js=(_HERE / "copy_link.js").read_text(encoding="utf-8"),
)


def show_copy_link(limits: str, *, key: str = "copy-link") -> None:
    """The button; nothing of it goes through the server.

    Parameters
    ----------
    limits : str
        What the link cannot hold, in sentences; said when it has been copied.
    """
    _button(
        key=key,
        data={
            "label": _("Copy link"),
            "copied": _("Copied."),
            "by_hand": _("Copy it from the address bar: {link}"),
            "limits": limits,
        },
    )
