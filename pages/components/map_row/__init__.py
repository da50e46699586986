"""Maps side by side, each as numbers: cells in colours, or laid over the picture.

Opacity acts in the browser, and the same place is read in all maps under the pointer.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from PIL import Image

import camcore
from pages.components.map_row.colours import signed_palette
from pages.components.payload import READER, pack
from pages.components.styling import CONTROLS
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.languages.for_browser import worded

_SENTENCES = (
    marked("Map over the picture"),
    marked("Here · {readings}"),
    marked("not seen"),
    marked("Point at a map to read the same place in all of them."),
)
_LONGEST = 900  # pixels of the longest side of a picture that is sent
_HERE = Path(__file__).parent
_VIEWER = _HERE.with_name("viewer")
DRAWING = READER + "".join(
    file.read_text(encoding="utf-8")
    for file in (_VIEWER / "words.js", _VIEWER / "maps.js", _HERE / "painting.js")
)
"""What components that draw maps begin with: unpacking, words, upsampling, painting of cells."""

STYLE = CONTROLS + (_HERE / "map_row.css").read_text(encoding="utf-8")
_row = st.components.v2.component(
    "camaudit_map_row",
    html='<section class="row"></section>',
    css=STYLE,
    js=DRAWING + (_HERE / "map_row.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True, eq=False)
class MapFigure:
    """One map of a row.

    Attributes
    ----------
    values : ndarray, shape (h, w), float
        Numbers on their own grid.
    frame : camcore.Frame
        The rectangle of the picture that the grid covers.
    title, sub : str
        Its caption, in plain text.
    low, high : float
        Numbers that get the first and the last colour.
    signed : bool
        Colours with a sign, zero in the middle, instead of viridis.
    over : bool
        Laid over the picture instead of on its own.
    interpolation : str
        One of `camcore.INTERPOLATIONS`, for a map over the picture.
    """

    values: np.ndarray
    frame: camcore.Frame
    title: str
    sub: str
    low: float
    high: float
    signed: bool = False
    over: bool = False
    interpolation: str = "bilinear"


def signed_figure(
    values: np.ndarray, frame: camcore.Frame, title: str, sub: str, largest: float | None = None
) -> MapFigure:
    """A map of numbers with a sign, zero in the middle of the colours.

    Parameters
    ----------
    largest : float, optional
        Magnitude of the last colour; the map's own largest if not given.
    """
    most = float(np.abs(values).max()) if largest is None else largest
    return MapFigure(values, frame, title, sub, -(most or 1.0), most or 1.0, signed=True)


def show_maps(figures: Sequence[MapFigure], picture: camcore.Picture, *, key: str) -> None:
    """Show maps of one picture in a row.

    Parameters
    ----------
    figures : sequence of MapFigure
    picture : Picture
        What figures with `over` are laid over.
    key : str
    """
    blobs = [signed_palette(), camcore.palette("viridis").tobytes(), encoded_picture(picture)]
    described = []
    for figure in figures:
        described.append(_described(figure, len(blobs)))
        blobs.append(np.ascontiguousarray(figure.values, "<f4").tobytes())
    header = {
        "picture": {"id": picture.sha256, "width": picture.width, "height": picture.height},
        "figures": described,
        "words": worded(_SENTENCES),
    }
    _row(key=key, data=pack(header, blobs))


def _described(figure: MapFigure, blob: int) -> dict[str, Any]:
    lowest, highest = float(figure.values.min()), float(figure.values.max())
    height, width = figure.values.shape
    if figure.over:
        described = _(
            "{title}: over the picture, {height} × {width} cells, values from {lowest} to "
            "{highest}. {sub}",
            title=figure.title, height=height, width=width, lowest=f"{lowest:.3g}",
            highest=f"{highest:.3g}", sub=figure.sub,
        )  # fmt: skip
    else:
        described = _(
            "{title}: {height} × {width} cells, values from {lowest} to {highest}. {sub}",
            title=figure.title, height=height, width=width, lowest=f"{lowest:.3g}",
            highest=f"{highest:.3g}", sub=figure.sub,
        )  # fmt: skip
    return {
        "title": figure.title,
        "sub": figure.sub,
        "alt": described,
        "grid": list(figure.values.shape),
        "frame": vars(figure.frame),
        "low": figure.low,
        "high": figure.high,
        "signed": figure.signed,
        "over": figure.over,
        "interpolation": figure.interpolation,
        "values": blob,
    }


def encoded_picture(picture: camcore.Picture) -> bytes:
    """A picture for the browser, as PNG, not larger than it will be looked at."""
    return _encoded(picture.sha256, picture.pixels)


@st.cache_data(max_entries=64, show_spinner=False)
def _encoded(sha256: str, _pixels: np.ndarray) -> bytes:
    image = Image.fromarray(_pixels)
    image.thumbnail((_LONGEST, _LONGEST), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=4)
    return buffer.getvalue()
