"""From cells to pixels: nearest, bilinear and bicubic on the same map."""

from __future__ import annotations

import streamlit as st

import camcore
from camcore.pictures.preprocessing import Frame
from pages.components.map_row import MapFigure, show_maps
from pages.components.map_statement import statement
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.languages.numbers import decimal, decimal_mark
from pages.parts.learn.equations import text
from pages.parts.learn.lesson import Lesson

_NAMED = 8  # centres that are written out
_TITLES = {
    "nearest": marked("Nearest"),
    "bilinear": marked("Bilinear"),
    "bicubic": marked("Bicubic"),
}
_WORDS = {
    "nearest": marked("every pixel takes its cell's value"),
    "bilinear": marked("straight lines between the centres of cells"),
    "bicubic": marked("smooth curves, clipped to 0 and 1"),
}


def show(lesson: Lesson) -> None:
    """Three ways to fill in what was never computed."""
    explanation = lesson.explain("cam" if lesson.layer.cam else "grad-cam")
    heatmap, picture, layer = explanation.heatmap, lesson.picture, lesson.layer
    computed, pixels = layer.height * layer.width, picture.width * picture.height
    st.markdown(
        _(
            "The network computed **{computed}** numbers, one for each cell. The picture has "
            "**{pixels}** pixels. Whatever stands between the centres of the cells is filled "
            "in (**upsampling**), and there is more than one way to fill in.",
            computed=lesson.count(computed),
            pixels=lesson.count(pixels),
        )
    )
    if explanation.evidence == "none":
        st.info(
            _(
                "{statement} Choose another class: an empty map has nothing to fill in.",
                statement=statement(explanation),
            )
        )
        return
    show_maps(
        [
            MapFigure(
                heatmap.values,
                heatmap.frame,
                _(_TITLES[name]),
                _(_WORDS[name]),
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
    those_computed = text(_("computed"))
    those_shown = text(_("shown"))
    one_cell = text(_("one cell"))
    unit = text(_("pixels"))
    st.latex(
        rf"\frac{{{those_computed}}}{{{those_shown}}} = \frac{{{layer.height} \times "
        rf"{layer.width}}}{{{picture.height} \times {picture.width}}} = "
        rf"{lesson.number(computed / pixels)}\,,\qquad {one_cell} = "
        rf"{_in_latex(across)} \times {_in_latex(down)}\ {unit}"
    )
    st.caption(
        _(
            "Centres of the cells, in pixels from the left: {centres}. Beyond the outermost "
            "centres nothing was computed either: their values are held to the edge.",
            centres=_centres(heatmap.frame, layer.width),
        )
    )
    st.markdown(
        _(
            "The left picture shows the **real resolution**: its squares are all that is known. "
            "Bilinear and bicubic look finer, and know nothing more. An edge in them that is "
            "sharper than a cell is not evidence."
        )
    )


def _in_latex(pixels: float) -> str:
    return decimal(pixels, 1).replace(",", "{,}")


def _centres(frame: Frame, cells: int) -> str:
    """Where the cells' middles lie, counted from the middle of the first pixel as 0.

    Examples
    --------
    >>> _centres(Frame(0.0, 0.0, 24.0, 24.0, 28, 28), 3)
    '3.5, 11.5, 19.5'
    """
    size = (frame.x1 - frame.x0) / cells
    middles = [decimal(frame.x0 + (k + 0.5) * size - 0.5, 1) for k in range(cells)]
    few = middles if cells <= _NAMED else [*middles[:3], "…", middles[-1]]
    return ("; " if decimal_mark() == "," else ", ").join(few)
