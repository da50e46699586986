"""What a run measured of each class and family: the cue that stands for it, and other places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from camcore.auditing.edits import probe_named
from camcore.auditing.edits.regions import Region
from camcore.auditing.interventions.effects import Differences, effects_of
from camcore.auditing.interventions.trials import FOUND
from camcore.auditing.rules import RULES
from camcore.auditing.run_comparison.run_comparison import Effect
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings

Key = tuple[str, str]
_LATTICE = 96  # pixels a side at which places are laid over each other
_STAGES = ("test", *FOUND)  # the held-out half first


@dataclass(frozen=True)
class Cue:
    """One cue with its place.

    Attributes
    ----------
    effect : Effect
    region : Region or None
        None for a property of the whole image.
    """

    effect: Effect
    region: Region | None

    def lies_at(self, region: Region | None) -> bool:
        """Whether it lies at the place of another cue of its family."""
        return same_place(self.region, region)


@dataclass(eq=False)
class Measured:
    """All that a run measured of one class and family.

    Attributes
    ----------
    seed : int
        Of the bootstrap.
    finding : Finding or None
        What was proven of it.
    trials : dict
        Differences by stage and probe.
    """

    seed: int
    finding: Finding | None = None
    trials: dict[str, dict[str, Differences]] = field(default_factory=dict)

    def standing(self) -> Cue | None:
        """The cue that stands for the family: what was proven, else what was tried at its best."""
        if self.finding is None:
            return self._best(anywhere=True)
        finding = self.finding
        region = probe_named(finding.probe).region if finding.probe else None
        return Cue(_proven(finding), region)

    def at(self, region: Region | None) -> Cue | None:
        """The largest effect at a place; None where nothing was tried there."""
        standing = self.standing()
        if standing is not None and standing.lies_at(region):
            return standing
        return self._best(region)

    def _best(self, region: Region | None = None, *, anywhere: bool = False) -> Cue | None:
        for stage in _STAGES:
            there = {
                name: differences
                for name, differences in self.trials.get(stage, {}).items()
                if anywhere or same_place(probe_named(name).region, region)
            }
            if there:
                name = max(there, key=lambda probe_name: there[probe_name].effect)
                probe, best = probe_named(name), there[name]
                interval = best.interval(self.seed)
                effect = Effect(best.effect, interval, False, stage == "test", probe.cue)
                return Cue(effect, probe.region)
        return None


def measured_cues(run: Run) -> Mapping[Key, Measured]:
    """What a run measured, by name of the class and family."""
    seed = Settings.from_json(run.record["settings"]).seed
    cues: dict[Key, Measured] = {}
    for finding in run.findings:
        if finding.effect is not None and finding.interval is not None:
            key = finding.class_name, finding.family
            cues.setdefault(key, Measured(seed, finding))
    for stage in _STAGES:
        trials = run.trials(stage)
        if trials.empty:
            continue
        trials = trials[trials["fill"] == "transfer"]
        for (klass, family), rows in trials.groupby(["klass", "family"]):
            key = run.class_names[int(klass)], str(family)
            measured = cues.setdefault(key, Measured(seed))
            measured.trials[stage] = effects_of(rows, int(klass))
    return cues


def same_place(first: Region | None, second: Region | None) -> bool:
    """Whether two cues of a family share most of the smaller one's place.

    Examples
    --------
    >>> sky, part = Region(3, 1, ((0, 0),)), Region(4, 4, ((0, 1),))
    >>> same_place(sky, part), same_place(sky, Region(3, 1, ((2, 0),))), same_place(None, None)
    (True, False, True)
    """
    if first is None or second is None:
        return first is second
    a, b = (region.mask(_LATTICE, _LATTICE) for region in (first, second))
    return bool(np.sum(a & b) >= RULES.same_place * min(a.sum(), b.sum()))


def _proven(finding: Finding) -> Effect:
    assert finding.effect is not None
    assert finding.interval is not None
    return Effect(
        finding.effect,
        finding.interval,
        finding.level == "relied on",
        True,
        finding.cue,
        finding.id,
        finding.excused(),
        finding.overlaps,
    )
