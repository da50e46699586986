"""The weighted sum of feature maps, growing one by one under a slider, in the browser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import streamlit as st

import camcore
from pages.components.map_row import DRAWING, STYLE, encoded_picture
from pages.components.map_row.colours import signed_palette
from pages.components.payload import pack
from pages.languages.catalogues import marked
from pages.languages.for_browser import worded

_SENTENCES = (
    marked("In the order of"),
    marked("largest contribution"),
    marked("index"),
    marked("Feature maps in the sum"),
    marked("{n} of {count}"),
    marked("Play"),
    marked("Stop"),
    marked("Sum of {n} weighted feature map"),
    marked("Sum of {n} weighted feature maps"),
    marked("blue against, white zero, red for; from {low} to {high}"),
    marked("Over the picture"),
    marked("what is above zero, up to {highest}"),
    marked("{title}, values from {lowest} to {highest}"),
    marked("The sum of {n} feature maps over the picture"),
    marked("Added last: feature map {k}"),
    marked("Nothing added yet"),
    marked("weight {symbol} = {weight}, its mean times the weight = {added}"),
    marked("move the slider, or press Play"),
    marked("Mean of the sum: {mean}, of all: {all}"),
    marked("Mean of the sum {mean} + bias {bias} = {score} · class score {whole}"),
    marked("Mean of the sum {mean} + bias {bias} = {score} · class score {whole}: reached"),
    marked("Point at a cell, or focus a map and use the arrow keys, to see its product added."),
    marked("Cell {row} down, {column} across: {before} so far + {product} = {after}"),
)
_HERE = Path(__file__).parent
_sum = st.components.v2.component(
    "camaudit_growing_sum",
    html='<section class="sum"></section>',
    css=STYLE + (_HERE / "growing_sum.css").read_text(encoding="utf-8"),
    js=DRAWING
    + "".join(
        (_HERE / name).read_text(encoding="utf-8") for name in ("cell_product.js", "growing_sum.js")
    ),
)


def show_growing_sum(
    maps: np.ndarray,
    weights: np.ndarray,
    added: np.ndarray,
    *,
    bias: float | None,
    symbol: str,
    frame: camcore.Frame,
    picture: camcore.Picture,
    key: str,
) -> None:
    """Show the sum of the first n feature maps, n under a slider.

    Parameters
    ----------
    maps : ndarray, shape (K, h, w), float32
    weights, added : ndarray, shape (K,)
        The weight of each feature map, and what it adds to the mean of the sum.
    bias : float or None
        What the mean of the whole sum lacks to the class score; None where it is no score.
    symbol : str
        What the weights are called on screen.
    frame : camcore.Frame
    picture : Picture
    key : str
    """
    header = {
        "count": len(maps),
        "grid": list(maps.shape[1:]),
        "frame": vars(frame),
        "bias": bias,
        "symbol": symbol,
        "words": worded(_SENTENCES),
        "picture": {"id": picture.sha256, "width": picture.width, "height": picture.height},
    }
    palettes = [signed_palette(), camcore.palette("viridis").tobytes()]
    arrays = [np.ascontiguousarray(array, "<f4").tobytes() for array in (maps, weights, added)]
    _sum(key=key, data=pack(header, [*palettes, encoded_picture(picture), *arrays]))
