"""How the tensor of a layer becomes a map that lies as the picture does."""

from __future__ import annotations

import numpy as np
import torch

from camcore.models.geometry.grids import Grid
from camcore.models.geometry.tokens import Tokens


def upright(tensor: torch.Tensor, grid: Grid | Tokens) -> torch.Tensor:
    """The map, (N, H, W, K), of a tensor of a layer.

    Examples
    --------
    >>> from camcore.pictures.preprocessing import whole_frame
    >>> cells = Grid((0, 1, 2, 3), (), whole_frame(2, 2))
    >>> upright(torch.arange(5.0)[None, :, None], Tokens(1, 1, 0, (2, 2), cells)).tolist()
    [[[[1.0], [2.0]], [[3.0], [4.0]]]]
    """
    if isinstance(grid, Tokens):
        tokens = _in_rows(tensor, grid)[:, grid.patches]
        return upright(tokens.reshape(len(tokens), *grid.sides, -1), grid.cells)
    turned = tensor.permute(grid.order)
    return turned.flip(grid.mirrored) if grid.mirrored else turned


def restored(maps: torch.Tensor, grid: Grid | Tokens, whole: torch.Tensor) -> torch.Tensor:
    """A layer's own tensor of maps, (N, H, W, K).

    Parameters
    ----------
    whole : Tensor
        Of the layer, for one picture or as many: where tokens that are no cells are taken from.
    """
    if isinstance(grid, Tokens):
        tokens = restored(maps, grid.cells, whole).reshape(len(maps), -1, maps.shape[3])
        others = _in_rows(whole, grid).expand(len(maps), -1, -1)
        ends = others[:, : grid.before], others[:, others.shape[1] - grid.after :]
        return _in_rows(torch.cat([ends[0], tokens, ends[1]], dim=1), grid).contiguous()
    if grid.mirrored:
        maps = maps.flip(grid.mirrored)
    return maps.permute(tuple(np.argsort(grid.order).tolist())).contiguous()


def _in_rows(tensor: torch.Tensor, grid: Tokens) -> torch.Tensor:
    """Tokens before channels, or back again."""
    return tensor if grid.axis == 1 else tensor.transpose(1, 2)
