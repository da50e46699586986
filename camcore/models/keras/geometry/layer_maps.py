"""How the tensor of a layer becomes a map that lies as the picture does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.models.geometry.grids import Grid, Place, grid_of
from camcore.pictures.preprocessing import Frame


@dataclass(frozen=True)
class LayerMap(Grid):
    """The map that a tensor of four axes holds, in its `Grid`."""

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
    grid = grid_of(place, input_size)
    return None if grid is None else LayerMap(grid.order, grid.mirrored, grid.frame)
