"""How alike the pictures of a class are: what is added to pictures repeats, what is seen varies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from camcore.auditing.rules import RULES

_SIDE = 48  # cells a side that pictures are thinned out to
_ENDS = (0.1, 99.9)  # percentiles


def repeated_content(of_class: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How much more often one content stands at a place in a class than in the others.

    At each place, the largest excess over all values that pictures of the class have there: the
    share of the class within 12 grey levels of the value, less that of the others. Photographs
    hardly agree with each other so closely; a tag, a frame or a stamp agrees with itself. A value
    that fills a fifth of all pixels (a white or black ground) is not counted.

    Parameters
    ----------
    of_class, others : ndarray, uint8, shapes (n, H, W, C) and (m, H, W, C)

    Returns
    -------
    ndarray, float32, shape (h, w), in [0, 1]
        On a grid of at most 48 cells a side.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> pictures = rng.integers(0, 256, (60, 8, 8, 3), np.uint8)
    >>> pictures[:30, 0, 0] = (250, 20, 20)
    >>> repeated = repeated_content(pictures[:30], pictures[30:])
    >>> bool(repeated[0, 0] > 0.9), bool(repeated[1:].max() < 0.2)
    (True, True)
    """
    of_class, others = _thinned(of_class), _thinned(others)
    ground = _ground(of_class, others)
    most = np.zeros(of_class.shape[1:3], np.float32)
    for value in of_class[
        np.linspace(0, len(of_class) - 1, min(len(of_class), RULES.alike_values)).astype(int)
    ]:
        excess = _near(of_class, value).mean(axis=0) - _near(others, value).mean(axis=0)
        if ground is not None:
            excess = np.where(_near(value, ground), 0, excess)
        np.maximum(most, excess, out=most, casting="same_kind")
    return most


def common_ground(of_class: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How often each place is the one value that fills much of all pictures, (h, w) in [0, 1].

    Around objects on a white or black ground there is no context: what reaches there is the object.

    Examples
    --------
    >>> black = np.zeros((4, 2, 2, 1), np.uint8)
    >>> black[:, 0, 0] = 200
    >>> common_ground(black[:2], black[2:]).tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """
    of_class, others = _thinned(of_class), _thinned(others)
    ground = _ground(of_class, others)
    if ground is None:
        return np.zeros(of_class.shape[1:3])
    shares: np.ndarray = _near(np.concatenate([of_class, others]), ground).mean(axis=0)
    return shares


def separation(of_class: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """How far a property sets a class apart from each other class, 0 to 1.

    Parameters
    ----------
    of_class : ndarray, shape (n, k)
        k readings of the property for each picture of the class; the one that tells most counts.
    others : sequence of ndarray, shape (m, k)
        The same for each other class.

    Returns
    -------
    float
        Kolmogorov and Smirnov's distance from the class that is nearest.

    Examples
    --------
    >>> low, high = np.arange(10.0)[:, None], np.arange(10.0, 20.0)[:, None]
    >>> separation(low, [high, high + 5]), separation(low, [high, low])
    (1.0, 0.0)
    """
    nearest = [
        max(
            float(stats.ks_2samp(mine, theirs, method="asymp").statistic)
            for mine, theirs in zip(of_class.T, other.T, strict=True)
        )
        for other in others
    ]
    return min(nearest, default=0.0)


def crops(pixels: np.ndarray) -> tuple[np.ndarray, ...]:
    """Pictures (N, H, W, C) in whole, their middle, and their four quarters."""
    height, width = pixels.shape[1:3]
    down, across = max(1, height // 2), max(1, width // 2)
    corners = ((0, 0), (0, width - across), (height - down, 0), (height - down, width - across))
    starts = ((height // 4, width // 4), *corners)
    return (pixels, *(pixels[:, y : y + down, x : x + across] for y, x in starts))


def levels(pixels: np.ndarray) -> np.ndarray:
    """Darkest and lightest level of each channel, and how these differ between channels, (N, k).

    One pixel in a thousand is darker, or lighter: nearly every photograph has something black and
    something white, so that what lies over a whole picture moves these ends more surely than its
    middle tones, which its content moves as well.
    """
    flat = pixels.reshape(len(pixels), -1, pixels.shape[-1])
    ends = np.percentile(flat, _ENDS, axis=1)
    between = ends[..., 1:] - ends[..., :1]
    return np.concatenate([*ends, *between], axis=1)


def _thinned(pixels: np.ndarray) -> np.ndarray:
    step = max(1, -(-max(pixels.shape[1:3]) // _SIDE))
    return pixels[:, ::step, ::step].astype(np.int16)


def _near(pixels: np.ndarray, value: np.ndarray) -> np.ndarray:
    near: np.ndarray = (np.abs(pixels - value) <= RULES.alike_levels).all(axis=-1)
    return near


def _ground(of_class: np.ndarray, others: np.ndarray) -> np.ndarray | None:
    """The value that most pixels have, if it fills much of the pictures."""
    pixels = np.concatenate([of_class, others]).reshape(-1, of_class.shape[-1])
    pixels = pixels[:: max(1, len(pixels) // 100_000)]
    values, counts = np.unique(pixels // RULES.alike_levels, axis=0, return_counts=True)
    usual = (values[counts.argmax()] * RULES.alike_levels + RULES.alike_levels // 2).astype(
        np.int16
    )
    return usual if _near(pixels, usual).mean() >= RULES.common_ground else None
