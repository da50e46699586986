"""Derivatives of ONNX operations that work value by value, and of matrix products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from camcore.models.onnx.attributes import attribute
from camcore.models.onnx.slope_nodes import PADDING, REDUCING, Carry, NoDerivativeError, SlopeNodes


def _passed(back: SlopeNodes, node: Any, slope: str) -> list[str]:
    return [slope]


def _cast(back: SlopeNodes, node: Any, slope: str) -> list[str]:
    kinds = [back.graph.types.get(name) for name in (node.input[0], node.output[0])]
    if kinds[0] != kinds[1]:
        raise NoDerivativeError(node.op_type)
    return [slope]


def _reshaped(back: SlopeNodes, node: Any, slope: str) -> list[str]:
    return [back.like(slope, node.input[0])]


def _transposed(back: SlopeNodes, node: Any, slope: str) -> list[str]:
    order = attribute(node, "perm", range(len(back.shape(node.input[0])))[::-1])
    return [back.op("Transpose", slope, perm=[int(place) for place in np.argsort(order)])]


def _by(factor: Callable[[SlopeNodes, Any], str]) -> Carry:
    """A function of each value: its slope is a factor."""
    return lambda back, node, slope: [back.op("Mul", slope, factor(back, node))]


def _relu(back: SlopeNodes, node: Any) -> str:
    return back.mask("Greater", node.input[0], back.constant(0))


def _leaky(back: SlopeNodes, node: Any) -> str:
    low = back.constant(attribute(node, "alpha", 0.01))
    above = back.op("Greater", node.input[0], back.constant(0))
    return back.op("Where", above, back.constant(1), low)


def _elu(back: SlopeNodes, node: Any) -> str:
    low = back.op("Add", node.output[0], back.constant(attribute(node, "alpha", 1.0)))
    above = back.op("Greater", node.input[0], back.constant(0))
    return back.op("Where", above, back.constant(1), low)


def _clip(back: SlopeNodes, node: Any) -> str:
    limits = [
        attribute(node, name, None) if back.graph.opset < PADDING else back.value(node, place)
        for place, name in ((1, "min"), (2, "max"))
    ]
    inside = back.constant(1)
    for kind, limit in zip(("Greater", "Less"), limits, strict=True):
        if limit is not None:
            within = back.mask(kind, node.input[0], back.constant(limit))
            inside = back.op("Mul", inside, within)
    return inside


def _sigmoid(back: SlopeNodes, node: Any) -> str:
    rest = back.op("Sub", back.constant(1), node.output[0])
    return back.op("Mul", node.output[0], rest)


def _hard_sigmoid(back: SlopeNodes, node: Any) -> str:
    return back.op("Mul", _inside(back, node), back.constant(attribute(node, "alpha", 0.2)))


def _inside(back: SlopeNodes, node: Any) -> str:
    above = back.mask("Greater", node.output[0], back.constant(0))
    return back.op("Mul", above, back.mask("Less", node.output[0], back.constant(1)))


def _hard_swish(back: SlopeNodes, node: Any) -> str:
    """X clip(x/6 + 1/2, 0, 1): 0 below -3, 1 above 3, and (2x + 3)/6 between."""
    given = node.input[0]
    third = back.op("Mul", given, back.constant(1 / 3))
    between = back.op("Add", third, back.constant(0.5))
    below = back.op("Less", given, back.constant(-3))
    above = back.op("Greater", given, back.constant(3))
    upper = back.op("Where", above, back.constant(1), between)
    return back.op("Where", below, back.constant(0), upper)


def _tanh(back: SlopeNodes, node: Any) -> str:
    square = back.op("Mul", node.output[0], node.output[0])
    return back.op("Sub", back.constant(1), square)


def _erf(back: SlopeNodes, node: Any) -> str:
    square = back.op("Mul", node.input[0], node.input[0])
    return back.op("Mul", back.op("Exp", back.op("Neg", square)), back.constant(2 / np.sqrt(np.pi)))


def _gelu(back: SlopeNodes, node: Any) -> str:
    """P(x) + x p(x), with the normal distribution P and its density p."""
    if attribute(node, "approximate", b"none") != b"none":
        raise NoDerivativeError(node.op_type)
    given = node.input[0]
    share = back.op("Erf", back.op("Mul", given, back.constant(np.sqrt(0.5))))
    below = back.op("Mul", back.op("Add", share, back.constant(1)), back.constant(0.5))
    square = back.op("Mul", back.op("Mul", given, given), back.constant(-0.5))
    density = back.op("Mul", back.op("Exp", square), back.constant(1 / np.sqrt(2 * np.pi)))
    return back.op("Add", below, back.op("Mul", given, density))


def _prelu(back: SlopeNodes, node: Any) -> str:
    if back.follows(node.input[1]):
        raise NoDerivativeError(node.op_type)
    above = back.op("Greater", node.input[0], back.constant(0))
    return back.op("Where", above, back.constant(1), node.input[1])


def _sqrt(back: SlopeNodes, node: Any) -> str:
    return back.op("Div", back.constant(0.5), node.output[0])


def _reciprocal(back: SlopeNodes, node: Any) -> str:
    return back.op("Neg", back.op("Mul", node.output[0], node.output[0]))


def _softmax(back: SlopeNodes, node: Any, slope: str) -> list[str]:
    """Y (g - sum(g y))."""
    rank = len(back.shape(node.input[0]))
    axis = attribute(node, "axis", 1 if back.graph.opset < REDUCING else -1) % rank
    if back.graph.opset < REDUCING and axis != rank - 1:
        raise NoDerivativeError(node.op_type)
    answer = node.output[0]
    product = back.op("Mul", slope, answer)
    mean = back.summed(product, [axis])
    return [back.op("Mul", answer, back.op("Sub", slope, mean))]


def _added(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    return [
        back.narrowed(slope, name, node.output[0]) if back.follows(name) else None
        for name in node.input
    ]


def _subtracted(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    first, second = _added(back, node, slope)
    return [first, back.op("Neg", second) if second else None]


def _multiplied(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    return [
        back.narrowed(back.op("Mul", slope, other), name, node.output[0])
        if back.follows(name)
        else None
        for name, other in zip(node.input, reversed(node.input), strict=True)
    ]


def _divided(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    above, below = node.input
    first = second = None
    share = back.op("Div", slope, below)
    if back.follows(above):
        first = back.narrowed(share, above, node.output[0])
    if back.follows(below):
        less = back.op("Neg", back.op("Mul", share, node.output[0]))
        second = back.narrowed(less, below, node.output[0])
    return [first, second]


def _power(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    exponent = back.value(node, 1)
    if exponent is None or exponent.size != 1:
        raise NoDerivativeError(node.op_type)
    power = float(exponent.ravel()[0])
    lower = back.op("Pow", node.input[0], back.constant(power - 1))
    factor = back.op("Mul", lower, back.constant(power))
    return [back.op("Mul", slope, factor)]


def _matrix_product(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    first, second = node.input
    if min(len(back.shape(first)), len(back.shape(second))) < 2:
        raise NoDerivativeError(node.op_type)
    to_first = to_second = None
    if back.follows(first):
        part = back.op("MatMul", slope, _turned(back, second))
        to_first = _narrowed_product(back, part, first, node.output[0])
    if back.follows(second):
        part = back.op("MatMul", _turned(back, first), slope)
        to_second = _narrowed_product(back, part, second, node.output[0])
    return [to_first, to_second]


def _narrowed_product(back: SlopeNodes, slope: str, name: str, output: str) -> str:
    """Slopes of a factor, summed over the axes in front that it was repeated along."""
    given, made = back.shape(name), back.shape(output)
    more = len(made) - len(given)
    axes = [*range(more)]
    axes += [more + a for a, side in enumerate(given[:-2]) if side == 1 and made[more + a] > 1]
    return back.like(back.summed(slope, axes), name) if axes else slope


def _turned(back: SlopeNodes, name: str) -> str:
    rank = len(back.shape(name))
    return back.op("Transpose", name, perm=[*range(rank - 2), rank - 1, rank - 2])


def _gemm(back: SlopeNodes, node: Any, slope: str) -> list[str | None]:
    if attribute(node, "transA", 0) or any(back.follows(name) for name in node.input[1:]):
        raise NoDerivativeError(node.op_type)
    weights = node.input[1]
    turned = weights if attribute(node, "transB", 0) else _turned(back, weights)
    part = back.op("MatMul", slope, turned)
    alpha = attribute(node, "alpha", 1.0)
    return [part if alpha == 1 else back.op("Mul", part, back.constant(alpha))]


DERIVATIVES: dict[str, Carry] = {
    **dict.fromkeys(("Reshape", "Flatten", "Squeeze", "Unsqueeze"), _reshaped),
    "Identity": _passed,
    "Dropout": _passed,
    "Cast": _cast,
    "Transpose": _transposed,
    "Relu": _by(_relu),
    "LeakyRelu": _by(_leaky),
    "Elu": _by(_elu),
    "Clip": _by(_clip),
    "Sigmoid": _by(_sigmoid),
    "HardSigmoid": _by(_hard_sigmoid),
    "HardSwish": _by(_hard_swish),
    "Tanh": _by(_tanh),
    "Erf": _by(_erf),
    "Gelu": _by(_gelu),
    "PRelu": _by(_prelu),
    "Exp": _by(lambda back, node: str(node.output[0])),
    "Log": _by(lambda back, node: back.op("Reciprocal", node.input[0])),
    "Sqrt": _by(_sqrt),
    "Reciprocal": _by(_reciprocal),
    "Neg": lambda back, node, slope: [back.op("Neg", slope)],
    "Abs": _by(lambda back, node: back.op("Sign", node.input[0])),
    "Softplus": _by(lambda back, node: back.op("Sigmoid", node.input[0])),
    "Softmax": _softmax,
    "Add": _added,
    "Sum": _added,
    "Sub": _subtracted,
    "Mul": _multiplied,
    "Div": _divided,
    "Pow": _power,
    "MatMul": _matrix_product,
    "Gemm": _gemm,
}
