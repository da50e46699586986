"""Tests on the held-out half: what is relied on, by rules that were fixed before."""

from __future__ import annotations

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

    @property
    def effect(self) -> float:
        """Excess flips."""
        return self.differences.effect


def judge(trials: pd.DataFrame, plan: Plan) -> tuple[Tested, ...]:
    """Test every class and family that reached the held-out half.

    Parameters
    ----------
    trials : DataFrame
        Stage ``test``.
    plan : Plan

    Returns
    -------
    tuple of Tested
        For each class and family the probe that stands for it: the smallest that keeps most of
        the best effect.
    """
    seed = plan.settings.seed
    standing: list[Tested] = []
    if trials.empty:
        return ()
    for (klass, _), rows in trials.groupby(["klass", "family"], sort=True):
        found = {
            probe_named(str(name)): differences(own, klass)
            for name, own in rows.groupby("probe", sort=False)
        }
        margins = np.column_stack([own.margins for own in found.values()])
        groups = next(iter(found.values())).groups
        adjusted = sign_flip_max_t(margins, groups, seed=seed)
        by_probe = dict(zip(found, adjusted, strict=True))
        probe = smallest_of(found)
        own = found[probe]
        p = float(by_probe[probe])
        standing.append(Tested(int(klass), probe, own, own.interval(seed), p, p))
    q = holm(np.array([one.p for one in standing]))
    return tuple(replace(one, q=float(own)) for one, own in zip(standing, q, strict=True))


def relied_on(one: Tested, plan: Plan) -> bool:
    """Whether the intervention proves it: significant, large enough to matter, and surely so."""
    rules = plan.rules
    surely = one.interval[0] >= rules.surely * rules.floor
    return one.q < rules.significance and one.effect >= rules.floor and surely
