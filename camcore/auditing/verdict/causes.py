"""One cause, told once: which findings are the same cue, seen through other interventions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from camcore.auditing.runs.findings import Finding
from camcore.auditing.verdict.kinds import strength
from camcore.auditing.verdict.ordering import one_place


def joined(findings: Sequence[Finding]) -> list[Finding]:
    """The findings in their order, each proven one with what joins it as one cause.

    A finding joins an earlier one

    - of its class, where both lie at one place, or where the earlier one is an artefact that does
      as much and nothing tells what the later one is, or it is a place in a picture that the
      earlier one changes as a whole: a tag adds light and sharpness, and light adds bright bands;
    - of another class, where it is the other side of the same cue: what turns pictures into one
      class by taking away what another class wears.
    """
    led: dict[str, list[str]] = {}
    leaders: list[Finding] = []
    ordered: list[Finding] = []
    for finding in findings:
        leader = next((other for other in leaders if _same(other, finding)), None)
        if finding.level != "relied on":
            ordered.append(finding)
            continue
        if leader is None:
            leaders.append(finding)
            led[finding.id] = []
        else:
            led[leader.id].append(finding.id)
            away = leader.class_name != finding.class_name
            presence = "without" if away else finding.presence
            finding = replace(finding, overlaps=leader.id, presence=presence)
        ordered.append(finding)
    return [
        replace(finding, joined=tuple(led[finding.id])) if finding.id in led else finding
        for finding in ordered
    ]


def _same(leader: Finding, other: Finding) -> bool:
    if leader.class_name == other.class_name:
        whole = leader.region is None and leader.part is None and leader.family != "background"
        vague = leader.kind == "artefact" and other.kind == "unknown"
        trace = whole and other.region is not None and leader.kind in ("artefact", other.kind)
        return one_place(leader, other) or (
            (vague or trace) and strength(other) <= strength(leader)
        )
    if other.taken_from != leader.class_name or other.kind == "artefact":
        return False
    away = other.presence == "without" and one_place(leader, other)
    whole = leader.family == other.family and leader.region is None and other.region is None
    return leader.presence != "without" and (away or whole)
