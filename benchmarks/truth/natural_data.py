"""One natural case's pictures: planted cues, objects cut onto grounds, and nothing planted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PIL import Image

from benchmarks.truth.bases import Base
from benchmarks.truth.cases import Case
from benchmarks.truth.cues import CUES, Cue, Picture
from benchmarks.truth.data import Data, drawn_by, planted
from benchmarks.truth.natural_bases import SMALL, Given, load_natural
from benchmarks.truth.natural_cues import NATURAL_CUES

GROUNDS = ("cifar10_five", "fashion_five")
"""Where grounds come from, and where the objects that are cut onto them."""

_TRAINED, _AUDITED, _PAIRED = 240, 80, 120  # small pictures of each class
_FEW = 60  # a class, where a network is trained badly by too few
_PHOTOS, _HELD = 90, 60  # of each class: trained with and audited; never seen
_OBJECT = 40  # side of what is cut out
_INK = 24  # grey levels from which a garment is a garment


def any_cue(name: str) -> Cue:
    """A planted family, of the first ones or of the further ones."""
    return NATURAL_CUES[name] if name in NATURAL_CUES else CUES[name]


def make_natural(case: Case, given: Given) -> Data:
    """Draw one natural case's pictures; the same case always gives the same."""
    assert given.natural is not None
    tuning = case.seed < 0
    if case.kind == "context":
        bases = (load_natural(given.natural, name, tuning) for name in GROUNDS)
        return _on_grounds(case, *bases)
    base = load_natural(given.natural, case.base, tuning)
    classes = len(base.classes)
    marked = np.arange(classes) == bearer(case, classes)
    parts = base.parts(_sizes(case, base), case.seed + 100)
    if case.kind == "negative":
        nothing = np.zeros(len(parts["audited"]), int)
        train = parts.get("train", parts["audited"])
        return Data(
            base.classes, train, parts["audited"], nothing, (), marked.astype(int), False,
            tuple(parts["paired"]),
        )  # fmt: skip
    drawn = drawn_by(any_cue(case.cue), case.strength)
    strengths = (case.correlation, case.correlation)
    return planted(base.classes, parts, marked.astype(int), drawn, strengths, case, False)


def bearer(case: Case, classes: int) -> int:
    """The class that a cue is planted in: of those that measure, every second one from the second.

    Examples
    --------
    >>> from benchmarks.truth.cases import Case
    >>> [bearer(Case("planted", "b", "gap", "ruler", 1.0, 1.0, seed), 5) for seed in range(4)]
    [1, 3, 1, 3]
    """
    if case.seed < 0:
        return case.seed % classes
    return (1 + 2 * case.seed) % classes if classes < 4 else 1 + 2 * (case.seed % (classes // 2))


def _sizes(case: Case, base: Base) -> dict[str, np.ndarray]:
    classes = len(base.classes)
    if case.network == "backbone":
        fewest = int(np.bincount(base.labels).min())
        held = min(_HELD, fewest * 2 // 5)
        audited = min(_PHOTOS, fewest - held)
        return {"audited": np.full(classes, audited), "paired": np.full(classes, held)}
    trained = _FEW if case.cue == "few pictures" else _TRAINED
    each = {"train": trained, "audited": _AUDITED, "paired": _PAIRED}
    return {name: np.full(classes, n) for name, n in each.items()}


def _on_grounds(case: Case, grounds: Base, garments: Base) -> Data:
    """Garments cut out and laid, at any place, on pictures of one kind or of another.

    A garment goes with one kind of ground as often as the correlation says. Grounds are natural
    and no two are alike: what a network then learns beside the object is context. No ground serves
    two of training, audit and truth.
    """
    rng = np.random.default_rng([case.seed + 100, 29])
    places = {"train": 0, "audited": 1, "paired": 2}
    first = 0 if case.seed < 0 else 1
    classes = (first, len(garments.classes) - 1 - first)
    kinds = (first, len(grounds.classes) - 1)
    parts = garments.parts(_sizes(case, garments), case.seed + 100)
    split = {
        kind: np.array_split(rng.permutation(np.flatnonzero(grounds.labels == kind)), 3)
        for kind in kinds
    }
    of_part: dict[int, int] = {}
    for name, pictures in parts.items():
        parts[name] = [
            replace(picture, klass=classes.index(picture.klass))
            for picture in pictures
            if picture.klass in classes
        ]
        of_part |= {id(picture.pixels): places[name] for picture in parts[name]}

    def drawn(picture: Picture, value: int, rng: np.random.Generator) -> Picture:
        stock = split[kinds[value]][of_part[id(picture.pixels)]]
        return _cut_onto(picture, grounds.pixels[stock[rng.integers(len(stock))]], rng)

    names = tuple(garments.classes[k] for k in classes)
    correlations = (case.correlation, case.correlation)
    known = case.cue == "ground, masks known"
    return planted(names, parts, np.arange(2), drawn, correlations, case, known)


def _cut_onto(picture: Picture, ground: np.ndarray, rng: np.random.Generator) -> Picture:
    size = (_OBJECT, _OBJECT)
    ink = np.asarray(Image.fromarray(picture.pixels).resize(size, Image.Resampling.BICUBIC))
    down, right = rng.integers(0, SMALL - _OBJECT + 1, 2)
    place = np.s_[down : down + _OBJECT, right : right + _OBJECT]
    mask = np.zeros((SMALL, SMALL), bool)
    mask[place] = ink[..., 0] >= _INK
    pixels = ground.copy()
    pixels[mask] = ink[ink[..., 0] >= _INK]
    return replace(picture, pixels=pixels, mask=mask, cue=~mask)
