"""The figure of a comparison: a grid of overlays under one colour scale."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.patches import Rectangle
from PIL import Image

from camcore.drawing import overlay as render
from camcore.drawing.theme import LIGHT, words
from camcore.methods import METHODS

if TYPE_CHECKING:
    from camcore.comparing.comparison import Comparison, Row

_SIDE = 480  # pixels of the longest side of a cell
_INCHES = 2.2  # width of a cell
_WIDEST = 7  # methods side by side; more of them stand below each other
_FRAME = {"top": 0.9, "side": 1.9}  # inches for the titles and for method names and colour bar


def draw(comparison: Comparison, alpha: float, colormap: str) -> Figure:
    """Draw methods as rows, layers and classes as columns, or lying down where that is calmer.

    Parameters
    ----------
    comparison : Comparison
    alpha : float in 0..1
    colormap : str
        One of `camcore.COLORMAPS`.

    Raises
    ------
    InputError
        For an alpha outside 0..1 or an unknown colour map.
    """
    picture = comparison.picture
    shrink = min(1.0, _SIDE / max(picture.width, picture.height))
    size = max(1, round(picture.width * shrink)), max(1, round(picture.height * shrink))
    small = np.asarray(Image.fromarray(picture.pixels).resize(size, Image.Resampling.LANCZOS))
    places = [(layer, target) for layer in comparison.layers for target in comparison.targets]
    rows, columns = len(comparison.methods), len(places)
    lying = columns < rows <= _WIDEST
    if lying:
        rows, columns = columns, rows
    tall = _INCHES * min(2.0, max(0.5, picture.height / picture.width))
    figure = Figure(
        (columns * _INCHES + _FRAME["side"], rows * tall + _FRAME["top"]),
        facecolor=LIGHT.paper,
        layout=ConstrainedLayoutEngine(w_pad=0.04, h_pad=0.04),
    )
    grid = figure.subplots(rows, columns, squeeze=False)
    cells = grid.T if lying else grid
    for axes, row in zip(cells.flat, comparison.rows, strict=True):
        _bare(axes)
        _cell(axes, row, small, alpha, colormap)
        if row.explanation is not None:
            _true_boxes(axes, comparison, shrink)
    methods = ["\n".join(textwrap.wrap(METHODS[name].title, 18)) for name in comparison.methods]
    named = [
        f"{words(layer.name)}\n{layer.height} × {layer.width} · {words(target.name)}"
        for layer, target in places
    ]
    for axes, title in zip(grid[0], methods if lying else named, strict=True):
        axes.set_title(title, fontsize=9, color=LIGHT.ink, parse_math=False)
    for axes, title in zip(grid[:, 0], named if lying else methods, strict=True):
        axes.set_ylabel(title, fontsize=9, color=LIGHT.ink, parse_math=False)
    answer = ", ".join(
        f"{words(prediction.name)} {prediction.probability:.3f}"
        for prediction in comparison.predictions[:3]
    )
    figure.suptitle(
        f"{words(comparison.model, 40)} · {words(picture.name, 40)} · {answer}",
        fontsize=10, color=LIGHT.ink, parse_math=False,
    )  # fmt: skip
    bar = figure.colorbar(
        ScalarMappable(cmap=ListedColormap(render.palette(colormap) / 255)),
        ax=grid,
        shrink=min(1.0, 4.0 / (rows * tall)),
        aspect=30,
    )
    bar.set_label("each map on its own scale, 0 to 1", fontsize=8, color=LIGHT.quiet)
    bar.ax.tick_params(labelsize=8, colors=LIGHT.quiet)
    bar.outline.set_visible(False)
    return figure


def _bare(axes: Axes) -> None:
    axes.set_xticks([])
    axes.set_yticks([])
    for side in axes.spines.values():
        side.set_visible(False)


def _cell(axes: Axes, row: Row, small: np.ndarray, alpha: float, colormap: str) -> None:
    if row.explanation is None:
        axes.set_aspect(small.shape[0] / small.shape[1])
        axes.set_facecolor(LIGHT.grid)
        axes.text(
            0.5, 0.5, "\n".join(textwrap.wrap(row.reason, 34)), ha="center", va="center",
            fontsize=6, color=LIGHT.quiet, transform=axes.transAxes, parse_math=False,
        )  # fmt: skip
        return
    heatmap, size = row.explanation.heatmap, small.shape[:2]
    overlaid = render.overlay(
        small,
        heatmap.upsampled("bilinear", size),
        alpha=alpha if heatmap.evidence == "positive" else 0.0,
        colormap=colormap,
        seen=heatmap.seen(size),
    )
    axes.imshow(overlaid, interpolation="none")
    if heatmap.evidence == "none":
        axes.set_xlabel("no positive evidence", fontsize=7, color=LIGHT.quiet)


def _true_boxes(axes: Axes, comparison: Comparison, shrink: float) -> None:
    for x0, y0, x1, y1 in comparison.boxes:
        corner = x0 * shrink - 0.5, y0 * shrink - 0.5
        for colour, width in (("black", 2.5), ("white", 1.0)):
            axes.add_patch(
                Rectangle(
                    corner, (x1 - x0) * shrink, (y1 - y0) * shrink,
                    fill=False, edgecolor=colour, linewidth=width,
                )
            )  # fmt: skip
