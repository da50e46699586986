"""What each feature map adds: its weight, its mean, and the product of the two."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

_SIDE = 56  # cells of a side that are sent to the browser; finer grids are averaged


@dataclass(frozen=True, eq=False)
class Contributions:
    """Feature maps of one picture with the weights of one class.

    Attributes
    ----------
    maps : ndarray, shape (H, W, K), float32
    weights : ndarray, shape (K,), float32

    Examples
    --------
    >>> A = np.array([[[1.0, 0.0], [3.0, 4.0]]], np.float32)
    >>> two = Contributions(A, np.array([2.0, -3.0], np.float32))
    >>> two.means.tolist(), two.added.tolist(), two.largest_first.tolist()
    ([2.0, 2.0], [4.0, -6.0], [1, 0])
    >>> two.total.tolist()
    [[2.0, -6.0]]
    """

    maps: np.ndarray
    weights: np.ndarray

    @cached_property
    def means(self) -> np.ndarray:
        """Mean of each feature map over its cells, shape (K,)."""
        return self.maps.mean(axis=(0, 1), dtype=np.float64)

    @cached_property
    def added(self) -> np.ndarray:
        """Weight times mean: what each feature map adds to the score, shape (K,)."""
        return self.weights * self.means

    @cached_property
    def largest_first(self) -> np.ndarray:
        """Indices of the feature maps by the magnitude of what they add."""
        return np.argsort(-np.abs(self.added), kind="stable")

    @cached_property
    def total(self) -> np.ndarray:
        """The weighted sum, shape (H, W)."""
        return self.maps @ self.weights

    def small(self) -> np.ndarray:
        """The feature maps on a grid that a browser can hold, shape (K, h, w) float32.

        Examples
        --------
        >>> fine = Contributions(np.ones((112, 8, 3), np.float32), np.ones(3, np.float32))
        >>> fine.small().shape
        (3, 56, 8)
        """
        height, width, _ = self.maps.shape
        down, across = _averaging(height), _averaging(width)
        maps = np.tensordot(across, np.tensordot(down, self.maps, (1, 0)), (1, 1))
        return np.ascontiguousarray(maps.transpose(2, 1, 0), np.float32)


def _averaging(cells: int) -> np.ndarray:
    """The matrix that averages `cells` cells to at most `_SIDE`, by the area that each covers.

    Examples
    --------
    >>> _averaging(2).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    count = min(cells, _SIDE)
    edges = np.linspace(0, cells, count + 1)
    starts = np.arange(cells)
    shared = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    return (np.maximum(shared, 0) / (cells / count)).astype(np.float32)
