"""Coarse to fine on one half of the images, the verdict on the other half."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from camcore.auditing.edits import Probe, Transplant, probe_named, refine
from camcore.auditing.edits.regions import Region
from camcore.auditing.edits.trimming import finely, parts, trimmed
from camcore.auditing.interventions.budget import Sizes
from camcore.auditing.interventions.effects import (
    Differences,
    effects_of,
    matching,
    natural_swing,
    rank,
    smallest_of,
    yardstick,
)
from camcore.auditing.interventions.laboratory import Laboratory
from camcore.auditing.interventions.pairing import (
    Pairs,
    pairs_from_class,
    pairs_to_class,
)
from camcore.auditing.interventions.trials import Trial
from camcore.auditing.rules import RULES
from camcore.auditing.runs.plan import Plan


class Discovery:
    """Looks for cues of one class and puts the promising ones to the test.

    Parameters
    ----------
    laboratory : Laboratory
    plan : Plan
    images : DataFrame
        Readable images with a class, index id, with ``klass``, ``predicted``, ``group``, ``half``,
        and ``told``: whether a mask or boxes say where the object is.
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
        if not len(pairs):  # no picture of the class is recognised, or none of the others
            return ()
        half = self._images[self._images["half"] == 0]
        stamped = tuple(map(Transplant, self._laboratory.stamped(klass, half)))
        probes = tuple(dict.fromkeys((*probes, *stamped)))
        rows = self._laboratory.run(Trial("discovery", klass, pairs, probes))
        effects = effects_of(rows, klass)
        floor = self._plan.rules.floor
        least = RULES.move_floor * natural_swing(
            self._images, rows["margin_before"].to_numpy(np.float64), klass
        )
        best = _best_local(effects)
        for step in range(RULES.refinements):
            finer = tuple(p for p in refine(best) if p.name not in effects) if best else ()
            if not finer or best is None or not _matters(effects[best.name], floor, least):
                break
            more = self._effects(f"refined-{step + 1}", klass, pairs, finer)
            effects |= more
            best = _best_local(more)
        # A larger place may do more, by what of the object reaches there.
        marks = (place for place in stamped if _matters(effects[place.name], floor, least))
        chosen = tuple(dict.fromkeys((*promising(effects, floor, least), *marks)))
        return tuple(dict.fromkeys([*chosen, *self._trimmed(klass, pairs, chosen, least)]))

    def _trimmed(
        self, klass: int, pairs: Pairs, chosen: tuple[Probe, ...], least: float
    ) -> tuple[Probe, ...]:
        """The region that says best where a cue beside the object is, cut from all sides.

        What works through the object would hide the cue's own place, so that every step leaves
        objects alone. Each side is cut by itself as long as the effect stays.
        """
        fill = self._fill(pairs)
        local = tuple(probe for probe in chosen if probe.region is not None)
        effects = self._effects("beside", klass, pairs, local, fill)
        beside = {probe: effects[probe.name] for probe in local if probe.name in effects}
        floor = self._plan.rules.floor
        if not any(_matters(paired, floor, least) for paired in beside.values()):
            return ()
        measured = yardstick(beside.values())
        first = smallest_of(beside, RULES.strong)
        start, whole = first.region, beside[first]
        assert start is not None
        alone = tuple(map(Transplant, parts(start)))
        if alone:  # one corner of four, where that is nearly all
            effects = self._effects("apart", klass, pairs, alone, fill)
            best = max(alone, key=lambda probe: rank(effects[probe.name]))
            if measured(effects[best.name]) >= RULES.strong * measured(beside[first]):
                start, whole = best.where, effects[best.name]

        def keeps(region: Region, stage: str) -> bool:
            # Half a cue may flip as many answers as all of it, but it moves the log-odds less.
            probe = Transplant(region)
            left = self._effects(stage, klass, pairs, (probe,), fill)[probe.name]
            return (
                measured(left) >= RULES.kept * measured(whole)
                and left.move >= RULES.kept_move * whole.move
            )

        return (Transplant(trimmed(finely(start), keeps)),)

    def _effects(
        self,
        stage: str,
        klass: int,
        pairs: Pairs,
        probes: tuple[Probe, ...],
        fill: str = "transfer",
    ) -> dict[str, Differences]:
        trial = Trial(stage, klass, pairs, probes, (fill,))
        return effects_of(self._laboratory.run(trial), klass)

    def _fill(self, pairs: Pairs) -> str:
        """How objects are left alone: where enough of them are known, or by their usual place."""
        marked = self._images["told"]
        known = marked.loc[pairs.donors].to_numpy() & marked.loc[pairs.recipients].to_numpy()
        return "spared" if len(pairs) and known.mean() >= RULES.objects_known else "ring"

    def objects_known(self, klass: int) -> bool:
        """Whether enough pairs of the test tell where their objects are to spare them."""
        return self._fill(self._pairs(klass, 1, self._sizes.test)) == "spared"

    def test(self, klass: int, probes: tuple[Probe, ...]) -> pd.DataFrame:
        """The candidates on the half that they were not found on."""
        pairs = self._pairs(klass, 1, self._sizes.test)
        return self._laboratory.run(Trial("test", klass, pairs, probes))

    def elsewhere(self, klass: int, probes: tuple[Probe, ...]) -> pd.DataFrame:
        """The same pairs with a region of the same size from elsewhere in the donor.

        Objects are left alone, which nearly any place would carry a part of.
        """
        pairs = self._pairs(klass, 1, self._sizes.test)
        fill = self._fill(pairs)
        return self._laboratory.run(Trial("elsewhere", klass, pairs, probes, (fill,)))

    def off_object(self, klass: int, probes: tuple[Probe, ...]) -> pd.DataFrame:
        """The same pairs with the objects left alone.

        Where too few objects are known, the middle stands for them, for cues that have a place.
        """
        pairs = self._pairs(klass, 1, self._sizes.test)
        fill = self._fill(pairs)
        eligible = tuple(p for p in probes if fill == "spared" or p.region is not None)
        return self._laboratory.run(Trial("off-object", klass, pairs, eligible, (fill,)))

    def where(self, klass: int, probes: tuple[Probe, ...]) -> None:
        """The same pairs, a property given to the surroundings alone and to the middle alone.

        Known objects stand for the middle where enough of them are known.
        """
        pairs = self._pairs(klass, 1, self._sizes.test)
        eligible = tuple(probe for probe in probes if probe.everywhere or probe.pattern)
        if eligible:
            self._laboratory.run(Trial("where", klass, pairs, eligible, ("ring", "inside")))

    def content(self, klass: int, probes: tuple[Probe, ...], on_ground: Collection[str]) -> None:
        """What of a place acts: the content that donors share, its plain colour, or its absence.

        Where donors share more than a colour, the broad light and colour of what they share is
        asked as well, but not for places that are named `on_ground`: all that differs there is
        how far the object reaches.
        """
        pairs = self._pairs(klass, 1, self._sizes.test)
        local = tuple(probe for probe in probes if isinstance(probe, Transplant))
        if not local:
            return
        rows = self._laboratory.run(
            Trial("content", klass, pairs, local, ("shared", "flat", "neutral"))
        )
        shared, flat = (effects_of(matching(rows, fill=fill), klass) for fill in ("shared", "flat"))
        fine = tuple(
            probe
            for probe in local
            if probe.name not in on_ground
            and flat[probe.name].move <= RULES.flat_most * shared[probe.name].move
        )
        if fine:
            self._laboratory.run(Trial("content", klass, pairs, fine, ("broad",), "-broad"))

    def in_part(self, klass: int, probes: tuple[Probe, ...]) -> pd.DataFrame:
        """The same pairs, a property of the whole image read off a quarter of the donor."""
        pairs = self._pairs(klass, 1, self._sizes.test)
        eligible = tuple(probe for probe in probes if probe.everywhere)
        return self._laboratory.run(Trial("in-part", klass, pairs, eligible, ("quarter",)))

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


def promising(by_name: dict[str, Differences], floor: float, least: float) -> tuple[Probe, ...]:
    """The best probe of each family, and the smallest that keeps most of its effect.

    Families that show nothing are left out.

    Parameters
    ----------
    by_name : dict of str to Differences
        By the name of the probe.
    floor : float
        The excess of flips that matters.
    least : float
        The move in log-odds that matters: it lets a family through that flips nothing.
    """
    families: dict[str, list[Probe]] = {}
    for name in by_name:
        probe = probe_named(name)
        families.setdefault(probe.family, []).append(probe)
    chosen: list[Probe] = []
    movers: list[tuple[float, tuple[Probe, ...]]] = []
    for probes in families.values():
        effects = {probe: by_name[probe.name] for probe in probes}
        best = max(probes, key=lambda p: rank(effects[p]))
        if effects[best].effect >= RULES.promising * floor:
            chosen += dict.fromkeys([best, smallest_of(effects)])
            continue
        best = max(probes, key=lambda p: effects[p].move)
        if effects[best].move >= least and effects[best].strength >= RULES.move_surely:
            movers.append((effects[best].move, tuple(dict.fromkeys([best, smallest_of(effects)]))))
    movers.sort(key=lambda mover: -mover[0])
    return (*chosen, *(probe for _, probes in movers[: RULES.tested_by_move] for probe in probes))


def _matters(paired: Differences, floor: float, least: float) -> bool:
    return paired.effect >= floor or (paired.move >= least and paired.strength >= RULES.move_surely)


def _best_local(effects: dict[str, Differences]) -> Probe | None:
    local = [probe for probe in map(probe_named, effects) if probe.region is not None]
    return max(local, key=lambda p: rank(effects[p.name]), default=None)
