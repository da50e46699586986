"""How the tensor of a layer becomes a map that lies as the picture does."""

from __future__ import annotations

import numpy as np
import torch

from camcore.models.geometry.coordinates import Coordinates
from camcore.models.geometry.grids import Grid, Place, grid_of
from camcore.models.torch.places import Place as Sides
from camcore.models.torch.places import Shape, Side


def grid_of_tensor(place: Sides, shape: Shape, input_size: tuple[int, int]) -> Grid | None:
    """The grid of a tensor of four axes, or None where it holds none.

    Parameters
    ----------
    place : tuple of Side
    shape : sequence of int
        Of the tensor.
    input_size : tuple of int
        Height and width of the module's input.

    Examples
    --------
    >>> from camcore.models.torch.places import of_pixels
    >>> grid_of_tensor(of_pixels((1, 3, 4, 6)), (1, 3, 4, 6), (4, 6)).order
    (0, 2, 3, 1)
    """
    rows, columns = (_coordinates(side, shape) for side in place)
    return grid_of(Place(rows, columns), input_size)


def upright(tensor: torch.Tensor, grid: Grid) -> torch.Tensor:
    """The map, (N, H, W, K), of a tensor of a layer."""
    turned = tensor.permute(grid.order)
    return turned.flip(grid.mirrored) if grid.mirrored else turned


def restored(maps: torch.Tensor, grid: Grid) -> torch.Tensor:
    """A layer's own tensor of maps, (N, H, W, K)."""
    if grid.mirrored:
        maps = maps.flip(grid.mirrored)
    return maps.permute(tuple(np.argsort(grid.order).tolist())).contiguous()


def _coordinates(side: Side, shape: Shape) -> Coordinates:
    """Centre, first and last pixel of each element, as indices."""
    centres = side.first + side.step * np.arange(side.count) - 0.5
    ends = [centres + way * (side.radius - 0.5) for way in (-1, 1)]
    values = np.stack([centres, *np.clip(ends, side.low, side.high - 1)])
    along = [1] * len(shape)
    along[side.axis] = side.count
    return Coordinates(np.broadcast_to(values.reshape(3, *along), (3, *shape)))
