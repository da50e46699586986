"""Tests on the held-out half: what is relied on, by rules that were fixed before."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from camcore.auditing.edits import Probe, probe_named
from camcore.auditing.interventions.effects import Differences, differences, smallest_of
from camcore.auditing.runs.plan import Plan
from camcore.auditing.statistics import holm, sign_flip_max_t


@dataclass(frozen=True, eq=False)
class Tested:
    """One probe on the held-out half.

    Attributes
    ----------
    klass : int
    probe : Probe
    differences : Differences
    interval : tuple of float
        95 %, of the effect.
    swing : float
        Log-odds that the class's own pictures lie above the recipients; infinite where unknown.
    move_interval : tuple of float
        95 %, of the move, in log-odds.
    p : float
        Max-T over the probes of its family.
    q : float
        Holm over all classes and families that were tested.
    """

    klass: int
    probe: Probe
    differences: Differences
    interval: tuple[float, float]
    p: float
    q: float
    swing: float = float("inf")
    move_interval: tuple[float, float] = (0.0, 0.0)

    @property
    def effect(self) -> float:
        """Excess flips."""
        return self.differences.effect

    @property
    def moved(self) -> float:
        """The move as a share of the class's natural swing."""
        return self.differences.move / self.swing

    @property
    def sufficiency(self) -> tuple[float, float]:
        """What the cue does for sure and at most: flips, or where they say less, moves."""
        by_flips = self.interval
        by_move = self.move_interval[0] / self.swing, self.move_interval[1] / self.swing
        low, high = max(by_flips, by_move, key=lambda interval: interval[0])
        return min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)


def judge(
    trials: pd.DataFrame,
    plan: Plan,
    swings: Mapping[int, float],
    outlined: Collection[tuple[int, str]] = (),
) -> tuple[Tested, ...]:
    """Test every class and family that reached the held-out half.

    Parameters
    ----------
    trials : DataFrame
        Stage ``test``.
    plan : Plan
    swings : mapping of int to float
        Class -> `camcore.auditing.interventions.effects.natural_swing`.
    outlined : collection of (int, str)
        Class and probe of the places that pictures outline.

    Returns
    -------
    tuple of Tested
        For each class and family the probe that stands for it: the strongest that pictures
        outline, if it turns as many as matter, and else the smallest that keeps most of the best
        effect. What lies around a mark may do more than the mark, and is no mark.
    """
    seed = plan.settings.seed
    standing: list[Tested] = []
    if trials.empty:
        return ()
    for (klass, _), rows in trials.groupby(["klass", "family"], sort=True):
        measured = {
            probe_named(str(name)): differences(rows_of_probe, klass)
            for name, rows_of_probe in rows.groupby("probe", sort=False)
        }
        margins = np.column_stack([paired.margins for paired in measured.values()])
        groups = next(iter(measured.values())).groups
        adjusted = sign_flip_max_t(margins, groups, seed=seed)
        by_probe = dict(zip(measured, adjusted, strict=True))
        marks = [
            (paired.effect, probe)
            for probe, paired in measured.items()
            if (int(klass), probe.name) in outlined and paired.effect >= plan.rules.floor
        ]
        probe = max(marks, key=lambda mark: mark[0])[1] if marks else smallest_of(measured)
        paired = measured[probe]
        p = float(by_probe[probe])
        swing = swings.get(int(klass), float("inf"))
        standing.append(
            Tested(
                int(klass),
                probe,
                paired,
                paired.interval(seed),
                p,
                p,
                swing,
                paired.move_interval(seed),
            )
        )
    q = holm(np.array([result.p for result in standing]))
    return tuple(
        replace(result, q=float(q_value)) for result, q_value in zip(standing, q, strict=True)
    )


def relied_on(result: Tested, plan: Plan) -> bool:
    """Whether the cue surely moves the model: by flips, or by the log-odds of the class.

    Heads that are sure of their classes hardly flip, so that a move counts as well: by a share of
    what a whole picture of the class moves.
    """
    rules = plan.rules
    flips = result.effect >= rules.floor and result.interval[0] >= rules.surely * rules.floor
    moves = result.moved >= rules.move_floor and (
        result.move_interval[0] >= rules.surely * rules.move_floor * result.swing
    )
    return result.q < rules.significance and (flips or moves)
