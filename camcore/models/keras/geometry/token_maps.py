"""How a sequence of tokens becomes a map that lies as the picture does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.models.geometry.coordinates import CENTRE, Coordinates
from camcore.models.geometry.grids import Place
from camcore.models.keras.geometry.layer_maps import LayerMap, layer_map
from camcore.pictures.preprocessing import Frame

_MOST_BESIDE = 16  # tokens at either end that are no patch: class, distillation, registers


@dataclass(frozen=True)
class TokenMap:
    """The map that a tensor of tokens, (N, T, C) or (N, C, T), holds.

    Attributes
    ----------
    axis : int
        Of the tensor, along which the tokens lie.
    before, after : int
        Tokens at either end that are no patch of the picture.
    sides : tuple of int
        Slow and fast side of the grid, in the order of the tokens.
    cells : LayerMap
        The map in the tokens of the grid, shape (N, *sides, C).
    """

    axis: int
    before: int
    after: int
    sides: tuple[int, int]
    cells: LayerMap

    @property
    def frame(self) -> Frame:
        """Where the cells lie in the model's input."""
        return self.cells.frame

    @property
    def beside(self) -> int:
        """Tokens that are no patch of the picture."""
        return self.before + self.after

    def grid(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """Rows, columns and channels of the map in a tensor of a shape."""
        return self.cells.grid((0, *self.sides, shape[3 - self.axis]))

    def upright(self, tensor: Any) -> Any:
        """The map, (N, H, W, K), of a tensor of the layer."""
        tokens = self._in_rows(tensor)
        patches = tokens[:, self.before : self.before + self.sides[0] * self.sides[1]]
        return self.cells.upright(tf.reshape(patches, (-1, *self.sides, tokens.shape[2])))

    def restored(self, maps: Any, whole: Any = None) -> Any:
        """The layer's own tensor of maps, (N, H, W, K).

        Parameters
        ----------
        maps : tensor
        whole : tensor, optional
            Of the layer, for one picture: where its other tokens are taken from.
        """
        cells = self.cells.restored(maps)
        tokens = tf.reshape(cells, (-1, self.sides[0] * self.sides[1], cells.shape[3]))
        if self.beside:
            others = tf.repeat(self._in_rows(whole), len(maps), axis=0)
            end = others.shape[1] - self.after
            tokens = tf.concat([others[:, : self.before], tokens, others[:, end:]], axis=1)
        return self._in_rows(tokens)

    def _in_rows(self, tensor: Any) -> Any:
        """Tokens before channels, or back again."""
        return tensor if self.axis == 1 else tf.transpose(tensor, (0, 2, 1))


def token_map(place: Place | None, input_size: tuple[int, int]) -> TokenMap | None:
    """The map in a tensor of three axes, or None where its tokens are no grid over the picture.

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
    >>> token_map(Place(rows, columns), (4, 6)).sides
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
            cells = layer_map(grid, input_size)
            if cells is not None:
                return TokenMap(axis, before, after, sides, cells)
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
