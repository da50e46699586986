"""A button that puts a picture into the clipboard, made when it is asked for."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path

import streamlit as st

from pages.components.styling import CONTROLS
from pages.languages.catalogues import gettext as _

_HERE = Path(__file__).parent
_button = st.components.v2.component(
    "camaudit_copy_slide",
    html='<div class="copy"><button type="button"></button><span role="status"></span></div>',
    css=CONTROLS + (_HERE.with_name("copy_link") / "copy_link.css").read_text(encoding="utf-8"),
    js=(_HERE / "copy_slide.js").read_text(encoding="utf-8"),
)


def show_copy_slide(make: Callable[[], bytes], label: str, *, key: str) -> None:
    """The button.

    Parameters
    ----------
    make : callable
        Gives a PNG file.
    label : str
        What is copied, for who listens to the page.
    key : str
    """
    wish = f"{key}-wanted"

    def wanted() -> None:
        st.session_state[wish] = True

    png = make() if st.session_state.pop(wish, False) else b""
    _button(
        key=key,
        data={
            "button": _("Copy slide"),
            "label": label,
            "png": base64.b64encode(png).decode(),
            "making": _("Making it …"),
            "copied": _("Copied."),
            "refused": _("The browser did not let it be copied; download it instead."),
            "impossible": _("This browser lets no page copy a picture here; download it instead."),
        },
        on_wanted_change=wanted,
    )
