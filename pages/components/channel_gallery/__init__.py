"""The feature maps of a layer as small tiles, each with its weight, its mean and their product.

Order, page and scale change in the browser.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

import camcore
from pages.components.map_row import DRAWING, STYLE
from pages.components.payload import pack
from pages.languages.catalogues import marked
from pages.languages.for_browser import worded

_SENTENCES = (
    marked("In the order of"),
    marked("largest contribution"),
    marked("largest weight"),
    marked("most active"),
    marked("index"),
    marked("Each in its own scale"),
    marked("Off: all maps share the scale of the most active one"),
    marked("Earlier feature maps"),
    marked("Later feature maps"),
    marked("{first} to {last} of {count}"),
    marked("Feature map {k}: weight {weight}, mean {mean}, adds {added}"),
    marked("{symbol} {weight} × mean {mean}"),
)
_HERE = Path(__file__).parent
_gallery = st.components.v2.component(
    "camaudit_channel_gallery",
    html='<section class="gallery"></section>',
    css=STYLE + (_HERE / "channel_gallery.css").read_text(encoding="utf-8"),
    js=DRAWING + (_HERE / "channel_gallery.js").read_text(encoding="utf-8"),
)


def show_gallery(
    maps: np.ndarray, weights: np.ndarray, means: np.ndarray, *, symbol: str, page: int, key: str
) -> None:
    """Show feature maps, those that add most to the score first.

    Parameters
    ----------
    maps : ndarray, shape (K, h, w), float32
    weights, means : ndarray, shape (K,)
    symbol : str
        What the weights are called on screen.
    page : int
        How many are shown at a time.
    key : str
    """
    grid = list(maps.shape[1:])
    header = {
        "count": len(maps),
        "grid": grid,
        "symbol": symbol,
        "page": page,
        "words": worded(_SENTENCES),
    }
    arrays = (maps, weights, means)
    blobs = [np.ascontiguousarray(array, "<f4").tobytes() for array in arrays]
    _gallery(key=key, data=pack(header, [camcore.palette("viridis").tobytes(), *blobs]))
