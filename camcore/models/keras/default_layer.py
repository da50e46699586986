"""Which of a network's maps reach its scores, and which one is shown without being asked for."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from camcore.models import default_layer
from camcore.models.keras.geometry.token_maps import TokenMap
from camcore.models.keras.traced_graph import PASSED_THROUGH, Tap, TracedGraph

# Layers that repeat or thin out a map rather than make one; the layer that feeds them is shown.
_PASSIVE = (
    "MaxPooling", "AveragePooling", "ZeroPadding", "Cropping", "CenterCrop", "UpSampling",
    "Resizing", "Dropout", "SpatialDropout", "Gaussian", "Random", "Reshape", "Permute",
    "Rescaling", "Normalization", "Transpose", "Flip", "Roll", "GetItem", "Pad",
)  # fmt: skip
_PROJECTIONS = ("Dense", "EinsumDense")
_LINEAR = PASSED_THROUGH | {
    "Placeholder", "Conv2D", "DepthwiseConv2dNative", "MatMul", "BatchMatMulV2", "Einsum",
    "BiasAdd", "AddV2", "Add", "Sub", "Neg", "Mul", "RealDiv", "FusedBatchNormV3", "Rsqrt", "Pad",
    "PadV2", "Transpose", "StridedSlice", "ReverseV2", "ConcatV2", "SpaceToDepth",
    "ExtractImagePatches", "ResizeBilinear",
}  # fmt: skip
_ELSEWHERE = 0.1  # share of a picture that another branch must see to be named


def reaching(
    graph: TracedGraph, taps: tuple[Tap, ...], scores: Any
) -> tuple[tuple[Tap, ...], tuple[str, ...]]:
    """The taps whose maps the scores are computed from, and the names of the others.

    Behind the last attention of a network that reads its class token alone, the tokens of the
    patches are computed all the same, but nobody reads them: their gradient is zero everywhere,
    while that of the class token is not. It is measured on one picture of noise.
    """
    partial = [tap for tap in taps if tap.map and tap.map.beside]
    if not partial:
        return taps, ()
    with graph.graph.as_default():
        gradients = tf.gradients(scores, [tap.tensor for tap in partial])
        sizes = [
            tf.stack([tf.reduce_max(tf.abs(part)) for part in (tap.upright(slope), slope)])
            for tap, slope in zip(partial, gradients, strict=True)
        ]
    unread = tuple(
        tap.name
        for tap, (cells, whole) in zip(partial, _of_noise(graph, sizes), strict=True)
        if cells == 0 and whole > 0
    )
    return tuple(tap for tap in taps if tap.name not in unread), unread


def default_tap(graph: TracedGraph, taps: tuple[Tap, ...], scores: Any) -> Tap:
    """The last map that a layer made; of a transformer, the last that holds all it tells."""
    active = [tap for tap in taps if not tap.kind.startswith(_PASSIVE)] or [taps[-1]]

    def reads(tap: Tap, held: Tap | None) -> bool:
        with graph.graph.as_default():
            stopped = [] if held is None else [held.tensor]
            (slope,) = tf.gradients(scores, [tap.tensor], stop_gradients=stopped)
            if slope is None:
                return False
            cells = tf.reduce_max(tf.abs(tap.upright(slope)))
        return bool(_of_noise(graph, [cells])[0] != 0)

    network = default_layer.Network[Tap](
        mixings=sum(graph.mixes_cells(operation) for operation in graph.ancestors(scores)),
        is_tokens=lambda tap: isinstance(tap.map, TokenMap),
        is_linear=lambda tap: _linear(graph, tap.tensor),
        is_projection=lambda tap: tap.kind in _PROJECTIONS,
        follows=lambda later, tap: tap.tensor.op in graph.ancestors(later.tensor),
        reads=reads,
    )
    return default_layer.default_tap(active, network)


def other_parts(graph: TracedGraph, taps: tuple[Tap, ...], default: Tap) -> str:
    """A note where other branches see parts of the picture that the default layer does not.

    Returns
    -------
    str
        Empty where the default layer sees as much as the layers beside it.
    """
    sources = graph.ancestors(default.tensor)
    seen = _covered(default)
    branches: dict[tuple[float, ...], Tap] = {}  # the last layer of each part
    for tap in taps:
        if tap.tensor.op in sources or tap.kind.startswith(_PASSIVE):
            continue
        area = _covered(tap)
        if _area(area) - _area(_common(area, seen)) > _ELSEWHERE:
            branches[area] = tap
    if not branches:
        return ""
    others = ", ".join(f"{tap.name!r} {_area(area):.0%}" for area, tap in branches.items())
    return (
        f"the model looks at parts of the picture apart: {default.name!r}, whose map is shown, "
        f"sees {_area(seen):.0%} of it, and of other parts {others}; choose the layer of a part"
    )


def _covered(tap: Tap) -> tuple[float, float, float, float]:
    """What the map of a tap speaks for: left, top, right, bottom in fractions of the picture."""
    if tap.map is None:
        return 0.0, 0.0, 1.0, 1.0
    frame = tap.map.frame
    x0, y0, x1, y1 = frame.reach or (frame.x0, frame.y0, frame.x1, frame.y1)
    inside = (
        min(max(edge / size, 0.0), 1.0)
        for edge, size in zip(
            (x0, y0, x1, y1), (frame.width, frame.height, frame.width, frame.height), strict=True
        )
    )
    left, top, right, bottom = inside
    return left, top, right, bottom


def _common(first: tuple[float, ...], second: tuple[float, ...]) -> tuple[float, ...]:
    starts = (max(a, b) for a, b in zip(first[:2], second[:2], strict=True))
    stops = (min(a, b) for a, b in zip(first[2:], second[2:], strict=True))
    return (*starts, *stops)


def _area(box: tuple[float, ...]) -> float:
    x0, y0, x1, y1 = box
    return max(0.0, x1 - x0) * max(0.0, y1 - y0)


def _of_noise(graph: TracedGraph, tensors: list[Any]) -> list[np.ndarray]:
    """Values of tensors for one picture of noise."""
    noise = np.random.default_rng(0).uniform(0, 1, (1, *graph.images.shape[1:]))
    values = graph.function([graph.images], tensors)(tf.constant(noise, tf.float32))
    return [value.numpy() for value in values]


def _linear(graph: TracedGraph, tensor: Any) -> bool:
    """Whether a tensor is computed from the pixels by linear operations alone."""
    between = graph.ancestors(tensor) & graph.dependent
    return all(operation.type in _LINEAR for operation in between)
