"""A class score by global average pooling and by global maximum pooling, cell by cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Pooled:
    """One way to make a class score of feature maps.

    Attributes
    ----------
    kept : ndarray, shape (K,)
        The one number that is kept of each feature map.
    score : float
        The class score, bias and all.
    shares : ndarray, shape (H, W)
        What each cell adds to the score; they sum to the score without the bias. It is also
        gradient times activation, summed over the feature maps.
    heard : int
        Cells that a change of the score can come from.
    """

    kept: np.ndarray
    score: float
    shares: np.ndarray
    heard: int


def by_mean(maps: np.ndarray, weights: np.ndarray, bias: float) -> Pooled:
    """Global average pooling: every cell counts, one part in H times W.

    Parameters
    ----------
    maps : ndarray, shape (H, W, K)
    weights : ndarray, shape (K,)
    bias : float

    Examples
    --------
    >>> A = np.array([[[4.0, 0.0], [2.0, 6.0]]])
    >>> mean = by_mean(A, np.array([1.0, -1.0]), 0.5)
    >>> mean.kept.tolist(), mean.score, mean.shares.tolist(), mean.heard
    ([3.0, 3.0], 0.5, [[2.0, -2.0]], 2)
    """
    maps, weights = maps.astype(np.float64), weights.astype(np.float64)
    height, width, _ = maps.shape
    kept = maps.mean(axis=(0, 1))
    shares = maps @ weights / (height * width)
    heard = height * width if weights.any() else 0
    return Pooled(kept, float(kept @ weights) + bias, shares, heard)


def by_maximum(maps: np.ndarray, weights: np.ndarray, bias: float) -> Pooled:
    """Global maximum pooling: of each feature map its largest cell counts, the first of equals.

    A feature map that is the same everywhere, such as one that is 0, has no largest cell: its
    number counts for the first cell and is not heard.

    Parameters
    ----------
    maps : ndarray, shape (H, W, K)
    weights : ndarray, shape (K,)
    bias : float

    Examples
    --------
    >>> A = np.array([[[4.0, 0.0], [2.0, 6.0]]])
    >>> largest = by_maximum(A, np.array([1.0, -1.0]), 0.5)
    >>> largest.kept.tolist(), largest.score, largest.shares.tolist(), largest.heard
    ([4.0, 6.0], -1.5, [[4.0, -6.0]], 2)
    """
    height, width, count = maps.shape
    flat = maps.reshape(-1, count).astype(np.float64)
    kept, where = flat.max(axis=0), flat.argmax(axis=0)
    added = kept * weights.astype(np.float64)
    shares = np.bincount(where, added, minlength=height * width).reshape(height, width)
    speaks = (kept > flat.min(axis=0)) & (weights != 0)
    return Pooled(kept, float(added.sum()) + bias, shares, len(np.unique(where[speaks])))
