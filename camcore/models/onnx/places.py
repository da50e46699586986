"""The place of every tensor of an ONNX graph in the picture: pixel rows and columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from camcore.models.geometry.coordinates import (
    Coordinates,
    combined,
    reduced,
    windowed,
)
from camcore.models.geometry.grids import Place
from camcore.models.geometry.moved import (
    NOTHING,
    joined,
    multiplied,
    resampled,
    reshaped,
    widened,
)
from camcore.models.onnx.attributes import attribute, axes_of, windows
from camcore.models.onnx.graph import Graph


@dataclass(frozen=True, eq=False)
class _Application:
    """One node, and the coordinates of its inputs along one side of the picture.

    Attributes
    ----------
    numbers : frozenset of str
        Tensors that follow from what the picture holds, and not from its size alone.
    """

    graph: Graph
    node: Any
    inputs: list[Coordinates | None]
    numbers: frozenset[str]

    def shape(self, place: int = 0) -> tuple[int, ...] | None:
        """Of an output, where all of it is known."""
        shape = self.graph.shapes.get(self.node.output[place])
        return None if shape is None or None in shape else tuple(int(n or 0) for n in shape)


# Nodes that hand on the numbers of their first input, in another shape or kind.
_HANDED_ON = (
    "Cast",
    "Dropout",
    "Expand",
    "Identity",
    "Reshape",
    "Squeeze",
    "Transpose",
    "Unsqueeze",
)
Rule = Callable[[_Application, Coordinates], "Coordinates | None"]


def places(graph: Graph, picture: str, axes: tuple[int, int]) -> dict[str, Place]:
    """Follow the pixels of a picture through a graph.

    Parameters
    ----------
    graph : Graph
    picture : str
        The input where it enters.
    axes : tuple of int
        Of that input: its rows and its columns.

    Returns
    -------
    dict of str to Place
        By the names of tensors; without those that have no one place.
    """
    shape = tuple(int(side or 1) for side in graph.shapes[picture])
    rows, columns = (Coordinates.of_axis(shape, axis) for axis in axes)
    known = {picture: Place(rows, columns)}
    numbers = graph.descendants(picture, through_sizes=False)
    for node in graph.nodes:
        names = [name for name in node.input if name]
        if not any(name in known for name in names) or not node.output[0]:
            continue
        sides: list[Coordinates | None] = []
        for side in ("rows", "columns"):
            inputs = [getattr(known[n], side) if n in known else None for n in node.input]
            sides.append(_along(_Application(graph, node, inputs, numbers)))
        if sides[0] is not None or sides[1] is not None:
            known[node.output[0]] = Place(sides[0], sides[1])
    return known


def _along(call: _Application) -> Coordinates | None:
    kind, shape = call.node.op_type, call.shape()
    if shape is None or not any(call.inputs):
        return None
    if kind in _ELEMENTWISE:
        involved = [
            coordinates
            for name, coordinates in zip(call.node.input, call.inputs, strict=True)
            if coordinates is not None or name in call.numbers
        ]
        try:
            together = combined(involved)
            return None if together is None else widened(together, shape)
        except ValueError:
            return None
    if kind in ("MatMul", "Gemm"):
        return None if _is_attention(call) else _product(call, shape)
    if kind == "Concat":
        return _concatenated(call)
    first = call.inputs[0]
    rule = _RULES.get(kind)
    if rule is None or first is None or any(call.inputs[1:]):
        return None
    lying = rule(call, first)
    return lying if lying is None or lying.shape == shape else None


def _same(call: _Application, known: Coordinates) -> Coordinates | None:
    return known


def _reshaped(call: _Application, known: Coordinates) -> Coordinates | None:
    shape = call.shape()
    if shape is None or np.prod(shape) != np.prod(known.shape):
        return None
    return reshaped(known, shape)


def _transposed(call: _Application, known: Coordinates) -> Coordinates | None:
    order = attribute(call.node, "perm", tuple(range(len(known.shape)))[::-1])
    values = known.values.transpose(0, *(axis + 1 for axis in order))
    shape = tuple(known.shape[axis] for axis in order)
    return Coordinates(np.broadcast_to(values, (3, *shape)))


def _slid(call: _Application, known: Coordinates) -> Coordinates | None:
    """Windows over rows and columns, and all channels together."""
    together = reduced(known, [1])
    shape = call.shape()
    if together is None or shape is None:
        return None
    values = together.values
    for number, window in enumerate(windows(call.graph, call.node)):
        axis = number + 2
        if axis in together.varying:
            first = np.arange(shape[axis]) * window.stride - window.before
            values = windowed(values, axis, first, window.size, window.dilation)
    return Coordinates(np.broadcast_to(values, (3, *shape)))


def _spread(call: _Application, known: Coordinates) -> Coordinates | None:
    """Each element spreads over a window of the output."""
    together = reduced(known, [1])
    shape = call.shape()
    if together is None or shape is None:
        return None
    values = together.values
    for number, window in enumerate(windows(call.graph, call.node)):
        axis = number + 2
        if axis not in together.varying:
            continue
        reach = window.dilation * (window.size - 1)
        out = np.arange(shape[axis]) + window.before
        values = resampled(
            values,
            axis,
            (out - reach / 2) / window.stride,
            np.ceil((out - reach) / window.stride),
            out // window.stride,
        )
    return Coordinates(np.broadcast_to(values, (3, *shape)))


def _resized(call: _Application, known: Coordinates) -> Coordinates | None:
    shape = call.shape()
    if shape is None:
        return None
    mode = attribute(call.node, "coordinate_transformation_mode", b"half_pixel").decode()
    if call.node.op_type == "Upsample":
        mode = "asymmetric"
    nearest = attribute(call.node, "mode", b"nearest") == b"nearest"
    values = known.values
    for axis in known.varying:
        count, target = known.shape[axis], shape[axis]
        out = np.arange(target, dtype=np.float64)
        if mode == "align_corners":
            index = out * ((count - 1) / max(target - 1, 1))
        elif "half_pixel" in mode or nearest:  # cells of the nearest begin at 0 too
            index = (out + 0.5) * (count / target) - 0.5
        elif mode == "asymmetric":
            index = out * (count / target)
        else:
            return None
        values = resampled(values, axis, index, np.floor(index), np.ceil(index))
    return Coordinates(np.broadcast_to(values, (3, *shape)))


def _padded(call: _Application, known: Coordinates) -> Coordinates | None:
    pads = attribute(call.node, "pads", None)
    if pads is None and len(call.node.input) > 1:
        pads = call.graph.value(call.node.input[1])
    rank = len(known.shape)
    if pads is None or len(pads) != 2 * rank or len(call.node.input) > 3:
        return None
    shape, values = list(known.shape), known.values
    for axis in range(rank):
        before, after = int(pads[axis]), int(pads[axis + rank])
        shape[axis] += before + after
        if axis in known.varying:
            values = windowed(values, axis, np.arange(shape[axis]) - before, 1)
    return Coordinates(np.broadcast_to(values, (3, *shape)))


def _sliced(call: _Application, known: Coordinates) -> Coordinates | None:
    given = [call.graph.value(name) if name else None for name in call.node.input[1:]]
    if len(given) < 2 or given[0] is None or given[1] is None:
        return None
    axes = given[2] if len(given) > 2 and given[2] is not None else range(len(given[0]))
    steps = given[3] if len(given) > 3 and given[3] is not None else [1] * len(given[0])
    index = [slice(None)] * (len(known.shape) + 1)
    for axis, start, stop, step in zip(axes, given[0], given[1], steps, strict=True):
        size = known.shape[int(axis)]
        end = None if step < 0 and stop < -size else int(stop)
        index[int(axis) % len(known.shape) + 1] = slice(int(start), end, int(step))
    return Coordinates(known.full[tuple(index)])


def _averaged(call: _Application, known: Coordinates) -> Coordinates | None:
    rank = len(known.shape)
    axes = axes_of(call.graph, call.node)
    if call.node.op_type.startswith("Global"):
        axes = tuple(range(2, rank))
    if axes is None:
        return None
    together = reduced(known, [axis % rank for axis in axes] or list(range(rank)))
    return None if together is None else _reshaped(call, together)


def _is_attention(call: _Application) -> bool:
    """Whether a factor of a product is shares that a softmax made, of places of the other.

    They are mixed by what they hold then, not by where they lie.
    """
    for name in call.node.input[:2]:
        source = call.graph.of(name)
        while source is not None and source.op_type in _HANDED_ON:
            source = call.graph.of(source.input[0])
        if source is not None and source.op_type == "Softmax":
            return True
    return False


def _product(call: _Application, shape: tuple[int, ...]) -> Coordinates | None:
    factors = []
    for place, (name, turned) in enumerate(
        zip(call.node.input[:2], ("transA", "transB"), strict=True)
    ):
        known = call.inputs[place]
        if known is not None and attribute(call.node, turned, 0):
            known = Coordinates(known.full.swapaxes(-1, -2))
        factors.append((known, name in call.numbers))
    try:
        return multiplied(factors, shape)
    except ValueError:
        return None


def _concatenated(call: _Application) -> Coordinates | None:
    shape = call.shape()
    if shape is None:
        return None
    axis = attribute(call.node, "axis", 1) % len(shape)
    arrays = []
    for name, coordinates in zip(call.node.input, call.inputs, strict=True):
        sides = call.graph.shapes.get(name)
        if coordinates is not None:
            arrays.append(coordinates.full)
        elif sides is not None and None not in sides and name not in call.numbers:
            nothing = NOTHING.reshape(3, *(1,) * len(sides))
            arrays.append(np.broadcast_to(nothing, (3, *(int(side or 0) for side in sides))))
        else:
            return None
    values = Coordinates(joined(call.inputs, arrays, axis))
    return values if values.shape == shape else None


_ELEMENTWISE = {
    "Add", "Sub", "Mul", "Div", "Sum", "Max", "Min", "Mean", "Pow", "Where", "PRelu",
}  # fmt: skip
_RULES: dict[str, Rule] = {
    "Conv": _slid,
    "MaxPool": _slid,
    "AveragePool": _slid,
    "LpPool": _slid,
    "ConvTranspose": _spread,
    "Resize": _resized,
    "Upsample": _resized,
    "Pad": _padded,
    "Slice": _sliced,
    "Transpose": _transposed,
    "GlobalAveragePool": _averaged,
    "GlobalMaxPool": _averaged,
    "ReduceMean": _averaged,
    "ReduceMax": _averaged,
    "ReduceSum": _averaged,
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshaped),
    **dict.fromkeys(
        (
            "Relu", "LeakyRelu", "Clip", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Elu",
            "Selu", "Celu", "Softplus", "Softsign", "Mish", "Gelu", "Erf", "Exp", "Log", "Sqrt",
            "Abs", "Neg", "Reciprocal", "Identity", "Dropout", "Cast", "ThresholdedRelu",
            "BatchNormalization", "InstanceNormalization", "GroupNormalization",
            "LayerNormalization", "LRN", "LpNormalization", "Sign", "Floor", "Ceil", "Round",
            "Swish", "CastLike",
        ),
        _same,
    ),
}  # fmt: skip
