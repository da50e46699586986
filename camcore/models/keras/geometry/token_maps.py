"""How a sequence of tokens becomes a map that lies as the picture does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from camcore.models.geometry.grids import Place
from camcore.models.geometry.tokens import Tokens, tokens_of
from camcore.models.keras.geometry.layer_maps import LayerMap


@dataclass(frozen=True)
class TokenMap(Tokens):
    """The map that a tensor of tokens, (N, T, C) or (N, C, T), holds, in its `Tokens`."""

    cells: LayerMap

    def upright(self, tensor: Any) -> Any:
        """The map, (N, H, W, K), of a tensor of the layer."""
        tokens = self._in_rows(tensor)
        patches = tokens[:, self.patches]
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
    """
    tokens = tokens_of(place, input_size)
    if tokens is None:
        return None
    cells = LayerMap(tokens.cells.order, tokens.cells.mirrored, tokens.cells.frame)
    return TokenMap(tokens.axis, tokens.before, tokens.after, tokens.sides, cells)
