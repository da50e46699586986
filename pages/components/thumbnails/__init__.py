"""Sample pictures to choose from, as a grid of thumbnails."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import streamlit as st
from PIL import Image

import camcore
from pages.components.payload import READER, pack
from pages.languages.catalogues import gettext as _

_SIDE = 112
_HERE = Path(__file__).parent
_thumbnails = st.components.v2.component(
    "camaudit_thumbnails",
    html='<div class="grid" role="radiogroup"></div>',
    css=(_HERE / "thumbnails.css").read_text(encoding="utf-8"),
    js=READER + (_HERE / "thumbnails.js").read_text(encoding="utf-8"),
)


def pick_thumbnail(samples: Sequence[camcore.Sample], chosen: str, *, into: str) -> None:
    """Show samples; the name of the one that is clicked goes into session state.

    Parameters
    ----------
    samples : sequence of Sample
    chosen : str
        Name of the sample that is chosen now.
    into : str
        Key of session state.
    """
    key = f"{into}-thumbnails"

    def picked() -> None:
        name, _ = st.session_state[key].picked or ("", 0)
        if name in {sample.name for sample in camcore.SAMPLES}:
            st.session_state[into] = name

    header = {
        "chosen": chosen,
        "label": _("Sample pictures"),
        "samples": [{"name": sample.name, "title": _(sample.title)} for sample in samples],
    }
    blobs = [_thumbnail(str(sample.file)) for sample in samples]
    _thumbnails(key=key, data=pack(header, blobs), on_picked_change=picked)


@st.cache_data(max_entries=64, show_spinner=False)
def _thumbnail(file: str) -> bytes:
    image = Image.fromarray(camcore.read_image(file).pixels)
    image.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
