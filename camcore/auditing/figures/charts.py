"""Charts of a property by class, of the response to it, and of effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from camcore.auditing.findings import Finding
from camcore.auditing.properties import PROPERTIES
from camcore.auditing.run import Run
from camcore.errors import InputError
from camcore.theme import LIGHT, Figure, Theme, as_png, blank, plain_axes, words

_TITLES = {one.name: (one.title, one.unit) for one in PROPERTIES}
_BINS = 24
_OTHERS = 5  # classes that get a row of their own
_POINTS = 1500  # of a scatter; more of them hide each other
_BANDS = 8


def class_distribution(run: Run, property: str, klass: int, theme: Theme = LIGHT) -> Figure:
    """Histograms of a property, the class on top and the others below.

    Parameters
    ----------
    run : Run
    property : str
        One of `camcore.auditing.properties.PROPERTIES`.
    klass : int
        Index of the class.
    theme : Theme

    Raises
    ------
    InputError
        If the run has no such property or class, or nothing was measured.
    """
    table = _measured(run, property, klass)
    title, unit = _TITLES[property]
    own = table.loc[table["klass"] == klass, "x"].to_numpy(float)
    groups = [(run.class_names[klass], own)]
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

    chart = blank(0.75 + 0.42 * len(groups), theme)
    axes = chart.subplots(len(groups), 1, sharex=True, squeeze=False)[:, 0]
    edges = np.histogram_bin_edges(table["x"], bins=_BINS)
    for row, (place, (name, values)) in enumerate(zip(axes, groups, strict=True)):
        plain_axes(place, theme)
        counts, _ = np.histogram(values, edges)
        shares = counts / len(values)
        place.stairs(shares, edges, fill=True, color=theme.own if row == 0 else theme.other)
        place.axvline(float(np.median(values)), color=theme.ink, linewidth=1)
        place.set_yticks([])
        place.set_ylabel(
            f"{words(name, 16)}\n{len(values)}", rotation=0, ha="right", va="center",
            color=theme.ink if row == 0 else theme.quiet, fontsize=9, parse_math=False,
        )  # fmt: skip
    axes[-1].set_xlabel(_axis(title, unit), color=theme.quiet, fontsize=9, parse_math=False)
    told = "; ".join(
        f"{name}: median {_number(np.median(v))}, half of the images between "
        f"{_number(np.quantile(v, 0.25))} and {_number(np.quantile(v, 0.75))} ({len(v)} images)"
        for name, v in groups
    )
    return Figure(as_png(chart), f"Distribution of {_axis(title, unit)} by class. {told}.")


def response_curve(run: Run, property: str, klass: int, theme: Theme = LIGHT) -> Figure:
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
    chart = blank(2.5, theme)
    axes = chart.subplots()
    plain_axes(axes, theme)
    axes.grid(color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    # A cross where the class is not recognised: told by shape as well as by place.
    for kept, marker, colour in ((right, "o", theme.own), (~right, "x", theme.other)):
        shown = few[kept[few]]
        axes.scatter(
            x[shown], y[shown], s=10, marker=marker, color=colour, alpha=0.7, linewidths=0.9
        )
    middles, medians = _band_medians(x, y)
    axes.plot(middles, medians, color=theme.ink, linewidth=1.6)
    axes.axhline(0, color=theme.quiet, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_xlabel(_axis(title, unit), color=theme.quiet, fontsize=9, parse_math=False)
    axes.set_ylabel("log-odds of the class", color=theme.quiet, fontsize=9)
    name = run.class_names[klass]
    alt = (
        f"Log-odds of {name} over {_axis(title, unit)}, {len(x)} images of {name}; "
        f"the median goes from {medians[0]:+.1f} at {_number(middles[0])} "
        f"to {medians[-1]:+.1f} at {_number(middles[-1])}. "
        f"Circles: recognised ({right.sum()}). Crosses: not recognised ({(~right).sum()})."
    )
    return Figure(as_png(chart), alt)


def effect_plot(findings: Sequence[Finding], floor: float, theme: Theme = LIGHT) -> Figure:
    """Effects with their intervals, one row a finding.

    Parameters
    ----------
    findings : sequence of Finding
        Those without an effect are left out.
    floor : float
        The smallest effect that matters, from the run's thresholds.
    theme : Theme

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
    shown = [(one, one.effect) for one in findings if one.effect is not None]
    if not shown:
        raise InputError("none of these findings has an effect; only interventions give one.")
    chart = blank(0.7 + 0.45 * len(shown), theme)
    axes = chart.subplots()
    plain_axes(axes, theme)
    axes.grid(axis="x", color=theme.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    told = []
    for row, (one, effect) in enumerate(shown):
        low, high = one.interval or (effect, effect)
        axes.plot([100 * low, 100 * high], [row, row], color=theme.own, linewidth=2)
        proven = one.level == "relied on"
        axes.plot(
            100 * effect, row, "o", markersize=6, markeredgecolor=theme.own,
            markerfacecolor=theme.own if proven else theme.paper,
        )  # fmt: skip
        told.append(
            f"{one.class_name}, {one.cue}: {100 * effect:.0f} points "
            f"({100 * low:.0f} to {100 * high:.0f}), {one.level}"
        )
    axes.axvline(0, color=theme.quiet, linewidth=1)
    axes.axvline(100 * floor, color=theme.quiet, linewidth=0.8, linestyle=(0, (4, 3)))
    names = [f"{words(one.class_name, 28)}\n{words(one.cue, 28)}" for one, _ in shown]
    axes.set_yticks(range(len(shown)), names, color=theme.ink, parse_math=False)
    axes.set_ylim(len(shown) - 0.5, -0.5)
    lowest = min(0.0, *(100 * (one.interval or (effect,))[0] for one, effect in shown))
    axes.set_xlim(lowest - 5, 103)
    axes.set_xlabel("points of excess flips to the class", color=theme.quiet, fontsize=9)
    alt = f"Effects with 95 % intervals; the floor is {100 * floor:.0f} points. {'; '.join(told)}."
    return Figure(as_png(chart), alt)


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


def _axis(title: str, unit: str) -> str:
    return f"{title} ({unit})" if unit else title


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
