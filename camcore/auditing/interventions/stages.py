"""Coarse to fine on one half of the images, the verdict on the other half."""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.edits import Probe, probe_named, refine
from camcore.auditing.interventions.effects import Differences, differences
from camcore.auditing.interventions.pairing import (
    Pairs,
    pairs_from_class,
    pairs_to_class,
)
from camcore.auditing.interventions.sizes import Sizes
from camcore.auditing.interventions.trials import Laboratory, Trial
from camcore.auditing.plan import Plan

_PROMISING = 0.4  # of the floor: what a cue must show on the discovery half to be tested
KEPT = 0.9  # of the best effect: what a smaller region must keep to stand for the cue
_TOLD = 0.5  # of the pairs: share with a known object from which on it can be spared
_REFINEMENTS = 2  # times that a region is looked into more closely


class Discovery:
    """Looks for cues of one class and puts the promising ones to the test.

    Parameters
    ----------
    laboratory : Laboratory
    plan : Plan
    images : DataFrame
        Readable images with a class, index id, with ``klass``, ``predicted``, ``group``, ``half``.
    sizes : Sizes
    """

    def __init__(
        self, laboratory: Laboratory, plan: Plan, images: pd.DataFrame, sizes: Sizes
    ) -> None:
        self._laboratory, self._plan, self._images = laboratory, plan, images
        self._sizes = sizes

    def candidates(self, klass: int, probes: tuple[Probe, ...]) -> tuple[Probe, ...]:
        """The most promising probes of each family, found on the discovery half."""
        pairs = self._pairs(klass, 0, self._sizes.discovery)
        rows = self._laboratory.run(Trial("discovery", klass, pairs, probes))
        found = effects_of(rows, klass)
        best = _best_local(found)
        for step in range(_REFINEMENTS):
            finer = tuple(p for p in refine(best) if p.name not in found) if best else ()
            if not finer or best is None or found[best.name].effect < self._plan.thresholds.floor:
                break
            stage = f"refined-{step + 1}"
            more = effects_of(self._laboratory.run(Trial(stage, klass, pairs, finer)), klass)
            found |= more
            best = _best_local(more)
        return promising(found, self._plan.thresholds.floor)

    def test(self, klass: int, probes: tuple[Probe, ...]) -> pd.DataFrame:
        """The candidates on the half that they were not found on."""
        pairs = self._pairs(klass, 1, self._sizes.test)
        return self._laboratory.run(Trial("test", klass, pairs, probes))

    def elsewhere(self, klass: int, probes: tuple[Probe, ...]) -> pd.DataFrame:
        """The same pairs with a region of the same size from elsewhere in the donor."""
        pairs = self._pairs(klass, 1, self._sizes.test)
        return self._laboratory.run(Trial("elsewhere", klass, pairs, probes))

    def off_object(self, klass: int, probes: tuple[Probe, ...], files: pd.DataFrame) -> None:
        """The same pairs with all known objects left alone, where enough objects are known."""
        pairs = self._pairs(klass, 1, self._sizes.test)
        known = files.index[(files["mask"] != "") | files["box"].notna()]
        told = np.isin(pairs.donors, known) | np.isin(pairs.recipients, known)
        if len(pairs) and told.mean() >= _TOLD:
            self._laboratory.run(Trial("off-object", klass, pairs, probes, ("spared",)))

    def necessity(self, klass: int, probes: tuple[Probe, ...]) -> pd.DataFrame:
        """The cue taken out of the class's own images, by two fills that must agree."""
        images = self._images
        rng = self._rng(klass, 2)
        pairs = pairs_from_class(images, klass, self._sizes.necessity, rng)
        fills = ("transfer", "neutral")
        return self._laboratory.run(Trial("necessity", klass, pairs, probes, fills))

    def _pairs(self, klass: int, half: int, count: int) -> Pairs:
        images = self._images[self._images["half"] == half]
        return pairs_to_class(images, klass, count, self._rng(klass, half))

    def _rng(self, klass: int, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self._plan.settings.seed, klass, purpose])


def effects_of(rows: pd.DataFrame, klass: int) -> dict[str, Differences]:
    """Differences of each probe, by name."""
    if rows.empty:
        return {}
    rows = rows[rows["fill"] != "neutral"]
    return {str(name): differences(own, klass) for name, own in rows.groupby("probe", sort=False)}


def promising(found: dict[str, Differences], floor: float) -> tuple[Probe, ...]:
    """The best probe of each family, and the smallest that keeps most of its effect.

    Families that show nothing are left out.
    """
    families: dict[str, list[Probe]] = {}
    for name in found:
        probe = probe_named(name)
        families.setdefault(probe.family, []).append(probe)
    chosen: list[Probe] = []
    for probes in families.values():
        own = {probe: found[probe.name] for probe in probes}
        best = max(probes, key=lambda p: _rank(own[p]))
        if own[best].effect >= _PROMISING * floor:
            chosen += dict.fromkeys([best, smallest_of(own)])
    return tuple(chosen)


def smallest_of(found: dict[Probe, Differences]) -> Probe:
    """The probe of the smallest area that keeps most of the best effect; it says best where."""
    best = max(own.effect for own in found.values())
    kept = [probe for probe, own in found.items() if own.effect >= min(best, KEPT * best)]
    return min(kept, key=lambda probe: (probe.area, *(-x for x in _rank(found[probe]))))


def _best_local(found: dict[str, Differences]) -> Probe | None:
    local = [probe for probe in map(probe_named, found) if probe.region is not None]
    return max(local, key=lambda p: _rank(found[p.name]), default=None)


def _rank(own: Differences) -> tuple[float, float]:
    return own.effect, own.strength
