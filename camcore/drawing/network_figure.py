"""The network as two networks, drawn: the last layers before a map, and what makes scores of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from camcore.classifier import LayerRow
from camcore.drawing.theme import LIGHT, Theme, words
from camcore.errors import InputError

Parts = tuple[Sequence[LayerRow], Sequence[LayerRow]]

_BEFORE, _BEHIND = 4, 5  # layers that are drawn of either network
_FIRST_BEHIND = 2  # of these at its beginning, where there are more; the rest at its end
_SLOT = 1.3  # inches of one layer
_TALL, _LONG = 1.35, 0.6  # inches of the largest solid
_TOP, _MIDDLE, _BOTTOM = 1.55, 0.18, -1.75  # of the titles, of the solids, of the page
_SLANT = 0.35
_LETTERS = 17  # of a name


@dataclass(frozen=True)
class Gap:
    """Layers that are not drawn."""

    count: int


@dataclass(frozen=True)
class Captions:
    """Words in a figure, in letters that DejaVu Sans has.

    Attributes
    ----------
    before, behind : str
        Titles of both networks.
    more : str
        Of layers that are not drawn, ``{count}`` of them.
    beside : str
        Of layers that lie beside the map, ``{count}`` of them.
    """

    before: str = "image → A"
    behind: str = "A → class scores"
    more: str = "{count} more\nlayers"
    beside: str = "layers that reach the scores beside A: {count}"


def drawn_layers(parts: Parts, layer: str) -> tuple[list[LayerRow | Gap], list[LayerRow | Gap]]:
    """What a figure shows of both networks: the layers next to the map, and the last ones.

    Parameters
    ----------
    parts : pair of sequences of LayerRow
        As `Classifier.parts` gives them.
    layer : str
        Name of the layer that the network is split at.

    Raises
    ------
    InputError
        If the first table does not lead to the layer.

    Examples
    --------
    >>> rows = {name: LayerRow(name, "Dense", (8,), 0) for name in "abcdefghi"}
    >>> before, behind = drawn_layers(([rows["a"], rows["b"]], [rows[c] for c in "cdefghi"]), "b")
    >>> [own.name for own in before]
    ['a', 'b']
    >>> [own.count if isinstance(own, Gap) else own.name for own in behind]
    ['c', 'd', 2, 'g', 'h', 'i']
    """
    way = [row for row in parts[0] if not row.beside]
    if not way or way[-1].name != layer:
        raise InputError(f"the first table does not lead to {layer!r}; split the network there.")
    return _shortened(way, _BEFORE, 0), _shortened(parts[1], _BEHIND, _FIRST_BEHIND)


def _shortened(rows: Sequence[LayerRow], most: int, first: int) -> list[LayerRow | Gap]:
    """At most so many rows, `first` of them from the beginning and the others from the end."""
    left_out = len(rows) - most
    if left_out < 2:  # a gap takes the room of one layer
        return list(rows)
    return [*rows[:first], Gap(left_out), *rows[first + left_out :]]


def draw_parts(
    parts: Parts, layer: str, theme: Theme = LIGHT, captions: Captions | None = None
) -> Figure:
    """Draw the layers around the split as solids, larger ones larger, on a logarithmic scale.

    Parameters
    ----------
    parts : pair of sequences of LayerRow
        As `Classifier.parts` gives them.
    layer : str
        Name of the layer that the network is split at; its output is A.
    theme : Theme
        Colours for light or dark ground.
    captions : Captions, optional
        English if not given.

    Raises
    ------
    InputError
        If the first table does not lead to the layer.

    Examples
    --------
    >>> map = LayerRow("conv", "Conv2D", (3, 3, 128), 73856)
    >>> scores = LayerRow("scores", "Dense", (10,), 1290)
    >>> figure = draw_parts(([map], [scores]), "conv")
    >>> "3 × 3 × 128" in [text.get_text() for text in figure.axes[0].texts]
    True
    """
    captions = captions or Captions()
    before, behind = drawn_layers(parts, layer)
    drawn = [*before, *behind]
    rows = [row for row in drawn if isinstance(row, LayerRow)]
    scale = _Scale(
        max([_grid(row) for row in rows]), max([_numbers(row.shape[-1:]) for row in rows])
    )
    width = _SLOT * len(drawn) + 0.5
    figure = Figure((width, _TOP - _BOTTOM + 0.35), dpi=200, facecolor=theme.paper)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(-_SLOT / 2 - 0.25, width - _SLOT / 2 - 0.25), ylim=(_BOTTOM, _TOP + 0.35))
    axes.set_axis_off()
    for place, row in enumerate(drawn):
        x = _SLOT * place
        if isinstance(row, Gap):
            _say(axes, x, _MIDDLE, "…", theme.quiet, 16)
            _say(axes, x, -1.0, captions.more.format(count=row.count), theme.quiet)
            continue
        split = row is before[-1]
        colour = theme.own if place < len(before) else theme.other
        _solid(axes, x, row, scale, colour, theme, bold=split)
        _label(axes, x, row, theme, split)
    _title(axes, 0, len(before) - 1, captions.before, theme.own, theme)
    if behind:
        _title(axes, len(before), len(drawn) - 1, captions.behind, theme.other, theme)
        border = _SLOT * (len(before) - 0.5)
        axes.plot([border, border], [-1.6, _TOP - 0.1], color=theme.quiet, linestyle=(0, (3, 3)))
        if beside := sum(row.beside for row in parts[0]):
            _say(
                axes, border, _BOTTOM + 0.08, captions.beside.format(count=beside), theme.quiet, 7.5
            )
    return figure


@dataclass(frozen=True)
class _Scale:
    """The largest grid side and the largest number of channels in a figure."""

    side: int
    channels: int

    def tall(self, side: int) -> float:
        return _TALL * (0.25 + 0.75 * _share(side, self.side))

    def long(self, channels: int) -> float:
        return _LONG * (0.25 + 0.75 * _share(channels, self.channels))


def _share(count: int, most: int) -> float:
    return math.log1p(count) / math.log1p(most)


def _numbers(shape: Sequence[int | None]) -> int:
    """How many numbers a shape holds; a free side counts once."""
    return math.prod(side or 1 for side in shape)


def _grid(row: LayerRow) -> int:
    """The larger side of a layer's grid; 1 for a vector."""
    return max([side or 1 for side in row.shape[:-1]], default=1)


def _solid(
    axes: Axes, x: float, row: LayerRow, scale: _Scale, colour: str, theme: Theme, bold: bool
) -> None:
    """A block of feature maps, its channels to the right; a vector is a bar."""
    if len(row.shape) > 1:
        tall, long = scale.tall(_grid(row)), scale.long(_numbers(row.shape[-1:]))
        deep = _SLANT * tall
    else:
        tall, long, deep = scale.long(_numbers(row.shape)) / _LONG * _TALL, 0.14, 0.05
    left, low = x - (long + deep) / 2, _MIDDLE - (tall + deep) / 2
    front = [(left, low), (left + long, low), (left + long, low + tall), (left, low + tall)]
    top = [
        (left, low + tall), (left + long, low + tall),
        (left + long + deep, low + tall + deep), (left + deep, low + tall + deep),
    ]  # fmt: skip
    side = [
        (left + long, low), (left + long + deep, low + deep),
        (left + long + deep, low + tall + deep), (left + long, low + tall),
    ]  # fmt: skip
    for corners, strength in ((front, 0.75), (top, 0.45), (side, 0.3)):
        strength = strength if bold else strength * 0.5
        axes.add_patch(Polygon(corners, facecolor=theme.paper, edgecolor="none"))
        axes.add_patch(Polygon(corners, facecolor=colour, alpha=strength, edgecolor="none"))
        axes.add_patch(Polygon(corners, fill=False, edgecolor=colour, linewidth=1.6 if bold else 1))
    if bold:
        middle = left + long + deep / 2, low + (tall + deep) / 2
        _say(axes, *middle, "A", theme.ink, 13, weight="bold", style="italic")


def _label(axes: Axes, x: float, row: LayerRow, theme: Theme, split: bool) -> None:
    shape = " × ".join("?" if side is None else str(side) for side in row.shape)
    name = words(row.name.split("/")[-1], len(row.name))
    if len(name) > _LETTERS:  # names of a kind differ at their end
        name = "…" + name[1 - _LETTERS :]
    _say(axes, x, -1.0, name, theme.ink, weight="bold" if split else "normal")
    _say(axes, x, -1.18, words(row.kind, 18), theme.quiet, 7)
    _say(axes, x, -1.35, shape, theme.ink)
    if row.parameters:
        _say(axes, x, -1.52, f"{row.parameters:,}".replace(",", "\u202f"), theme.quiet, 7)


def _title(axes: Axes, first: int, last: int, text: str, colour: str, theme: Theme) -> None:
    left, right = _SLOT * (first - 0.42), _SLOT * (last + 0.42)
    axes.plot([left, right], [_TOP, _TOP], color=colour, linewidth=2.5, solid_capstyle="butt")
    _say(axes, (left + right) / 2, _TOP + 0.18, text, theme.ink, 10)


def _say(
    axes: Axes,
    x: float,
    y: float,
    text: str,
    colour: str,
    size: float = 8,
    weight: Literal["normal", "bold"] = "normal",
    style: Literal["normal", "italic"] = "normal",
) -> None:
    axes.text(
        x, y, text, color=colour, fontsize=size, ha="center", va="center", parse_math=False,
        weight=weight, style=style,
    )  # fmt: skip
