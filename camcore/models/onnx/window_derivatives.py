"""Derivatives of ONNX operations that read along axes: windows, means, norms, parts of tensors."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from camcore.models.onnx.attributes import attribute, axes_of, windows
from camcore.models.onnx.slope_nodes import (
    PADDING,
    SCATTERING,
    SLICING,
    Carry,
    NoDerivativeError,
    SlopeNodes,
)


def _convolved(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    if any(back.follows(name) for name in node.input[1:]):
        raise NoDerivativeError(node.op_type)
    group = attribute(node, "group", 1)
    return [_spread(back, node, slope, node.input[1], group)]


def _spread(back: SlopeNodes, node: Any, slope: str, weights: str, group: int) -> str:
    """Slopes of windows laid back over what the windows read."""
    given, made = back.shape(node.input[0]), back.shape(node.output[0])
    sliding = windows(back.graph, node)
    afters, more = [], []
    for axis, window in enumerate(sliding, 2):
        reach = (made[axis] - 1) * window.stride + (window.size - 1) * window.dilation + 1
        over = reach - window.before - given[axis]
        afters.append(max(over, 0))
        more.append(max(-over, 0))
    return back.op(
        "ConvTranspose",
        slope,
        weights,
        strides=[window.stride for window in sliding],
        dilations=[window.dilation for window in sliding],
        pads=[window.before for window in sliding] + afters,
        output_padding=more,
        group=group,
    )


def _convolved_back(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    """A transposed convolution: its slopes are convolved."""
    if any(back.follows(name) for name in node.input[1:]):
        raise NoDerivativeError(node.op_type)
    sliding = windows(back.graph, node)
    given, made = back.shape(node.input[0]), back.shape(node.output[0])
    afters = [
        (given[axis] - 1) * window.stride
        + (window.size - 1) * window.dilation
        + 1
        - window.before
        - made[axis]
        for axis, window in enumerate(sliding, 2)
    ]
    if min(afters) < 0:  # rows that no window has filled
        raise NoDerivativeError(node.op_type)
    return [
        back.op(
            "Conv",
            slope,
            node.input[1],
            strides=[window.stride for window in sliding],
            dilations=[window.dilation for window in sliding],
            pads=[window.before for window in sliding] + afters,
            group=attribute(node, "group", 1),
        )
    ]


def _pooled_mean(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    given, made = back.shape(node.input[0]), back.shape(node.output[0])
    sliding = windows(back.graph, node)
    padded = attribute(node, "count_include_pad", 0)
    counts = np.ones((1, 1, *(1 for _ in sliding)))
    for axis, window in enumerate(sliding):
        starts = np.arange(made[axis + 2]) * window.stride - window.before
        reads = starts[:, None] + window.dilation * np.arange(window.size)
        low, high = (
            (-window.before, given[axis + 2] + window.after) if padded else (0, given[axis + 2])
        )
        along = [1] * counts.ndim
        along[axis + 2] = made[axis + 2]
        counts = counts * ((reads >= low) & (reads < high)).sum(axis=1).reshape(along)
    ones = back.constant(np.ones((given[1], 1, *(window.size for window in sliding))))
    shares = back.op("Div", slope, back.constant(counts))
    return [_spread(back, node, shares, ones, given[1])]


def _pooled_largest(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    if attribute(node, "storage_order", 0) or back.graph.opset < SCATTERING:
        raise NoDerivativeError(node.op_type)
    if len(node.output) > 1 and node.output[1]:
        places = node.output[1]
    else:
        settings = {
            setting.name: attribute(node, setting.name, None)
            for setting in node.attribute
            if setting.name != "storage_order"
        }
        places = back.op("MaxPool", node.input[0], outputs=2, **settings)
    flat = back.whole([-1])
    size = back.op("Reshape", back.op("Size", node.input[0]), back.whole([1]))
    empty = back.op("Expand", back.constant(0), size)
    spread = back.op(
        "ScatterElements",
        empty,
        back.op("Reshape", places, flat),
        back.op("Reshape", slope, flat),
        axis=0,
        reduction="add",
    )
    return [back.like(spread, node.input[0])]


def _normalised_batch(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    scale, _, _, variance = (back.value(node, place) for place in range(1, 5))
    if scale is None or variance is None or attribute(node, "training_mode", 0):
        raise NoDerivativeError(node.op_type)
    factor = scale / np.sqrt(variance + attribute(node, "epsilon", 1e-5))
    along = (-1, *(1 for _ in back.shape(node.input[0])[2:]))
    return [back.op("Mul", slope, back.constant(factor.reshape(along)))]


def _normalised_layer(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    """(h - mean(h) - x' mean(h x')) / s, with h = g times the scale and x' the normalised x."""
    given, scale = node.input[0], node.input[1]
    rank = len(back.shape(given))
    axes = list(range(attribute(node, "axis", -1) % rank, rank))
    if any(back.follows(name) for name in node.input[1:]):
        raise NoDerivativeError(node.op_type)
    count = back.constant(prod(back.shape(given)[axis] for axis in axes))

    def mean(name: str) -> str:
        return back.op("Div", back.summed(name, axes), count)

    centred = back.op("Sub", given, mean(given))
    variance = mean(back.op("Mul", centred, centred))
    epsilon = back.constant(attribute(node, "epsilon", 1e-5))
    spread = back.op("Sqrt", back.op("Add", variance, epsilon))
    normal = back.op("Div", centred, spread)
    weighted = back.op("Mul", slope, scale)
    along = back.op("Mul", normal, mean(back.op("Mul", weighted, normal)))
    rest = back.op("Sub", back.op("Sub", weighted, mean(weighted)), along)
    return [back.op("Div", rest, spread)]


def _reduced(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    """A mean, sum or maximum over axes: slopes are handed to all, or to the largest."""
    given, kind = node.input[0], node.op_type
    shape = back.shape(given)
    axes = list(range(2, len(shape)))
    if not kind.startswith("Global"):
        written = axes_of(back.graph, node)
        if written is None:
            raise NoDerivativeError(kind)
        axes = [axis % len(shape) for axis in written] or list(range(len(shape)))
    kept = [1 if axis in axes else side for axis, side in enumerate(shape)]
    kept[0] = kept[0] if 0 in axes else -1
    to_all = back.op("Expand", back.op("Reshape", slope, back.whole(kept)), back.op("Shape", given))
    if kind in ("ReduceSum", "Sum"):
        return [to_all]
    if kind in ("ReduceMean", "GlobalAveragePool"):
        count = float(prod(shape[axis] for axis in axes))
        return [back.op("Mul", to_all, back.constant(1 / count))]
    largest = back.op("Reshape", node.output[0], back.whole(kept))
    reached = back.mask("Equal", given, largest)
    shared = back.op("Div", reached, back.summed(reached, axes))
    return [back.op("Mul", to_all, shared)]


def _concatenated(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    if back.graph.opset < SLICING:
        raise NoDerivativeError(node.op_type)
    axis = attribute(node, "axis", 1) % len(back.shape(node.output[0]))
    parts: list[str | None] = []
    start = 0
    for name in node.input:
        stop = start + back.shape(name)[axis]
        parts.append(_part(back, slope, axis, start, stop) if back.follows(name) else None)
        start = stop
    return parts


def _part(back: SlopeNodes, slope: str, axis: int, start: int, stop: int) -> str:
    where = (back.whole([bound]) for bound in (start, stop, axis))
    return back.op("Slice", slope, *where)


def _padded(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    pads = attribute(node, "pads", None)
    pads = back.value(node, 1) if pads is None else pads
    constant = attribute(node, "mode", b"constant") == b"constant"
    if pads is None or not constant or back.graph.opset < SLICING or len(node.input) > 3:
        raise NoDerivativeError(node.op_type)
    shape = back.shape(node.input[0])
    for axis, side in enumerate(shape):
        before, after = int(pads[axis]), int(pads[axis + len(shape)])
        if before or after:
            slope = _part(back, slope, axis, before, before + side)
    return [slope]


def _sliced(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    given = [constant for place in range(1, 5) if (constant := back.value(node, place)) is not None]
    known = len(given) == sum(bool(name) for name in node.input[1:])
    if back.graph.opset < PADDING or not known or len(given) < 2:
        raise NoDerivativeError(node.op_type)
    axes = given[2] if len(given) > 2 else np.arange(len(given[0]))
    if len(given) > 3 and (given[3] != 1).any():
        raise NoDerivativeError(node.op_type)
    shape = back.shape(node.input[0])
    pads = [0] * (2 * len(shape))
    for axis, start, stop in zip(axes, given[0], given[1], strict=True):
        axis = int(axis) % len(shape)
        begin, end, _ = slice(int(start), int(stop)).indices(shape[axis])
        pads[axis], pads[axis + len(shape)] = begin, shape[axis] - end
    return [back.op("Pad", slope, back.whole(pads))]


def _gathered(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    """One place along an axis, such as the class token."""
    index, shape = back.value(node, 1), back.shape(node.input[0])
    if index is None or index.size != 1 or back.graph.opset < PADDING:
        raise NoDerivativeError(node.op_type)
    axis = attribute(node, "axis", 0) % len(shape)
    place = int(index.ravel()[0]) % shape[axis]
    if axis == 0:
        raise NoDerivativeError(node.op_type)
    kept = [1 if number == axis else side for number, side in enumerate(shape)]
    thin = back.op("Reshape", slope, back.whole([-1, *kept[1:]]))
    pads = [0] * (2 * len(shape))
    pads[axis], pads[axis + len(shape)] = place, shape[axis] - place - 1
    return [back.op("Pad", thin, back.whole(pads))]


def split_slopes(back: SlopeNodes, node: Any, slopes: list[str | None]) -> list[str | None]:
    """Slopes of what was split, from those of its parts; a part that is not read counts 0."""
    axis = attribute(node, "axis", 0)
    parts = [
        part or back.op("Mul", name, back.constant(0))
        for part, name in zip(slopes, node.output, strict=True)
    ]
    return [back.op("Concat", *parts, axis=axis)]


DERIVATIVES: dict[str, Carry] = {
    "Conv": _convolved,
    "ConvTranspose": _convolved_back,
    "AveragePool": _pooled_mean,
    "MaxPool": _pooled_largest,
    "BatchNormalization": _normalised_batch,
    "LayerNormalization": _normalised_layer,
    "Concat": _concatenated,
    "Pad": _padded,
    "Slice": _sliced,
    "Gather": _gathered,
    **dict.fromkeys(
        ("GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceSum", "ReduceMax"), _reduced
    ),
}
