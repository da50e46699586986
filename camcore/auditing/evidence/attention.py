"""Attention: where the maps of one class carry more evidence than those of the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camcore.auditing.evidence.sampling import independent
from camcore.auditing.rules import RULES

_BATCH = 20  # shuffles held at once
_ROUNDING = 1e-6  # a shuffle that ties with the observed one must count as a tie


@dataclass(frozen=True, eq=False)
class Attention:
    """Where one class's evidence lies.

    Attributes
    ----------
    klass : int
    mean, others : ndarray, shape (h, w), float64
        Mean map of the class and of all other classes' images together, each of sum 1 (or 0
        without any evidence). Centre and padding bias are in both.
    pvalues : ndarray, shape (h, w)
        Whether the class has more than the others: one-sided, max-T over all cells and classes
        under shuffled labels. All 1 where the class or the others have fewer than
        `RULES.least_images` maps with evidence.
    no_evidence : float
        Share of the class's images without any positive evidence, 0 to 1.
    """

    klass: int
    mean: np.ndarray
    others: np.ndarray
    pvalues: np.ndarray
    no_evidence: float

    @property
    def difference(self) -> np.ndarray:
        """Mean map of the class minus that of the others; where neither bias is left."""
        difference: np.ndarray = self.mean - self.others
        return difference

    @property
    def cells(self) -> np.ndarray:
        """Bool (h, w): significant, and enough more than the other classes' to count."""
        enough = np.maximum(
            RULES.attention_lift * self.others, self.others + RULES.attention_above / self.mean.size
        )
        return (self.pvalues < RULES.significance) & (self.mean >= enough)

    @property
    def share(self) -> float:
        """Share of the class's evidence in `cells`, 0 to 1."""
        return float(self.mean[self.cells].sum())


def attention(
    maps: np.ndarray, classes: np.ndarray, *, groups: np.ndarray, seed: int
) -> list[Attention]:
    """Compare each class's mean map with that of all other classes.

    Parameters
    ----------
    maps : ndarray, shape (n, h, w), float32
        After ReLU, each of sum 1, or all zero where there is no positive evidence. Those are
        counted, and say nothing about places.
    classes : ndarray of int, shape (n,)
        -1 for images without a class; they are left out.
    groups : ndarray, shape (n,)
        Near-duplicates share a group, and one image of each counts. Of many images and classes
        only some are looked at: `camcore.auditing.evidence.sampling`.
    seed : int

    Returns
    -------
    list of Attention
        One for each class with at least `RULES.least_images`, ascending.

    Notes
    -----
    The statistic of a cell is its correlation with membership of the class, which orders the
    shuffles as Student's t does and needs one matrix product for all of them. Only the largest of
    each shuffle is kept (single-step max-T): grids of many cells need no more memory.

    Examples
    --------
    >>> maps = np.zeros((80, 2, 2), np.float32)
    >>> maps[:40, 0, 0] = maps[40:, 1, 1] = 1
    >>> maps[0] = 0
    >>> first, second = attention(maps, np.repeat([0, 1], 40), groups=np.arange(80), seed=0)
    >>> first.cells.tolist(), first.share, first.no_evidence
    ([[True, False], [False, False]], 1.0, 0.025)
    """
    rows, chosen = independent(classes, groups)
    if len(chosen) == 0:
        return []
    labels = classes[rows]
    flat = maps[rows].reshape(len(rows), -1).astype(np.float32)
    with_evidence = flat.any(axis=1)
    flat, images = flat[with_evidence], labels
    labels = labels[with_evidence]
    counts = np.array([(labels == klass).sum() for klass in chosen], np.int64)
    others = len(labels) - counts
    sums = np.array([flat[labels == klass].sum(axis=0, dtype=np.float64) for klass in chosen])
    rest = np.maximum(flat.sum(axis=0, dtype=np.float64) - sums, 0)
    pvalues = np.ones((len(chosen), flat.shape[1]))
    tested = (counts >= RULES.least_images) & (others >= RULES.least_images)
    if tested.any():
        member = labels == chosen[tested][:, None]
        pvalues[tested] = _pvalues(flat, member, np.random.default_rng(seed))
    grid = maps.shape[1:]
    return [
        Attention(
            int(klass),
            (sums[place] / max(counts[place], 1)).reshape(grid),
            (rest[place] / max(others[place], 1)).reshape(grid),
            pvalues[place].reshape(grid),
            float(np.mean(~with_evidence[images == klass])),
        )
        for place, klass in enumerate(chosen)
    ]


def _pvalues(flat: np.ndarray, member: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """One-sided p of shape (classes, cells), adjusted over both."""
    moving = flat.max(axis=0) > flat.min(axis=0)
    units = (flat - flat.mean(axis=0)) * moving
    units /= np.where(moving, np.linalg.norm(units, axis=0), 1)
    count, size = len(flat), member.sum(axis=1, keepdims=True)
    weights = (member / np.sqrt(size * (count - size) / count)).astype(np.float32)
    orders = [np.arange(count), *(rng.permutation(count) for _ in range(RULES.shuffles))]
    peaks = np.empty(len(orders), np.float32)
    for start in range(0, len(orders), _BATCH):
        part = np.stack(orders[start : start + _BATCH])
        shuffled = weights[:, part].swapaxes(0, 1).reshape(-1, count)
        correlations = (shuffled @ units).reshape(len(part), -1)
        peaks[start : start + len(part)] = correlations.max(axis=1)
        if start == 0:
            observed = correlations[0]
    peaks.sort()
    beaten = np.searchsorted(peaks, observed - _ROUNDING)
    pvalues: np.ndarray = ((len(peaks) - beaten) / len(peaks)).reshape(len(member), -1)
    return pvalues
