"""The front door: what this is in one line, and three ways in."""

from __future__ import annotations

import streamlit as st

from pages.languages.catalogues import gettext as _
from pages.pickers.model_picker import FILE, ModelChoice, first_bundled
from pages.pickers.picture_picker import UPLOAD, PictureChoice


def show_doors(choice: ModelChoice | None, source: PictureChoice | None) -> None:
    """The line and the doors, until somebody has chosen a model or brought a picture."""
    if choice is None or choice.name != first_bundled() or source is None or not source.sample:
        return
    st.markdown(
        _("**See where an image classifier looks, and prove what it relies on.** Begin with"),
    )
    with st.container(horizontal=True, vertical_alignment="center", key="front-door"):
        st.button(
            _("my model and picture"),
            key="door-own",
            icon=":material/upload_file:",
            on_click=_bring,
            help=_(
                "A .keras, .h5 or .onnx file or a Hugging Face folder, and a photo; the sidebar "
                "takes both."
            ),
        )
        st.page_link(
            "pages/learn.py", label=_("a lesson"), icon=":material/school:",
            help=_("From the feature maps to the class activation map, in fifteen steps."),
        )  # fmt: skip
        st.page_link(
            "pages/audit.py", label=_("the audit of a folder"), icon=":material/search:",
            help=_("Which cues decide the model's answers, in which pictures, and how we know."),
        )  # fmt: skip


def _bring() -> None:
    st.session_state["model-group"] = FILE
    st.session_state["picture-source"] = UPLOAD
