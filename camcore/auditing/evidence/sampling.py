"""Which images count as independent evidence, and about which classes something can be said."""

from __future__ import annotations

import numpy as np

SAMPLE = 5000
"""Most images that a step looks at; of larger runs it takes a sample."""

MIN_IMAGES = 30
"""Independent images of a class below which nothing is said about it."""

MOST_CLASSES = 50
"""Of runs with more classes, only the largest are looked at."""


def independent(
    classes: np.ndarray, groups: np.ndarray, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Choose one image a group and class, at most `SAMPLE`, and the classes that have enough.

    Where there are too many, half of the places go to the chosen classes in equal parts, so that
    small ones stay as whole as can be, and the other half to all other images alike.

    Parameters
    ----------
    classes : ndarray of int, shape (n,)
        Class of each image; images of class -1 are left out.
    groups : ndarray, shape (n,)
        Near-duplicates share a group: together they are one piece of evidence.
    seed : int

    Returns
    -------
    rows : ndarray of int
        Chosen images, ascending.
    chosen : ndarray of int
        Classes with at least `MIN_IMAGES`, the `MOST_CLASSES` largest of them, ascending.

    Examples
    --------
    >>> classes = np.repeat([0, 1, 2, -1], [40, 29, 60, 9])
    >>> groups = np.arange(138)
    >>> groups[69:99] = 69  # 31 images of class 2 are independent
    >>> rows, chosen = independent(classes, groups, seed=0)
    >>> len(rows), chosen.tolist()
    (100, [0, 2])
    """
    _, first = np.unique(np.stack([groups, classes]), axis=1, return_index=True)
    rows = np.sort(first[classes[first] >= 0])
    found, counts = np.unique(classes[rows], return_counts=True)
    largest = np.argsort(-counts, kind="stable")[:MOST_CLASSES]
    chosen = np.sort(found[largest][counts[largest] >= MIN_IMAGES])
    if len(rows) <= SAMPLE:
        return rows, chosen
    rows = np.random.default_rng(seed).permutation(rows)
    turn = np.full(len(rows), len(rows))  # first, second, ... image of its class
    for klass in chosen:
        own = np.flatnonzero(classes[rows] == klass)
        turn[own] = np.arange(len(own))
    in_turns = np.argsort(turn, kind="stable")[: SAMPLE // 2]
    others = np.setdiff1d(np.arange(len(rows)), in_turns)[: SAMPLE - SAMPLE // 2]
    return np.sort(rows[np.concatenate([in_turns, others])]), chosen
