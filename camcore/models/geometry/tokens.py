"""The grid that a sequence of tokens holds of a picture, and what stands beside it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camcore.models.geometry.coordinates import CENTRE, Coordinates
from camcore.models.geometry.grids import Grid, Place, grid_of
from camcore.pictures.preprocessing import Frame

_MOST_BESIDE = 16  # tokens at either end that are no patch: class, distillation, registers


@dataclass(frozen=True)
class Tokens:
    """How the cells of a map lie in a tensor of tokens, (N, T, C) or (N, C, T).

    Attributes
    ----------
    axis : int
        Of the tensor, along which the tokens lie.
    before, after : int
        Tokens at either end that are no patch of the picture.
    sides : tuple of int
        Slow and fast side of the grid, in the order of the tokens.
    cells : Grid
        How the map lies in the tokens of the grid, shape (N, *sides, C).
    """

    axis: int
    before: int
    after: int
    sides: tuple[int, int]
    cells: Grid

    @property
    def frame(self) -> Frame:
        """Where the cells lie in the model's input."""
        return self.cells.frame

    @property
    def beside(self) -> int:
        """Tokens that are no patch of the picture."""
        return self.before + self.after

    @property
    def patches(self) -> slice:
        """The tokens of the grid."""
        return slice(self.before, self.before + self.sides[0] * self.sides[1])

    def grid(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """Rows, columns and channels of the map in a tensor of a shape."""
        return self.cells.grid((0, *self.sides, shape[3 - self.axis]))


def map_in(place: Place | None, rank: int, input_size: tuple[int, int]) -> Grid | Tokens | None:
    """The map in a tensor of three or four axes, or None where it holds none.

    Parameters
    ----------
    place : Place or None
    rank : int
        Axes of the tensor.
    input_size : tuple of int
        Height and width of the model's input.
    """
    return tokens_of(place, input_size) if rank == 3 else grid_of(place, input_size)


def tokens_of(place: Place | None, input_size: tuple[int, int]) -> Tokens | None:
    """The grid in a tensor of three axes, or None where its tokens are no grid over the picture.

    Parameters
    ----------
    place : Place or None
    input_size : tuple of int
        Height and width of the model's input.

    Examples
    --------
    >>> pixels = (1, 4, 6, 3)
    >>> rows, columns = (
    ...     Coordinates(Coordinates.of_axis(pixels, axis).full.reshape(3, 1, 24, 3))
    ...     for axis in (1, 2)
    ... )
    >>> tokens_of(Place(rows, columns), (4, 6)).sides
    (4, 6)
    """
    if place is None or place.rows is None or place.columns is None:
        return None
    rows, columns = place.rows, place.columns
    if len(rows.shape) != 3 or rows.varying != columns.varying or len(rows.varying) != 1:
        return None
    (axis,) = rows.varying
    if axis == 0:
        return None
    count = rows.shape[axis]
    down, across = (
        np.broadcast_to(side.values, (3, *side.values.shape[1:])).reshape(3, -1)
        for side in (rows, columns)
    )
    first, last = _patches(down[CENTRE], across[CENTRE])
    for before in range(first, min(first + _MOST_BESIDE, last)):
        for after in range(count - last, min(count - last + _MOST_BESIDE, count - before)):
            part = slice(before, count - after)
            sides = _sides(down[CENTRE, part], across[CENTRE, part])
            if sides is None:
                continue
            grid = Place(*(
                Coordinates(np.broadcast_to(
                    side[:, part].reshape(3, 1, *sides, 1), (3, 1, *sides, 1)
                ))
                for side in (down, across)
            ))  # fmt: skip
            cells = grid_of(grid, input_size)
            if cells is not None:
                return Tokens(axis, before, after, sides, cells)
    return None


def _patches(down: np.ndarray, across: np.ndarray) -> tuple[int, int]:
    """First and last, exclusive, of the tokens that have a place at all."""
    placed = np.flatnonzero(np.isfinite(down) & np.isfinite(across))
    return (int(placed[0]), int(placed[-1]) + 1) if len(placed) else (0, 0)


def _sides(down: np.ndarray, across: np.ndarray) -> tuple[int, int] | None:
    """Slow and fast side of a grid that tokens count row by row or column by column."""
    moved = np.abs(np.diff(down)) > 0, np.abs(np.diff(across)) > 0
    for slow, fast in (moved, moved[::-1]):
        turns = np.flatnonzero(slow)  # the slow side moves once in each run of the fast one
        if not len(turns):
            continue
        run = int(turns[0]) + 1
        if run > 1 and len(down) % run == 0:
            expected = np.arange(1, len(down)) % run == 0
            if np.array_equal(slow, expected) and fast.all():
                return len(down) // run, run
    return None
