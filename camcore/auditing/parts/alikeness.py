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
_SHADING = 2.0  # pixels of a resized crop: broader changes of light are no detail


def alikeness(crops: np.ndarray, *controls: np.ndarray, detail: bool = False) -> float:
    """How well patches of some crops are found again in the other crops, beyond chance.

    Each crop's patch that recurs best is looked for in all other crops, wherever it may lie there,
    by normalised cross-correlation of all channels; edges and blobs recur anywhere, so what the
    same patch finds in the controls is taken off. A stamp, a ruler or a marker recurs; a
    face or a wheel does not, pixel by pixel.

    Parameters
    ----------
    crops : ndarray, uint8, shape (N, h, w, C)
        Where a part peaks, one a picture.
    *controls : ndarray, uint8, shape (M, h, w, C)
        From elsewhere in the same pictures, or where the part peaks in those of other classes.
    detail : bool
        Whether only fine detail counts. Skies, and the outlines of garments, recur in their broad
        shading; lines, letters and scales recur without it as well.

    Returns
    -------
    float
        Excess correlation of the median crop, 0 to 1, over the control that is nearest; 0 with
        fewer than four crops.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> noise = rng.integers(0, 256, (2, 8, 32, 32, 1)).astype(np.uint8)
    >>> stamped = noise[0].copy()
    >>> for place, crop in enumerate(stamped):
    ...     crop[place : place + 20, 4:24] = noise[1, 0, :20, :20]
    >>> alikeness(noise[0], noise[1]) < 0.2 < 0.5 < alikeness(stamped, noise[1])
    True
    >>> alikeness(stamped, noise[1], stamped)
    0.0
    >>> slopes = np.broadcast_to(np.arange(0, 256, 8, np.uint8)[:, None], (8, 32, 32))[..., None]
    >>> alikeness(slopes, noise[1]) > 0.5 > alikeness(slopes, noise[1], detail=True)
    True
    """
    if len(crops) < 4:
        return 0.0
    of_crops = _patches(crops, detail)
    side = _SIDE - _PATCH + 1
    grid = of_crops.reshape(len(of_crops), side, side, -1)[:, 2::_STEP, 2::_STEP]
    templates = grid.reshape(len(of_crops), -1, of_crops.shape[-1])
    here = _best_matches(templates, of_crops)
    itself = np.eye(len(crops), dtype=bool)[:, None]
    here = np.nanquantile(np.where(itself, np.nan, here), _QUANTILE, axis=2)
    excesses = []
    for control in controls:
        there = np.quantile(_best_matches(templates, _patches(control, detail)), _QUANTILE, axis=2)
        excesses.append(float(np.clip(np.median((here - there).max(axis=1)), 0.0, 1.0)))
    return min(excesses)


def _best_matches(templates: np.ndarray, patches: np.ndarray) -> np.ndarray:
    """Correlation of each crop's templates with the best patch of each image.

    (N, templates, values) and (M, patches, values) -> (N, templates, M).
    """
    products = templates.reshape(-1, templates.shape[-1]) @ patches.reshape(-1, patches.shape[-1]).T
    best: np.ndarray = products.reshape(*templates.shape[:2], *patches.shape[:2]).max(axis=-1)
    return best


def _patches(crops: np.ndarray, detail: bool) -> np.ndarray:
    """Every patch of every crop, without its mean and of length 1, (N, patches, values)."""
    zoom = (1, _SIDE / crops.shape[1], _SIDE / crops.shape[2], 1)
    blur = [max(0.0, (size / _SIDE - 1) / 2) for size in crops.shape[1:3]]
    smooth = ndimage.gaussian_filter(crops.astype(np.float32), (0, *blur, 0))
    small = ndimage.zoom(smooth, zoom, order=1, grid_mode=True, mode="nearest")
    if detail:
        small = small - ndimage.gaussian_filter(small, (0, _SHADING, _SHADING, 0))
    seen = sliding_window_view(small, (_PATCH, _PATCH), (1, 2))
    # The mean of each channel by itself: colour alone is no form.
    seen = seen - seen.mean(axis=(-2, -1), keepdims=True)
    seen = seen.reshape(len(crops), -1, _PATCH * _PATCH * crops.shape[-1])
    length = np.linalg.norm(seen, axis=2, keepdims=True)
    noise = 2 * _NOISE if detail else _NOISE  # less is left of a patch, and as much of its noise
    patches: np.ndarray = seen / (length + noise * np.sqrt(seen.shape[2]))
    return patches
