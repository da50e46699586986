"""Maps from what a model answers to variants of a picture or of its feature maps.

T targets are treated at once: scores of V variants are (V, T), raw maps are (T, h, w), float32.
"""

from __future__ import annotations

import numpy as np
from scipy.special import softmax

_SAME = 1e-6  # of the largest score: what float32 leaves of equal scores


def score_cam(
    activations: np.ndarray, channels: np.ndarray, scores: np.ndarray, base: np.ndarray
) -> np.ndarray:
    r"""Score-CAM: :math:`\sum_k \mathrm{softmax}(s)_k A_k`.

    s_k is the class score of the picture seen through channel k. Where all are equal the target
    does not depend on what is seen, and the map is zero. Wang et al., CVPRW 2020,
    arXiv:1910.01279.

    Parameters
    ----------
    activations : ndarray, shape (h, w, K), float32
    channels : ndarray of int
        Which channel each variant was made with.
    scores : ndarray, shape (V, T)
        Of the first V of these channels.
    base : ndarray, shape (T,)
        Class scores of the unchanged picture; the softmax does not need them.

    Returns
    -------
    ndarray, shape (T, h, w), float32

    Examples
    --------
    >>> A = np.array([[[1.0, 0.0], [0.0, 8.0]]], np.float32)
    >>> score_cam(A, np.array([0, 1]), np.log([[3.0], [1.0]]), np.zeros(1)).round(4).tolist()
    [[[0.75, 2.0]]]
    """
    height, width = activations.shape[:2]
    if not len(scores):
        return np.zeros((len(base), height, width), np.float32)
    wide = scores.astype(np.float64)
    weights = softmax(wide, axis=0)
    differs = np.ptp(wide, axis=0) > _SAME * np.abs(wide).max(axis=0)
    used = activations[:, :, channels[: len(scores)]]
    maps: np.ndarray = np.einsum("hwk,kt->thw", used, np.where(differs, weights, 0)).astype(
        np.float32
    )
    return maps


def recipro_cam(scores: np.ndarray, height: int, width: int) -> np.ndarray:
    r"""Recipro-CAM: :math:`y_c(A \odot m_{ij}) - y_c(0)`, position by position.

    What is left of the feature maps through the mask m is one position. The class score of empty
    feature maps is taken off, which the paper's min-max scaling does not feel, so that a positive
    value speaks for the class. Byun and Lee 2022, arXiv:2209.14074.

    Parameters
    ----------
    scores : ndarray, shape (1 + height * width, T)
        The first row is that of empty feature maps.

    Returns
    -------
    ndarray, shape (T, height, width), float32

    Examples
    --------
    >>> recipro_cam(np.array([[1.0], [1.5], [0.0]]), 1, 2).tolist()
    [[[0.5, -1.0]]]
    """
    maps: np.ndarray = (scores[1:] - scores[0]).T.reshape(-1, height, width).astype(np.float32)
    return maps


def ablation_cam(activations: np.ndarray, scores: np.ndarray, base: np.ndarray) -> np.ndarray:
    r"""Ablation-CAM: :math:`\sum_k a_k A_k,\ a_k = (y_c - y_c^{\setminus k}) / |y_c|`.

    Where the class score is 0 the division, which changes no scaled map, is left out.
    Desai and Ramaswamy, WACV 2020.

    Parameters
    ----------
    activations : ndarray, shape (h, w, K), float32
    scores : ndarray, shape (K, T)
        Class scores without each channel.
    base : ndarray, shape (T,)
        Class scores with all of them.

    Returns
    -------
    ndarray, shape (T, h, w), float32

    Examples
    --------
    >>> A = np.array([[[1.0, 10.0], [2.0, 20.0]]], np.float32)
    >>> ablation_cam(A, np.array([[1.0], [6.0]]), np.array([4.0])).tolist()
    [[[-4.25, -8.5]]]
    """
    size = np.abs(base)
    drop = (base - scores) / np.where(size > 0, size, 1)
    maps: np.ndarray = np.einsum("hwk,kt->thw", activations, drop).astype(np.float32)
    return maps


def occlusion(scores: np.ndarray, base: np.ndarray, rows: int, columns: int) -> np.ndarray:
    r"""Occlusion: :math:`\mathrm{mean}_{P \ni ij}(y_c - y_c^{\setminus P})` over patches P.

    Each cell is the mean drop of the class score over the patches of two by two cells that cover
    it. Zeiler and Fergus, ECCV 2014, arXiv:1311.2901.

    Parameters
    ----------
    scores : ndarray, shape (patches, T)
        With each patch replaced, row by row.
    base : ndarray, shape (T,)
        Of the unchanged picture.

    Returns
    -------
    ndarray, shape (T, rows, columns), float32

    Examples
    --------
    >>> occlusion(np.array([[1.0], [3.0]]), np.array([4.0]), 2, 3)[0, 0].tolist()
    [3.0, 2.0, 1.0]
    """
    high, wide = max(1, rows - 1), max(1, columns - 1)  # a side of one cell has one place
    drops = (base - scores).T.reshape(-1, high, wide)
    total = np.zeros((len(drops), rows, columns))
    covered = np.zeros((rows, columns))
    for down in range(min(2, rows)):
        for right in range(min(2, columns)):
            part = np.s_[..., down : down + high, right : right + wide]
            total[part] += drops
            covered[part] += 1
    return (total / covered).astype(np.float32)
