"""From answers to effects: excess flips, paired, and what they are worth."""

from __future__ import annotations

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


def matching(trials: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    """The rows of a table of trials with these values; a table without rows has no columns."""
    for name, value in wanted.items():
        trials = trials if trials.empty else trials[trials[name] == value]
    return trials


def differences(rows: pd.DataFrame, klass: int, *, leaving: bool = False) -> Differences:
    """Differences of one probe under the fill ``transfer``.

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
    sign = -1 if leaving else 1
    groups = rows["recipient"] if leaving else rows["donor"]
    return Differences(sign * (edited - controlled), sign * moved, groups.to_numpy())


def effects_of(rows: pd.DataFrame, klass: int) -> dict[str, Differences]:
    """Differences of each probe, by name."""
    if rows.empty:
        return {}
    rows = rows[rows["fill"] != "neutral"]
    return {str(name): differences(own, klass) for name, own in rows.groupby("probe", sort=False)}


def smallest_of(found: dict[Probe, Differences], share: float = RULES.kept) -> Probe:
    """The probe of the smallest area that keeps this share of the best effect."""
    best = max(own.effect for own in found.values())
    kept = [probe for probe, own in found.items() if own.effect >= min(best, share * best)]
    return min(kept, key=lambda probe: (probe.area, *(-x for x in rank(found[probe]))))


def rank(own: Differences) -> tuple[float, float]:
    """What differences are ordered by: the larger, the stronger."""
    return own.effect, own.strength
