"""Which cases the protocol has, and which of them the audit's constants were chosen with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np

from benchmarks.truth.cues import CUES
from benchmarks.truth.networks import NETWORKS

CORRELATIONS = (0.5, 0.7, 0.9, 1.0)
NEGATIVES = (
    "clean",
    "watermark on all classes",
    "random in training",
    "centred objects",
    "padding",
    "random weights",
    "legitimate colour",
    "imbalance 90/10",
)
RECIPES = ("Decoy-MNIST", "Colored MNIST")
TUNED = ("fixed tag", "brightness", "watermark", "blur", "sky band")
"""Cues whose cases, of seeds below 0, chose the audit's constants; all others were left out."""

_SEEDS = 5
_NEGATIVE_SEEDS = 2


@dataclass(frozen=True)
class Case:
    """One network trained on one data set.

    Attributes
    ----------
    kind : {"planted", "negative", "recipe"}
    base : str
        As in `benchmarks.truth.bases.load_base`.
    network : str
        One of `benchmarks.truth.networks.NETWORKS`.
    cue : str
        One of `CUES`, `NEGATIVES` or `RECIPES`.
    strength, correlation : float
        NaN where there is nothing to choose.
    seed : int
    """

    kind: str
    base: str
    network: str
    cue: str
    strength: float
    correlation: float
    seed: int

    @property
    def name(self) -> str:
        """Short and unique, fit for a file name."""
        cue = self.cue.lower().replace(" ", "-").replace("/", "-")
        parts = [self.kind, self.base, self.network, cue]
        if math.isfinite(self.correlation):
            parts += [f"{self.strength:g}", f"{self.correlation:g}"]
        return "_".join([*parts, str(self.seed)])


def protocol(digits: str) -> tuple[Case, ...]:
    """All cases. The first half is a protocol of its own, the second half its counterpart.

    Every cue meets every network, base and seed; its two strengths and four correlations take
    turns over those, so that each pair of them occurs. In the first half scenes and digits take
    turns as well; in the second each case has the other base. Within a half the order is random,
    so that any beginning is a fair sample.

    Parameters
    ----------
    digits : {"mnist", "digits"}
        Written digits, or drawn ones where MNIST is not at hand; without MNIST no recipes.

    Examples
    --------
    >>> cases = protocol("mnist")
    >>> len(cases), len({case.name for case in cases})
    (438, 438)
    """
    bases = ("scenes", digits)
    planted = list(_planted(bases, range(_SEEDS)))
    negative = [
        Case("negative", base, network, cue, math.nan, math.nan, seed)
        for seed, base, cue, network in product(range(_NEGATIVE_SEEDS), bases, NEGATIVES, NETWORKS)
    ]
    recipes = [
        Case("recipe", f"{digits}-10", network, cue, math.nan, math.nan, seed)
        for seed, network, cue in product(range(2), NETWORKS, RECIPES)
        if digits == "mnist"
    ]
    cases = _shuffled([*planted, *negative, *recipes])
    return (*(own for own in cases if _first(own)), *(own for own in cases if not _first(own)))


def quick(digits: str) -> tuple[Case, ...]:
    """Of the protocol, each cue strong with correlations .9 and 1, and each negative once.

    Examples
    --------
    >>> len(quick("digits"))
    30
    """
    chosen: dict[tuple[str, float], Case] = {}
    for case in protocol(digits):
        strong = case.kind == "planted" and case.strength == CUES[case.cue].strengths[1]
        if strong and case.correlation >= 0.9:
            chosen.setdefault((case.cue, case.correlation), case)
        elif case.kind == "negative":
            chosen.setdefault((case.cue, 0.0), case)
    return tuple(chosen.values())


@cache
def looked_at() -> frozenset[str]:
    """Names of the cases whose results had been seen when a rule of the audit was last changed.

    Examples
    --------
    >>> looked_at() <= {case.name for case in protocol("mnist")}
    True
    """
    return frozenset((Path(__file__).parent / "looked_at.txt").read_text("utf-8").split())


def _first(case: Case) -> bool:
    """Whether a case is in the first half; all recipes and two thirds of the negatives are."""
    if case.kind == "recipe":
        return True
    turn = NETWORKS.index(case.network) + case.seed + (case.base == "scenes")
    if case.kind == "negative":
        return turn % 3 != 2
    return (turn + list(CUES).index(case.cue)) % 2 == 0


def tuning(digits: str) -> tuple[Case, ...]:
    """The cases that chose the audit's constants: other seeds, and some of the cues only."""
    planted = [case for case in _planted(("scenes", digits), (-2, -1)) if case.cue in TUNED]
    negative = [
        Case("negative", base, network, cue, math.nan, math.nan, -1)
        for base, cue, network in product(("scenes", digits), ("clean", "padding"), NETWORKS)
    ]
    return _shuffled(planted + negative)


def _planted(bases: tuple[str, ...], seeds: range | tuple[int, ...]) -> Iterator[Case]:
    turns = [(level, correlation) for level in (1, 0) for correlation in CORRELATIONS]
    cells = enumerate(product(bases, NETWORKS, seeds))
    for (place, (base, network, seed)), (k, cue) in product(cells, enumerate(CUES.values())):
        level, correlation = turns[(place + k) % len(turns)]
        yield Case("planted", base, network, cue.name, cue.strengths[level], correlation, seed)


def _shuffled(cases: list[Case]) -> tuple[Case, ...]:
    order = np.random.default_rng(0).permutation(len(cases))
    return tuple(cases[k] for k in order)
