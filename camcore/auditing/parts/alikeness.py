"""Are the crops of a part the same thing again and again, or each another view of an object?"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy import ndimage

_SIDE = 32  # pixels that crops are resized to
_PATCH = 12
_STEP = 8
_QUANTILE = 0.6  # of the other crops: a cue need not be in every one of them
_NOISE = 4.0  # grey levels: a fainter patch correlates by chance


def alikeness(crops: np.ndarray, others: np.ndarray) -> float:
    """How well patches of some crops are found again in the other crops, beyond chance.

    Each crop's patch that recurs best is looked for in all other crops, wherever it may lie there,
    by normalised cross-correlation of all channels; edges and blobs recur anywhere, so what the
    same patch finds in crops from elsewhere is taken off. A stamp, a ruler or a marker recurs; a
    face or a wheel does not, pixel by pixel.

    Parameters
    ----------
    crops : ndarray, uint8, shape (N, h, w, C)
        Where a part peaks, one a picture.
    others : ndarray, uint8, shape (N, h, w, C)
        From elsewhere in the same pictures.

    Returns
    -------
    float
        Excess correlation of the median crop, 0 to 1; 0 with fewer than four crops.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.integers(0, 256, (2, 8, 32, 32, 1)).astype(np.uint8)
    >>> stamped = noise[0].copy()
    >>> for place, crop in enumerate(stamped):
    ...     crop[place : place + 20, 4:24] = noise[1, 0, :20, :20]
    >>> alikeness(noise[0], noise[1]) < 0.2 < 0.5 < alikeness(stamped, noise[1])
    True
    """
    if len(crops) < 4:
        return 0.0
    of_crops, elsewhere = (_patches(images) for images in (crops, others))
    side = _SIDE - _PATCH + 1
    grid = of_crops.reshape(len(of_crops), side, side, -1)[:, 2::_STEP, 2::_STEP]
    templates = grid.reshape(len(of_crops), -1, of_crops.shape[-1])
    here, there = (_best_matches(templates, patches) for patches in (of_crops, elsewhere))
    excess = []
    for number in range(len(of_crops)):
        kept = np.arange(len(of_crops)) != number
        usual = [
            np.quantile(matches[number][:, kept], _QUANTILE, axis=1) for matches in (here, there)
        ]
        excess.append((usual[0] - usual[1]).max())
    return float(np.clip(np.median(excess), 0.0, 1.0))


def _best_matches(templates: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """Correlation of each crop's templates with the best patch of each image.

    (N, templates, values) and (M, patches, values) -> (N, templates, M).
    """
    products = templates.reshape(-1, templates.shape[-1]) @ patches.reshape(-1, patches.shape[-1]).T
    best: np.ndarray = products.reshape(*templates.shape[:2], *patches.shape[:2]).max(axis=-1)
    return best


def _patches(crops: np.ndarray) -> np.ndarray:
    """Every patch of every crop, without its mean and of length 1, (N, patches, values)."""
    zoom = (1, _SIDE / crops.shape[1], _SIDE / crops.shape[2], 1)
    blur = [max(0.0, (size / _SIDE - 1) / 2) for size in crops.shape[1:3]]
    smooth = ndimage.gaussian_filter(crops.astype(np.float32), (0, *blur, 0))
    small = ndimage.zoom(smooth, zoom, order=1, grid_mode=True, mode="nearest")
    seen = sliding_window_view(small, (_PATCH, _PATCH), (1, 2))
    # The mean of each channel by itself: colour alone is no form.
    seen = seen - seen.mean(axis=(-2, -1), keepdims=True)
    seen = seen.reshape(len(crops), -1, _PATCH * _PATCH * crops.shape[-1])
    length = np.linalg.norm(seen, axis=2, keepdims=True)
    patches: np.ndarray = seen / (length + _NOISE * np.sqrt(seen.shape[2]))
    return patches
