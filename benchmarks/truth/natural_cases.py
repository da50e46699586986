"""Which natural cases the protocol has: planted cues, grounds, and many networks without a plant.

Cases that chose constants have seeds below 0: they plant in other classes, and, where a base is
large enough to be cut in two, on other pictures (`benchmarks.truth.natural_bases`). Seeds begin at
10, as some cases of an earlier protocol were looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import product

from benchmarks.truth.cases import NATURAL_NEGATIVES, Case, shuffled
from benchmarks.truth.cues import CUES, Cue
from benchmarks.truth.natural_cues import NATURAL_CUES
from benchmarks.truth.natural_data import GROUNDS
from benchmarks.truth.networks import NETWORKS

CORRELATIONS = (1.0, 0.9)
NEEDS_MASKS = ("background texture",)
"""Cues that are drawn behind an object that must be known."""

_FIRST = 10  # the first seed
_NEGATIVE_SEEDS = range(_FIRST, _FIRST + 4)
_PHOTO_SEEDS = range(_FIRST, _FIRST + 6)
_QUICK = ("ruler", "brightness", "clean", "ground")


def natural_cues() -> tuple[Cue, ...]:
    """All families that can be planted in pictures without masks."""
    cues = (*CUES.values(), *NATURAL_CUES.values())
    return tuple(cue for cue in cues if cue.name not in NEEDS_MASKS)


def natural_protocol(arrays: Sequence[str], photos: Sequence[str]) -> tuple[Case, ...]:
    """All natural cases, in an order whose every beginning is a fair sample.

    On small pictures every cue meets every network, and every negative every network and seed; on
    photographs, under a backbone, every cue once and clean heads. Strengths and correlations take
    turns. Where both bases of `GROUNDS` are there, objects are cut onto grounds as well.

    Parameters
    ----------
    arrays, photos : sequence of str
        Names, as `benchmarks.truth.natural_bases.natural_bases` tells them.

    Examples
    --------
    >>> cases = natural_protocol(("cifar10_five", "fashion_five"), ("cats_and_dogs",))
    >>> sum(case.kind == "negative" for case in cases) >= 60
    True
    """
    small = [(base, network) for base in arrays for network in NETWORKS]
    heads = [(base, "backbone") for base in photos]
    cases = list(_planted(small + heads, _FIRST))
    cases += [
        Case("negative", base, network, cue, math.nan, math.nan, seed)
        for seed, (base, network), cue in product(_NEGATIVE_SEEDS, small, NATURAL_NEGATIVES)
    ]
    cases += [
        Case("negative", base, network, "clean", math.nan, math.nan, seed)
        for seed, (base, network) in product(_PHOTO_SEEDS, heads)
    ]
    if set(GROUNDS) <= set(arrays):
        cases += [
            Case("context", GROUNDS[1], network, cue, 1.0, correlation, seed)
            for seed, correlation in enumerate(CORRELATIONS, _FIRST)
            for network, cue in product(NETWORKS, ("ground", "ground, masks known"))
        ]
    return shuffled(cases)


def natural_quick(arrays: Sequence[str], photos: Sequence[str]) -> tuple[Case, ...]:
    """Of the protocol, some cues and some networks without a plant, once a base.

    Examples
    --------
    >>> len(natural_quick(("cifar10_five",), ()))
    3
    """
    chosen: dict[tuple[str, str], Case] = {}
    for case in natural_protocol(arrays, photos):
        strong = case.kind == "negative" or case.strength == _strongest(case)
        if strong and case.cue in _QUICK:
            chosen.setdefault((case.base, case.cue), case)
    return tuple(chosen.values())


def natural_tuning(arrays: Sequence[str], photos: Sequence[str]) -> tuple[Case, ...]:
    """The natural cases that may choose constants: seeds that the protocol does not have."""
    small = [(base, network) for base in arrays for network in NETWORKS]
    heads = [(base, "backbone") for base in photos]
    cases = [case for case in _planted(small + heads, -1) if case.correlation == CORRELATIONS[1]]
    cases += [
        Case("negative", base, network, "clean", math.nan, math.nan, seed)
        for seed, (base, network) in product((-1, -2), small + heads)
    ]
    return shuffled(cases)


def _strongest(case: Case) -> float:
    known = {cue.name: cue.strengths[1] for cue in natural_cues()}
    return known.get(case.cue, 1.0)


def _planted(places: Sequence[tuple[str, str]], first: int) -> Iterator[Case]:
    turns = [(level, correlation) for level in (1, 0) for correlation in CORRELATIONS]
    step = -1 if first < 0 else 1
    for (place, (base, network)), (k, cue) in product(enumerate(places), enumerate(natural_cues())):
        level, correlation = turns[(place + k) % len(turns)]
        seed = first + step * ((place + k) % 2)
        yield Case("planted", base, network, cue.name, cue.strengths[level], correlation, seed)
