"""Boxes and their overlap.

A box is ``(x0, y0, x1, y1)`` in pixels of the upright picture, ends exclusive.
"""

from __future__ import annotations

import math
import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from camcore.errors import InputError

Box = tuple[float, float, float, float]

_FARTHEST = 1e6  # pixels; no picture that can be read is as wide


@dataclass(frozen=True)
class TrueBox:
    """Where an object is, as a file says.

    Attributes
    ----------
    picture : str
        Path or name of the picture, as written there.
    label : str
        "" where the file has none.
    box : Box
    size : tuple of int, or None
        Width and height of the picture that the box was drawn on, where the file has them.
    """

    picture: str
    label: str
    box: Box
    size: tuple[int, int] | None = None


def iou(box: Sequence[float], other: Sequence[float]) -> float:
    """Intersection over union of two boxes, 0 to 1; 0 where neither has an area.

    Examples
    --------
    >>> iou((0, 0, 4, 4), (2, 0, 6, 4)), iou((0, 0, 4, 4), (4, 0, 8, 4))
    (0.3333333333333333, 0.0)
    """
    across = min(box[2], other[2]) - max(box[0], other[0])
    down = min(box[3], other[3]) - max(box[1], other[1])
    shared = max(0, across) * max(0, down)
    union = _area(box) + _area(other) - shared
    return shared / union if union > 0 else 0.0


def best_iou(box: Sequence[float], others: Sequence[Box]) -> tuple[float, Box]:
    """The largest IoU of a box with several, and the box that has it; the first where they tie.

    Examples
    --------
    >>> best_iou((0, 0, 2, 2), [(4, 4, 6, 6), (0, 0, 2, 4)])
    (0.5, (0, 0, 2, 4))
    """
    best = max(others, key=lambda other: iou(box, other))
    return iou(box, best), best


def four_numbers(values: Any) -> tuple[float, float, float, float]:
    """Four finite numbers from whatever a file holds.

    Raises
    ------
    InputError
        If they are no list, not four, or not all finite numbers.

    Examples
    --------
    >>> four_numbers(["1", 2, 3.5, "4"])
    (1.0, 2.0, 3.5, 4.0)
    """
    try:
        first, second, third, fourth = (float(value) for value in values)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{reprlib.repr(values)} is not four numbers") from None
    numbers = first, second, third, fourth
    if not all(math.isfinite(number) and abs(number) <= _FARTHEST for number in numbers):
        raise InputError(f"{reprlib.repr(values)} is not four numbers within a picture")
    return numbers


def known_size(width: Any, height: Any) -> tuple[int, int] | None:
    """Width and height that a file has for a picture, or None where they say nothing.

    Examples
    --------
    >>> known_size(640, "480"), known_size(0, 0), known_size(None, 5)
    ((640, 480), None, None)
    """
    try:
        size = int(width), int(height)
    except (TypeError, ValueError, OverflowError):
        return None
    return size if all(0 < side <= _FARTHEST for side in size) else None


def checked(box: Box, size: tuple[int, int] | None) -> Box:
    """A box that has an area, cut at the edges of the picture.

    Parameters
    ----------
    box : Box
    size : tuple of int, or None
        Width and height of the picture, where they are known; else nothing is cut.

    Raises
    ------
    InputError
        If it is empty, or lies outside of the picture.

    Examples
    --------
    >>> checked((-1.0, 0.0, 9.0, 5.0), (8, 8))
    (0.0, 0.0, 8.0, 5.0)
    """
    x0, y0, x1, y1 = box
    printed = " ".join(f"{edge:g}" for edge in box)
    if not (x0 < x1 and y0 < y1):
        raise InputError(f"the box {printed} is empty; its edges must have x0 < x1 and y0 < y1")
    if size is None:
        return box
    width, height = size
    cut = max(0.0, x0), max(0.0, y0), min(float(width), x1), min(float(height), y1)
    if not (cut[0] < cut[2] and cut[1] < cut[3]):
        raise InputError(
            f"the box {printed} lies outside of the picture, which is {width} x {height}"
        )
    return cut


def _area(box: Sequence[float]) -> float:
    return max(0, box[2] - box[0]) * max(0, box[3] - box[1])
