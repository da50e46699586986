"""Periodic fractal noise: grass, bark, leaves, clouds and camouflage are windows of one texture."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import ndimage

_CELLS = {"broad": (3, 6, 12, 24), "middle": (12, 24, 48, 96), "fine": (64, 128, 256)}
"""The lattice cells to the side in each band's octaves, whatever the size in pixels."""

_SEED = 20240229


@dataclass(frozen=True)
class Texture:
    """Noise at one canvas size, with zero mean and unit deviation in each band.

    Each band is stored twice over in both directions, so that any window of up to the canvas' own
    size is a view and costs nothing.
    """

    side: int
    bands: dict[str, np.ndarray]

    def window(self, band: str, height: int, width: int, place: tuple[float, float]) -> np.ndarray:
        """Return noise (height, width) from `place`, the window's corner as shares of the side."""
        top, left = (int(part % 1 * self.side) for part in place)
        return self.bands[band][top : top + height, left : left + width]

    def lookup(self, band: str, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        """Return the noise at `rows` and `columns`, in sides and of any magnitude."""
        rows = (rows * self.side).astype(np.int32) % self.side
        columns = (columns * self.side).astype(np.int32) % self.side
        return self.bands[band][rows, columns]


@lru_cache(maxsize=4)
def texture(side: int) -> Texture:
    """Return the texture for a canvas of `side` pixels; always the same one.

    Examples
    --------
    >>> texture(64).window("fine", 8, 16, (0.5, 0.25)).shape
    (8, 16)
    """
    rng = np.random.default_rng(_SEED)
    bands = {}
    for band, cells in _CELLS.items():
        total = np.zeros((side, side), np.float32)
        for octave, cell in enumerate(cells):
            lattice = rng.standard_normal((cell, cell)).astype(np.float32)
            total += 0.6**octave * _resized(lattice, side)
        total = (total - total.mean()) / total.std()
        bands[band] = np.tile(total, (2, 2))
    return Texture(side, bands)


def _resized(lattice: np.ndarray, side: int) -> np.ndarray:
    """Resize a periodic lattice to `side`, smoothly when it grows, averaging when it shrinks."""
    cell = len(lattice)
    if cell > side:
        lattice = ndimage.gaussian_filter(lattice, 0.5 * cell / side, mode="wrap")
    at = (np.arange(side) + 0.5) * cell / side - 0.5
    grid = np.meshgrid(at, at, indexing="ij")
    return ndimage.map_coordinates(lattice, grid, order=3, mode="grid-wrap")


def smoothstep(low: float, high: float, x: np.ndarray) -> np.ndarray:
    """Rise from 0 at `low` to 1 at `high` with level ends."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def mix(first: np.ndarray, second: np.ndarray, share: np.ndarray | float) -> np.ndarray:
    """Blend from `first` (share 0) to `second` (share 1); a map of shares mixes colours."""
    if isinstance(share, np.ndarray) and share.ndim == 2:
        share = share[..., None]
    between: np.ndarray = (second - first) * share
    between += first
    return between


def halved(array: np.ndarray) -> np.ndarray:
    """Average blocks of 2x2 of an array (H, W) or (H, W, C) with even sides."""
    rows = array[::2] + array[1::2]
    means: np.ndarray = 0.25 * (rows[:, ::2] + rows[:, 1::2])
    return means
