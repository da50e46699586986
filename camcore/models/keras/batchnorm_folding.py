"""Convolutions that take over what is done to each of their channels next.

Batch normalisation multiplies each channel of a convolution and adds to it. Both can be done by
the convolution itself, with other weights and an offset; TensorFlow then also joins the activation
that follows, and the map is written to memory once instead of four times.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.models.keras.subgraphs import Replacement, cut, needed
from camcore.models.keras.traced_graph import TracedGraph

_CONVOLUTIONS = {"Conv2D", "DepthwiseConv2dNative"}
_STEPS = {"Mul", "BiasAdd", "AddV2"}


def merged_function(
    graph: TracedGraph,
    inputs: list[Any],
    outputs: list[Any],
    variables: Mapping[str, Any] | None = None,
    *,
    bfloat16: bool = False,
) -> Any:
    """As `TracedGraph.function`, but made for speed: convolutions are merged with what follows.

    It rounds otherwise, and holds a second copy of the weights of these convolutions.
    """
    replaced = merge(graph, inputs, outputs, variables)
    return cut(graph.graph, inputs, outputs, replaced, bfloat16=bfloat16, variables=variables)


def merge(
    graph: TracedGraph,
    inputs: list[Any],
    outputs: list[Any],
    variables: Mapping[str, Any] | None = None,
) -> dict[Any, Replacement]:
    """From each convolution, and from the last step merged into it, to what takes its place."""
    chains = list(_chains(graph, inputs, outputs))
    if not chains:
        return {}
    fixed = [[chain.convolution.inputs[1], *chain.vectors] for chain in chains]
    vectors = [tensor for chain in fixed for tensor in chain]
    values = iter(graph.function([], vectors, variables)())
    replaced = {}
    for chain in chains:
        weights = next(values).numpy()
        scale, offset = np.ones(chain.channels, np.float32), np.zeros(chain.channels, np.float32)
        for step in chain.steps:
            vector = next(values).numpy().ravel()
            if step.type == "Mul":
                scale, offset = scale * vector, offset * vector
            else:
                offset = offset + vector
        convolution, last = chain.convolution, chain.steps[-1]
        if convolution.type == "DepthwiseConv2dNative":
            scale = scale.reshape(weights.shape[2:])  # input channel, and which of its outputs
        replaced[convolution] = Replacement(
            convolution.type, convolution.inputs[0], tf.constant(weights * scale)
        )
        replaced[last] = Replacement("BiasAdd", convolution.outputs[0], tf.constant(offset))
    return replaced


@dataclass(frozen=True, eq=False)
class _Chain:
    """A convolution, and steps that treat each of its channels, one after the other."""

    convolution: Any
    steps: list[Any]
    vectors: list[Any]  # what each step multiplies by or adds

    @property
    def channels(self) -> int:
        channels: int = self.convolution.outputs[0].shape[-1]
        return channels


def _chains(graph: TracedGraph, inputs: list[Any], outputs: list[Any]) -> Iterator[_Chain]:
    operations = needed(graph.graph, inputs, outputs)
    kept = {tensor.name for tensor in (*inputs, *outputs)}
    for convolution in operations:
        if (
            convolution.type not in _CONVOLUTIONS
            or convolution.outputs[0].dtype != tf.float32
            or convolution.get_attr("data_format") != b"NHWC"
            or not _fixed(graph, convolution.inputs[1])
        ):
            continue
        chain = _Chain(convolution, [], [])
        tensor = convolution.outputs[0]
        while tensor.name not in kept:
            readers = [operation for operation in tensor.consumers() if operation in operations]
            if len(readers) != 1 or readers[0].type not in _STEPS:
                break
            others = [operation for operation in readers[0].inputs if operation is not tensor]
            if len(others) != 1 or not _is_vector(others[0], chain.channels):
                break
            if not _fixed(graph, others[0]):
                break
            chain.steps.append(readers[0])
            chain.vectors.append(others[0])
            tensor = readers[0].outputs[0]
        # An offset alone is joined by TensorFlow already.
        if chain.steps and [operation.type for operation in chain.steps] != ["BiasAdd"]:
            yield chain


def _fixed(graph: TracedGraph, tensor: Any) -> bool:
    """Whether a tensor is the same for all images."""
    return graph.images.op not in graph.ancestors(tensor)


def _is_vector(tensor: Any, channels: int) -> bool:
    shape = tensor.shape
    is_vector: bool = shape.num_elements() == channels and shape[-1] == channels and shape.rank <= 4
    return is_vector
