"""What is told of a repair: the outcome, from which pictures, every group, and what remains."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camcore.auditing.report.words import share
from camcore.auditing.rules import RULES
from camcore.auditing.runs.repairs import RepairRecord, repairs_of
from camcore.auditing.runs.run import Run
from camcore.errors import CamcoreError

COLUMNS = ("class", "cue", "pictures", "before", "after")
SURE = (
    "Right answers, with 95 % intervals. No step saw these pictures before: half of the run's "
    "pictures are kept apart to measure on."
)
_WAYS = {
    "edited pictures": "The head was fitted to edited pictures: each took the cue from a picture "
    "of any class, so that the cue tells nothing of the class.",
    "other backgrounds": "The head was fitted to objects on the backgrounds of pictures of any "
    "class, so that the background tells nothing of the class.",
    "group weights": "The head was fitted to the pictures as they are, each class counted the same "
    "with the cue and without it.",
    "new pictures": "The head was fitted to the new pictures, each class counted the same with the "
    "cue and without it.",
    "deep": "The layers from {layer} on were trained on edited pictures, in which the cue tells "
    "nothing of the class, and a head was fitted to what they give.",
}
_LISTS = (
    ("gone", "Gone"),
    ("remaining", "Still relied on"),
    ("new", "Relied on now, and not before"),
)


@dataclass(frozen=True)
class Chapter:
    """A repair as its readers see it.

    Attributes
    ----------
    title, sentence : str
        What was mended; what came of it.
    made : str
        From which pictures.
    groups : list of tuple of str
        A row for each, under `COLUMNS`.
    findings, missing : list of str
        What the second audit found; which pictures would help.
    """

    title: str
    sentence: str
    made: str
    groups: list[tuple[str, ...]]
    findings: list[str]
    missing: list[str]


def chapters_of(run: Run) -> list[Chapter]:
    """The repairs of a run that came to an end, the last one first."""
    return [chapter_of(run, record) for record in repairs_of(run) if record.outcome]


def chapter_of(run: Run, record: RepairRecord) -> Chapter:
    """A repair that came to an end, in words."""
    outcome = record.outcome
    return Chapter(
        title_of(run, record),
        sentence_of(outcome),
        made_from(record),
        group_rows(outcome, record.edited),
        found_again(run, outcome),
        missing_pictures(outcome),
    )


def title_of(run: Run, record: RepairRecord) -> str:
    """The findings that a repair mends."""
    named = {finding.id: finding for finding in run.findings}
    known = [named[name] for name in record.findings if name in named]
    return "; ".join(f"{finding.class_name} by {finding.cue}" for finding in known)


def sentence_of(outcome: dict[str, Any]) -> str:
    """What a repair came to, with its numbers.

    Parameters
    ----------
    outcome : dict
        What ``FILE.repair.json`` holds.
    """
    check = outcome["check"]
    right = f"{share(check['accuracy'])} ({between(check['interval'])})"
    if outcome["status"] == "not repairable here":
        if outcome["reliance"]["before"] < RULES.floor:
            return (
                "Not repairable here: the cue moves the answers, but flips hardly any picture "
                f"({_points(outcome['reliance']['before'])} of 100), so that no other head could "
                "be proven to be better."
            )
        return (
            f"Not repairable here: where the cue tells nothing of the class, the best head on what "
            f"{check['layer']} reads is right in {right} of the pictures, or pulled by the cue as "
            "before."
        )
    worst = min(outcome["groups"], key=lambda group: group["after"])
    before = min(group["before"] for group in outcome["groups"])
    reached = (
        f"The worst group rose from {share(before)} to {share(worst['after'])} right "
        f"({between(worst['interval'])})"
    )
    reliance = outcome["reliance"]
    reached += (
        f", and the cue flips {_points(reliance['after'])} of 100 pictures "
        f"({between(reliance['interval'])}) instead of {_points(reliance['before'])}"
    )
    if outcome["status"] == "repaired":
        return (
            f"Repaired. {reached}. The same audit, on pictures that no step saw, finds neither "
            "this reliance nor a new one."
        )
    return f"Improved, but not proven repaired. {reached}."


def made_from(record: RepairRecord) -> str:
    """What the new head learned from."""
    outcome = record.outcome
    way = _WAYS.get(outcome["way"], "").format(layer=outcome["check"]["layer"])
    if record.new is not None:
        way += f" New pictures were given in {record.new}."
    return way.strip()


def group_rows(outcome: dict[str, Any], edited: Sequence[bool] = ()) -> list[tuple[str, ...]]:
    """A row for each group of class and cue, under `COLUMNS`.

    Examples
    --------
    >>> group = {"class": "cat", "cue": "tag", "present": False, "images": 40, "before": 0.1,
    ...          "after": 0.9, "interval": [0.77, 0.96]}
    >>> group_rows({"groups": [group]}, [True])
    [('cat', 'without tag', '40, edited', '10 %', '90 % (77 to 96)')]
    """
    marks = [*edited, *[False] * len(outcome["groups"])]
    return [
        (
            row["class"],
            f"{_presence(row)} {row['cue']}",
            f"{row['images']}, edited" if made else str(row["images"]),
            share(row["before"]),
            f"{share(row['after'])} ({between(row['interval'])})",
        )
        for row, made in zip(outcome["groups"], marks, strict=False)
    ]


def found_again(run: Run, outcome: dict[str, Any]) -> list[str]:
    """What is gone, what remains and what is new in the audit of the repaired model."""
    if outcome["runs"]["after"] is None:
        return []
    after = Path(outcome["runs"]["after"])
    cues = {finding.id: f"{finding.class_name} by {finding.cue}" for finding in run.findings}
    with suppress(CamcoreError):  # removed since
        cues |= {
            finding.id: f"{finding.class_name} by {finding.cue}" for finding in Run(after).findings
        }
    listed = outcome["findings"]
    return [
        f"{title}: {', '.join(cues.get(identity, identity) for identity in listed[name])}."
        for name, title in _LISTS
        if listed[name]
    ]


def missing_pictures(outcome: dict[str, Any]) -> list[str]:
    """The cells of class and cue that have too few pictures, and how many each needs.

    Examples
    --------
    >>> cell = {"class": "cat", "cue": "tag", "present": False, "needed": 12}
    >>> missing_pictures({"missing": [cell]})
    ['12 more pictures of cat without tag']
    """
    return [
        f"{cell['needed']} more {'picture' if cell['needed'] == 1 else 'pictures'} of "
        f"{cell['class']} {_presence(cell)} {cell['cue']}"
        for cell in outcome["missing"]
    ]


def between(interval: Sequence[float]) -> str:
    """An interval of shares in percent or points.

    Examples
    --------
    >>> between([-0.021, 0.104])
    '−2 to 10'
    """
    low, high = (_points(side) for side in interval)
    return f"{low} to {high}"


def _points(value: float) -> str:
    return f"{round(100 * value)}".replace("-", "−")


def _presence(cell: dict[str, Any]) -> str:
    return "with" if cell["present"] else "without"
