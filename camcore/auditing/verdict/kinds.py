"""What kind of thing a proven cue is: of the object, of its context, or an artefact."""

from __future__ import annotations

from collections.abc import Iterable

from camcore.auditing.edits import probe_named
from camcore.auditing.interventions.necessity import needed
from camcore.auditing.rules import RULES
from camcore.auditing.runs.findings import Finding, Kind


def needed_by(finding: Finding) -> float:
    """What the class loses without a finding's cue, 0 to 1; see `necessity.needed`."""
    fall = None if finding.drop is None else finding.drop["value"]
    return needed(finding.share, fall, finding.swing)


def strength(finding: Finding) -> float:
    """How strongly a finding speaks for reliance, 0 to 1: the smaller of two things.

    What the cue surely turns or moves when it is given, and what the class loses without it. What
    suffices but is not missed is an edit's doing or a part of something else.
    """
    by_flips = finding.interval[0] if finding.interval else 0.0
    by_move = 0.0
    if finding.move is not None and finding.swing:
        by_move = finding.move["interval"][0] / finding.swing
    return min(max(by_flips, by_move, 0.0), needed_by(finding), 1.0)


def kind_of(finding: Finding) -> Kind:
    """The kind, by what the trials and the pictures tell.

    *Artefact*: the same from picture to picture. A place where one content repeats in the class and
    not in the others, and where that content acts alone; a place beside the middle where the lines
    that its pictures share act, and not their broad light and colour; a property that sets the
    class apart in every part of the picture; a pattern that acts outside the middle; a part that
    moves, whose crops are alike, which lies beside the middle too, and which does enough, unless
    its fine detail is alike as well: crops of aligned or smooth pictures are alike in their broad
    shading.
    *Object*: acts through the known object, or through the middle where nothing is known.
    *Context*: neither, mostly beside the object, needed, and plain stuff (sky, grass): its colour
    alone acts, or the property acts on the surroundings alone. Recognised pictures give, so that a
    class must mostly be recognised for what they show to be what the class shows. *Unknown* else.
    """
    if finding.family == "object" or finding.on_object:
        return "object"
    if finding.part is not None:
        # Rather each picture's own object, or a piece of objects that lie alike.
        if not finding.part["recurs"] or finding.part["central"] >= RULES.parts_central:
            return "object"
        drawn, does = is_drawn(finding), strength(finding)
        one_thing = finding.part["alike"] >= RULES.parts_one_thing and does >= RULES.parts_needed
        return "artefact" if one_thing or (drawn and does >= RULES.missed) else "unknown"
    if _repeats(finding) and not finding.trace:
        return "artefact"
    if finding.may_be_object or acts_in_the_middle(finding):
        return "object"
    probe = probe_named(finding.probe) if finding.probe else None
    acts = finding.acts or {}
    enough = strength(finding) >= RULES.needed
    if finding.trace or not (enough or (probe is not None and probe.pattern)):
        return "unknown"
    if _acts_by_lines(finding):
        return "artefact"
    if finding.family == "background" or finding.on_object is False:
        return "context" if enough else "unknown"
    if probe is None:
        return "unknown"
    if probe.pattern:
        return "artefact" if acts.get("outside", 0.0) >= RULES.carries else "unknown"
    if probe.region is not None:
        colour_acts = acts.get("flat", 0.0) >= RULES.carries
        beside = finding.off_object is None or finding.off_object >= RULES.context_beside
        on_ground = (finding.plain or 0.0) >= RULES.plain
        seen = finding.accuracy is None or finding.accuracy["with"] >= RULES.context_recognised
        return "context" if colour_acts and beside and seen and not on_ground else "unknown"
    outside, inside = acts.get("outside", 0.0), acts.get("inside", 0.0)
    return "context" if outside >= RULES.carries and outside >= inside else "unknown"


def is_drawn(finding: Finding) -> bool:
    """Whether a finding is a part whose fine detail recurs: lines, letters, a scale."""
    return finding.part is not None and finding.part["detail"] >= RULES.parts_drawn


def acts_in_the_middle(finding: Finding) -> bool:
    """Whether a property of the whole picture does hardly anything but through the middle."""
    acts = finding.acts or {}
    if "outside" not in acts or "inside" not in acts:
        return False
    return acts["outside"] < RULES.hardly_outside and acts["inside"] >= RULES.carries


def scores(findings: Iterable[Finding]) -> dict[str, float]:
    """How strongly the run speaks for each kind, and in one number, 0 to 1.

    Returns
    -------
    dict
        ``artefact``, ``context`` and ``object``: the largest `strength`; and ``score``: half and
        half of an artefact's strength; the strength of a context that masks or boxes tell; half of
        one that they do not tell; a quarter of what no trial could tell, whichever is most.
    """
    most = dict.fromkeys(("artefact", "context", "object"), 0.0)
    score = 0.0
    for finding in findings:
        if finding.level != "relied on" or finding.kind is None:
            continue
        weight = strength(finding)
        if finding.kind in most:
            most[finding.kind] = max(most[finding.kind], weight)
        score = max(score, _counted(finding, weight))
    return {**{kind: round(value, 6) for kind, value in most.items()}, "score": round(score, 6)}


def _counted(finding: Finding, weight: float) -> float:
    if finding.kind == "artefact":
        return 0.5 + 0.5 * weight if weight > 0 else 0.0
    if finding.kind == "context":
        return weight if finding.on_object is False else RULES.context_counts * weight
    return RULES.unknown_counts * weight if finding.kind == "unknown" else 0.0


def _repeats(finding: Finding) -> bool:
    if finding.alike is None:
        return False
    if finding.region is None:
        if finding.probe and probe_named(finding.probe).pattern:
            return False  # what pictures share is what the edit takes: it says nothing by itself
        if finding.family == "illumination":
            return False  # broad light and shade have the form of what pictures show
        # Skies and snow set a class apart by light and colour, as no texture does by nature.
        of_levels = finding.family in ("brightness", "colour")
        return finding.alike >= (RULES.levels_apart if of_levels else RULES.set_apart)
    shared = (finding.acts or {}).get("shared")
    put_there = finding.alike >= RULES.alike or (finding.stamped or 0.0) >= RULES.stamped
    return put_there and (shared is None or shared >= RULES.carries)


def _acts_by_lines(finding: Finding) -> bool:
    """Whether what donors share at a place acts by its lines, and not by its light and colour.

    A stamp whose digits differ from picture to picture has no one content that repeats. What is
    natural and shared is broad: sky above, ground below. A place on plain ground shares the lines
    of whatever object reaches there. And where absence does much of it, it is the controls that
    have lines.
    """
    acts = finding.acts or {}
    if "broad" not in acts or (finding.plain or 0.0) >= RULES.plain:
        return False
    fine = acts["shared"] - max(acts["broad"], acts.get("absent", 0.0))
    return fine >= RULES.fine_carries and (finding.off_object or 0.0) >= RULES.fine_beside
