"""Pictures by their ids, as they are or with other cues: told in full, made when needed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from camcore.auditing.edits import Probe
from camcore.auditing.interventions.image_pool import Pool

AT_ONCE = 64
"""Pictures edited together: what donors share is read from so many."""


@dataclass(frozen=True, eq=False)
class Batch:
    """Some pictures, each with the cues of its donors.

    Attributes
    ----------
    name : str
        Unique in a repair.
    ids : ndarray, shape (N,), int
    edits : tuple of (Probe, ndarray of int, shape (N,))
        Each edit and the donors' ids, in the order in which they are made.
    seed : int
    """

    name: str
    ids: np.ndarray
    edits: tuple[tuple[Probe, np.ndarray], ...] = ()
    seed: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def pixels(self, pool: Pool) -> Iterator[np.ndarray]:
        """The pictures in order, `AT_ONCE` at a time, uint8 (n, H, W, C)."""
        for start in range(0, len(self), AT_ONCE):
            chunk = slice(start, start + AT_ONCE)
            seen = pool.images(self.ids[chunk])
            for probe, donors in self.edits:
                key = [self.seed, start, *probe.name.encode()]
                given = pool.images(donors[chunk])
                edited = probe.transfer(seen, given, np.random.default_rng(key))
                seen = replace(seen, pixels=edited)
            yield seen.pixels


def any_donors(labels: np.ndarray, copies: int, rng: np.random.Generator) -> np.ndarray:
    """Places of donors, from every class about as many for each picture: (copies, N).

    So the class of a picture tells nothing of the cue that it takes.

    Examples
    --------
    >>> labels = np.array([0, 0, 0, 1])
    >>> drawn = any_donors(labels, 4, np.random.default_rng(0))
    >>> (labels[drawn] == 1).mean(axis=0).tolist()
    [0.5, 0.5, 0.5, 0.5]
    """
    classes = np.unique(labels)
    rounds = -(-copies // len(classes))
    turns = [rng.permuted(np.tile(classes, (len(labels), 1)), axis=1) for _ in range(rounds)]
    wanted = np.concatenate(turns, axis=1)[:, :copies].T
    drawn = np.empty(wanted.shape, int)
    for klass in classes:
        taken = wanted == klass
        drawn[taken] = rng.choice(np.flatnonzero(labels == klass), taken.sum())
    return drawn
