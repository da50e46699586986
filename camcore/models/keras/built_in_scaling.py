"""What a model does to its pixels before it looks at them, read off the traced graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from camcore.models.keras.traced_graph import PASSED_THROUGH, TracedGraph
from camcore.models.scaling import LEVELS, told_by

_MOVING = PASSED_THROUGH | {
    "IdentityN", "EnsureShape", "Transpose", "ReverseV2", "Roll", "StridedSlice", "Slice", "Pad",
    "PadV2", "MirrorPad", "ConcatV2", "Pack", "Unpack", "Split", "SplitV", "Tile", "BroadcastTo",
    "GatherV2", "ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea",
    "ScaleAndTranslate", "MaxPool", "MaxPoolV2", "AvgPool", "SpaceToDepth", "DepthToSpace", "If",
    "StatelessIf", "AddV2", "Add", "Sub", "BiasAdd", "AddN", "Neg", "FusedBatchNorm",
    "FusedBatchNormV3",
}  # fmt: skip
_ADDING = {"AddV2", "Add", "Sub", "BiasAdd", "FusedBatchNorm", "FusedBatchNormV3"}
_SCALING = {"Mul", "RealDiv", "Div", "DivNoNan"}
_PRODUCTS = {"MatMul", "BatchMatMulV2", "Einsum"}
_BOUNDING = {"Minimum", "Maximum"}
_POOLING = {"Sum", "Mean"}
_LEARNT = {"Placeholder", "ReadVariableOp", "VarHandleOp"}
_SHAPES = {"Shape", "ShapeN", "Size", "Rank"}


def built_in_scaling(graph: TracedGraph) -> str | None:
    """Which preprocessing the beginning of a model asks for, or None where it does not tell.

    The operations from the picture on are followed as long as they move pixels, scale them
    channel by channel, bound them or mix their channels by fixed numbers (RGB to gray), whatever
    the layers are called and however deep they are nested. What they
    do is measured on black, middle and white pictures, and read as ``gain * pixel + offset``:

    - a gain that brings 0..255 down to a range of at most `SMALL`, or a zero amid 0..255 (a mean
      is subtracted), takes raw pixels: ``none``;
    - a multiplication by one, written out, leaves pixels as they are: ``none``;
    - a zero amid 0..1, or a gain that makes 0..255 of 0..1, takes ``0-1``;
    - a gain and offset that make 0..1 or 0..255 of -1..1 takes ``-1..1``;
    - anything else, such as ``x / 2``, does not tell.

    A batch normalisation that comes first counts by the statistics and the scale that it holds:
    a fresh one does not tell.
    """
    ends = _ends(graph)
    if not ends:
        return None
    _, height, width, channels = graph.images.shape
    pictures = np.broadcast_to(LEVELS[:, None, None, None], (3, height, width, channels))
    ends_of_levels = graph.function([graph.images], ends)(tf.constant(pictures))
    return told_by(np.asarray(values) for values in ends_of_levels)


def scales_pixels(graph: TracedGraph) -> bool:
    """Whether a model begins with anything that scales pixels, whether or not it tells how."""
    return bool(_ends(graph))


def _ends(graph: TracedGraph) -> list[Any]:
    """The tensors that the scaling ends in: what the first other operations read."""
    ends: dict[str, Any] = {}
    stack, seen = [graph.images], {graph.images.name}
    scaled = False
    while stack:
        tensor = stack.pop()
        for operation in tensor.consumers():
            if operation.type in _SHAPES or operation not in graph.dependent:
                continue
            if not _scales(operation, graph):
                if tensor.dtype.is_floating:
                    ends[tensor.name] = tensor
                continue
            scaled |= operation.type in _SCALING | _ADDING
            for output in operation.outputs[: 1 if "BatchNorm" in operation.type else None]:
                if output.name not in seen:
                    seen.add(output.name)
                    stack.append(output)
    return [tensor for tensor in ends.values() if tensor is not graph.images] if scaled else []


def _scales(operation: Any, graph: TracedGraph) -> bool:
    if operation.type in _MOVING:
        return True
    if operation.type in _POOLING:
        axes = tf.get_static_value(operation.inputs[1])
        rank = operation.inputs[0].shape.rank
        return axes is not None and rank == 4 and set(np.ravel(axes) % rank) == {rank - 1}
    if operation.type not in _SCALING | _PRODUCTS | _BOUNDING:
        return False
    varying = [i for i, tensor in enumerate(operation.inputs) if tensor.op in graph.dependent]
    if operation.type in _SCALING:
        return len(varying) == 1 and (operation.type == "Mul" or varying == [0])
    fixed = [tensor for tensor in operation.inputs if tensor.op not in graph.dependent]
    return len(fixed) == 1 and not any(
        ancestor.type in _LEARNT for ancestor in graph.ancestors(fixed[0])
    )
