"""Mean class activation maps side by side, on their native grid and one scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from camcore.auditing.figures.drawing import LETTER, WIDTH, Box, Drawing, Figure, Scale
from camcore.auditing.runs.run import Run
from camcore.drawing.overlay import colour
from camcore.errors import InputError
from camcore.heatmap import on_picture
from camcore.pictures.preprocessing import Frame, whole_frame

_GAP = 12  # units between two panels and beside them
_TITLE = 20  # units above the panels
_TALLEST = 1.5  # of a panel: height by width
_UNSEEN = 160  # gray
_LEGEND, _INDENT = 8, 24  # units: height of the legend's bar, and beside it


def mean_maps(
    run: Run,
    klass: int,
    ids: Sequence[int] = (),
    region: dict[str, Any] | None = None,
) -> Figure:
    """Where a class's maps lie on average, beside those of the other classes.

    Parameters
    ----------
    run : Run
    klass : int
        Index of the class.
    ids : sequence of int
        Images whose mean is shown as well, such as those of a finding.
    region : dict, optional
        Of a finding; it is outlined.

    Raises
    ------
    InputError
        If no mean map was made for this class.
    """
    table = run.evidence("attention")
    rows = table[table["class"] == klass]
    if rows.empty:
        raise InputError(f"no mean map was made for class {klass}: too few images have one.")
    panels = [
        ("the class", _cells(rows.iloc[0]["mean"], run.grid)),
        ("other classes", _cells(rows.iloc[0]["others"], run.grid)),
    ]
    if len(ids):
        panels.insert(1, (_counted(len(ids)), _mean(run.maps(list(ids)))))
    highest = max(float(cells.max()) for _, cells in panels) or 1.0

    (height, width), frame = run.grid, run.frame
    even = frame == whole_frame(frame.width, frame.height)
    if not even:
        height, width = frame.height, frame.width
    slot = (WIDTH - _GAP * (len(panels) + 1)) / len(panels)
    tall = slot * min(_TALLEST, height / width)
    drawing = Drawing(_TITLE + tall + _GAP + _LEGEND + 2.9 * LETTER)
    for place, (title, cells) in enumerate(panels):
        middle = _GAP + slot / 2 + place * (slot + _GAP)
        broad = tall * width / height
        box = (middle - broad / 2, _TITLE, broad, tall)
        drawing.text((middle, LETTER), title, "ink")
        drawing.image(box, colour(cells / highest) if even else _laid(cells / highest, frame))
        _outline(drawing, box, region)
    _legend(drawing, _TITLE + tall + _GAP, highest)
    return Figure(drawing.svg(), _alt_text(run.class_names[klass], panels, region, frame))


def inside(region: dict[str, Any], height: int, width: int, frame: Frame) -> np.ndarray:
    """Which cells of a height x width map have their centre in a finding's region, bool.

    Examples
    --------
    >>> half = {"rows": 1, "columns": 2, "cells": [[0, 1]]}
    >>> inside(half, 1, 4, whole_frame(8, 8)).tolist()
    [[False, False, True, True]]
    >>> inside(half, 1, 4, Frame(4.0, 0.0, 8.0, 8.0, 8, 8)).tolist()
    [[True, True, True, True]]
    """
    rows, columns = region["rows"], region["columns"]
    marked = np.zeros((rows, columns), bool)
    marked[tuple(np.transpose(region["cells"]))] = True
    edges = frame.cell_edges(height, width)
    down, across = (
        np.minimum((side[1:] + side[:-1]) / 2 * count, count - 1).astype(int)
        for side, count in zip(edges, (rows, columns), strict=True)
    )
    on_image = np.outer(*(np.diff(side) > 0 for side in edges))
    return marked[np.ix_(down, across)] & on_image


def _laid(shares: np.ndarray, frame: Frame) -> np.ndarray:
    """Colours of a map on the pixels of what the model sees; gray where it says nothing."""
    colours = colour(on_picture(shares.astype(np.float32), frame, interpolation="nearest"))
    seen = on_picture(np.ones(shares.shape, np.float32), frame, interpolation="nearest") > 0
    return np.where(seen[..., None], colours, np.uint8(_UNSEEN))


def _cells(data: bytes, grid: tuple[int, int]) -> np.ndarray:
    return np.frombuffer(data, np.float32).reshape(grid)


def _mean(maps: np.ndarray) -> np.ndarray:
    """Mean after ReLU, each map summing to one; maps without evidence count as empty."""
    positive = np.maximum(np.nan_to_num(maps), 0)
    total = positive.sum(axis=(1, 2), keepdims=True)
    mean: np.ndarray = np.divide(
        positive, total, out=np.zeros_like(positive), where=total > 0
    ).mean(axis=0)
    return mean


def _outline(drawing: Drawing, box: Box, region: dict[str, Any] | None) -> None:
    """White on black around the region, at its own edges, whatever the grid of the map."""
    if region is None:
        return
    left, top, width, height = box
    x = Scale((0, region["columns"]), (left, left + width))
    y = Scale((0, region["rows"]), (top, top + height))
    marked = {(row, column) for row, column in region["cells"]}
    edges = [
        [(x(column + x0), y(row + y0)), (x(column + x1), y(row + y1))]
        for row, column in sorted(marked)
        for near, (x0, y0, x1, y1) in (
            ((row - 1, column), (0, 0, 1, 0)),
            ((row + 1, column), (0, 1, 1, 1)),
            ((row, column - 1), (0, 0, 0, 1)),
            ((row, column + 1), (1, 0, 1, 1)),
        )
        if near not in marked
    ]
    for shade, line in (("black", 4.2), ("white", 1.7)):
        drawing.lines(edges, shade, line, {"stroke-linecap": "square"})


def _legend(drawing: Drawing, top: float, highest: float) -> None:
    """The colours from nothing to the highest share."""
    x = Scale((0, 100 * highest), (_INDENT, WIDTH - _INDENT))
    drawing.image(
        (_INDENT, top, WIDTH - 2 * _INDENT, _LEGEND), colour(np.linspace(0, 1, 256)[None])
    )
    for value, label in x.ticks():
        drawing.text((x(value), top + _LEGEND + LETTER), f"{label} %", "quiet")
    drawing.text(
        (WIDTH / 2, top + _LEGEND + 2.4 * LETTER), "share of the evidence in one cell", "quiet"
    )


def _counted(count: int) -> str:
    return f"its {count} images below" if count > 1 else "its image below"


def _alt_text(
    name: str,
    panels: list[tuple[str, np.ndarray]],
    region: dict[str, Any] | None,
    frame: Frame,
) -> str:
    height, width = panels[0][1].shape
    if region is None:
        where = "the most evidence of one cell"
        shares = [float(cells.max() / (cells.sum() or 1)) for _, cells in panels]
    else:
        where = "evidence inside the outlined region"
        chosen = inside(region, height, width, frame)
        shares = [float(cells[chosen].sum() / (cells.sum() or 1)) for _, cells in panels]
    percentages = ", ".join(
        f"{title} {100 * share:.0f} %" for (title, _), share in zip(panels, shares, strict=True)
    )
    return (
        f"Mean class activation maps for {name}, {height} x {width} cells; {where}: {percentages}."
    )
