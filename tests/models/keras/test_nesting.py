"""Nested, sequential and subclassed Keras models against the same model flattened."""

from __future__ import annotations

import numpy as np
import pytest

from camcore import methods
from camcore.methods.applying import raw_maps
from camcore.models.keras.classifier import KerasClassifier
from tests.models.exact_maps import raw


def nested(keras, depth: int):
    keras.utils.set_random_seed(5)
    inputs = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="inner_conv")(inputs)
    skip = x
    x = keras.layers.Conv2D(4, 3, padding="same", name="inner_deep")(x)
    x = keras.layers.Add(name="inner_add")([x, skip])
    model = keras.Model(inputs, x, name="base")
    flat = [model]
    for level in range(depth):
        outer = keras.Input((12, 12, 3))
        model = keras.Model(outer, model(outer), name=f"wrap{level}")
        flat.append(model)
    outer = keras.Input((12, 12, 3))
    x = keras.layers.GlobalAveragePooling2D()(model(outer))
    x = keras.layers.Dropout(0.3)(x)
    head = keras.layers.Dense(1, name="age")
    whole = keras.Model(outer, head(x))
    base_out = flat[0].output
    flattened = keras.Model(
        flat[0].inputs, head(keras.layers.GlobalAveragePooling2D()(base_out)), name="flat"
    )
    return whole, flattened


@pytest.mark.parametrize(("depth", "prefix"), [(0, "base/"), (2, "wrap1/wrap0/base/")])
@pytest.mark.parametrize("inner", ["inner_conv", "inner_deep", "inner_add"])
def test_nested_layers_equal_the_flattened_model(keras, images, depth, prefix, inner):
    whole, flattened = nested(keras, depth)
    deep, flat = KerasClassifier(whole), KerasClassifier(flattened)
    assert prefix + inner in [layer.name for layer in deep.layers]
    batch = images(2, (12, 12, 3))
    for method in ("grad-cam", "layer-cam"):
        np.testing.assert_allclose(
            raw(deep, batch, prefix + inner, [0, 1], method),
            raw(flat, batch, inner, [0, 1], method),
            rtol=1e-4,
            atol=1e-6,
        )
    assert deep.default_layer == prefix + "inner_add"


def test_nested_transfer_regression_on_xception(keras, images):
    base = keras.applications.Xception(weights=None, include_top=False, input_shape=(96, 96, 3))
    inputs = keras.Input((96, 96, 3))
    x = keras.layers.GlobalAveragePooling2D()(base(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, name="age")(keras.layers.Dropout(0.5)(x)))
    classifier = KerasClassifier(model)
    layer = "xception/block14_sepconv2_act"
    assert classifier.default_layer == layer
    batch = images(1, (96, 96, 3))
    forward = classifier.forward(batch, layer)
    cam, grad = (
        raw_maps(classifier, forward, [0], methods.METHODS[name]) for name in ("cam", "grad-cam")
    )
    np.testing.assert_allclose(cam, 9 * grad, rtol=1e-3, atol=1e-5 * np.abs(cam).max())


def test_sequential_and_subclassed_models(keras, images):
    def layers():
        return [
            keras.layers.Conv2D(4, 3, activation="relu", name="conv"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(3, activation="softmax"),
        ]

    keras.utils.set_random_seed(0)
    sequential = keras.Sequential([keras.Input((8, 8, 3)), *layers()])

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.parts = layers()

        def call(self, x):
            for part in self.parts:
                x = part(x)
            return x

    own = Own()
    own(np.zeros((1, 8, 8, 3), np.float32))
    own.set_weights(sequential.get_weights())
    batch = images(1, (8, 8, 3))
    first = raw(KerasClassifier(sequential), batch, "conv", [1], "cam")
    second = raw(KerasClassifier(own, input_size=(8, 8)), batch, "conv", [1], "cam")
    np.testing.assert_allclose(first, second, rtol=1e-4, atol=1e-6)
