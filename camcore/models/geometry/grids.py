"""The grid that a tensor holds of a picture: its axes of rows and columns, and where cells lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camcore.models.geometry.coordinates import CENTRE, FIRST, LAST, Coordinates, filled
from camcore.pictures.preprocessing import Frame

_UNEVEN = 0.5  # of a cell: how far centres may lie from even spacing


@dataclass(frozen=True, eq=False)
class Place:
    """Pixel rows and pixel columns of one tensor; None where it has no one place."""

    rows: Coordinates | None
    columns: Coordinates | None


@dataclass(frozen=True)
class Grid:
    """How the cells of a map lie in a tensor of four axes, and in the model's input.

    Attributes
    ----------
    order : tuple of int
        Axes of the tensor that are batch, rows, columns and channels of the map.
    mirrored : tuple of int
        Axes of the map, 1 for rows and 2 for columns, that the tensor holds the other way round.
    frame : Frame
        Where the cells lie in the model's input.
    """

    order: tuple[int, int, int, int]
    mirrored: tuple[int, ...]
    frame: Frame

    @property
    def beside(self) -> int:
        """Elements that are no cell of the map: none."""
        return 0

    def grid(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """Rows, columns and channels of the map in a tensor of a shape."""
        rows, columns, channels = (int(shape[axis]) for axis in self.order[1:])
        return rows, columns, channels


def grid_of(place: Place | None, input_size: tuple[int, int]) -> Grid | None:
    """The grid that a tensor of four axes holds, or None where no two of them are the picture's.

    Parameters
    ----------
    place : Place or None
    input_size : tuple of int
        Height and width of the model's input.

    Returns
    -------
    Grid or None
        None also where the cells do not lie in an even grid.

    Examples
    --------
    >>> rows, columns = (Coordinates.of_axis((1, 3, 4, 6), axis) for axis in (2, 3))
    >>> grid_of(Place(rows, columns), (4, 6)).order
    (0, 2, 3, 1)
    """
    axes = spatial_axes(place)
    if axes is None or place is None or place.rows is None or place.columns is None:
        return None
    if len(place.rows.shape) != 4 or 0 in axes:
        return None
    (channel,) = {1, 2, 3} - set(axes)
    across, down = _side(place.columns, axes[1]), _side(place.rows, axes[0])
    if across is None or down is None:
        return None
    (x0, x1, left, right, turned_x), (y0, y1, top, bottom, turned_y) = across, down
    height, width = input_size
    edges = (left, top, right, bottom)
    covered = (max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height)))
    reach = None if np.allclose(edges, covered) else edges
    mirrored = tuple(axis for axis, turned in ((1, turned_y), (2, turned_x)) if turned)
    order = (0, axes[0], axes[1], channel)
    return Grid(order, mirrored, Frame(x0, y0, x1, y1, width, height, reach))


def spatial_axes(place: Place | None) -> tuple[int, int] | None:
    """The axes of a tensor that count pixel rows and pixel columns, where there are such.

    Examples
    --------
    >>> rows, columns = (Coordinates.of_axis((1, 4, 6, 3), axis) for axis in (1, 2))
    >>> spatial_axes(Place(rows, columns))
    (1, 2)
    """
    if place is None or place.rows is None or place.columns is None:
        return None
    down, across = place.rows.varying, place.columns.varying
    if len(down) > 1 or len(across) > 1 or down == across:
        return None  # also where both vary along no axis: nothing tells which is which
    if down and across:
        return down[0], across[0]
    # One side is a single cell; its axis is the neighbour that holds one element.
    shape, (axis,) = place.rows.shape, down or across
    other = axis + 1 if down else axis - 1
    if not 0 < other < len(shape) or shape[other] != 1:
        return None
    return (axis, other) if down else (other, axis)


def _side(coordinates: Coordinates, axis: int) -> tuple[float, float, float, float, bool] | None:
    """Edges of the grid, of what its cells speak for, and whether it is mirrored."""
    count = coordinates.shape[axis]
    values = np.broadcast_to(
        np.moveaxis(coordinates.values, axis + 1, 1).reshape(3, -1)[:, :count], (3, count)
    )
    centre = filled(values[CENTRE], 0) + 0.5
    first, last = values[FIRST].min(), values[LAST].max() + 1.0
    if not np.isfinite(centre).all() or not np.isfinite((first, last)).all():
        return None
    if count == 1:
        return first, last, first, last, False
    cell = (centre[-1] - centre[0]) / (count - 1)
    even = centre[0] + cell * np.arange(count)
    if cell == 0 or np.abs(centre - even).max() > _UNEVEN * abs(cell):
        return None
    offset = float(np.mean(centre - even))
    begin, end = sorted((centre[0] + offset, centre[-1] + offset))
    size = abs(float(cell))
    begin, end = begin - size / 2, end + size / 2
    return (
        float(begin),
        float(end),
        float(max(first, begin - size)),
        float(min(last, end + size)),
        bool(cell < 0),
    )
