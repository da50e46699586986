"""Gradients of ONNX operations against differences, in double precision."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx_networks import node
from scipy import special

from camcore.models.onnx.backward import Backward
from camcore.models.onnx.functions import Functions
from camcore.models.onnx.graph import Graph
from camcore.models.onnx.slope_nodes import NoDerivativeError

SHAPE = (2, 4, 7, 6)
RNG = np.random.default_rng(5)
WEIGHTS = {
    "kernel": RNG.normal(size=(6, 2, 3, 3)),
    "spread": RNG.normal(size=(4, 3, 3, 3)),
    "matrix": RNG.normal(size=(6, 5)),
    "tall": RNG.normal(size=(168, 3)),
    "row": RNG.normal(size=(4, 1, 1)),
    "whole": 1.5 + RNG.random((4, 7, 6)),
    "scale": RNG.normal(size=4),
    "variance": 0.5 + RNG.random(4),
    "width": RNG.normal(size=6),
    "two": np.array(2.0),
    "low": np.array(-0.5),
    "high": np.array(0.7),
}
WHOLE = {
    "plain": 2,
    "flat": [-1, 168],
    "pads": [0, 0, 1, 2, 0, 0, 2, 0],
    "start": [1], "stop": [6], "axis": [2], "place": [3], "minus": [-1], "rows": [2, 3],
}  # fmt: skip


def model_of(nodes, opset, kind):
    dtype = helper.tensor_dtype_to_np_dtype(kind)
    constants = [numpy_helper.from_array(np.asarray(own, dtype), n) for n, own in WEIGHTS.items()]
    constants += [numpy_helper.from_array(np.int64(own), name) for name, own in WHOLE.items()]
    graph = helper.make_graph(
        nodes,
        "one",
        [helper.make_tensor_value_info("a", kind, ["N", *SHAPE[1:]])],
        [helper.make_tensor_value_info("y", kind, None)],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=9)


def slopes_of(nodes, opset=17):
    """Slopes of weighted outputs in some directions: by the backward pass, and by differences.

    The differences are taken in double precision, of the NumPy implementation of ONNX.
    """
    exact = ReferenceEvaluator(model_of(nodes, opset, TensorProto.DOUBLE))
    values = np.random.default_rng(1).normal(size=SHAPE)
    weigh = np.random.default_rng(2).normal(size=exact.run(["y"], {"a": values})[0].shape)
    directions = np.random.default_rng(3).normal(size=(6, *SHAPE))

    graph = Graph(model_of(nodes, opset, TensorProto.FLOAT), {"a": (1, *SHAPE[1:])})
    made = Functions(graph).backward("a", "y", ())({"a": values, Backward.slopes: weigh})
    expected = []
    for direction in directions:
        ahead, behind = (
            exact.run(["y"], {"a": values + side * 1e-6 * direction})[0] for side in (1, -1)
        )
        expected.append(((ahead - behind) * weigh).sum() / 2e-6)
    return (directions * made[Backward.gradient]).sum(axis=(1, 2, 3, 4)), np.array(expected)


def assert_slopes(nodes, opset=17):
    made, expected = slopes_of(nodes, opset)
    assert np.abs(expected).max() > 1e-2
    np.testing.assert_allclose(made, expected, atol=2e-5 * np.abs(expected).max())


CASES = {
    "relu": [node("Relu", "a", "y")],
    "leaky": [node("LeakyRelu", "a", "y", alpha=0.2)],
    "clip": [node("Clip", "a low high", "y")],
    "clip from below": [node("Clip", "a low", "y")],
    "elu": [node("Elu", "a", "y", alpha=1.5)],
    "sigmoid": [node("Sigmoid", "a", "y")],
    "hard sigmoid": [node("HardSigmoid", "a", "y", alpha=0.3, beta=0.4)],
    "hard swish": [node("HardSwish", "a", "y")],
    "leaky by channel": [node("PRelu", "a row", "y")],
    "tanh": [node("Tanh", "a", "y")],
    "exp": [node("Exp", "a", "y")],
    "logarithm of a root": [node("Exp", "a", "s"), node("Sqrt", "s", "r"), node("Log", "r", "y")],
    "reciprocal": [node("Exp", "a", "e"), node("Reciprocal", "e", "y")],
    "absolute": [node("Abs", "a", "y")],
    "softplus": [node("Softplus", "a", "y")],
    "square": [node("Pow", "a two", "y")],
    "softmax": [node("Softmax", "a", "y", axis=-1)],
    "softmax over channels": [node("Softmax", "a", "y", axis=1)],
    "sum": [node("Add", "a row", "b"), node("Neg", "b", "c"), node("Sub", "row c", "y")],
    "squeeze and excitation": [
        node("GlobalAveragePool", "a", "p"), node("Sigmoid", "p", "g"), node("Mul", "g a", "y"),
    ],
    "quotient": [node("Exp", "a", "e"), node("Div", "whole e", "q"), node("Div", "q whole", "y")],
    "quotient of both": [
        node("Exp", "a", "e"), node("GlobalAveragePool", "e", "m"), node("Div", "a m", "y"),
    ],
    "matrix": [node("MatMul", "a matrix", "y")],
    "attention": [
        node("Transpose", "a", "t", perm=[0, 1, 3, 2]), node("MatMul", "a t", "y"),
    ],
    "dense": [node("Reshape", "a flat", "f"), node("Gemm", "f tall", "y", alpha=0.5)],
    "convolution in groups": [
        node("Conv", "a kernel", "y", group=2, strides=[2, 1], pads=[1, 0, 2, 1]),
    ],
    "dilated convolution": [node("Conv", "a kernel", "y", group=2, dilations=[2, 2])],
    "same convolution": [
        node("Conv", "a kernel", "y", group=2, strides=[2, 2], auto_pad="SAME_UPPER"),
    ],
    "transposed convolution": [
        node("ConvTranspose", "a spread", "y", strides=[2, 2], pads=[1, 1, 1, 1]),
    ],
    "mean pooling": [
        node("AveragePool", "a", "y", kernel_shape=[3, 2], strides=[2, 2], pads=[1, 0, 1, 0]),
    ],
    "mean pooling that counts its border": [
        node("AveragePool", "a", "y", kernel_shape=[3, 3], pads=[1, 1, 1, 1],
             count_include_pad=1),
    ],
    "mean pooling rounded up": [
        node("AveragePool", "a", "y", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1),
    ],
    "maximum pooling": [
        node("MaxPool", "a", "y", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1]),
    ],
    "normalised batch": [node("BatchNormalization", "a scale scale scale variance", "y")],
    "normalised layer": [node("LayerNormalization", "a width width", "y", axis=-1)],
    "global maximum": [node("GlobalMaxPool", "a", "y")],
    "mean over axes": [node("ReduceMean", "a", "y", axes=[1, -1], keepdims=0)],
    "maximum over axes": [node("ReduceMax", "a", "y", axes=[2])],
    "sum over axes": [node("ReduceSum", "a rows", "y", keepdims=0)],
    "parts": [
        node("Split", "a", "p q", axis=1), node("Tanh", "q", "t"), node("Concat", "t p a", "y",
        axis=1),
    ],
    "one part of two": [node("Split", "a", "p q", axis=1), node("Tanh", "q", "y")],
    "padded and sliced": [node("Pad", "a pads", "p"), node("Slice", "p start stop axis", "y")],
    "one place": [node("Gather", "a place", "y", axis=2)],
    "shapes": [
        node("Shape", "a", "s"), node("Reshape", "a flat", "f"), node("Tanh", "f", "t"),
        node("Reshape", "t s", "y"),
    ],
    "two ways": [node("Tanh", "a", "t"), node("Relu", "t", "r"), node("Add", "r t", "s"),
                 node("Mul", "s a", "y")],
}  # fmt: skip


@pytest.mark.parametrize("nodes", CASES.values(), ids=CASES)
def test_gradients_are_slopes(nodes):
    assert_slopes(nodes)


def test_the_error_function():
    """Apart, as the NumPy implementation of ONNX has it in single precision only."""
    values = np.random.default_rng(1).normal(size=SHAPE)
    graph = Graph(model_of([node("Erf", "a", "y")], 17, TensorProto.FLOAT), {"a": (1, *SHAPE[1:])})
    rows = {"a": values, Backward.slopes: np.ones(SHAPE)}
    made = Functions(graph).backward("a", "y", ())(rows)[Backward.gradient]
    expected = (special.erf(values + 1e-6) - special.erf(values - 1e-6)) / 2e-6
    np.testing.assert_allclose(made, expected, atol=1e-5)


def test_older_ways_to_write_settings():
    assert_slopes([node("Softmax", "a", "y", axis=3)], 11)
    assert_slopes(
        [node("ReduceSum", "a", "s", axes=[2, 3], keepdims=0), node("Tanh", "s", "y")], 11
    )


def test_later_ways_to_write_settings():
    assert_slopes([node("ReduceMean", "a rows", "s", keepdims=0), node("Tanh", "s", "y")], 18)
    assert_slopes([node("Mul", "a a", "s"), node("Softmax", "s", "y", axis=-1)], 21)


def test_gelu():
    values = np.random.default_rng(1).normal(size=SHAPE)
    graph = Graph(model_of([node("Gelu", "a", "y")], 20, TensorProto.FLOAT), {"a": (1, *SHAPE[1:])})
    rows = {"a": values, Backward.slopes: np.ones(SHAPE)}
    made = Functions(graph).backward("a", "y", ())(rows)[Backward.gradient]
    ahead, behind = ((values + s * 1e-6) * special.ndtr(values + s * 1e-6) for s in (1, -1))
    np.testing.assert_allclose(made, (ahead - behind) / 2e-6, atol=1e-5)


def test_an_operation_without_a_derivative_is_named():
    with pytest.raises(NoDerivativeError, match="CumSum"):
        slopes_of([node("Tanh", "a", "t"), node("CumSum", "t plain", "y")])
