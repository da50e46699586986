"""Charts of a property by class, of the response to it, and of effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from camcore.auditing.figures.drawing import (
    LETTER,
    WIDTH,
    Drawing,
    Figure,
    Scale,
    short,
    wide,
    width_of,
)
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.auditing.scan.image_properties import PROPERTIES
from camcore.errors import InputError

_TITLES = {
    image_property.name: (image_property.title, image_property.unit)
    for image_property in PROPERTIES
}
_BINS = 24
_OTHERS = 5  # classes that get a row of their own
_POINTS = 1500  # of a scatter; more of them hide each other
_BANDS = 8
_ROW, _BAR = 44, 32  # units of a row, and of the tallest bar in it
_TALL = 220  # units of a scatter
_EDGE, _FOOT = 12, 38  # units to the right of the axes, and below them: ticks and title


def class_distribution(run: Run, property: str, klass: int) -> Figure:
    """Histograms of a property, the class on top and the others below.

    Parameters
    ----------
    run : Run
    property : str
        One of `camcore.auditing.scan.image_properties.PROPERTIES`.
    klass : int
        Index of the class.

    Raises
    ------
    InputError
        If the run has no such property or class, or nothing was measured.
    """
    table = _measured(run, property, klass)
    title, unit = _TITLES[property]
    of_class = table.loc[table["klass"] == klass, "x"].to_numpy(float)
    groups = [(run.class_names[klass], of_class)]
    sizes = table.loc[table["klass"] != klass, "klass"].value_counts(sort=False).sort_index()
    sizes = sizes.sort_values(ascending=False, kind="stable")
    few = sizes.index if len(sizes) <= _OTHERS + 1 else sizes.index[:_OTHERS]
    for other in few:
        groups.append(
            (run.class_names[other], table.loc[table["klass"] == other, "x"].to_numpy(float))
        )
    rest = table[(table["klass"] != klass) & ~table["klass"].isin(few)]
    if len(rest):
        groups.append((f"{len(sizes) - len(few)} other classes", rest["x"].to_numpy(float)))

    labels = [(short(name, 16), f"{len(values):,}") for name, values in groups]
    edges = np.histogram_bin_edges(table["x"], bins=_BINS)
    bottom = _ROW * len(groups)
    drawing = Drawing(bottom + _FOOT)
    x = Scale((edges[0], edges[-1]), (_room(labels), WIDTH - _EDGE))
    _below(drawing, x, bottom, _axis(title, unit))
    for row, (label, (_, values)) in enumerate(zip(labels, groups, strict=True)):
        base = _ROW * (row + 1) - 4
        counts, _ = np.histogram(values, edges)
        heights = np.repeat(counts, 2) * (_BAR / counts.max())
        corners = zip(np.repeat(edges, 2)[1:-1], heights, strict=True)
        tops = [(x(edge), base - height) for edge, height in corners]
        first, last = x.places
        drawing.area([(first, base), *tops, (last, base)], "own" if row == 0 else "other")
        drawing.line([(first, base), (last, base)], "grid")
        median = x(float(np.median(values)))
        drawing.line([(median, base), (median, base - _BAR - 4)], "ink", 1.4)
        _label(drawing, base - _BAR / 2, x, label, "ink" if row == 0 else "quiet")
    summary = "; ".join(
        f"{name}: median {_number(np.median(v))}, half of the images between "
        f"{_number(np.quantile(v, 0.25))} and {_number(np.quantile(v, 0.75))} ({len(v)} images)"
        for name, v in groups
    )
    return Figure(drawing.svg(), f"Distribution of {_axis(title, unit)} by class. {summary}.")


def response_curve(run: Run, property: str, klass: int) -> Figure:
    """The class's log-odds over a property, images of the class only, with medians.

    Parameters and errors as for `class_distribution`.
    """
    table = _measured(run, property, klass)
    table = table[(table["klass"] == klass) & np.isfinite(table["margin"])]
    title, unit = _TITLES[property]
    x, y = table["x"].to_numpy(float), table["margin"].to_numpy(float)
    if not len(x):
        raise InputError(f"no image of class {klass} has log-odds; the scan is not done.")
    right = (table["predicted"] == klass).to_numpy()
    few = np.linspace(0, len(x) - 1, min(len(x), _POINTS)).astype(int)
    drawing = Drawing(_TALL + _FOOT)
    up = Scale(wide(min(0, y.min()), max(0, y.max())), (_TALL - 4, 8))
    ticks = up.ticks()
    left = max(width_of(label) for _, label in ticks) + LETTER + 14
    across = Scale(wide(x.min(), x.max()), (left, WIDTH - _EDGE))
    for value, label in ticks:
        drawing.line([(left, up(value)), (WIDTH - _EDGE, up(value))], "grid")
        drawing.text((left - 6, up(value) + LETTER / 3), label, "quiet", "end")
    for value, _ in across.ticks():
        drawing.line([(across(value), 8), (across(value), _TALL - 4)], "grid")
    drawing.text((LETTER, _TALL / 2), "log-odds of the class", "quiet", upwards=True)
    _below(drawing, across, _TALL, _axis(title, unit))
    drawing.line([(left, up(0)), (WIDTH - _EDGE, up(0))], "quiet", dashed=True)
    # A cross where the class is not recognised: told by shape as well as by place.
    for kept, mark, colour in ((right, drawing.dots, "own"), (~right, drawing.crosses, "other")):
        mark([(across(x[point]), up(y[point])) for point in few[kept[few]]], colour)
    middles, medians = _band_medians(x, y)
    drawing.line(zip(map(across, middles), map(up, medians), strict=True), "ink", 1.8)
    name = run.class_names[klass]
    alt = (
        f"Log-odds of {name} over {_axis(title, unit)}, {len(x)} images of {name}; "
        f"the median goes from {medians[0]:+.1f} at {_number(middles[0])} "
        f"to {medians[-1]:+.1f} at {_number(middles[-1])}. "
        f"Circles: recognised ({right.sum()}). Crosses: not recognised ({(~right).sum()})."
    )
    return Figure(drawing.svg(), alt)


def effect_plot(findings: Sequence[Finding], floor: float) -> Figure:
    """Effects with their intervals, one row a finding.

    Parameters
    ----------
    findings : sequence of Finding
        Those without an effect are left out.
    floor : float
        The smallest effect that matters, from the run's rules.

    Raises
    ------
    InputError
        If none of the findings has an effect.

    Examples
    --------
    >>> tag = Finding("tank--tag", "tank", "tag", "corner", "relied on", 0.5, (0.4, 0.6))
    >>> effect_plot([tag], floor=0.1).alt
    'Effects with 95 % intervals; the floor is 10 points. tank, corner: 50 points (40 to 60),
    relied on.'
    """
    measured = [(finding, finding.effect) for finding in findings if finding.effect is not None]
    if not measured:
        raise InputError("none of these findings has an effect; only interventions give one.")
    labels = [(short(finding.class_name, 28), short(finding.cue, 28)) for finding, _ in measured]
    bottom = _ROW * len(measured)
    drawing = Drawing(bottom + _FOOT)
    lowest = min(0.0, *(100 * (finding.interval or (effect,))[0] for finding, effect in measured))
    x = Scale((lowest - 5, 103), (_room(labels), WIDTH - _EDGE))
    for value, _ in x.ticks():
        drawing.line([(x(value), 4), (x(value), bottom)], "quiet" if value == 0 else "grid")
    drawing.line([(x(100 * floor), 4), (x(100 * floor), bottom)], "quiet", dashed=True)
    descriptions = []
    for row, ((finding, effect), label) in enumerate(zip(measured, labels, strict=True)):
        middle = _ROW * (row + 0.5)
        low, high = finding.interval or (effect, effect)
        drawing.line([(x(100 * low), middle), (x(100 * high), middle)], "own", 2.5)
        proven = finding.level == "relied on"
        drawing.ring((x(100 * effect), middle), "own", "own" if proven else "paper")
        _label(drawing, middle, x, label, "ink")
        descriptions.append(
            f"{finding.class_name}, {finding.cue}: {100 * effect:.0f} points "
            f"({100 * low:.0f} to {100 * high:.0f}), {finding.level}"
        )
    _below(drawing, x, bottom, "points of excess flips to the class")
    alt = (
        f"Effects with 95 % intervals; the floor is {100 * floor:.0f} points. "
        f"{'; '.join(descriptions)}."
    )
    return Figure(drawing.svg(), alt)


def _measured(run: Run, property: str, klass: int) -> pd.DataFrame:
    images = run.images
    if property not in _TITLES or property not in images:
        raise InputError(f"this run measured no property {property!r}.")
    kept = images[(images["error"] == "") & (images["klass"] >= 0)]
    kept = kept[np.isfinite(kept[property])]
    table = kept[["klass", "predicted", "margin"]].assign(x=kept[property])
    if not (table["klass"] == klass).any():
        raise InputError(f"{property} was measured on no image of class {klass}.")
    return table


def _band_medians(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Medians of equally large bands of images along x."""
    order = np.argsort(x, kind="stable")
    parts = np.array_split(order, max(1, min(_BANDS, len(x) // 5)))
    return (
        np.array([np.median(x[part]) for part in parts]),
        np.array([np.median(y[part]) for part in parts]),
    )


def _room(labels: list[tuple[str, str]]) -> float:
    """Units to the left of the axes that hold the labels of the rows."""
    return max(width_of(line) for label in labels for line in label) + 14


def _label(drawing: Drawing, middle: float, x: Scale, lines: tuple[str, str], colour: str) -> None:
    """Two lines to the left of a row."""
    for line, down in zip(lines, (-0.2, 1.05), strict=True):
        drawing.text((x.places[0] - 10, middle + down * LETTER), line, colour, "end")


def _below(drawing: Drawing, x: Scale, bottom: float, title: str) -> None:
    """Labels and title of the axis."""
    for value, label in x.ticks():
        drawing.text((x(value), bottom + LETTER + 2), label, "quiet")
    drawing.text((sum(x.places) / 2, bottom + 2.6 * LETTER), title, "quiet")


def _axis(title: str, unit: str) -> str:
    return f"{title} ({unit})" if unit else title


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
