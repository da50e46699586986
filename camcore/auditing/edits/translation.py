"""Moving an image a few pixels: does the map follow the content, or stay at its place?"""

from __future__ import annotations

from typing import Literal

import numpy as np


def shift(
    pixels: np.ndarray, down: int, across: int, fill: Literal["edge", "reflect"] = "edge"
) -> np.ndarray:
    """Move images, and fill what is uncovered from their own border.

    Parameters
    ----------
    pixels : ndarray, shape (N, H, W, C)
    down, across : int
        Pixels to move the content down and to the right; negative for up and left. Less than the
        image's height and width.
    fill : {"edge", "reflect"}
        Repeat the border pixel, or mirror the image at it.

    Returns
    -------
    ndarray, shape (N, H, W, C)

    Examples
    --------
    >>> row = np.arange(5, dtype=np.uint8).reshape(1, 1, 5, 1)
    >>> shift(row, 0, 2).ravel().tolist(), shift(row, 0, -2, "reflect").ravel().tolist()
    ([0, 0, 0, 1, 2], [2, 3, 4, 3, 2])
    """
    rows = _sources(pixels.shape[1], down, fill)
    columns = _sources(pixels.shape[2], across, fill)
    return pixels[:, rows[:, None], columns]


def _sources(size: int, move: int, fill: str) -> np.ndarray:
    source = np.arange(size) - move
    if fill == "reflect" and size > 1:
        source = np.abs(source)
        return np.where(source < size, source, 2 * (size - 1) - source)
    return source.clip(0, size - 1)
