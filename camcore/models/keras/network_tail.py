"""The rest of a network behind one layer, with what bypasses the layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.classifier import Head
from camcore.models.keras.traced_graph import Tap, TracedGraph


class RestOfNetwork:
    """Functions from the maps of a layer to the class scores.

    Parameters
    ----------
    graph : TracedGraph
    tap : Tap
        The layer.
    scores : tensor
    made : callable
        ``made(inputs, outputs)`` cuts a function out of the graph.
    """

    def __init__(
        self, graph: TracedGraph, tap: Tap, scores: Any, made: Callable[[list[Any], list[Any]], Any]
    ) -> None:
        beside = graph.bypassing(tap.tensor, scores)
        # Tokens that are no cell of the map stay as the image has them, too.
        self._partial = bool(tap.map and tap.map.beside)
        kept = [*beside, tap.tensor] if self._partial else beside
        self._tap = tap
        self._beside = made([graph.images], kept) if kept else None
        self._head = made([tap.tensor, *beside], [scores])

    def behind(self, image: Any) -> Head:
        """Maps (N, H, W, K) -> class scores; other branches keep what one image gives them."""
        kept = self._beside(image) if self._beside else []
        kept, whole = (kept[:-1], kept[-1]) if self._partial else (kept, None)

        def scores_of(maps: np.ndarray) -> np.ndarray:
            others = [tf.repeat(tensor, len(maps), axis=0) for tensor in kept]
            tensor = self._tap.restored(tf.constant(maps, self._tap.tensor.dtype), whole)
            answer: np.ndarray = self._head(tensor, *others)[0].numpy()
            return answer

        return scores_of
