"""Heads that plain CAM can read: global average pooling and affine layers behind a map."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from camcore.models.keras.traced_graph import PASSED_THROUGH, Tap, TracedGraph

# Between a map and the class scores these keep scores affine in the map.
_AFFINE = PASSED_THROUGH | {
    "BiasAdd", "AddV2", "Add", "Sub", "Mul", "RealDiv", "Neg", "MatMul", "BatchMatMulV2", "Conv2D",
    "ConcatV2", "Pack", "Transpose", "Mean", "AvgPool",
}  # fmt: skip


def pooled_affine(graph: TracedGraph, taps: tuple[Tap, ...], scores: Any) -> set[str]:
    """Names of the taps A for which scores = affine(mean over positions of A)."""
    near = {scores.op}  # what affine operations alone lead back to
    stack = [scores.op]
    while stack:
        operation = stack.pop()
        if operation.type in _AFFINE or operation is scores.op:
            for source in operation.inputs:
                if source.op not in near:
                    near.add(source.op)
                    stack.append(source.op)
    return {
        tap.name
        for tap in taps
        if tap.tensor.op in near
        and not (tap.map and tap.map.beside)
        and _pools(graph, tap.tensor, scores)
    }


def _pools(graph: TracedGraph, activations: Any, scores: Any) -> bool:
    start = activations.op
    inside = (graph.descendants(activations) & graph.ancestors(scores)) - {start}
    pools = set()
    for operation in inside:
        varying = [
            i
            for i, source in enumerate(operation.inputs)
            if source.op in inside or source.op is start
        ]
        bypassed = any(
            source.op in graph.dependent
            for i, source in enumerate(operation.inputs)
            if i not in varying
        )
        if bypassed or operation.type not in _AFFINE:
            return False
        if operation.type in {"Mul", "MatMul", "BatchMatMulV2"} and len(varying) > 1:
            return False
        if operation.type in {"RealDiv", "Conv2D"} and 1 in varying:
            return False
        if operation.type == "Conv2D" and any(s != 1 for s in operation.inputs[1].shape[:2]):
            return False
        if operation.type in {"Mean", "AvgPool"}:
            if not _pools_everything(operation, graph.cell_axes(operation.inputs[0])):
                return False
            pools.add(operation)
    # Every way from the map to the scores must lead through a pool.
    stack, reached = [start], set()
    while stack:
        for tensor in stack.pop().outputs:
            for consumer in tensor.consumers():
                if consumer in inside and consumer not in pools and consumer not in reached:
                    if consumer is scores.op:
                        return False
                    reached.add(consumer)
                    stack.append(consumer)
    return bool(pools)


def _pools_everything(operation: Any, cells: tuple[int, ...] | None) -> bool:
    source = operation.inputs[0].shape
    if cells is None:
        return False
    if operation.type == "AvgPool":
        size = operation.get_attr("ksize")
        return len(cells) == 2 and all(
            operation.outputs[0].shape[axis] == 1 and size[axis] == source[axis] for axis in cells
        )
    axes = tf.get_static_value(operation.inputs[1])
    return axes is not None and {int(a) % source.rank for a in np.ravel(axes)} == set(cells)
