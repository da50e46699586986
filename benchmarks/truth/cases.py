"""Which cases the protocol has, and which of them the audit's constants were chosen with."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

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
OWN_BASES = ("scenes", "digits", "mnist", "digits-10", "mnist-10")
"""Bases that the benchmark renders or reads from MNIST; all others are natural."""

NATURAL_NEGATIVES = ("clean", "few pictures", "few epochs")
"""Networks on natural pictures without any plant, trained well and badly."""

RECIPES = ("Decoy-MNIST", "Colored MNIST")
TUNED = ("fixed tag", "brightness", "watermark", "blur", "sky band")
"""Cues whose cases, of seeds below 0, chose the audit's constants; all others were left out."""

_SEEDS = 5
_FRESH_SEEDS = 2
_NEGATIVE_SEEDS = 2
_FRESH_NEGATIVE_SEEDS = 1


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
    def natural(self) -> bool:
        """Whether its pictures are somebody's, and not rendered or MNIST's."""
        return self.base not in OWN_BASES

    @property
    def name(self) -> str:
        """Short and unique, fit for a file name."""
        cue = self.cue.lower().replace(",", "").replace(" ", "-").replace("/", "-")
        parts = [self.kind, self.base, self.network, cue]
        if math.isfinite(self.correlation):
            parts += [f"{self.strength:g}", f"{self.correlation:g}"]
        return "_".join([*parts, str(self.seed)])


def protocol(digits: str) -> tuple[Case, ...]:
    """All cases: a first half that is a protocol of its own, its counterpart, and fresh ones.

    Every cue meets every network, base and seed; its two strengths and four correlations take
    turns over those, so that each pair of them occurs. In the first half scenes and digits take
    turns as well; in the second each case has the other base. The fresh ones are of further seeds:
    cues that chose no constant, and negatives. Within a part the order is random, so that any
    beginning is a fair sample.

    Parameters
    ----------
    digits : {"mnist", "digits"}
        Written digits, or drawn ones where MNIST is not at hand; without MNIST no recipes.

    Examples
    --------
    >>> cases = protocol("mnist")
    >>> len(cases), len({case.name for case in cases})
    (558, 558)
    """
    bases = ("scenes", digits)
    planted = list(_planted(bases, range(_SEEDS)))
    negative = _negative(bases, range(_NEGATIVE_SEEDS))
    recipes = [
        Case("recipe", f"{digits}-10", network, cue, math.nan, math.nan, seed)
        for seed, network, cue in product(range(2), NETWORKS, RECIPES)
        if digits == "mnist"
    ]
    cases = shuffled([*planted, *negative, *recipes])
    further = range(_SEEDS, _SEEDS + _FRESH_SEEDS)
    fresh = [case for case in _planted(bases, further) if case.cue not in TUNED]
    further = range(_NEGATIVE_SEEDS, _NEGATIVE_SEEDS + _FRESH_NEGATIVE_SEEDS)
    return (
        *(case for case in cases if _first(case)),
        *(case for case in cases if not _first(case)),
        *shuffled([*fresh, *_negative(bases, further)]),
    )


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


def is_fresh(kind: str, seed: int) -> bool:
    """Whether nobody had looked at such a case when a rule of the audit was last changed.

    Examples
    --------
    >>> is_fresh("planted", 4), is_fresh("planted", 5), is_fresh("negative", 2)
    (False, True, True)
    """
    seen = {"planted": _SEEDS, "negative": _NEGATIVE_SEEDS}
    return kind in seen and seed >= seen[kind]


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
    return shuffled(planted + negative)


def _planted(bases: tuple[str, ...], seeds: range | tuple[int, ...]) -> Iterator[Case]:
    turns = [(level, correlation) for level in (1, 0) for correlation in CORRELATIONS]
    cells = enumerate(product(bases, NETWORKS, seeds))
    for (place, (base, network, seed)), (k, cue) in product(cells, enumerate(CUES.values())):
        level, correlation = turns[(place + k) % len(turns)]
        yield Case("planted", base, network, cue.name, cue.strengths[level], correlation, seed)


def _negative(bases: tuple[str, ...], seeds: range) -> list[Case]:
    return [
        Case("negative", base, network, cue, math.nan, math.nan, seed)
        for seed, base, cue, network in product(seeds, bases, NEGATIVES, NETWORKS)
    ]


def shuffled(cases: list[Case]) -> tuple[Case, ...]:
    """In a random order, always the same."""
    order = np.random.default_rng(0).permutation(len(cases))
    return tuple(cases[k] for k in order)
