"""Convolutions with channels first run where TensorFlow has none, with the same numbers."""

from __future__ import annotations

import numpy as np
import pytest

import camcore
from camcore.models.keras.channels_first import convolved_channels_last
from camcore.models.keras.gap_retrofit import fast_function, pooled_network
from camcore.models.keras.traced_graph import all_operations

FIRST = {"data_format": "channels_first"}
DRAW = np.random.default_rng(3)


def middles(layers):
    """The same layers for channels first and, with nothing said, for channels last."""
    return {
        "plain": lambda **own: layers.Conv2D(5, 3, padding="same", activation="relu", **own),
        "strided": lambda **own: layers.Conv2D(5, 3, strides=2, use_bias=False, **own),
        "dilated": lambda **own: layers.Conv2D(5, 3, dilation_rate=2, padding="same", **own),
        "grouped": lambda **own: layers.Conv2D(6, 3, groups=3, padding="same", **own),
        "transposed": lambda **own: layers.Conv2DTranspose(4, 3, strides=2, **own),
        "depthwise": lambda **own: layers.DepthwiseConv2D(3, padding="same", **own),
        "separable": lambda **own: layers.SeparableConv2D(4, 3, padding="same", **own),
    }


NAMES = ["plain", "strided", "dilated", "grouped", "transposed", "depthwise", "separable"]


def twins(keras, name):
    """Two models of equal weights: channels first behind a permutation, and channels last."""
    layers = keras.layers
    models = []
    for first in (True, False):
        own = FIRST if first else {}
        images = keras.Input((16, 24, 3))
        x = layers.Permute((3, 1, 2))(images) if first else images
        x = middles(layers)[name](name="middle", **own)(x)
        x = layers.MaxPooling2D(2, **own)(x)
        x = layers.Conv2D(7, 3, padding="same", activation="relu", name="last", **own)(x)
        x = layers.GlobalAveragePooling2D(**own)(x)
        models.append(keras.Model(images, layers.Dense(3, name="head")(x)))
    models[0].set_weights(models[1].get_weights())
    return models


@pytest.mark.parametrize("name", NAMES)
def test_answers_maps_and_gradients_are_those_of_channels_last(keras, name):
    first, last = (camcore.KerasClassifier(own, preprocessing="0-1") for own in twins(keras, name))
    batch = DRAW.uniform(0, 1, (2, 16, 24, 3)).astype(np.float32)
    np.testing.assert_allclose(first.scores(batch)[0], last.scores(batch)[0], rtol=1e-4, atol=1e-5)
    assert first.default_layer == last.default_layer == "last"
    assert [own.cam for own in first.layers if own.name == "last"] == [True]
    assert first.layers[-1].frame == last.layers[-1].frame
    for layer in ("middle", "last"):
        passes = [own.forward(batch, layer) for own in (first, last)]
        np.testing.assert_allclose(
            passes[0].activations, passes[1].activations, rtol=1e-4, atol=1e-5
        )
        gradients = [
            own.gradients(made, [0, 2]) for own, made in zip((first, last), passes, strict=True)
        ]
        np.testing.assert_allclose(gradients[0], gradients[1], rtol=1e-4, atol=1e-6)


def test_a_file_of_channels_first_is_let_in(keras, tmp_path):
    model, last = twins(keras, "plain")
    model.save(tmp_path / "first.keras")
    loaded = camcore.load_model(tmp_path / "first.keras", preprocessing="0-1")
    batch = DRAW.uniform(0, 1, (1, 16, 24, 3)).astype(np.float32)
    np.testing.assert_allclose(loaded.scores(batch)[0], np.asarray(last(batch)), rtol=1e-4)


def test_inner_models_and_shared_layers_are_found_and_left_as_they_were(keras):
    layers = keras.layers
    conv = layers.Conv2D(3, 3, padding="same", activation="softmax", **FIRST)
    inner = keras.Sequential([keras.Input((3, 8, 10)), conv, layers.ReLU()])
    images = keras.Input((8, 10, 3))
    x = layers.Permute((3, 1, 2))(images)
    model = keras.Model(images, layers.Dense(2)(layers.Flatten()(conv(inner(x)))))
    batch = DRAW.uniform(0, 1, (2, 8, 10, 3)).astype(np.float32)

    kernel, bias = conv.get_weights()

    def convolved(values):  # softmax along the last axis: of channels first, the width
        outputs = keras.ops.conv(values, kernel, padding="same") + bias
        return keras.ops.softmax(outputs, axis=2)

    with convolved_channels_last(all_operations(model)):
        found = np.asarray(model(batch))
    last = np.asarray(convolved(np.asarray(convolved(batch))))
    dense = model.layers[-1]
    expected = np.asarray(dense(last.transpose(0, 3, 1, 2).reshape(2, -1)))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert "call" not in conv.__dict__
    assert conv.data_format == "channels_first"
    assert conv.activation is keras.activations.softmax


def test_a_new_head_pools_rows_and_columns(keras):
    """By the layer's own axes; pooling the first two would mix channels with rows."""
    first, last = (
        camcore.KerasClassifier(own, preprocessing="0-1") for own in twins(keras, "plain")
    )
    pixels = DRAW.uniform(0, 255, (2, 16, 24, 3)).astype(np.float32)
    pooled = [fast_function(pooled_network(own, "last"))(pixels) for own in (first, last)]
    expected = last.forward(pixels / 255, "last").activations.mean(axis=(1, 2))
    for found in pooled:
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
