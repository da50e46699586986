"""How far two maps say the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from camcore.errors import InputError
from camcore.heatmap import Heatmap
from camcore.metrics.grids import enlarged

_FLAT = 1e-6  # of the largest value: what float32 leaves of equal numbers


@dataclass(frozen=True)
class Agreement:
    """How alike two maps are.

    Attributes
    ----------
    pearson, spearman : float
        Correlation of the cells and of their ranks, -1 to 1; nan where a map is flat.
    iou : float
        Overlap of the regions at or above 20 % of each map's maximum, 0 to 1; nan where neither
        map has any evidence.
    """

    pearson: float
    spearman: float
    iou: float


def pearson(a: np.ndarray, b: np.ndarray) -> float:
    """Pearson correlation of two arrays, cell by cell.

    Parameters
    ----------
    a, b : ndarray of the same shape

    Returns
    -------
    float, -1 to 1; nan where one of them is flat or holds what is no number: it is then not
    defined.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> round(pearson(np.array([0.0, 1.0, 2.0]), np.array([9.0, 7.0, 5.0])), 6)
    -1.0
    >>> pearson(np.array([0.0, 1.0]), np.array([3.0, 3.0]))
    nan
    """
    first, other = _alike(a, b)
    if not (_varies(first) and _varies(other)):
        return float("nan")
    return float(stats.pearsonr(first, other).statistic)


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's rank correlation of two arrays; equal values share their mean rank.

    Parameters
    ----------
    a, b : ndarray of the same shape

    Returns
    -------
    float, -1 to 1; nan as for `pearson`.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> spearman(np.array([0.0, 1.0, 2.0]), np.array([1.0, 10.0, 11.0]))
    1.0
    """
    first, other = _alike(a, b)
    if not (_varies(first) and _varies(other)):
        return float("nan")
    return float(stats.spearmanr(first, other).statistic)


def iou_at(a: np.ndarray, b: np.ndarray, share: float = 0.2) -> float:
    """Intersection over union of the cells at or above `share` times each array's maximum.

    Parameters
    ----------
    a, b : ndarray of the same shape
    share : float
        0 to 1.

    Returns
    -------
    float, 0 to 1. An array without a positive value has no such cells; nan where that is true of
    both.

    Raises
    ------
    InputError
        If the shapes differ.

    Examples
    --------
    >>> iou_at(np.array([[1.0, 0.2, 0.1]]), np.array([[0.0, 3.0, 3.0]]))
    0.3333333333333333
    """
    first, other = ((array > 0) & (array >= share * array.max()) for array in _alike(a, b))
    union = np.count_nonzero(first | other)
    return float(np.count_nonzero(first & other) / union) if union else float("nan")


def agreement(first: Heatmap, second: Heatmap) -> Agreement:
    """How alike two maps of the same picture are, as they are shown: in 0 to 1.

    Maps of different grids are first brought to the finer one, bilinearly; where the grids cover
    different parts of the picture, to that many points of the part that both speak for.

    Raises
    ------
    InputError
        If they cover no common part of the picture, or different pictures.

    Examples
    --------
    >>> from camcore.pictures.preprocessing import frame_of
    >>> frame = frame_of(8, 8, 8, 8, "stretch")
    >>> raw = np.array([[0.0, 1.0], [2.0, 4.0]])
    >>> agreement(Heatmap(raw, frame), Heatmap(3 * raw, frame))
    Agreement(pearson=1.0, spearman=1.0, iou=1.0)
    """
    height, width = np.maximum(first.raw.shape, second.raw.shape).tolist()
    if first.frame == second.frame:
        a, b = (enlarged(heatmap.values, height, width) for heatmap in (first, second))
        return Agreement(pearson(a, b), spearman(a, b), iou_at(a, b))
    sizes = [(heatmap.frame.width, heatmap.frame.height) for heatmap in (first, second)]
    size = 2 * height, 2 * width  # fine enough for grids that lie apart by half a cell
    both = first.seen(size) & second.seen(size)
    if sizes[0] != sizes[1] or not both.any():
        raise InputError(
            f"the maps cover different parts of a picture, {first.frame} and {second.frame}; "
            "compare maps of one picture, made with the same fit."
        )
    a, b = (heatmap.upsampled("bilinear", size)[both] for heatmap in (first, second))
    return Agreement(pearson(a, b), spearman(a, b), iou_at(a, b))


def _alike(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    first, other = np.asarray(a, np.float64), np.asarray(b, np.float64)
    if first.shape != other.shape:
        raise InputError(
            f"arrays of shapes {first.shape} and {other.shape} cannot be compared cell by cell; "
            "bring them to one grid first, as `agreement` does."
        )
    return first.ravel(), other.ravel()


def _varies(values: np.ndarray) -> bool:
    finite = bool(values.size) and bool(np.isfinite(values).all())
    return finite and float(np.ptp(values)) > _FLAT * float(np.abs(values).max())
