"""Noisy linear imputation: a region is filled from the pixels around it.

Every unknown pixel is the weighted mean of its eight neighbours, 1/6 for a direct one and 1/12 for
a diagonal one, which is one sparse linear system; then a little noise is added. Rong et al., "A
Consistent and Efficient Evaluation Strategy for Attribution Methods" (ROAD), ICML 2022,
arXiv:2202.00449. Unlike a constant it shows a network neither the shape of the region nor a colour
that it has never seen.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import SuperLU, splu

from camcore.auditing.edits.probe import as_pixels
from camcore.auditing.rules import RULES

_AT_ONCE = 6  # right-hand sides; for more, BLAS starts threads that cost more than they bring
_NEIGHBOURS = [(i, j, 1.0 if i and j else 2.0) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]


def impute(pixels: np.ndarray, mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fill one region in all images.

    Parameters
    ----------
    pixels : ndarray, uint8, shape (N, H, W, C)
    mask : ndarray of bool, shape (H, W)
        What to fill. If it covers everything there is nothing to fill from, and each image gets
        its own mean.
    rng : Generator

    Returns
    -------
    ndarray, uint8, shape (N, H, W, C)

    Examples
    --------
    >>> image = np.full((1, 30, 30, 1), 100, np.uint8)
    >>> image[0, 10:20, 10:20] = 255
    >>> mask = image[0, ..., 0] == 255
    >>> filled = impute(image, mask, np.random.default_rng(0))[0, mask, 0]
    >>> bool(99 < filled.mean() < 101), bool(1.5 < filled.std() < 2.5)
    (True, True)
    """
    count, height, width, channels = pixels.shape
    filled = pixels.copy()
    noise = RULES.fill_noise * rng.standard_normal((count, int(mask.sum()), channels), np.float32)
    if mask.all():
        filled[:, mask] = as_pixels(pixels.mean(axis=(1, 2), keepdims=True)[:, 0] + noise)
    elif mask.any():
        factors, edge, weights = _system(np.packbits(mask).tobytes(), height, width)
        known = pixels.reshape(count, -1, channels)[:, edge].transpose(1, 0, 2)
        pull = weights @ known.reshape(len(edge), -1).astype(np.float32)
        parts = np.split(pull, range(_AT_ONCE, pull.shape[1], _AT_ONCE), axis=1)
        values = np.concatenate([factors.solve(part) for part in parts], axis=1)
        values = values.reshape(-1, count, channels).transpose(1, 0, 2)
        filled[:, mask] = as_pixels(values + noise)
    return filled


def impute_each(pixels: np.ndarray, masks: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Fill a region of its own in each image; `masks` is bool (N, H, W)."""
    each = zip(pixels, masks, strict=True)
    filled = [impute(image[None], mask, rng) for image, mask in each]
    return np.concatenate(filled) if filled else pixels.copy()


# The matrix depends on the region only: one factorisation serves all images and channels.
@lru_cache(maxsize=4)
def _system(mask: bytes, height: int, width: int) -> tuple[SuperLU, np.ndarray, sparse.csr_array]:
    """Factors of the unknown pixels, the known pixels they touch, and the weights of these."""
    size = height * width
    unknown = np.flatnonzero(np.unpackbits(np.frombuffer(mask, np.uint8), count=size))
    row, column = np.divmod(unknown, width)
    place = np.full(size, -1)
    place[unknown] = np.arange(len(unknown))
    links = []
    for down, across, weight in _NEIGHBOURS:
        r, c = row + down, column + across
        here = np.flatnonzero((r >= 0) & (r < height) & (c >= 0) & (c < width))
        links.append((here, r[here] * width + c[here], np.full(len(here), weight, np.float32)))
    pixel, neighbour, weights = map(np.concatenate, zip(*links, strict=True))
    inner = place[neighbour] >= 0
    diagonal = sparse.diags_array(np.bincount(pixel, weights)).tocsc()
    shared = (pixel[inner], place[neighbour[inner]])
    matrix = diagonal - sparse.coo_array((weights[inner], shared), diagonal.shape).tocsc()
    # Symmetric and diagonally dominant: no pivoting is needed, and this ordering fills in least.
    factors = splu(
        matrix.astype(np.float32),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    edge, edge_index = np.unique(neighbour[~inner], return_inverse=True)
    pull = sparse.coo_array(
        (weights[~inner], (pixel[~inner], edge_index)), (len(unknown), len(edge))
    )
    return factors, edge, pull.tocsr()
