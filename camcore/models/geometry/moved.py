"""Picture coordinates of tensors whose elements are moved: other axes, joined, resampled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from camcore.models.geometry.coordinates import (
    CENTRE,
    FIRST,
    LAST,
    Coordinates,
    at,
    combined,
    filled,
    reduced,
)

NOTHING = np.array([np.nan, np.inf, -np.inf])
"""Centre, first and last of an element that reads nothing of the picture."""


def reshaped(known: Coordinates, shape: Sequence[int]) -> Coordinates:
    """The same elements in other axes; axes that nothing varies along stay compact.

    Examples
    --------
    >>> rows = Coordinates.of_axis((1, 2, 3, 5), 1)
    >>> reshaped(rows, (1, 6, 5)).values[CENTRE].ravel().tolist()
    [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    """
    taken: list[int] = []
    given: list[int] = []
    for olds, news in _groups(known.shape, shape):
        vary = any(axis in known.varying for axis in olds)
        taken += [known.shape[axis] if vary else 1 for axis in olds]
        given += [shape[axis] if vary else 1 for axis in news]
    values = np.broadcast_to(known.values, (3, *taken)).reshape(3, *given)
    return Coordinates(np.broadcast_to(values, (3, *shape)))


def widened(known: Coordinates, shape: Sequence[int]) -> Coordinates:
    """Coordinates repeated along more axes in front, and along those of one element."""
    if known.shape == tuple(shape):
        return known
    more = (1,) * (len(shape) - len(known.shape))
    values = known.values.reshape(3, *more, *known.values.shape[1:])
    return Coordinates(np.broadcast_to(values, (3, *shape)))


def joined(
    known: Sequence[Coordinates | None], arrays: Sequence[np.ndarray], axis: int
) -> np.ndarray:
    """Several tensors along an axis; what they agree upon stays compact.

    Parameters
    ----------
    known : sequence of Coordinates or None
        None for constants.
    arrays : sequence of ndarray, each of shape (3, *shape)
        Their values; see `NOTHING`.
    axis : int
        Of the tensors, from 0.
    """
    placed = [coordinates for coordinates in known if coordinates is not None]
    if not any(axis in coordinates.varying for coordinates in placed):  # constants are padding
        thin = [Coordinates(coordinates.full.take([0], axis + 1)) for coordinates in placed]
        together = None if _apart(thin) else combined(thin)
        if together is not None:
            shape = list(together.shape)
            shape[axis] = sum(array.shape[axis + 1] for array in arrays)
            return np.broadcast_to(together.values, (3, *shape))
    shape = list(np.broadcast_shapes(*(array.take([0], axis + 1).shape for array in arrays)))
    parts = []
    for array in arrays:
        shape[axis + 1] = array.shape[axis + 1]
        parts.append(np.broadcast_to(array, shape))
    return _kept_thin(parts, axis)


def multiplied(
    factors: Sequence[tuple[Coordinates | None, bool]], shape: Sequence[int]
) -> Coordinates | None:
    """A product of two matrices: each keeps its own axis and is summed over the common one.

    Parameters
    ----------
    factors : sequence of (Coordinates or None, bool)
        The matrices, and whether each depends on the picture.
    shape : sequence of int
        Of the product.
    """
    parts = [
        None if known is None else reduced(known, [len(known.shape) - 1 - place])
        for place, (known, depends) in enumerate(factors)
        if depends
    ]
    product = combined(parts)
    if product is None:
        return None
    front = (1,) * (len(shape) - len(product.shape))
    values = product.values.reshape(3, *front, *product.values.shape[1:])
    return Coordinates(np.broadcast_to(values, (3, *shape)))


def resampled(
    values: np.ndarray,
    axis: int,
    index: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
) -> np.ndarray:
    """Elements at fractional places of an axis, read from `low` to `high`.

    Parameters
    ----------
    values : ndarray, shape (3, ...)
    axis : int
        Of the tensor.
    index, low, high : ndarray
        Centre, first and last element that each new one reads.
    """
    count = values.shape[axis + 1]
    first, last = (np.clip(limit, 0, count - 1).astype(int) for limit in (low, high))
    return np.stack([
        at(filled(values[CENTRE], axis), index, axis),
        np.minimum(values[FIRST].take(first, axis), values[FIRST].take(last, axis)),
        np.maximum(values[LAST].take(first, axis), values[LAST].take(last, axis)),
    ])  # fmt: skip


def _groups(old: Sequence[int], new: Sequence[int]) -> list[tuple[list[int], list[int]]]:
    """The smallest runs of axes of equal size on both sides of a reshape."""
    groups: list[tuple[list[int], list[int]]] = []
    i = j = 0
    while i < len(old) or j < len(new):
        olds, news = [], []
        a = b = 1
        if i < len(old):
            olds, a, i = [i], old[i], i + 1
        if j < len(new):
            news, b, j = [j], new[j], j + 1
        while a != b:
            if (a < b and i < len(old)) or j >= len(new):
                olds.append(i)
                a, i = a * old[i], i + 1
            else:
                news.append(j)
                b, j = b * new[j], j + 1
        groups.append((olds, news))
    return groups


def _apart(parts: Sequence[Coordinates]) -> bool:
    """Whether tensors that each have one place, such as single rows, have different ones."""
    if any(part.varying for part in parts):
        return False
    places = [float(part.values[CENTRE].flat[0]) for part in parts]
    return bool(np.ptp(places) > 0) if np.isfinite(places).all() else False


def _kept_thin(parts: list[np.ndarray], axis: int) -> np.ndarray:
    """Concatenate along an axis without writing out what varies along no other."""
    thin = list(parts)
    shape = list(parts[0].shape)
    for other in range(1, len(shape)):
        if other != axis + 1 and all(part.strides[other] == 0 for part in parts):
            thin = [part.take([0], other) for part in thin]
    joined = np.concatenate(thin, axis + 1)
    shape[axis + 1] = joined.shape[axis + 1]
    return np.broadcast_to(joined, shape)
