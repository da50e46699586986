"""Leader clustering: each vector joins the earlier leader most like it, or leads itself."""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

_BLOCK = 1024  # rows compared at once
_FEW = 4096  # leaders that comparing with all is cheaper for than looking them up
_MISSED = 1e-6  # chance that a pair just alike enough is overlooked among many leaders
_CROWDED = 8  # leaders a row in its bucket from which on hashing separates too little
_SLICE = 16_384  # pairs multiplied at once


def leaders_of(vectors: np.ndarray, alike: float) -> np.ndarray:
    r"""For each vector the earlier leader that it is most like, or itself as a new leader.

    Leaders are looked up by random hyperplanes: two unit vectors at the angle
    :math:`\theta = \arccos` `alike` lie on the same side of one with the probability
    :math:`1 - \theta / \pi`. A bucket is one combination of sides; there are as many sets of
    buckets as leave a pair just alike enough a chance of one in a million to meet in none. Whoever
    meets is compared exactly. So time grows little faster than n log n; only where thousands of
    leaders crowd in few buckets are all pairs compared, as they are among a few thousand leaders,
    where that is cheaper and overlooks nothing.

    Parameters
    ----------
    vectors : ndarray, shape (n, p), float32
        Of length one, or zero: a zero vector is like no other.
    alike : float
        Smallest product, above 0, of a vector and its leader.

    Returns
    -------
    ndarray of int, shape (n,)
        Row of the leader.

    References
    ----------
    .. [1] Charikar, M. S. "Similarity Estimation Techniques from Rounding Algorithms." STOC 2002.

    Examples
    --------
    >>> vectors = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8], [0.96, 0.28]], np.float32)
    >>> leaders_of(vectors, 0.9).tolist()
    [0, 1, 2, 0]
    """
    leader = np.arange(len(vectors))
    rows = np.flatnonzero(vectors.any(axis=1))  # zero vectors would crowd one bucket
    clustering = _Clustering(vectors[rows], alike)
    clustering.settle(0, len(rows))
    leader[rows] = rows[clustering.leader]
    return leader


class _Clustering:
    """Rows in blocks: those of a block try the leaders of all earlier ones before each other."""

    def __init__(self, vectors: np.ndarray, alike: float) -> None:
        count = len(vectors)
        self.leader = np.arange(count)
        self._vectors = vectors
        self._alike = alike
        self._likeness = np.full(count, np.nextafter(np.float32(alike), np.float32(-1)))
        self._bits = max(count, 1).bit_length() + 1  # at least twice as many buckets as vectors

    def settle(self, start: int, stop: int) -> None:
        """Find the leaders of these rows, of which those before `start` have been tried."""
        if stop - start <= _BLOCK:
            self._settle_block(start, stop)
            return
        blocks = -(-(stop - start) // _BLOCK)
        middle = start + blocks // 2 * _BLOCK
        self.settle(start, middle)
        leaders = start + np.flatnonzero(self.leader[start:middle] == np.arange(start, middle))
        if len(leaders) <= _FEW or not self._look_up(leaders, middle, stop):
            self._compare_all(leaders, middle, stop)
        self.settle(middle, stop)

    def _settle_block(self, start: int, stop: int) -> None:
        rows = start + np.flatnonzero(self.leader[start:stop] == np.arange(start, stop))
        products = np.tril(self._vectors[rows] @ self._vectors[rows].T, -1)
        for row in np.flatnonzero((products >= self._alike).any(axis=1)):
            products[row, self.leader[rows] != rows] = 0
            best = products[row].argmax()
            if products[row, best] >= self._alike:
                self.leader[rows[row]] = rows[best]

    def _compare_all(self, leaders: np.ndarray, start: int, stop: int) -> None:
        for first in range(0, len(leaders), 4 * _BLOCK):
            some = leaders[first : first + 4 * _BLOCK]
            candidates = self._vectors[some].T
            for top in range(start, stop, _BLOCK):
                rows = np.arange(top, min(top + _BLOCK, stop))
                like = self._vectors[rows] @ candidates
                best = like.argmax(axis=1)
                self._join(rows, some[best], like[np.arange(len(rows)), best])

    def _look_up(self, leaders: np.ndarray, start: int, stop: int) -> bool:
        """Compare rows with the leaders in their buckets; False if too many are there."""
        for keys in self._keys:
            of_leaders, of_rows = keys[leaders], keys[start:stop]
            sizes = np.bincount(of_leaders, minlength=2**self._bits)
            counts = sizes[of_rows]
            total = int(counts.sum())
            if total > _CROWDED * (stop - start):
                return False
            order = np.argsort(of_leaders)
            first = np.cumsum(sizes)[of_rows] - counts
            rows = np.repeat(np.arange(start, stop), counts)
            place = np.arange(total) - np.repeat(np.cumsum(counts) - counts - first, counts)
            candidates = leaders[order[place]]
            new = candidates != self.leader[rows]  # a row meets its leader in many sets
            rows, candidates = rows[new], candidates[new]
            for top in range(0, len(rows), _SLICE):
                row, candidate = rows[top : top + _SLICE], candidates[top : top + _SLICE]
                like = np.einsum("np,np->n", self._vectors[row], self._vectors[candidate])
                near = np.flatnonzero(like >= self._alike)
                # The best of each row comes last, so it is what stays assigned.
                near = near[np.lexsort((-candidate[near], like[near]))]
                self._join(row[near], candidate[near], like[near])
        return True

    def _join(self, rows: np.ndarray, leaders: np.ndarray, likeness: np.ndarray) -> None:
        better = likeness > self._likeness[rows]
        self.leader[rows[better]] = leaders[better]
        self._likeness[rows[better]] = likeness[better]

    @cached_property
    def _keys(self) -> np.ndarray:
        """Buckets of each vector, a row for each set of buckets."""
        meeting = (1 - math.acos(self._alike) / math.pi) ** self._bits
        sets = math.ceil(math.log(_MISSED) / math.log1p(-meeting))
        count, dimensions = self._vectors.shape
        planes = np.random.default_rng(0).standard_normal(
            (dimensions, sets * self._bits), dtype=np.float32
        )
        powers = np.exp2(np.arange(self._bits, dtype=np.float32))  # sums are exact below 2^24
        keys = np.empty((sets, count), np.int32)
        for top in range(0, count, _BLOCK):
            sides = self._vectors[top : top + _BLOCK] @ planes > 0
            keys[:, top : top + _BLOCK] = (sides.reshape(-1, sets, self._bits) @ powers).T
        return keys
