"""A picture as the browser gets it where it is shown small."""

from __future__ import annotations

import io
from collections.abc import Callable

import streamlit as st
from PIL import Image

import camcore

_SIDE = 800  # pixels of the longest side
_LOSSLESS_PIXELS = 256 * 256


def thumbnail(picture: camcore.Picture) -> bytes:
    """A picture as a PNG file where it is small, else shrunk and as a fine JPEG."""
    return _encoded(picture.sha256, lambda: picture)


@st.cache_data(max_entries=32, show_spinner=False)
def _encoded(sha256: str, _picture: Callable[[], camcore.Picture]) -> bytes:
    image = Image.fromarray(_picture().pixels)
    image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if image.width * image.height <= _LOSSLESS_PIXELS:
        image.save(buffer, "PNG", compress_level=4)
    else:
        image.save(buffer, "JPEG", quality=92, subsampling=0)
    return buffer.getvalue()
