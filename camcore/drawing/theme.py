"""One look for all charts, light and dark, and how a chart becomes a PNG file."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from matplotlib import figure, font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

_LONGEST = 22  # characters of a name in a chart
_FONT = "DejaVu Sans"  # comes with matplotlib


@dataclass(frozen=True)
class Theme:
    """Colours of a chart; lines after Okabe and Ito (2008), which colour-blind eyes tell apart.

    Attributes
    ----------
    paper, ink, quiet, grid : str
        Background, text, secondary text, grid lines.
    own, other : str
        The class in question, and all others.
    """

    paper: str
    ink: str
    quiet: str
    grid: str
    own: str
    other: str


LIGHT = Theme("#ffffff", "#1d2329", "#56616b", "#e3e7eb", "#0072b2", "#e69f00")
DARK = Theme("#14181c", "#e4e9ee", "#a3adb6", "#2b333a", "#56b4e9", "#e69f00")


def words(text: object, longest: int = _LONGEST) -> str:
    """Text from outside as a chart can show it: short, in one line, glyphs that the font has.

    Examples
    --------
    >>> words("a class with a name\\nas long as a sentence"), words("狗 dog")
    ('a class with a name a…', '□ dog')
    """
    line = " ".join(str(text).split())
    drawable = "".join(c if ord(c) in _glyphs() else "□" for c in line)
    return drawable if len(drawable) <= longest else drawable[: longest - 1] + "…"


@lru_cache(maxsize=1)
def _glyphs() -> frozenset[int]:
    return frozenset(font_manager.get_font(font_manager.findfont(_FONT)).get_charmap())


def as_png(chart: figure.Figure) -> bytes:
    """The chart as a PNG file of at most 256 colours; the same chart, the same bytes."""
    canvas = FigureCanvasAgg(chart)
    canvas.draw()  # type: ignore[no-untyped-call]
    pixels = np.asarray(canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
    image = Image.fromarray(np.ascontiguousarray(pixels)).quantize(256, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
