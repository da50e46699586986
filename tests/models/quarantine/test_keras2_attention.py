"""Layers of transformers and wrappers in .h5 files of Keras 2, against forward passes in NumPy.

The files are written attribute by attribute as Keras 2 did, so that no Keras has touched them.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from camcore.errors import ModelError
from camcore.models.quarantine.inspection import inspect_file, write_upgraded

TOKENS, WIDTH = 4, 3
Weights = list[np.ndarray]


def node(kind: str, name: str, inbound: Any, weights: Weights | None = None, **config: Any) -> dict:
    """A layer with its calls and its weights, as Keras 2.4 to 2.15 write them into .h5 files."""
    return {
        "class_name": kind, "name": name, "config": {"name": name, "trainable": True, **config},
        "inbound_nodes": inbound, "weights": weights or [],
    }  # fmt: skip


def called(*sources: str, **keywords: str) -> list:
    """One call with tensors as arguments, and others by name."""
    rest = {key: [name, 0, 0] for key, name in keywords.items()}
    return [[[name, 0, 0, rest if not i else {}] for i, name in enumerate(sources)]]


def dense(name: str, weights: Weights, source: str = "tokens") -> dict:
    return node("Dense", name, called(source), weights, units=weights[0].shape[1])


def file_of(path: Path, layers: list[dict]) -> Path:
    """The file, with weights in the order of the layers, which is how Keras 2 finds them."""
    image = node("InputLayer", "image", [], batch_input_shape=[None, 2, 2, WIDTH], dtype="float32")
    tokens = node("Reshape", "tokens", called("image"), target_shape=[TOKENS, WIDTH])
    layers = [image, tokens, *layers]
    graph = [{key: own[key] for key in own if key != "weights"} for own in layers]
    config = {
        "class_name": "Functional",
        "config": {"name": "m", "layers": graph, "input_layers": [["image", 0, 0]],
                   "output_layers": [[layers[-1]["name"], 0, 0]]},
    }  # fmt: skip
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        file.attrs["keras_version"] = "2.11.0"
        file.attrs["backend"] = "tensorflow"
        stored = file.create_group("model_weights")
        stored.attrs["layer_names"] = [own["name"].encode() for own in layers]
        for own in layers:
            group = stored.create_group(own["name"])
            names = [f"{own['name']}/w{index}:0" for index in range(len(own["weights"]))]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, values in zip(names, own["weights"], strict=True):
                group[name] = values
    return path


def answers(keras: Any, path: Path, pictures: np.ndarray) -> np.ndarray:
    assert inspect_file(path).upgraded
    write_upgraded(path)
    model = keras.models.load_model(path, compile=False, safe_mode=True)
    return np.asarray(model(pictures))


def softmax(scores: np.ndarray) -> np.ndarray:
    powers = np.exp(scores - scores.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def drawn(*shapes: tuple[int, ...]) -> Weights:
    rng = np.random.default_rng(7)
    return [rng.uniform(-1, 1, shape).astype(np.float32) for shape in shapes]


PICTURES = np.random.default_rng(3).uniform(-1, 1, (2, 2, 2, WIDTH)).astype(np.float32)
X = PICTURES.reshape(2, TOKENS, WIDTH)
TURNED = X.transpose(0, 2, 1)


def attention_by_products():
    (scale,) = drawn(())
    layer = node("Attention", "a", called("tokens", "tokens"), [scale],
                 use_scale=True, score_mode="dot", causal=False, dropout=0.1)  # fmt: skip
    return [layer], softmax(scale * X @ TURNED) @ X


def attention_by_sums():
    scale, weight = drawn((), ())
    layer = node("Attention", "a", called("tokens", "tokens"), [scale, weight],
                 use_scale=True, score_mode="concat", causal=False, dropout=0.0)  # fmt: skip
    sums = np.tanh(scale * (X[:, :, None] + X[:, None])).sum(-1)
    return [layer], softmax(weight * sums) @ X


def additive_attention():
    kernel, bias, scale = drawn((WIDTH, WIDTH), (WIDTH,), (WIDTH,))
    keys = X @ kernel + bias
    layers = [
        dense("keys", [kernel, bias]),
        node("AdditiveAttention", "a", called("tokens", "tokens", "keys"), [scale],
             use_scale=True, causal=False, dropout=0.0),
    ]  # fmt: skip
    return layers, softmax((scale * np.tanh(X[:, :, None] + keys[:, None])).sum(-1)) @ X


def einsum_into_heads():
    kernel, bias = drawn((WIDTH, 2, 5), (2, 5))
    layer = node("EinsumDense", "e", called("tokens"), [kernel, bias], equation="abc,cde->abde",
                 output_shape=[None, 2, 5], bias_axes="de", activation="linear")  # fmt: skip
    return [layer], np.einsum("abc,cde->abde", X, kernel) + bias


def heads(value_first: bool):
    """Attention of two heads whose values and keys come from two layers of the same shape.

    Keras 2 writes a second argument by its name; the order of the layers tells whether it was one.
    """
    of_values, of_keys = drawn((WIDTH, WIDTH), (WIDTH, WIDTH))
    zero = np.zeros(WIDTH, np.float32)
    shapes = [(WIDTH, 2, 4), (2, 4)] * 3 + [(2, 4, WIDTH), (WIDTH,)]
    q, q0, k, k0, v, v0, o, o0 = drawn(*shapes)
    made = [dense("values", [of_values, zero]), dense("keys", [of_keys, zero])]
    call = called("tokens", value="values", key="keys")
    attention = node("MultiHeadAttention", "h", call, [q, q0, k, k0, v, v0, o, o0], num_heads=2,
                     key_dim=4, value_dim=4, dropout=0.0, use_bias=True, output_shape=None,
                     attention_axes=None, query_shape=None, key_shape=None)  # fmt: skip
    queries = np.einsum("ntc,chd->nhtd", X, q) + q0[:, None]
    keys = np.einsum("ntc,chd->nhtd", X @ of_keys, k) + k0[:, None]
    values = np.einsum("ntc,chd->nhtd", X @ of_values, v) + v0[:, None]
    mixed = softmax(queries @ keys.transpose(0, 1, 3, 2) / 2) @ values
    layers = [*(made if value_first else made[::-1]), attention]
    return layers, np.einsum("nhtd,hdc->ntc", mixed, o) + o0


def normalised(*axes: int):
    gamma, beta = drawn(*[tuple(X.shape[axis] for axis in axes)] * 2)
    layer = node("LayerNormalization", "n", called("tokens"), [gamma, beta], axis=list(axes),
                 epsilon=0.001, center=True, scale=True)  # fmt: skip
    centred = X - X.mean(axes, keepdims=True)
    spread = np.sqrt(X.var(axes, keepdims=True) + 0.001)
    return [layer], centred / spread * gamma + beta


def one_layer_at_all_times():
    kernel, bias = drawn((WIDTH, 2), (2,))
    wrapped = {"class_name": "Dense", "config": {"name": "d", "units": 2, "activation": "relu"}}
    layer = node("TimeDistributed", "t", called("tokens"), [kernel, bias], layer=wrapped)
    return [layer], np.maximum(X @ kernel + bias, 0)


def one_model_at_all_times():
    kernel, bias = drawn((WIDTH, 2), (2,))
    inner = {"name": "inner", "layers": [
        {"class_name": "InputLayer", "config": {"name": "i", "batch_input_shape": [None, WIDTH]}},
        {"class_name": "Dense", "config": {"name": "d", "units": 2}},
    ]}  # fmt: skip
    wrapped = {"class_name": "Sequential", "config": inner}
    layer = node("TimeDistributed", "t", called("tokens"), [kernel, bias], layer=wrapped)
    return [layer], X @ kernel + bias


def products_of_turned_tensors():
    operation = {"function": "linalg.matmul"}
    keywords = {"b": ["tokens", 0, 0], "transpose_b": True}
    scores = node("TFOpLambda", "s", [["tokens", 0, 0, keywords]], **operation)
    keywords = {"b": ["tokens", 0, 0], "transpose_a": True}
    mixed = node("TFOpLambda", "m", [["s", 0, 0, keywords]], **operation)
    plain = node("TFOpLambda", "p", [["m", 0, 0, {"b": drawn((WIDTH, 2))[0].tolist()}]],
                 **operation)  # fmt: skip
    return [scores, mixed, plain], X @ TURNED @ X @ drawn((WIDTH, 2))[0]


def room_for_a_class_token():
    keywords = {"paddings": [[0, 0], [1, 0], [0, 0]], "mode": "CONSTANT", "constant_values": 0.5}
    layer = node("TFOpLambda", "p", [["tokens", 0, 0, keywords]], function="compat.v1.pad")
    return [layer], np.pad(X, ((0, 0), (1, 0), (0, 0)), constant_values=0.5)


@pytest.mark.parametrize(
    "made",
    [
        attention_by_products(), attention_by_sums(), additive_attention(), einsum_into_heads(),
        heads(True), heads(False), normalised(2), normalised(1, 2),
        one_layer_at_all_times(), one_model_at_all_times(), products_of_turned_tensors(),
        room_for_a_class_token(),
    ],
    ids=[
        "attention", "attention of sums", "additive", "einsum", "value first", "key first",
        "norm", "norm of two axes", "wrapped layer", "wrapped model", "turned products", "padding",
    ],
)  # fmt: skip
def test_the_answers_are_those_of_the_formula(keras, tmp_path, made):
    layers, expected = made
    found = answers(keras, file_of(tmp_path / "old.h5", layers), PICTURES)
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-6)


def test_a_product_whose_operands_the_file_has_lost_is_refused(tmp_path):
    """Keras 2 itself writes no more of ``tf.einsum`` than its equation."""
    lost = node("TFOpLambda", "e", [["_CONSTANT_VALUE", -1, "bij,bkj->bik", {}]], function="einsum")
    path = file_of(tmp_path / "old.h5", [lost])
    with pytest.raises(ModelError, match=r"layer 'e', a TFOpLambda, calls TensorFlow's einsum"):
        inspect_file(path)
