"""From answers to effects: excess flips, paired, and what they are worth."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from camcore.auditing.edits import Probe
from camcore.auditing.rules import RULES
from camcore.auditing.statistics import bootstrap_interval


@dataclass(frozen=True, eq=False)
class Differences:
    """One probe's paired differences between edit and control.

    Attributes
    ----------
    flips : ndarray, shape (n,), in {-1, 0, 1}
        To the class under the edit minus to the class under the control; for a cue that is taken
        out, away from the class.
    margins : ndarray, shape (n,), float64
        The same for the log-odds of the class.
    groups : ndarray, shape (n,), int
        Pairs of one donor belong together.
    """

    flips: np.ndarray
    margins: np.ndarray
    groups: np.ndarray

    @property
    def effect(self) -> float:
        """Excess flips, -1 to 1."""
        return float(self.flips.mean()) if len(self.flips) else 0.0

    @property
    def move(self) -> float:
        """Mean paired difference of the log-odds."""
        return float(self.margins.mean()) if len(self.margins) else 0.0

    @property
    def strength(self) -> float:
        """Mean of the margins' differences over its standard error; 0 where nothing moves."""
        if len(self.margins) < 2:
            return 0.0
        spread = float(self.margins.std(ddof=1))
        mean = float(self.margins.mean())
        return mean / spread * np.sqrt(len(self.margins)) if spread > 0 else 0.0

    def interval(self, seed: int) -> tuple[float, float]:
        """95 % bootstrap interval of the effect."""
        return bootstrap_interval(self.flips, self.groups, seed=seed)

    def move_interval(self, seed: int) -> tuple[float, float]:
        """95 % bootstrap interval of the move."""
        return bootstrap_interval(self.margins, self.groups, seed=seed, limit=None)


def matching(trials: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    """The rows of a table of trials with these values; a table without rows has no columns."""
    for name, value in wanted.items():
        trials = trials if trials.empty else trials[trials[name] == value]
    return trials


def differences(rows: pd.DataFrame, klass: int, *, leaving: bool = False) -> Differences:
    """Differences of one probe under the fill ``transfer``.

    A pair whose edited picture is unlike any real one tells nothing of real ones: it counts as no
    flip and no move.

    Parameters
    ----------
    rows : DataFrame
        Of `camcore.auditing.runs.run.Run.trials`, one row a pair.
    klass : int
    leaving : bool
        Whether the cue was taken out of the class's own images.
    """
    edited = (rows["edited"] == klass).to_numpy(np.int64)
    controlled = (rows["controlled"] == klass).to_numpy(np.int64)
    moved = (rows["margin_edited"] - rows["margin_controlled"]).to_numpy(np.float64)
    unreal = rows["realism"] < 1 if "realism" in rows else np.zeros(len(rows), bool)
    sign = np.where(unreal, 0, -1 if leaving else 1)
    groups = rows["recipient"] if leaving else rows["donor"]
    return Differences(sign * (edited - controlled), sign * moved, groups.to_numpy())


def natural_swing(images: pd.DataFrame, before: np.ndarray, klass: int) -> float:
    """How far the log-odds of a class lie apart between its own pictures and the recipients.

    A move is counted in this unit: what a whole picture of the class does.

    Parameters
    ----------
    images : DataFrame
        With ``klass``, ``predicted`` and ``margin``, the log-odds of the picture's own class.
    before : ndarray
        Log-odds of the class for the recipients as they are.
    klass : int

    Returns
    -------
    float
        Difference of medians, over recognised pictures of the class; 1 at least.

    Examples
    --------
    >>> images = pd.DataFrame({"klass": [0, 0, 1], "predicted": [0, 0, 1], "margin": [4.0, 6.0, 9]})
    >>> natural_swing(images, np.array([-3.0, -5.0]), 0)
    9.0
    """
    of_class = images[images["klass"] == klass]
    known = of_class[of_class["predicted"] == klass]
    margins = (known if len(known) else of_class)["margin"].to_numpy(np.float64)
    if not len(margins) or not len(before):
        return RULES.least_swing
    return max(RULES.least_swing, float(np.median(margins) - np.median(before)))


def swings_of(images: pd.DataFrame, trials: pd.DataFrame) -> dict[int, float]:
    """`natural_swing` of every class that a table of trials is about."""
    if trials.empty:
        return {}
    of_class = trials.drop_duplicates(["klass", "recipient"]).groupby("klass")
    return {
        int(klass): natural_swing(images, rows["margin_before"].to_numpy(np.float64), int(klass))
        for klass, rows in of_class
    }


def effects_of(rows: pd.DataFrame, klass: int) -> dict[str, Differences]:
    """Differences of each probe, by name."""
    if rows.empty:
        return {}
    rows = rows[rows["fill"] != "neutral"]
    return {
        str(name): differences(trials, klass) for name, trials in rows.groupby("probe", sort=False)
    }


def yardstick(compared: Iterable[Differences]) -> Callable[[Differences], float]:
    """What probes are compared by: flips where any of them flips enough, else the move.

    A network that is sure of its classes hardly flips; its log-odds move all the same.
    """
    flips = max((paired.effect for paired in compared), default=0.0) >= RULES.floor
    return (lambda paired: paired.effect) if flips else (lambda paired: paired.move)


def smallest_of(by_probe: dict[Probe, Differences], share: float = RULES.kept) -> Probe:
    """The probe of the smallest area that keeps this share of the best effect."""
    measured = yardstick(by_probe.values())
    best = max(map(measured, by_probe.values()))
    kept = [
        probe for probe, paired in by_probe.items() if measured(paired) >= min(best, share * best)
    ]
    return min(kept, key=lambda probe: (probe.area, *(-x for x in rank(by_probe[probe]))))


def rank(paired: Differences) -> tuple[float, float]:
    """Order of probes: by flips, then by how surely the log-odds move."""
    return paired.effect, paired.strength
