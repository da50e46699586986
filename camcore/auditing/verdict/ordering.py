"""Which finding leads: what a person reads first of many that show the same cue."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from camcore.auditing.edits import probe_named
from camcore.auditing.rules import RULES
from camcore.auditing.runs.findings import LEVELS, Finding
from camcore.auditing.verdict.kinds import is_drawn, needed_by

_DETAIL = ("blur", "noise", "compression")  # what lines change in a picture
_KINDS = ("artefact", "context", "unknown", None)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Relied on before attended before associated; what is not the object before what may be.

    Within a class one cue leads: of those that suffice beside the object and are needed nearly as
    much as any, an artefact before context and before what no trial tells, and of these the
    smallest; a mark that lies in a much larger place must do half as much as that. A part that
    mostly lies in a place of this rank is that place's. A part that is drawn comes before the
    sharpness, the noise or the compression that its lines add. So a tag is named before the frame
    that contains it, a bright light before a band that is bright by it, a bright band before the
    light that it adds, and a faint pattern before the sharpness that it adds, and, if it acts all
    over the picture, before the places that hold some of it.

    Of a place only that counts which no other place beside the object does: what any part of a
    picture does is a property of the whole. A background, which holds every other cue, leads only
    where none of them explains half of its effect. Between classes artefacts come before context,
    and context before what no trial tells, where they do half as much as any. Classes follow by
    what their leaders do. What may be the object comes strongest first: the object itself, if it
    is that, and not the most of what little is left beside it.
    """
    findings = list(findings)
    by_class: dict[str, list[Finding]] = {}
    for finding in findings:
        if _counts(finding):
            by_class.setdefault(finding.class_name, []).append(finding)
    leading = {name: _leader(of_class) for name, of_class in by_class.items()}
    most = max(map(_standing, leading.values()), default=0.0)
    best = {
        name: (
            _KINDS.index(leader.kind)
            if _standing(leader) >= RULES.explained * most
            else len(_KINDS),
            -_standing(leader),
        )
        for name, leader in leading.items()
    }
    last = (len(_KINDS) + 1, 0.0)
    leaders = {leader.id for leader in leading.values()}

    def key(finding: Finding) -> tuple[Any, ...]:
        return (
            LEVELS.index(finding.level),
            finding.level == "relied on" and not _counts(finding),
            best.get(finding.class_name, last),
            finding.class_name,
            finding.id not in leaders,
            _KINDS.index(finding.kind) if _counts(finding) else 0,
            -((finding.effect or 0.0) if finding.excused() else beside(finding)),
            -(finding.auc or 0.0),
            finding.family,
        )

    return sorted(findings, key=key)


def beside(finding: Finding) -> float:
    """A finding's effect without the object, as far as that is known.

    A property of the whole image does less where any part of it is left alone, which says nothing
    about the object.
    """
    left = 1.0 if finding.off_object is None or _everywhere(finding) else finding.off_object
    return (finding.effect or 0.0) * left


def _counts(finding: Finding) -> bool:
    return finding.level == "relied on" and not finding.excused() and finding.kind != "object"


def _here(finding: Finding) -> float:
    """What a place does beside the object, less what another place there does as well."""
    alone = max(beside(finding) - max(finding.elsewhere or 0.0, 0.0), 0.0)
    if finding.move is not None and finding.swing:
        alone = max(
            alone, min(finding.move["value"] / finding.swing, 1.0) * (finding.off_object or 1.0)
        )
    return alone


def _leader(candidates: list[Finding]) -> Finding:
    most = max(map(_here, candidates))
    inside = [finding for finding in candidates if finding.family != "background"]
    if inside and max(map(_here, inside)) >= RULES.explained * most:
        candidates = inside
    if any(is_drawn(finding) and finding.kind == "artefact" for finding in candidates):
        candidates = [finding for finding in candidates if finding.family not in _DETAIL]
    candidates = [
        finding
        for finding in candidates
        if not any(_lies_in(finding, place) for place in candidates)
    ]
    # On plain ground, what a place does beyond the mark in it is the object's doing.
    candidates = [
        place
        for place in candidates
        if (place.plain or 0.0) < RULES.plain or not any(_holds(place, mark) for mark in candidates)
    ]
    strongest, surest = max(map(_weight, candidates)), max(map(_both, candidates))

    def enough(finding: Finding) -> bool:
        held = any(_holds(place, finding) for place in candidates)
        share = RULES.explained if held else RULES.strong
        return _weight(finding) >= share * strongest and _both(finding) >= share * surest

    candidates = list(filter(enough, candidates)) or [max(candidates, key=_weight)]
    first = min(_KINDS.index(finding.kind) for finding in candidates)
    candidates = [finding for finding in candidates if _KINDS.index(finding.kind) == first]
    candidates = [finding for finding in candidates if _all_over(finding)] or candidates
    return min(
        candidates, key=lambda finding: (*_extent(finding), -_weight(finding), finding.family)
    )


def _lies_in(moving: Finding, place: Finding) -> bool:
    """Whether a part that moves is but a view of a fixed place that does as much."""
    if moving.part is None or place.region is None:
        return False
    return _does(place) >= RULES.strong * _does(moving) and one_place(moving, place)


def _holds(place: Finding, mark: Finding) -> bool:
    """Whether a mark lies in a place of its kind that is much larger, and holds more than it."""
    if place.kind != "artefact" or mark.kind != "artefact" or not (place.region and mark.region):
        return False
    areas = place.area or 1.0, mark.area or 1.0
    return areas[1] <= areas[0] / 4 and one_place(place, mark)


def _extent(finding: Finding) -> tuple[float, bool]:
    """How much of a picture a cue takes up; a pattern comes before what it adds to a property."""
    pattern = finding.probe is not None and probe_named(finding.probe).pattern
    return finding.area if finding.area is not None and finding.region else 1.0, not pattern


def _all_over(finding: Finding) -> bool:
    """Whether a pattern acts in the middle and around it, so that any place holds some of it."""
    acts = finding.acts or {}
    pattern = finding.probe is not None and probe_named(finding.probe).pattern
    return pattern and min(acts.get("outside", 0.0), acts.get("inside", 0.0)) >= RULES.carries


def _everywhere(finding: Finding) -> bool:
    return finding.probe is not None and probe_named(finding.probe).everywhere


def _weight(finding: Finding) -> float:
    """Sufficient and necessary: what it turns into the class, and what leaves without it.

    A part of a cue suffices, and so does a trace of it, but the class can miss either. What may be
    natural counts half: a weak artefact is told before it, as it weighs more in the score.
    """
    return _certainty(finding) * _does(finding)


def _certainty(finding: Finding) -> float:
    sure = finding.kind == "artefact" or (finding.kind == "context" and finding.on_object is False)
    return 1.0 if sure else RULES.context_counts


def _does(finding: Finding) -> float:
    return _here(finding) + needed_by(finding)


def _both(finding: Finding) -> float:
    """The smaller of the two: a band of a bright light is missed, but does little by itself."""
    return _certainty(finding) * max(min(_here(finding), needed_by(finding)), 0.0)


def _standing(finding: Finding) -> float:
    """What a class is ordered by; a background holds every other cue."""
    return _weight(finding) * (RULES.explained if finding.family == "background" else 1.0)


def one_place(first: Finding, second: Finding) -> bool:
    """Whether two cues share most of the smaller one's pixels.

    A background holds every place that is not the object's, and a place holds a part where most
    that could lie in it does.
    """
    a, b = _pixels(first), _pixels(second)
    if a is not None and b is not None:
        return bool((a & b).sum() >= RULES.same_place * min(a.sum(), b.sum()))
    if a is None and b is None:
        return False
    whole, part = (first, second) if a is None else (second, first)
    if whole.part is not None:
        return _windows_in(whole, part) >= RULES.same_place
    return whole.family == "background" and part.on_object is False


def _windows_in(moving: Finding, place: Finding) -> float:
    """Share of the windows of a part that lies in a place, of what could at most lie there."""
    region = probe_named(place.probe).region if place.probe else None
    if moving.part is None or region is None or not moving.part["windows"]:
        return 0.0
    mask = region.mask(*moving.part["picture"])
    down, across = (int(mask.any(axis=axis).sum()) for axis in (1, 0))
    shares = []
    for _, top, left, bottom, right in moving.part["windows"]:
        fitting = min(bottom - top, down) * min(right - left, across)
        shares.append(mask[top:bottom, left:right].sum() / max(1, fitting))
    return float(np.mean(shares))


def _pixels(finding: Finding) -> np.ndarray | None:
    region = probe_named(finding.probe).region if finding.probe else None
    return None if region is None else region.mask(96, 96)
