"""Which networks are repaired: those of the audit's benchmark, and some with two cues at once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.truth.bases import Base, load_base
from benchmarks.truth.cases import Case, protocol
from benchmarks.truth.cases import quick as quick_audits
from benchmarks.truth.cues import CUES, Picture, whole
from benchmarks.truth.data import Data, planted
from benchmarks.truth.networks import NETWORKS

BOTH = "fixed tag and colour cast"
PAIR = ("fixed tag", "colour cast")
"""The two cues of `BOTH`; of its values 0 to 3, the first bit is the first cue, and so on."""

FAINT = "faint-"
_GROUND, _INK, _GRAIN = 70, 0.25, 20  # grey levels, share of the ink, grey levels
_FEW = ("fixed tag", "watermark", "frame", "brightness", "sky band", "colour cast")
_SIZES = {"train": 1000, "audited": 360, "paired": 400}
_SEEDS = 2


def repairs(digits: str) -> tuple[Case, ...]:
    """All cases: strong cues that agree with the label in at least nine of ten pictures.

    Parameters
    ----------
    digits : {"mnist", "digits"}

    Examples
    --------
    >>> cases = repairs("digits")
    >>> {case.cue for case in cases} == {*CUES, BOTH}
    True
    """
    strong = [
        on_faint(case)
        for case in protocol(digits)
        if case.kind == "planted"
        and case.strength == CUES[case.cue].strengths[1]
        and case.correlation >= 0.9
    ]
    two = [
        Case("planted", base, network, BOTH, 1.0, 1.0, seed)
        for base in ("scenes", f"{FAINT}{digits}")
        for network in NETWORKS
        for seed in range(_SEEDS)
    ]
    return (*strong, *two)


def quick(digits: str) -> tuple[Case, ...]:
    """One case for each of six families, and one with two cues; on digits, which need no rendering.

    Examples
    --------
    >>> [case.cue for case in quick("digits")] == [*_FEW, BOTH]
    True
    """
    found = {(case.cue, case.correlation): case for case in quick_audits(digits)}
    few = [
        replace(found[cue, (1.0, 0.9)[place % 2]], base=f"{FAINT}{digits}")
        for place, cue in enumerate(_FEW)
    ]
    return (*few, Case("planted", f"{FAINT}{digits}", "gap", BOTH, 1.0, 1.0, 0))


def on_faint(case: Case) -> Case:
    """The same case on faint digits, where it is on digits."""
    return case if case.base == "scenes" else replace(case, base=f"{FAINT}{case.base}")


def base_of(case: Case, stock: Path, mnist: Path | None) -> Base:
    """The stock of pictures of a case."""
    base = load_base(case.base.removeprefix(FAINT), stock, mnist)
    return faint(base) if case.base.startswith(FAINT) else base


def faint(base: Base) -> Base:
    """Thin ink on a noisy ground: plain digits are learned so well that no cue is worth it."""
    rng = np.random.default_rng(5)
    pixels = np.asarray(base.pixels)
    lit = _GROUND + _INK * pixels.astype(np.float32) + rng.normal(0, _GRAIN, pixels.shape)
    return replace(base, name=f"{FAINT}{base.name}", pixels=whole(lit))


def with_both(case: Case, base: Base) -> Data:
    """Pictures in which one class bears two cues and the others none, and all four mixtures."""
    classes = len(base.classes)
    sizes = {name: np.full(classes, count // classes) for name, count in _SIZES.items()}
    parts = base.parts(sizes, case.seed + 200)
    marked = 1 if base.name == "scenes" else case.seed % classes
    first, second = (CUES[name] for name in PAIR)

    def drawn(picture: Picture, value: int, rng: np.random.Generator) -> Picture:
        with_first = first(picture, bool(value & 1), first.strengths[1], rng)
        made = second(with_first, bool(value & 2), second.strengths[1], rng)
        return replace(made, cue=with_first.cue)

    value_of_class = np.where(np.arange(classes) == marked, 3, 0)
    masks = base.name == "scenes"
    correlations = (case.correlation, case.correlation)
    return planted(base.classes, parts, value_of_class, drawn, correlations, case, masks)
