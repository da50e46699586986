"""Which finding leads: what a person reads first of many that show the same cue."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from camcore.auditing.edits import probe_named
from camcore.auditing.rules import RULES
from camcore.auditing.runs.findings import LEVELS, Finding


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Relied on before attended before associated; what is not the object before what may be.

    Within a class one cue leads: of those that suffice beside the object and are needed nearly as
    much as any, the smallest. So a tag is named before the frame that contains it, a bright light
    before a band that is bright by it, a bright band before the light that it adds, and a faint
    pattern before the sharpness that it adds. Of a place only that counts which no other place
    beside the object does: what any part of a picture does is a property of the whole. A
    background, which holds every other cue, leads only where none of them explains half of its
    effect. Classes follow by what their leaders do. What may be the object comes strongest first:
    the object itself, if it is that, and not the most of what little is left beside it.
    """
    findings = list(findings)
    by_class: dict[str, list[Finding]] = {}
    for one in findings:
        if _counts(one):
            by_class.setdefault(one.class_name, []).append(one)
    leading = {name: _leader(own) for name, own in by_class.items()}
    best = {name: _standing(one) for name, one in leading.items()}
    leaders = {one.id for one in leading.values()}

    def key(one: Finding) -> tuple[Any, ...]:
        return (
            LEVELS.index(one.level),
            one.level == "relied on" and not _counts(one),
            -best.get(one.class_name, 0.0),
            one.class_name,
            one.id not in leaders,
            -((one.effect or 0.0) if one.excused() else beside(one)),
            -(one.auc or 0.0),
            one.family,
        )

    return sorted(findings, key=key)


def beside(one: Finding) -> float:
    """A finding's effect without the object, as far as that is known.

    A property of the whole image does less where any part of it is left alone, which says nothing
    about the object.
    """
    left = 1.0 if one.off_object is None or _everywhere(one) else one.off_object
    return (one.effect or 0.0) * left


def _counts(one: Finding) -> bool:
    return one.level == "relied on" and not one.excused()


def _here(one: Finding) -> float:
    """What a place does beside the object, less what another place there does as well."""
    return max(beside(one) - max(one.elsewhere or 0.0, 0.0), 0.0)


def _leader(own: list[Finding]) -> Finding:
    most = max(map(_here, own))
    inside = [one for one in own if one.family != "background"]
    if inside and max(map(_here, inside)) >= RULES.explained * most:
        own = inside
    strongest = max(map(_weight, own))
    own = [one for one in own if _weight(one) >= RULES.strong * strongest]
    return min(own, key=lambda one: (*_extent(one), -_weight(one), one.family))


def _extent(one: Finding) -> tuple[float, bool]:
    """How much of a picture a cue takes up; a pattern comes before what it adds to a property."""
    pattern = one.probe is not None and probe_named(one.probe).pattern
    return one.area if one.area is not None and one.region else 1.0, not pattern


def _everywhere(one: Finding) -> bool:
    return one.probe is not None and probe_named(one.probe).everywhere


def _weight(one: Finding) -> float:
    """Sufficient and necessary: what it turns into the class, and what leaves without it.

    A part of a cue suffices, and so does a trace of it, but the class can miss either.
    """
    return _here(one) + max(one.share or 0.0, 0.0)


def _standing(one: Finding) -> float:
    """What a class is ordered by; a background holds every other cue."""
    return _here(one) * (RULES.explained if one.family == "background" else 1.0)


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
    """Whether two cues share most of the smaller one's pixels.

    A background holds every place that is not the object's.
    """
    a, b = _pixels(first), _pixels(second)
    if a is not None and b is not None:
        return bool((a & b).sum() >= RULES.same_place * min(a.sum(), b.sum()))
    if a is None and b is None:
        return False
    whole, part = (first, second) if a is None else (second, first)
    return whole.family == "background" and part.on_object is False


def _pixels(one: Finding) -> np.ndarray | None:
    region = probe_named(one.probe).region if one.probe else None
    return None if region is None else region.mask(96, 96)
