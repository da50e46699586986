"""Digits as a hand would write them, drawn from strokes: white ink on black, in MNIST's look."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from camcore.errors import InputError

# Each digit's strokes as points that a smooth curve passes through: x to the right and y down, in
# a box one wide and one high. A point given twice makes a corner.
_STROKES: dict[int, tuple[tuple[tuple[float, float], ...], ...]] = {
    0: (
        (
            (0.55, 0.02),
            (0.22, 0.16),
            (0.08, 0.52),
            (0.24, 0.90),
            (0.54, 0.97),
            (0.82, 0.78),
            (0.90, 0.42),
            (0.76, 0.10),
            (0.50, 0.02),
        ),
    ),
    1: (((0.56, 0.00), (0.53, 0.34), (0.49, 0.68), (0.46, 1.00)),),
    2: (
        (
            (0.14, 0.24),
            (0.30, 0.05),
            (0.58, 0.02),
            (0.78, 0.20),
            (0.72, 0.46),
            (0.44, 0.74),
            (0.12, 0.96),
            (0.12, 0.96),
            (0.50, 0.93),
            (0.92, 0.95),
        ),
    ),
    3: (
        (
            (0.16, 0.12),
            (0.42, 0.00),
            (0.72, 0.08),
            (0.76, 0.28),
            (0.62, 0.42),
            (0.40, 0.48),
            (0.40, 0.48),
            (0.70, 0.54),
            (0.84, 0.72),
            (0.70, 0.92),
            (0.40, 1.00),
            (0.12, 0.92),
        ),
    ),
    4: (
        ((0.22, 0.04), (0.16, 0.30), (0.14, 0.54), (0.14, 0.54), (0.48, 0.54), (0.84, 0.50)),
        ((0.74, 0.00), (0.70, 0.34), (0.66, 0.68), (0.64, 1.00)),
    ),
    5: (
        (
            (0.26, 0.04),
            (0.22, 0.24),
            (0.20, 0.44),
            (0.20, 0.44),
            (0.48, 0.38),
            (0.76, 0.50),
            (0.82, 0.74),
            (0.62, 0.95),
            (0.34, 1.00),
            (0.10, 0.92),
        ),
        ((0.26, 0.04), (0.56, 0.04), (0.88, 0.01)),
    ),
    6: (
        (
            (0.66, 0.00),
            (0.38, 0.20),
            (0.18, 0.52),
            (0.16, 0.82),
            (0.38, 1.00),
            (0.68, 0.94),
            (0.78, 0.72),
            (0.60, 0.56),
            (0.34, 0.62),
            (0.18, 0.80),
        ),
    ),
    7: (
        (
            (0.08, 0.08),
            (0.44, 0.07),
            (0.86, 0.04),
            (0.86, 0.04),
            (0.68, 0.36),
            (0.52, 0.68),
            (0.42, 1.00),
        ),
    ),
    8: (
        (
            (0.76, 0.14),
            (0.50, 0.01),
            (0.26, 0.14),
            (0.32, 0.36),
            (0.58, 0.52),
            (0.76, 0.74),
            (0.58, 0.97),
            (0.30, 0.94),
            (0.22, 0.74),
            (0.42, 0.54),
            (0.68, 0.36),
            (0.76, 0.14),
        ),
    ),
    9: (
        (
            (0.78, 0.18),
            (0.52, 0.02),
            (0.24, 0.14),
            (0.18, 0.36),
            (0.38, 0.50),
            (0.64, 0.42),
            (0.78, 0.18),
            (0.78, 0.18),
            (0.74, 0.50),
            (0.66, 0.78),
            (0.58, 1.00),
        ),
    ),
}

_FINE = 12
"""Pixels drawn for each pixel kept."""


def render_digit(digit: int, seed: int = 0, size: int = 28) -> np.ndarray:
    """Draw a digit as a hand might write it.

    As in MNIST, the ink fits a box of 20 pixels in 28 and its centre of mass is the middle.

    Parameters
    ----------
    digit : int
        0 to 9.
    seed : int
        From 0; decides slant, thickness, proportions and the hand's unsteadiness.
    size : int
        Height and width in pixels, from 14 to 512.

    Returns
    -------
    ndarray
        uint8 (size, size), white ink on black.

    Raises
    ------
    InputError
        If an argument is out of range.

    Examples
    --------
    >>> picture = render_digit(7)
    >>> picture.shape, int(picture[0, 0]), int(picture.max()) > 200
    ((28, 28), 0, True)
    """
    if digit not in _STROKES:
        raise InputError(f"digit is {digit!r}; it must be a whole number from 0 to 9.")
    if seed < 0:
        raise InputError(f"seed is {seed}; it must be 0 or more.")
    if not 14 <= size <= 512:
        raise InputError(f"size is {size}; a digit can be 14 to 512 pixels wide.")
    rng = np.random.default_rng([seed, digit])
    strokes = _written(rng, _STROKES[digit])
    thickness = rng.uniform(0.085, 0.125)

    every = np.concatenate(strokes)
    low, extent = every.min(axis=0), np.ptp(every, axis=0).max()
    unit = 20 / 28 * size * _FINE * (1 - thickness) / extent
    ink = thickness * 20 / 28 * size * _FINE / 2
    side = size * _FINE
    image = Image.new("L", (side, side))
    draw = ImageDraw.Draw(image)
    for stroke in strokes:
        points = (stroke - low) * unit + ink + 4 / 28 * side
        draw.line([tuple(point) for point in points], fill=255, width=round(2 * ink))
        for x, y in points:
            draw.ellipse([x - ink, y - ink, x + ink, y + ink], fill=255)
    image = image.filter(ImageFilter.GaussianBlur(0.35 * side / 28))
    pixels = np.asarray(image)
    rows, columns = (pixels.sum(axis=axis, dtype=float) for axis in (1, 0))
    at = np.arange(side)
    shift = [round(side / 2 - float(mass @ at) / mass.sum()) for mass in (rows, columns)]
    image = Image.fromarray(np.roll(pixels, shift, axis=(0, 1)))
    return np.asarray(image.resize((size, size), Image.Resampling.BOX))


def _written(
    rng: np.random.Generator, strokes: Sequence[Sequence[tuple[float, float]]]
) -> list[np.ndarray]:
    """Return the strokes as dense curves, unsteady, stretched, turned and slanted by one hand."""
    wobble, narrow = rng.uniform(0.006, 0.022), rng.uniform(0.62, 0.86)
    turn, slant = rng.normal(0, 0.05), rng.normal(0.12, 0.10)
    bend = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    bend = bend @ np.array([[narrow, -slant], [0, 1]])
    written = []
    for stroke in strokes:
        points = np.array(stroke)
        moved = points + rng.normal(0, wobble, points.shape)
        corner = (points[1:] == points[:-1]).all(axis=1)
        moved[1:][corner] = moved[:-1][corner]
        written.append((_curve(moved) - 0.5) @ bend.T)
    return written


def _curve(points: np.ndarray, steps: int = 16) -> np.ndarray:
    """Return a Catmull-Rom curve (N, 2) through `points`; it stops and turns at a repeated one."""
    breaks = np.flatnonzero((points[1:] == points[:-1]).all(axis=1)) + 1
    pieces = []
    for part in np.split(points, breaks):
        ends = np.concatenate([2 * part[:1] - part[1:2], part, 2 * part[-1:] - part[-2:-1]])
        before, start, end, after = ends[:-3], ends[1:-2], ends[2:-1], ends[3:]
        t = np.linspace(0, 1, steps)[:, None, None]
        curve = 0.5 * (
            2 * start
            + (end - before) * t
            + (2 * before - 5 * start + 4 * end - after) * t**2
            + (3 * start - before - 3 * end + after) * t**3
        )
        pieces.append(curve.transpose(1, 0, 2).reshape(-1, 2))
    return np.concatenate(pieces)
