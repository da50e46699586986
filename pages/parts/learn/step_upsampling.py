"""From cells to pixels: nearest, bilinear and bicubic on the same map."""

from __future__ import annotations

import streamlit as st

import camcore
from pages.components.map_row import MapFigure, show_maps
from pages.parts.learn.lesson import Lesson

_WORDS = {
    "nearest": "every pixel takes its cell's value",
    "bilinear": "straight lines between the centres of cells",
    "bicubic": "smooth curves, clipped to 0 and 1",
}


def show(lesson: Lesson) -> None:
    """Three ways to fill in what was never computed."""
    shown = lesson.explain("cam" if lesson.layer.cam else "grad-cam")
    heatmap, picture, layer = shown.heatmap, lesson.picture, lesson.layer
    computed, pixels = layer.height * layer.width, picture.width * picture.height
    st.markdown(
        f"The network computed **{lesson.count(computed)}** numbers, one for each cell. The "
        f"picture has **{lesson.count(pixels)}** pixels. Whatever stands between the centres of "
        "the cells is filled in (**upsampling**), and there is more than one way to fill in."
    )
    if shown.evidence == "none":
        st.info(f"{shown.statement} Choose another class: an empty map has nothing to fill in.")
        return
    show_maps(
        [
            MapFigure(
                heatmap.values,
                heatmap.frame,
                name.capitalize(),
                _WORDS[name],
                0,
                1,
                over=True,
                interpolation=name,
            )
            for name in camcore.INTERPOLATIONS
        ],
        picture,
        key="learn-upsampling-maps",
    )
    across = (heatmap.frame.x1 - heatmap.frame.x0) / layer.width
    down = (heatmap.frame.y1 - heatmap.frame.y0) / layer.height
    st.latex(
        rf"\frac{{\text{{computed}}}}{{\text{{shown}}}} = \frac{{{layer.height} \times "
        rf"{layer.width}}}{{{picture.height} \times {picture.width}}} = "
        rf"{lesson.number(computed / pixels)}\,,\qquad \text{{one cell}} = "
        rf"{across:.1f} \times {down:.1f}\ \text{{pixels}}"
    )
    st.markdown(
        "The left picture shows the **real resolution**: its squares are all that is known. "
        "Bilinear and bicubic look finer, and know nothing more. An edge in them that is "
        "sharper than a cell is not evidence."
    )
