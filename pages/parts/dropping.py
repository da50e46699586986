"""A picture or a model dropped anywhere on a page, instead of on its uploader."""

from __future__ import annotations

import streamlit as st

from pages.components.drop_anywhere import accept_drops
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.pickers import model_picker, picture_picker


def take_drops() -> None:
    """Take files on the whole page, and say so of one that is neither a picture nor a model."""
    uploaders = {
        model_picker.UPLOADER: model_picker.MODEL_TYPES,
        picture_picker.UPLOADER: picture_picker.PICTURE_TYPES,
    }
    refused = accept_drops(uploaders, _bring)
    if refused is not None:
        models, pictures = (
            ", ".join(f".{ending}" for ending in taken) for taken in uploaders.values()
        )
        st.warning(
            _(
                "{name} was dropped, which is read neither as a model ({models}) nor as a picture "
                "({pictures}).",
                name=plain(refused),
                models=models,
                pictures=pictures,
            ),
            icon=":material/upload_file:",
        )


def _bring(uploader: str) -> None:
    if uploader == model_picker.UPLOADER:
        st.session_state["model-group"] = model_picker.FILE
    else:
        st.session_state["picture-source"] = picture_picker.UPLOAD
