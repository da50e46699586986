"""How the tensor of a layer becomes a map that lies as the picture does."""

from __future__ import annotations

import numpy as np

from camcore.models.geometry.grids import Grid
from camcore.models.geometry.tokens import Tokens


def upright(values: np.ndarray, grid: Grid | Tokens) -> np.ndarray:
    """The map, (N, H, W, K) float32, of values of a layer's tensor.

    Examples
    --------
    >>> from camcore.pictures.preprocessing import whole_frame
    >>> cells = Grid((0, 1, 2, 3), (), whole_frame(2, 2))
    >>> upright(np.arange(5.0)[None, :, None], Tokens(1, 1, 0, (2, 2), cells)).tolist()
    [[[[1.0], [2.0]], [[3.0], [4.0]]]]
    """
    if isinstance(grid, Tokens):
        tokens = _in_rows(values, grid)[:, grid.patches]
        return upright(tokens.reshape(len(tokens), *grid.sides, -1), grid.cells)
    maps = np.flip(values.transpose(grid.order), grid.mirrored)
    return np.ascontiguousarray(maps, np.float32)


def restored(maps: np.ndarray, grid: Grid | Tokens, whole: np.ndarray | None) -> np.ndarray:
    """Values of a layer's tensor, of maps (N, H, W, K).

    Parameters
    ----------
    whole : ndarray or None
        Of the layer, for one picture or as many: where tokens that are no cells are taken from.
        Not needed where there are none.
    """
    if isinstance(grid, Tokens):
        tokens = restored(maps, grid.cells, None).reshape(len(maps), -1, maps.shape[3])
        if whole is not None:
            others = _in_rows(whole, grid)
            others = np.broadcast_to(others, (len(maps), *others.shape[1:]))
            ends = others[:, : grid.before], others[:, others.shape[1] - grid.after :]
            tokens = np.concatenate([ends[0], tokens, ends[1]], axis=1)
        return np.ascontiguousarray(_in_rows(tokens, grid))
    order = np.argsort(grid.order)
    return np.ascontiguousarray(np.flip(maps, grid.mirrored).transpose(order))


def _in_rows(values: np.ndarray, grid: Tokens) -> np.ndarray:
    """Tokens before channels, or back again."""
    return values if grid.axis == 1 else values.transpose(0, 2, 1)
