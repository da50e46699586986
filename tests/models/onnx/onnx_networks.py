"""Small networks as ONNX files, and the same networks written out in NumPy to compare with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from camcore.models.onnx.classifier import OnnxClassifier

OPSET, IR = 17, 9


@dataclass(frozen=True, eq=False)
class Network:
    """A model, and what it answers by NumPy: pictures (N, H, W, C) -> numbers by tensor name."""

    model: Any
    oracle: Callable[[np.ndarray], dict[str, np.ndarray]]

    def classifier(self, **options: Any) -> OnnxClassifier:
        options = {"name": "m.onnx", "sha256": "0", "preprocessing": "0-1"} | options
        return OnnxClassifier(self.model, **options)


def model_of(
    nodes: Sequence[Any],
    weights: dict[str, np.ndarray],
    shape: Sequence[int | str | None] = ("N", 3, 12, 10),
    *,
    outputs: Sequence[str] = ("scores",),
    opset: int = OPSET,
    kind: int = TensorProto.FLOAT,
    more_inputs: Sequence[Any] = (),
) -> Any:
    """A model whose input is called ``picture``."""
    graph = helper.make_graph(
        list(nodes),
        "network",
        [helper.make_tensor_value_info("picture", kind, list(shape)), *more_inputs],
        [helper.make_tensor_value_info(own, TensorProto.FLOAT, None) for own in outputs],
        [numpy_helper.from_array(own, name) for name, own in weights.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=IR)


def node(kind: str, inputs: str, output: str, **settings: Any) -> Any:
    """A node of the same name as what it gives."""
    return helper.make_node(
        kind, inputs.split(), output.split(), name=output.split()[0], **settings
    )


def random(*shape: int, seed: int = 0) -> np.ndarray:
    """Weights that keep numbers at about their size."""
    spread = 1 / np.sqrt(max(np.prod(shape[1:]), 1))
    return np.random.default_rng(seed).normal(0, spread, shape).astype(np.float32)


def convolved(x: np.ndarray, w: np.ndarray, b: np.ndarray, pad: int = 0, step: int = 1) -> Any:
    """A convolution, channels first, written out over the places of the kernel."""
    x = np.pad(x.astype(np.float64), ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    rows, columns = ((side - w.shape[2]) // step + 1 for side in x.shape[2:])
    total = np.zeros((len(x), len(w), rows, columns))
    for i in range(w.shape[2]):
        for j in range(w.shape[3]):
            part = x[:, :, i : i + rows * step : step, j : j + columns * step : step]
            part = part[:, :, :rows, :columns]
            total += np.einsum("nchw,kc->nkhw", part, w[:, :, i, j])
    return total + b[:, None, None]


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def first(images: np.ndarray) -> np.ndarray:
    """Channels first."""
    return images.transpose(0, 3, 1, 2)


def pooled(*, ending: str = "Softmax", shape: Any = ("N", 3, 12, 10), **options: Any) -> Network:
    """conv-relu-conv-relu, global average pooling, Gemm, and softmax if asked for."""
    weights = {
        "w1": random(4, 3, 3, 3, seed=1), "b1": random(4, seed=2) / 4,
        "w2": random(5, 4, 3, 3, seed=3), "b2": random(5, seed=4) / 4,
        "w3": random(3, 5, seed=5), "b3": random(3, seed=6),
    }  # fmt: skip
    nodes = [
        node("Conv", "picture w1 b1", "early", pads=[1, 1, 1, 1]),
        node("Relu", "early", "early_relu"),
        node("Conv", "early_relu w2 b2", "late", strides=[2, 2], pads=[1, 1, 1, 1]),
        node("Relu", "late", "late_relu"),
        node("GlobalAveragePool", "late_relu", "pool"),
        node("Flatten", "pool", "features"),
        node("Gemm", "features w3 b3", "scores" if not ending else "logits", transB=1),
    ]
    if ending:
        nodes.append(node(ending, "logits", "scores"))

    def oracle(images: np.ndarray) -> dict[str, np.ndarray]:
        early = np.maximum(convolved(first(images), weights["w1"], weights["b1"], 1), 0)
        late = np.maximum(convolved(early, weights["w2"], weights["b2"], 1, 2), 0)
        logits = late.mean(axis=(2, 3)) @ weights["w3"].T + weights["b3"]
        return {"early_relu": early, "late_relu": late, "scores": logits}

    return Network(model_of(nodes, weights, shape, **options), oracle)


def dense(hidden: bool = False) -> Network:
    """conv-relu, flatten and a dense head of one layer, or of two with tanh between."""
    weights = {
        "w1": random(4, 3, 3, 3, seed=1), "b1": random(4, seed=2),
        "w2": random(4 * 10 * 8, 6 if hidden else 3, seed=3),
        "w3": random(6, 3, seed=4), "b3": random(3, seed=5),
    }  # fmt: skip
    nodes = [
        node("Conv", "picture w1 b1", "conv"),
        node("Relu", "conv", "relu"),
        node("Flatten", "relu", "flat"),
        node("MatMul", "flat w2", "hidden"),
    ]
    if hidden:
        nodes += [node("Tanh", "hidden", "tanh"), node("Gemm", "tanh w3 b3", "scores")]
    else:
        nodes += [node("Add", "hidden b3", "scores")]

    def oracle(images: np.ndarray) -> dict[str, np.ndarray]:
        relu = np.maximum(convolved(first(images), weights["w1"], weights["b1"]), 0)
        scores = relu.reshape(len(images), -1) @ weights["w2"]
        scores = np.tanh(scores) @ weights["w3"] if hidden else scores
        return {"relu": relu, "scores": scores + weights["b3"]}

    used = {name: own for name, own in weights.items() if hidden or name != "w3"}
    return Network(model_of(nodes, used), oracle)


def residual() -> Network:
    """Two convolutions around which the first map leads, with everything that ResNets have."""
    weights = {
        "w1": random(4, 3, 3, 3, seed=1), "b1": random(4, seed=2) / 4,
        "w2": random(4, 4, 3, 3, seed=3), "b2": random(4, seed=4) / 4,
        "scale": 1 + random(4, seed=5) / 9, "shift": random(4, seed=6) / 9,
        "mean": random(4, seed=7) / 9, "variance": 1 + random(4, seed=8) ** 2,
        "w3": random(4, 3, seed=9), "b3": random(3, seed=10),
    }  # fmt: skip
    nodes = [
        node("Conv", "picture w1 b1", "stem", pads=[1, 1, 1, 1]),
        node("Relu", "stem", "stem_relu"),
        node("MaxPool", "stem_relu", "thin", kernel_shape=[3, 3], strides=[2, 2],
             pads=[1, 1, 1, 1]),
        node("Conv", "thin w2 b2", "block", pads=[1, 1, 1, 1]),
        node("BatchNormalization", "block scale shift mean variance", "normal"),
        node("Add", "normal thin", "sum"),
        node("Relu", "sum", "sum_relu"),
        node("ReduceMean", "sum_relu", "pool", axes=[2, 3], keepdims=0),
        node("MatMul", "pool w3", "product"),
        node("Add", "product b3", "scores"),
    ]  # fmt: skip

    def oracle(images: np.ndarray) -> dict[str, np.ndarray]:
        stem = np.maximum(convolved(first(images), weights["w1"], weights["b1"], 1), 0)
        wide = np.pad(stem, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
        rows, columns = ((side + 1) // 2 for side in stem.shape[2:])
        thin = np.max(
            [wide[:, :, i : i + 2 * rows : 2, j : j + 2 * columns : 2][:, :, :rows, :columns]
             for i in range(3) for j in range(3)],
            axis=0,
        )  # fmt: skip
        block = convolved(thin, weights["w2"], weights["b2"], 1)
        scale, shift, mean, variance = (
            weights[name][:, None, None] for name in ("scale", "shift", "mean", "variance")
        )
        normal = (block - mean) / np.sqrt(variance + 1e-5) * scale + shift
        total = np.maximum(normal + thin, 0)
        scores = total.mean(axis=(2, 3)) @ weights["w3"] + weights["b3"]
        return {"stem_relu": stem, "sum_relu": total, "scores": scores}

    return Network(model_of(nodes, weights), oracle)


def channels_last() -> Network:
    """As converted from TensorFlow: channels come last but around the convolution."""
    weights = {
        "w1": random(4, 3, 3, 3, seed=1), "b1": random(4, seed=2),
        "w2": random(4, 2, seed=3), "b2": random(2, seed=4),
    }  # fmt: skip
    nodes = [
        node("Transpose", "picture", "turned", perm=[0, 3, 1, 2]),
        node("Conv", "turned w1 b1", "conv"),
        node("Transpose", "conv", "back", perm=[0, 2, 3, 1]),
        node("Relu", "back", "relu"),
        node("ReduceMean", "relu", "pool", axes=[1, 2], keepdims=0),
        node("Gemm", "pool w2 b2", "scores"),
    ]

    def oracle(images: np.ndarray) -> dict[str, np.ndarray]:
        relu = np.maximum(convolved(first(images), weights["w1"], weights["b1"]), 0)
        scores = relu.mean(axis=(2, 3)) @ weights["w2"] + weights["b2"]
        return {"relu": relu, "scores": scores}

    return Network(model_of(nodes, weights, ("N", 12, 10, 3)), oracle)


def saved(model: Any, path: Any) -> Any:
    """The model as a file; its path."""
    onnx.save_model(model, path)
    return path
