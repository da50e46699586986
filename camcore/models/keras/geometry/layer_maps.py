"""How the tensor of a layer becomes a map that lies as the picture does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.models.keras.geometry.coordinates import CENTRE, FIRST, LAST, Coordinates, filled
from camcore.models.keras.geometry.places import Place, spatial_axes
from camcore.pictures.preprocessing import Frame

_UNEVEN = 0.5  # of a cell: how far centres may lie from even spacing


@dataclass(frozen=True)
class LayerMap:
    """The map that a tensor of four axes holds.

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

    def upright(self, tensor: Any) -> Any:
        """The map, (N, H, W, K), of a tensor of the layer."""
        if self.order != (0, 1, 2, 3):
            tensor = tf.transpose(tensor, self.order)
        return tf.reverse(tensor, self.mirrored) if self.mirrored else tensor

    def restored(self, maps: Any, whole: Any = None) -> Any:
        """The layer's own tensor of maps, (N, H, W, K); nothing else of it is needed."""
        if self.mirrored:
            maps = tf.reverse(maps, self.mirrored)
        if self.order != (0, 1, 2, 3):
            maps = tf.transpose(maps, np.argsort(self.order))
        return maps


def even_map(input_size: tuple[int, int]) -> LayerMap:
    """The map of rows and columns that lie evenly over a model's input (height, width)."""
    height, width = input_size
    return LayerMap((0, 1, 2, 3), (), Frame(0.0, 0.0, float(width), float(height), width, height))


def layer_map(place: Place | None, input_size: tuple[int, int]) -> LayerMap | None:
    """The map in a tensor of four axes, or None where no two of them are the picture's.

    Parameters
    ----------
    place : Place or None
    input_size : tuple of int
        Height and width of the model's input.

    Returns
    -------
    LayerMap or None
        None also where the cells do not lie in an even grid.
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
    return LayerMap(order, mirrored, Frame(x0, y0, x1, y1, width, height, reach))


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
