"""Deletion and insertion: the class probability while the pixels that a map names go or come.

Petsiuk et al., "RISE: Randomized Input Sampling for Explanation of Black-box Models", BMVC 2018,
arXiv:1806.07421.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from camcore.heatmap import Heatmap, on_picture
from camcore.methods.variant_scores import BATCH


def pixel_order(heatmap: Heatmap, height: int, width: int) -> np.ndarray:
    """Pixels of a model's input from the most to the least important, by a map.

    The 0-1 map is brought to the input bilinearly. Where it is equal, as in all that ReLU has
    cut, the map before ReLU decides, so that no side of the picture is favoured. What the map
    says nothing of comes last.

    Parameters
    ----------
    heatmap : Heatmap
        In a frame that says where it lies in the input.
    height, width : int
        Of the input.

    Returns
    -------
    ndarray of int, shape (height * width,)
        Flat indices, row by row.

    Examples
    --------
    >>> from camcore.pictures.preprocessing import frame_of
    >>> raw = np.array([[-2.0, 3.0], [4.0, -1.0]])
    >>> pixel_order(Heatmap(raw, frame_of(2, 2, 2, 2, "stretch")), 2, 2).tolist()
    [2, 1, 3, 0]
    """
    size = height, width
    importance = heatmap.upsampled("bilinear", size).ravel()
    before = on_picture(heatmap.raw, heatmap.frame, size).ravel()
    before[~heatmap.seen(size).ravel()] = -np.inf
    return np.lexsort((-before, -importance))


def probability_curve(
    probability: Callable[[np.ndarray], np.ndarray],
    start: np.ndarray,
    finish: np.ndarray,
    order: np.ndarray,
    counts: np.ndarray,
    progress: Callable[[int], None] | None = None,
) -> np.ndarray:
    """Probability of a class while more and more pixels of one image become those of another.

    Parameters
    ----------
    probability : callable
        Images (N, H, W, C) -> probabilities (N,).
    start, finish : ndarray, shape (H, W, C), float32
    order : ndarray of int, shape (H * W,)
        Flat indices of the pixels, the first to change first.
    counts : ndarray of int, shape (S,)
        How many pixels have changed, for each point of the curve.
    progress : callable, optional
        Called with the points done after each batch.

    Returns
    -------
    ndarray, shape (S,), float64

    Examples
    --------
    >>> image = np.array([[[0.4], [0.6]]], np.float32)
    >>> total = lambda images: images.sum(axis=(1, 2, 3))
    >>> curve = probability_curve(total, image, 0 * image, np.array([1, 0]), np.array([0, 1, 2]))
    >>> curve.round(6).tolist()
    [1.0, 0.4, 0.0]
    """
    channels = start.shape[-1]
    rank = np.empty(len(order), np.intp)
    rank[order] = np.arange(len(order))
    probabilities: list[np.ndarray] = []
    for at in range(0, len(counts), BATCH):
        changed = rank < counts[at : at + BATCH, None]
        pixels = np.where(
            changed[..., None], finish.reshape(-1, channels), start.reshape(-1, channels)
        )
        probabilities.append(probability(pixels.reshape(-1, *start.shape)))
        if progress is not None:
            progress(min(at + BATCH, len(counts)))
    return np.concatenate(probabilities).astype(np.float64)


def area_under(shares: np.ndarray, curve: np.ndarray) -> float:
    """Area under a curve by trapezoids.

    Parameters
    ----------
    shares : ndarray, shape (S,)
        Ascending, 0 to 1: which share of the pixels has changed.
    curve : ndarray, shape (S,)

    Examples
    --------
    >>> area_under(np.array([0.0, 0.5, 1.0]), np.array([1.0, 0.5, 0.0]))
    0.5
    """
    return float(np.trapezoid(curve, shares))
