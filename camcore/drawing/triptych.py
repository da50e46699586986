"""A slide of one explanation: original, heatmap with its scale, and overlay, with what they say."""

from __future__ import annotations

import io
import textwrap
from typing import TYPE_CHECKING

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure

from camcore.drawing import overlay as render
from camcore.drawing.theme import LIGHT, words

if TYPE_CHECKING:
    from camcore.explanation import Explanation

_LINES = (1920, 1080)  # of a projector
_DPI = 100
_LINE = 120  # characters
_MADE = ("Model", "Layer", "Method", "Target", "Image", "Preprocessing", "Software")


def triptych_png(explanation: Explanation, alpha: float = 0.4, colormap: str = "viridis") -> bytes:
    """The slide as a PNG file of 1920 x 1080 pixels that carries how it was made.

    Parameters
    ----------
    explanation : Explanation
    alpha : float in 0..1
    colormap : str
        One of `camcore.COLORMAPS`.

    Raises
    ------
    InputError
        For an alpha outside 0..1 or an unknown colour map.
    """
    buffer = io.BytesIO()
    made = explanation.made | {"Colour map": colormap, "Alpha": f"{alpha:g}"}
    figure = _drawn(explanation, alpha, colormap)
    figure.savefig(buffer, format="png", dpi=_DPI, metadata=made)
    return buffer.getvalue()


def triptych_svg(explanation: Explanation, alpha: float = 0.4, colormap: str = "viridis") -> bytes:
    """The same as an SVG file; its letters stay letters, and equal slides are equal files.

    Raises
    ------
    InputError
        For an alpha outside 0..1 or an unknown colour map.
    """
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "camcore", "svg.fonttype": "none"}):
        figure = _drawn(explanation, alpha, colormap)
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _drawn(explanation: Explanation, alpha: float, colormap: str) -> Figure:
    width, height = (side / _DPI for side in _LINES)
    figure = Figure((width, height), dpi=_DPI, facecolor=LIGHT.paper)
    original, cells, over = figure.subplots(
        1, 3, gridspec_kw={"left": 0.03, "right": 0.97, "top": 0.86, "bottom": 0.27, "wspace": 0.08}
    )
    heatmap = explanation.heatmap
    target, layer = explanation.target, explanation.layer
    original.imshow(explanation.picture.pixels, interpolation="none")
    title = f"{words(target.name, 40)}: {target.probability:.0%}"
    _titled(original, "Original", title)
    # On its true cells, as the network made them: smooth is only what is laid over the picture.
    palette = ListedColormap(render.palette(colormap) / 255)
    cells.imshow(render.colour(heatmap.values, colormap), interpolation="nearest")
    _titled(cells, f"Heatmap, {layer.height} × {layer.width} cells", words(layer.name, 40))
    over.imshow(np.asarray(explanation.overlay(alpha, colormap)), interpolation="none")
    _titled(over, "Overlay", f"{words(explanation.made['Method'], 40)}, opacity {alpha:g}")
    low, high = heatmap.raw_range
    place = figure.add_axes((0.37, 0.215, 0.26, 0.018))
    bar = figure.colorbar(
        ScalarMappable(Normalize(0, 1), palette), cax=place, orientation="horizontal"
    )
    bar.set_ticks([0, 1], labels=["0", "1"])
    bar.ax.tick_params(labelsize=15, colors=LIGHT.ink, length=0)
    bar.outline.set_visible(False)
    place.set_title(
        f"raw map from {low:.3g} to {high:.3g}", fontsize=14, color=LIGHT.quiet, parse_math=False
    )
    figure.text(
        0.5, 0.125, words(explanation.statement, _LINE), ha="center", va="center",
        fontsize=26, color=LIGHT.ink, parse_math=False,
    )  # fmt: skip
    made = " · ".join(explanation.made[name] for name in _MADE)
    figure.text(
        0.5, 0.045, "\n".join(textwrap.wrap(words(made, 4 * _LINE), 150)), ha="center", va="center",
        fontsize=11, color=LIGHT.quiet, parse_math=False,
    )  # fmt: skip
    return figure


def _titled(axes: Axes, title: str, below: str) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)
    axes.set_title(f"{title}\n{below}", fontsize=20, color=LIGHT.ink, parse_math=False)
