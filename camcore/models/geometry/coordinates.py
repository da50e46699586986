"""Picture coordinates of the elements of a tensor, along one side of the picture.

Every element of a tensor that is computed from a picture reads some of its pixel rows. They are
kept as three numbers: the centre of the receptive field, and the first and the last row that it
reaches. The centre is the nominal one, of windows that go on beyond the border; padding therefore
has a place of its own, outside the picture. Columns are kept in the same way, apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CENTRE, FIRST, LAST = range(3)
_CLOSE = 1e-6


class Coordinates:
    """Centre, first and last pixel row (or column) of each element of a tensor.

    Parameters
    ----------
    values : ndarray, shape (3, *shape), float64
        Centre, first, last. NaN as centre, and +inf, -inf as ends, where nothing is read. Axes
        along which nothing varies are kept once.

    Examples
    --------
    >>> rows = Coordinates.of_axis((1, 4, 6, 3), 1)
    >>> rows.shape, rows.values.shape, rows.values[CENTRE].ravel().tolist()
    ((1, 4, 6, 3), (3, 1, 4, 1, 1), [0.0, 1.0, 2.0, 3.0])
    """

    def __init__(self, values: np.ndarray) -> None:
        self.shape: tuple[int, ...] = values.shape[1:]
        once = [
            stride == 0 or size == 1
            for stride, size in zip(values.strides, values.shape, strict=True)
        ]
        values = values[
            tuple(slice(0, 1) if single and a else slice(None) for a, single in enumerate(once))
        ]
        for axis in range(1, values.ndim):
            if values.shape[axis] > 1 and _alike(values, axis):
                values = values.take([0], axis)
        self.values = values

    @classmethod
    def of_axis(cls, shape: Sequence[int], axis: int) -> Coordinates:
        """Those of the pixels themselves, which an axis of the input counts."""
        along = [1] * len(shape)
        along[axis] = shape[axis]
        index = np.arange(shape[axis], dtype=np.float64).reshape(along)
        return cls(np.broadcast_to(index, (3, *shape)))

    @property
    def full(self) -> np.ndarray:
        """All of them, shape (3, *shape), as a view."""
        return np.broadcast_to(self.values, (3, *self.shape))

    @property
    def varying(self) -> tuple[int, ...]:
        """Axes of the tensor along which they vary."""
        return tuple(a for a, size in enumerate(self.values.shape[1:]) if size > 1)

    @property
    def step(self) -> float:
        """The largest distance between neighbours."""
        steps = [
            np.abs(np.diff(self.values[CENTRE], axis=axis))
            for axis in self.varying
        ]  # fmt: skip
        return max((float(np.nanmax(s)) for s in steps if np.isfinite(s).any()), default=0.0)


def _alike(values: np.ndarray, axis: int) -> bool:
    first, last = values.take(0, axis), values.take(-1, axis)
    if not np.array_equal(first, last, equal_nan=True):
        return False
    return np.array_equal(
        np.broadcast_to(values.take([0], axis), values.shape), values, equal_nan=True
    )


def filled(centre: np.ndarray, axis: int) -> np.ndarray:
    """Centres with those that are missing at either end continued evenly."""
    known = np.isfinite(centre).all(axis=tuple(a for a in range(centre.ndim) if a != axis))
    places = np.flatnonzero(known)
    if known.all() or len(places) < 2 or len(places) != places[-1] - places[0] + 1:
        return centre
    index = np.arange(len(known)) - float(places[0])
    return at(centre.take(places, axis), index, axis)


def at(centre: np.ndarray, index: np.ndarray, axis: int) -> np.ndarray:
    """Centres at fractional places along an axis, evenly continued beyond its ends.

    Examples
    --------
    >>> at(np.array([0.0, 2.0, 4.0]), np.array([-1.0, 0.5, 3.0]), 0).tolist()
    [-2.0, 1.0, 6.0]
    """
    count = centre.shape[axis]
    if count == 1:
        return np.repeat(centre, len(index), axis)
    low = np.clip(np.floor(index), 0, count - 2).astype(int)
    shape = [1] * centre.ndim
    shape[axis] = len(index)
    part = (index - low).reshape(shape)
    before, after = centre.take(low, axis), centre.take(low + 1, axis)
    between: np.ndarray = before + part * (after - before)
    return between


def windowed(
    values: np.ndarray, axis: int, first: np.ndarray, size: int, dilation: int = 1
) -> np.ndarray:
    """What windows along an axis read.

    Parameters
    ----------
    values : ndarray, shape (3, ...)
    axis : int
        Of the tensor.
    first : ndarray of int
        Where each window begins; negative in the padding before.
    size, dilation : int
        Elements of a window, and the distance between them.
    """
    count = values.shape[axis + 1]
    centre = filled(values[CENTRE], axis)
    centre = at(centre, first + dilation * (size - 1) / 2, axis)
    reads = first[:, None] + dilation * np.arange(size)
    inside = (reads >= 0) & (reads < count)
    shape = [1] * (values.ndim - 1)
    shape[axis] = len(first)
    low, high = np.full(centre.shape, np.inf), np.full(centre.shape, -np.inf)
    for tap in range(size):
        ok = inside[:, tap].reshape(shape)
        source = np.clip(reads[:, tap], 0, count - 1)
        low = np.minimum(low, np.where(ok, values[FIRST].take(source, axis), np.inf))
        high = np.maximum(high, np.where(ok, values[LAST].take(source, axis), -np.inf))
    return np.stack([centre, low, high])


def reduced(coordinates: Coordinates, axes: Sequence[int]) -> Coordinates | None:
    """What is computed from all elements along some axes, which stay with one element.

    None where it has no one place: it reads places apart from each other, and others elsewhere.
    """
    shape = tuple(1 if a in axes else n for a, n in enumerate(coordinates.shape))
    over = tuple(a + 1 for a in axes if a in coordinates.varying)
    if not over:
        return Coordinates(np.broadcast_to(coordinates.values, (3, *shape)))
    values, inner = coordinates.values, tuple(a - 1 for a in over)
    known = np.isfinite(values[CENTRE])
    some = known.any(axis=inner, keepdims=True)
    count = np.maximum(known.sum(axis=inner, keepdims=True), 1)
    total = np.where(known, values[CENTRE], 0.0).sum(axis=inner, keepdims=True)
    centre = np.where(some, total / count, np.nan)
    low = values[FIRST].min(axis=inner, keepdims=True)
    high = values[LAST].max(axis=inner, keepdims=True)
    result = Coordinates(np.broadcast_to(np.stack([centre, low, high]), (3, *shape)))
    if result.varying and some.any():
        most = np.where(known, values[CENTRE], -np.inf).max(axis=inner)
        least = np.where(known, values[CENTRE], np.inf).min(axis=inner)
        if float((most - least).max()) > result.step + _CLOSE:
            return None
    return result


def combined(inputs: Sequence[Coordinates | None]) -> Coordinates | None:
    """What is computed element by element from several tensors, broadcast against each other.

    What is the same for all places (a pooled vector, a gate) takes the place of its partner, and
    partners within a step of each other take the middle. None where the places differ.
    """
    known = [c for c in inputs if c is not None]
    if not known:
        return None
    shape = np.broadcast_shapes(*(c.shape for c in known))
    placed = [c for c in known if c.varying]
    if not placed and len(known) < len(inputs):
        return None
    rank = len(shape)
    arrays = [
        c.values.reshape(3, *(1,) * (rank - len(c.shape)), *c.values.shape[1:])
        for c in placed or known[:1]
    ]
    if len(arrays) == 1:
        return Coordinates(np.broadcast_to(arrays[0], (3, *shape)))
    spread = np.broadcast_arrays(*arrays)
    centres = np.stack([array[CENTRE] for array in spread])
    has = np.isfinite(centres)
    apart = np.where(has, centres, -np.inf).max(0) - np.where(has, centres, np.inf).min(0)
    if float(apart.max()) > max(c.step for c in placed) + _CLOSE:
        return None
    total = np.where(has, centres, 0.0).sum(0)
    centre = np.where(has.any(0), total / np.maximum(has.sum(0), 1), np.nan)
    low = np.min([array[FIRST] for array in spread], axis=0)
    high = np.max([array[LAST] for array in spread], axis=0)
    return Coordinates(np.broadcast_to(np.stack([centre, low, high]), (3, *shape)))
