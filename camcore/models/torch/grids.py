"""How the tensor of a layer holds its map, and where the map lies in the module's input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from camcore.models.torch.places import Place, Side
from camcore.pictures.preprocessing import Frame


@dataclass(frozen=True)
class Grid:
    """How the cells of a map lie in a tensor of four axes, and in the module's input.

    Attributes
    ----------
    order : tuple of int
        Axes of the tensor that are batch, rows, columns and channels of the map.
    mirrored : tuple of int
        Axes of the map, 1 for rows and 2 for columns, that the tensor holds the other way round.
    frame : Frame
        Where the cells lie.
    """

    order: tuple[int, int, int, int]
    mirrored: tuple[int, ...]
    frame: Frame

    def upright(self, tensor: torch.Tensor) -> torch.Tensor:
        """The map, (N, H, W, K), of a tensor of the layer."""
        turned = tensor.permute(self.order)
        return turned.flip(self.mirrored) if self.mirrored else turned

    def restored(self, maps: torch.Tensor) -> torch.Tensor:
        """The layer's own tensor of maps, (N, H, W, K)."""
        if self.mirrored:
            maps = maps.flip(self.mirrored)
        return maps.permute(tuple(np.argsort(self.order).tolist())).contiguous()


def grid_of(place: Place, input_size: tuple[int, int]) -> Grid:
    """The grid of a tensor of four axes.

    Parameters
    ----------
    place : Place
    input_size : tuple of int
        Height and width of the module's input.

    Examples
    --------
    >>> from camcore.models.torch.places import of_pixels
    >>> grid_of(of_pixels((1, 3, 4, 6)), (4, 6)).order
    (0, 2, 3, 1)
    """
    rows, columns = place
    height, width = input_size
    (channels,) = {1, 2, 3} - {rows.axis, columns.axis}
    (x0, x1, left, right), (y0, y1, top, bottom) = _edges(columns), _edges(rows)
    edges = (left, top, right, bottom)
    covered = (max(x0, 0.0), max(y0, 0.0), min(x1, float(width)), min(y1, float(height)))
    reach = None if np.allclose(edges, covered) else edges
    mirrored = tuple(axis for axis, side in ((1, rows), (2, columns)) if side.step < 0)
    frame = Frame(x0, y0, x1, y1, width, height, reach)
    return Grid((0, rows.axis, columns.axis, channels), mirrored, frame)


def _edges(side: Side) -> tuple[float, float, float, float]:
    """Edges of the cells, and of what they speak for."""
    begin, end = sorted((side.first, side.first + side.step * (side.count - 1)))
    first = max(begin - side.radius, side.low)
    last = min(end + side.radius, side.high)
    if side.count == 1:
        return first, last, first, last
    size = abs(side.step)
    begin, end = begin - size / 2, end + size / 2
    return begin, end, max(first, begin - size), min(last, end + size)
