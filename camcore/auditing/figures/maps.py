"""Mean class activation maps side by side, on their native grid and one scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from camcore.auditing.run import Run
from camcore.errors import InputError
from camcore.theme import LIGHT, WIDTH, Figure, Theme, as_png, blank, plain_axes


def mean_maps(
    run: Run,
    klass: int,
    ids: Sequence[int] = (),
    region: dict[str, Any] | None = None,
    theme: Theme = LIGHT,
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
    theme : Theme

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

    height, width = run.grid
    side = (WIDTH - 0.4) / len(panels)
    chart = blank(0.85 + side * min(1.5, height / width), theme)
    places = chart.subplots(1, len(panels), squeeze=False)[0]
    for place, (title, cells) in zip(places, panels, strict=True):
        plain_axes(place, theme)
        shown = place.imshow(
            cells, cmap="viridis", vmin=0, vmax=highest, interpolation="nearest",
            extent=(0, width, height, 0),
        )  # fmt: skip
        place.set_xticks([])
        place.set_yticks([])
        place.set_title(title, fontsize=9, color=theme.ink)
        _outline(place, region, height, width)
    bar = chart.colorbar(
        shown, ax=list(places), orientation="horizontal", fraction=0.06, pad=0.04, aspect=40,
        format=lambda value, _: f"{100 * value:.3g} %",
    )  # fmt: skip
    bar.outline.set_visible(False)
    bar.ax.tick_params(colors=theme.quiet, labelsize=8, length=0)
    bar.set_label("share of the evidence in one cell", fontsize=8, color=theme.quiet)
    return Figure(as_png(chart), _told(run.class_names[klass], panels, region, run.grid))


def inside(region: dict[str, Any], height: int, width: int) -> np.ndarray:
    """Which cells of a height x width grid have their centre in a finding's region, bool.

    Examples
    --------
    >>> inside({"rows": 1, "columns": 2, "cells": [[0, 1]]}, 1, 4).tolist()
    [[False, False, True, True]]
    """
    rows, columns = region["rows"], region["columns"]
    marked = np.zeros((rows, columns), bool)
    marked[tuple(np.transpose(region["cells"]))] = True
    down = ((np.arange(height) + 0.5) * rows / height).astype(int)
    across = ((np.arange(width) + 0.5) * columns / width).astype(int)
    return marked[np.ix_(down, across)]


def _cells(data: bytes, grid: tuple[int, int]) -> np.ndarray:
    return np.frombuffer(data, np.float32).reshape(grid)


def _mean(maps: np.ndarray) -> np.ndarray:
    """Mean after ReLU, each map summing to one; maps without evidence count as empty."""
    positive = np.maximum(np.nan_to_num(maps), 0)
    total = positive.sum(axis=(1, 2), keepdims=True)
    return np.divide(positive, total, out=np.zeros_like(positive), where=total > 0).mean(axis=0)


def _outline(place: Axes, region: dict[str, Any] | None, height: int, width: int) -> None:
    """White on black around the region, at its own edges, whatever the grid of the map."""
    if region is None:
        return
    rows, columns = region["rows"], region["columns"]
    marked = {(row, column) for row, column in region["cells"]}
    for colour, line in (("black", 3.0), ("white", 1.2)):
        for row, column in sorted(marked):
            for near, (x0, y0, x1, y1) in (
                ((row - 1, column), (0, 0, 1, 0)),
                ((row + 1, column), (0, 1, 1, 1)),
                ((row, column - 1), (0, 0, 0, 1)),
                ((row, column + 1), (1, 0, 1, 1)),
            ):
                if near not in marked:
                    xs = [(column + x) * width / columns for x in (x0, x1)]
                    ys = [(row + y) * height / rows for y in (y0, y1)]
                    place.plot(
                        xs,
                        ys,
                        color=colour,
                        linewidth=line,
                        solid_capstyle="projecting",
                        clip_on=False,
                    )
    place.set_xlim(0, width)
    place.set_ylim(height, 0)


def _counted(count: int) -> str:
    return f"its {count} images below" if count > 1 else "its image below"


def _told(
    name: str,
    panels: list[tuple[str, np.ndarray]],
    region: dict[str, Any] | None,
    grid: tuple[int, int],
) -> str:
    if region is None:
        where = "the most evidence of one cell"
        shares = [float(cells.max() / (cells.sum() or 1)) for _, cells in panels]
    else:
        where = "evidence inside the outlined region"
        chosen = inside(region, *grid)
        shares = [float(cells[chosen].sum() / (cells.sum() or 1)) for _, cells in panels]
    told = ", ".join(
        f"{title} {100 * share:.0f} %" for (title, _), share in zip(panels, shares, strict=True)
    )
    return f"Mean class activation maps for {name}, {grid[0]} x {grid[1]} cells; {where}: {told}."
