"""Weights shuffled within themselves, for checks of what a map owes to what was learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.errors import ModelError
from camcore.models.keras.subgraphs import needed
from camcore.models.keras.traced_graph import TracedGraph, walk


def captured_weights(model: Any, graph: TracedGraph, scores: Any) -> dict[str, dict[str, Any]]:
    """Which weights of which layers the scores are computed from.

    Returns
    -------
    dict of str to dict of str to variable
        Path of the layer, in order of computation -> names of the captures in the graph -> the
        variables behind them.
    """
    operations = needed(graph.graph, [graph.images], [scores])
    read = {source.name for operation in operations for source in operation.inputs}
    handles = {id(outer): inner.name for outer, inner in graph.graph.captures}
    by_layer: dict[str, dict[str, Any]] = {}
    for path, operation in walk(model):
        variables = {
            handles[id(variable.value.handle)]: variable.value
            for variable in getattr(operation, "variables", ())
            if id(variable.value.handle) in handles
        }
        if kept := {name: value for name, value in variables.items() if name in read}:
            by_layer[path] = kept
    # Layers of a functional model are listed as they were built, which need not be as they run.
    order = {tap.name: place for place, tap in enumerate(graph.taps)}
    return dict(sorted(by_layer.items(), key=lambda item: order.get(item[0], len(order))))


def check_weights(weights: Mapping[str, Mapping[str, Any]], name: str) -> None:
    """Raise a ModelError that names the first layer whose weights are NaN or infinite.

    Parameters
    ----------
    weights : dict
        As from `captured_weights`.
    name : str
        Of the model.
    """
    for path, variables in weights.items():
        for variable in variables.values():
            if not variable.dtype.is_floating:
                continue
            finite = tf.math.is_finite(variable)
            if not bool(tf.reduce_all(finite)):
                lost = int(tf.reduce_sum(tf.cast(~finite, tf.int64)))
                raise ModelError(
                    f"{name} has diverged: the first weights that are NaN or infinite are those "
                    f"of layer {path!r} ({lost:,} of {int(tf.size(variable)):,}), so its answers "
                    "mean nothing; load an earlier checkpoint, or train anew with a lower "
                    "learning rate."
                )


def shuffled(
    weights: Mapping[str, Mapping[str, Any]], layers: Sequence[str], seed: int
) -> dict[str, Any]:
    """Variables with the same values in another order.

    Shuffling keeps each weight's distribution, so that variances of batch normalisation stay
    positive and the numbers in the network keep their size.

    Parameters
    ----------
    weights : dict
        As from `captured_weights`.
    layers : sequence of str
        Some of its keys.
    seed : int
        A layer's order depends on the seed and the layer alone.

    Returns
    -------
    dict of str to tf.Variable
        By the names of the captures whose place they take.
    """
    places = {path: place for place, path in enumerate(weights)}
    variables = {}
    for path in layers:
        rng = np.random.default_rng((seed, places[path]))
        for name, variable in weights[path].items():
            values = variable.numpy()
            mixed = rng.permutation(values.ravel()).reshape(values.shape)
            variables[name] = tf.Variable(mixed, dtype=variable.dtype, trainable=False)
    return variables
