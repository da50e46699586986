"""How many pairs a budget of forward passes affords."""

from __future__ import annotations

from dataclasses import dataclass

from camcore.auditing.rules import RULES

_TESTED = 10  # probes that usually reach the test
_CUTS = 16  # of a region, from each side in turn
_PARTS = 900  # passes of `camcore.auditing.parts.trials` for a class, usually
_PROVEN = 3  # probes that usually are proven, and taken out again


@dataclass(frozen=True)
class Sizes:
    """Pairs for each class and stage.

    Attributes
    ----------
    discovery, test, necessity : int
        Most pairs; fewer where a class has fewer images.
    classes : int
        Classes that the budget is enough for.
    passes : int
        Forward passes that all of this takes at most, about.
    """

    discovery: int
    test: int
    necessity: int
    classes: int
    passes: int


def sizes(budget: int, classes: int, probes: int) -> Sizes:
    """Spend a budget: first fewer pairs a class, then fewer classes.

    Parameters
    ----------
    budget : int
        Forward passes.
    classes : int
        Classes with enough images.
    probes : int
        Probes of the coarse scan.

    Examples
    --------
    >>> sizes(10**6, 2, 33).discovery, sizes(10**6, 2, 33).classes
    (48, 2)
    >>> sizes(1000, 2, 33).classes
    0
    """
    for share in (1.0, 0.75, 0.5, 0.25, 0.0):
        discovery, test, necessity = (
            round(least + share * (full - least))
            for full, least in zip(RULES.full_pairs, RULES.least_pairs, strict=True)
        )
        each = _passes(discovery, test, necessity, probes)
        if classes * each <= budget:
            break
    affordable = min(classes, budget // each)
    return Sizes(discovery, test, necessity, affordable, affordable * each)


def _passes(discovery: int, test: int, necessity: int, probes: int) -> int:
    discovered = discovery * (1 + 2 * probes) + 2 * discovery * (1 + 2 * 4)
    trimmed = discovery * (1 + 2 * _TESTED) + _CUTS * discovery * (1 + 2)
    tested = test * (1 + 2 * _TESTED) + test * (1 + 2 * _PROVEN)
    return discovered + trimmed + tested + necessity * (1 + 3 * _PROVEN) + _PARTS
