"""How well a network does on pictures that no step has seen, with the cue drawn at random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.truth.cues import Picture
from benchmarks.truth.data import Data, arrays
from benchmarks.truth.reliance import reliance

Answers = Callable[[np.ndarray], np.ndarray]
"""Pixels uint8 (N, S, S, 3) -> class of each, (N,)."""


@dataclass(frozen=True)
class Measured:
    """What is measured of one network.

    Attributes
    ----------
    worst, mean : float
        Accuracy of the worst group of class and cue, and over all of them alike.
    original : float
        Accuracy on pictures as those that were audited are.
    reliance : float
        As in `benchmarks.truth.reliance`.
    """

    worst: float
    mean: float
    original: float
    reliance: float


def told(data: Data) -> np.ndarray:
    """Places of the paired pictures that measure; the others are new pictures to learn from.

    Every second one of each class.
    """
    labels = np.array([own.klass for own in data.versions[0]])
    rank = np.array([np.sum(labels[:place] == own) for place, own in enumerate(labels)])
    return np.flatnonzero(rank % 2 == 1)


def measured(data: Data, answers: Answers) -> dict[str, float]:
    """The fields of `Measured`, on the pictures of `told`."""
    places = told(data)
    labels = arrays(data.versions[0])[1][places]
    under = np.stack([answers(_pixels(version, places)) for version in data.versions])
    right = under == labels
    groups = [right[:, labels == klass].mean(axis=1) for klass in np.unique(labels)]
    pictures = _pixels(data.held, places)
    return asdict(
        Measured(
            float(np.min(groups)),
            float(np.mean(groups)),
            float((answers(pictures) == labels).mean()),
            reliance(list(under), labels, data.value_of_class).lost,
        )
    )


def new_pictures(data: Data) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures to learn from under every value of the cue: pixels, labels and values."""
    places = np.setdiff1d(np.arange(len(data.versions[0])), told(data))
    labels = arrays(data.versions[0])[1][places]
    pixels = np.concatenate([_pixels(version, places) for version in data.versions])
    count = len(data.versions)
    return pixels, np.tile(labels, count), np.repeat(np.arange(count), len(labels))


def _pixels(pictures: Sequence[Picture], places: np.ndarray) -> np.ndarray:
    return arrays([pictures[place] for place in places])[0]
