"""Choices that go along from page to page.

Streamlit keeps the value of a widget for its own page; a widget of the same key on another page
begins with its default, unless the value is set anew before it is made.
"""

from __future__ import annotations

import streamlit as st

_KEYS = (
    "model-group",
    "model-bundled",
    "model-keras",
    "model-random",
    "model-path",
    "model-kind",
    "model-side",
    "model-output",
    "picture-source",
    "picture-path",
    "map-layer",
    "map-fit",
)


def carry_choices() -> None:
    """Take the model, the picture and the fit along.

    To be called before their widgets, where a page is come to without a link.
    """
    of_models = {
        str(key)
        for key in st.session_state
        if str(key).startswith(("map-preprocessing-", "map-fit-"))
    }
    for key in {*_KEYS, *of_models} & {str(key) for key in st.session_state}:
        st.session_state[key] = st.session_state[key]
