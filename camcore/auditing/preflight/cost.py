"""What an audit will cost, as a range: before it starts nobody knows how many cues it finds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from camcore.auditing.audited_classes import Classes
from camcore.auditing.edits.catalogue import most_probes
from camcore.auditing.interventions.budget import sizes
from camcore.auditing.rules import RULES

_SCAN = (2, 4)  # passes a picture: forward and back, and what decoding and measuring add
_BUSIER = 2.0  # the machine may be, later


@dataclass(frozen=True)
class Cost:
    """Forward passes and seconds, from and to.

    Attributes
    ----------
    passes : tuple of int
    seconds : tuple of float
    classes : int
        Classes that interventions are made for: with enough pictures, and within the budget.
    """

    passes: tuple[int, int]
    seconds: tuple[float, float]
    classes: int


def pictures_of_classes(
    labels: Mapping[str, int], pictures: int, classes: Classes
) -> dict[str, int]:
    """Pictures of each audited class; by predicted class nobody knows, so evenly.

    Parameters
    ----------
    labels : mapping of str to int
        How many pictures have each label.
    pictures : int
        All of them.
    classes : Classes

    Examples
    --------
    >>> from camcore.auditing.audited_classes import match_classes
    >>> pictures_of_classes({"cat": 7, "dog": 4}, 12, match_classes({"cat": 7}, ["cat", "dog"]))
    {'cat': 7}
    """
    if classes.by == "label":
        return {klass.name: labels[klass.label] for klass in classes.classes}
    share = pictures // len(classes.classes)
    return {klass.name: share for klass in classes.classes}


def cost(
    pictures: Mapping[str, int], budget: int, seconds: float, scan_seconds: float | None = None
) -> Cost:
    """The cost of an audit.

    The least is the scan and the search for cues where none is found; the most is what all
    interventions may take.

    Parameters
    ----------
    pictures : mapping of str to int
        Of each audited class.
    budget : int
        Most passes of the interventions.
    seconds : float
        That one pass of one picture takes.
    scan_seconds : float, optional
        That the scan of one picture takes, where that was measured; else as long as its passes.

    Examples
    --------
    >>> cost({"cat": 150, "dog": 150}, 0, 0.01)
    Cost(passes=(600, 1200), seconds=(6.0, 24.0), classes=0)
    """
    scanned = sum(pictures.values())
    able = sum(count >= RULES.least_images for count in pictures.values())
    probes = most_probes()
    afford = sizes(budget, able if len(pictures) > 1 else 0, probes)
    searched = afford.classes * afford.discovery * (1 + 2 * probes)
    low = _SCAN[0] * scanned + searched
    high = _SCAN[1] * scanned + afford.passes
    scan = [passes * seconds if scan_seconds is None else scan_seconds for passes in _SCAN]
    soonest = scan[0] * scanned + searched * seconds
    latest = (scan[1] * scanned + afford.passes * seconds) * _BUSIER
    return Cost((low, high), (soonest, latest), afford.classes)
