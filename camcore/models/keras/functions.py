"""Functions cut from one traced model, each made when it is first needed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.classifier import ClassWeights
from camcore.models.affine_head import read_class_weights
from camcore.models.keras.network_tail import RestOfNetwork
from camcore.models.keras.traced_graph import Tap, TracedGraph

Make = Callable[[list[Any], list[Any], Mapping[str, Any]], Any]
"""``make(inputs, outputs, variables)`` cuts a function out of the graph."""


@dataclass(frozen=True, eq=False)
class Passes:
    """The two functions of one layer.

    Attributes
    ----------
    forward : callable
        Images -> map, scores, probabilities, and what the backward pass starts from.
    backward : callable
        What each score counts, and what the forward pass left -> gradients.
    """

    forward: Any
    backward: Any


class Pieces:
    """The functions of one model with one output.

    Not safe for threads: whoever holds it, locks it.

    Parameters
    ----------
    graph : TracedGraph
    scores, probabilities : tensor
    make : callable
        How functions are cut: `TracedGraph.function`, or one that makes them faster.
    variables : dict, optional
        In place of the model's own, by the names of their captures.
    """

    def __init__(
        self,
        graph: TracedGraph,
        scores: Any,
        probabilities: Any,
        make: Make,
        variables: Mapping[str, Any] | None = None,
    ) -> None:
        self._graph, self._make = graph, make
        self._scores, self._probabilities = scores, probabilities
        self._variables = dict(variables or {})
        self._passes: dict[str, Passes] = {}
        self._rests: dict[str, RestOfNetwork] = {}
        self._weights: dict[str, ClassWeights | None] = {}
        self._scoring: Any = None

    def made_by(self, make: Make) -> Pieces:
        """The same numbers, cut otherwise."""
        return Pieces(self._graph, self._scores, self._probabilities, make, self._variables)

    def with_other_values(self) -> Pieces:
        """The same functions for other values of the inputs beside the picture."""
        other = copy.copy(self)
        other._weights = {}  # their offset holds what those inputs add
        return other

    def with_variables(self, variables: Mapping[str, Any]) -> Pieces:
        """The same network with other weights."""
        both = self._variables | dict(variables)
        return Pieces(self._graph, self._scores, self._probabilities, self._make, both)

    def scoring(self) -> Any:
        """Images -> scores and probabilities."""
        if self._scoring is None:
            self._scoring = self._cut([self._graph.images], [self._scores, self._probabilities])
        return self._scoring

    def passes(self, tap: Tap) -> Passes:
        """Forward and backward pass at a layer."""
        if tap.name not in self._passes:
            graph = self._graph
            counted, gradients, residuals = graph.differentiate(self._scores, tap.tensor)
            with graph.graph.as_default():
                maps, slopes = (
                    tap.upright(tf.cast(t, tf.float32)) for t in (tap.tensor, gradients)
                )
            results = [maps, self._scores, self._probabilities, *residuals]
            self._passes[tap.name] = Passes(
                self._cut([graph.images], results), self._cut([counted, *residuals], [slopes])
            )
        return self._passes[tap.name]

    def rest(self, tap: Tap) -> RestOfNetwork:
        """From the maps of a layer to the scores."""
        if tap.name not in self._rests:
            self._rests[tap.name] = RestOfNetwork(self._graph, tap, self._scores, self._cut)
        return self._rests[tap.name]

    def class_weights(self, tap: Tap) -> ClassWeights | None:
        """Weights behind a layer that global average pooling follows; None where they are not."""
        if tap.name not in self._weights:
            # Exactly, whatever the other functions are made for.
            head = self._graph.function([tap.tensor], [self._scores], self._variables)
            dtype = tap.tensor.dtype.as_numpy_dtype

            def scores_of(maps: np.ndarray) -> np.ndarray:
                scores: np.ndarray = head(tap.restored(tf.constant(maps.astype(dtype))))[0].numpy()
                return scores

            self._weights[tap.name] = read_class_weights(scores_of, tap.grid)
        return self._weights[tap.name]

    def _cut(self, inputs: list[Any], outputs: list[Any]) -> Any:
        return self._make(inputs, outputs, self._variables)
