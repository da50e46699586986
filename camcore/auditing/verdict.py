"""The verdict: what the tables of a run amount to, by the thresholds that were fixed before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from camcore.auditing.edits import Probe, probe_named
from camcore.auditing.findings import LEVELS, Finding, finding_id
from camcore.auditing.inference import holm, sign_flip_max_t, smallest_effect
from camcore.auditing.interventions.effects import Differences, differences
from camcore.auditing.interventions.stages import KEPT, smallest_of
from camcore.auditing.plan import Plan
from camcore.auditing.regions import Region

_ON_OBJECT = 0.5  # of the effect: less than this is left where the object is spared
_LARGE = 1 / 8  # of the picture: smaller patches do not carry an object over
_MIDDLE = Region(4, 4, tuple((r, c) for r in (1, 2) for c in (1, 2)))  # where objects mostly are
_COVERED = 0.5  # of the middle
_SAME_PLACE = 0.5  # of the smaller region, from which on two findings are one cue


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
    """Whether the intervention proves it: significant, large enough to matter, surely above 0."""
    limits = plan.thresholds
    return one.q < limits.q and one.effect >= limits.floor and one.interval[0] > 0


def score(tested: Iterable[Tested], objects: dict[tuple[int, str], bool]) -> float:
    """How strongly the run speaks for reliance on something other than the object, 0 to 1.

    The largest lower end of an effect's interval over everything tested that does not work through
    the object, as far as masks or boxes tell, nor may do so, as far as its place tells.
    """
    lower = [
        one.interval[0]
        for one in tested
        if not objects.get((one.klass, one.probe.name)) and not may_be_object(one, objects)
    ]
    return float(np.clip(max(lower, default=0.0), 0.0, 1.0))


def on_object(tested: Iterable[Tested], spared: pd.DataFrame) -> dict[tuple[int, str], bool]:
    """Whether each local cue works through the object, where objects are known.

    Parameters
    ----------
    tested : iterable of Tested
    spared : DataFrame
        Trials of the stage ``off-object``: the same pairs, every known object left alone.

    Returns
    -------
    dict
        (class, probe) -> True where most of the effect is gone without the object.
    """
    told: dict[tuple[int, str], bool] = {}
    for one in tested:
        if one.probe.family in ("object", "background"):
            told[one.klass, one.probe.name] = one.probe.family == "object"
            continue
        rows = spared
        for name, value in (("klass", one.klass), ("probe", one.probe.name)):
            rows = rows[rows[name] == value] if len(rows) else rows
        if len(rows):
            left = differences(rows, one.klass).effect
            told[one.klass, one.probe.name] = left < _ON_OBJECT * one.effect
    return told


def may_be_object(one: Tested, objects: dict[tuple[int, str], bool]) -> bool:
    """Whether a large region in the middle may carry the object, and no mask tells."""
    region = one.probe.region
    if region is None or (one.klass, one.probe.name) in objects or region.area <= _LARGE:
        return False
    inside = region.mask(96, 96)[_MIDDLE.mask(96, 96)]
    return bool(inside.mean() >= _COVERED)


def region_of_probe(probe: Probe) -> dict[str, Any] | None:
    """A probe's region as findings.json holds it."""
    region = probe.region
    if region is None:
        return None
    return {
        "box": [round(side, 6) for side in region.box],
        "rows": region.rows,
        "columns": region.columns,
        "cells": [list(cell) for cell in region.cells],
    }


def mark_overlaps(findings: list[Finding]) -> list[Finding]:
    """Say of each proven finding which stronger one of its class lies at the same place."""
    told: list[Finding] = []
    for one in findings:
        leaders = (
            other
            for other in told
            if other.class_name == one.class_name
            and other.level == one.level == "relied on"
            and other.overlaps is None
            and _one_place(other, one)
        )
        first = next(leaders, None)
        told.append(replace(one, overlaps=first.id if first else None))
    return told


def _one_place(first: Finding, second: Finding) -> bool:
    """Whether two cues share most of the smaller one's pixels; a background holds every place
    that is not the object's."""
    a, b = _pixels(first), _pixels(second)
    if a is not None and b is not None:
        return bool((a & b).sum() >= _SAME_PLACE * min(a.sum(), b.sum()))
    if a is None and b is None:
        return False
    whole, part = (first, second) if a is None else (second, first)
    return whole.family == "background" and part.on_object is False


def _pixels(one: Finding) -> np.ndarray | None:
    region = probe_named(one.probe).region if one.probe else None
    return None if region is None else region.mask(96, 96)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Relied on before attended before associated.

    Within a class the smallest cue that keeps most of the best effect leads: a tag is named before
    the frame that contains it, the sky before the whole background. Classes follow by their
    strongest effect.
    """
    findings = list(findings)
    best: dict[str, float] = {}
    for one in findings:
        best[one.class_name] = max(best.get(one.class_name, 0.0), one.effect or 0.0)

    def key(one: Finding) -> tuple:
        effect = one.effect or 0.0
        leads = one.level == "relied on" and effect >= KEPT * best[one.class_name]
        area = one.area if leads and one.area is not None else 1.0
        return (
            LEVELS.index(one.level),
            -best[one.class_name],
            one.class_name,
            not leads,
            area,
            -effect,
            -(one.auc or 0.0),
            one.family,
        )

    return sorted(findings, key=key)


def blind_spot(plan: Plan, pairs: list[int], tests: int) -> float | None:
    """The smallest effect that this run could have seen; None without interventions."""
    if not pairs:
        return None
    limits = plan.thresholds
    return smallest_effect(min(pairs), max(tests, 1), alpha=limits.q, floor=limits.floor)


def name_of(plan: Plan, klass: int, family: str) -> tuple[str, str]:
    """Class name and id of a finding."""
    name = plan.classes.classes[klass].name
    return name, finding_id(name, family)
