"""Where CAM is possible: heads that pool and are affine."""

from __future__ import annotations

import numpy as np
import pytest

from camcore import methods
from camcore.methods.applying import raw_maps
from camcore.models.keras.classifier import KerasClassifier


def test_class_maps_that_go_straight_into_pooling_and_softmax(keras, images):
    """A convolution with one map a class, pooled, softmax: CAM is the map of the class itself."""
    inputs = keras.Input((8, 8, 1))
    maps = keras.layers.Conv2D(5, 3, name="maps")(inputs)
    pooled = keras.layers.GlobalAveragePooling2D()(maps)
    model = keras.Model(inputs, keras.layers.Activation("softmax")(pooled))
    classifier = KerasClassifier(model)
    forward = classifier.forward(images(1, (8, 8, 1)), "maps")
    cam = raw_maps(classifier, forward, [3], methods.METHODS["cam"])
    np.testing.assert_allclose(cam[0], forward.activations[0, :, :, 3], rtol=1e-5, atol=1e-6)


def one_by_one_head(keras, x):
    x = keras.layers.GlobalAveragePooling2D(keepdims=True)(x)
    return keras.layers.Reshape((4,))(keras.layers.Conv2D(4, 1)(x))


def normalised_head(keras, x):
    x = keras.layers.BatchNormalization()(keras.layers.GlobalAveragePooling2D()(x))
    return keras.layers.Dense(4)(keras.layers.Dense(8)(x))


def full_pool_head(keras, x):
    x = keras.layers.AveragePooling2D(6)(x)
    return keras.layers.Dense(4)(keras.layers.Flatten()(x))


def max_head(keras, x):
    return keras.layers.Dense(4)(keras.layers.GlobalMaxPooling2D()(x))


def flat_head(keras, x):
    return keras.layers.Dense(4)(keras.layers.Flatten()(x))


def hidden_head(keras, x):
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.layers.Dense(4)(keras.layers.Dense(8, activation="relu")(x))


def squared_head(keras, x):
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.layers.Dense(4)(keras.layers.Multiply()([x, x]))


@pytest.mark.parametrize(
    ("head", "possible"),
    [
        (one_by_one_head, True),
        (normalised_head, True),
        (full_pool_head, True),
        (max_head, False),
        (flat_head, False),
        (hidden_head, False),
        (squared_head, False),
    ],
)
def test_cam_is_offered_exactly_where_the_head_pools_and_is_affine(keras, images, head, possible):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(6, 3, name="conv")(inputs)
    model = keras.Model(inputs, keras.layers.Softmax()(head(keras, x)))
    classifier = KerasClassifier(model)
    info = next(layer for layer in classifier.layers if layer.name == "conv")
    assert info.cam is possible
    assert (classifier.class_weights("conv") is not None) is possible
    if possible:
        forward = classifier.forward(images(2, (8, 8, 3)), "conv")
        weights = classifier.class_weights("conv")
        pooled = forward.activations.mean(axis=(1, 2))
        np.testing.assert_allclose(
            pooled @ weights.weights + weights.bias, forward.scores, rtol=1e-4, atol=1e-5
        )


def test_a_map_that_a_shortcut_bypasses_has_no_cam(keras):
    inputs = keras.Input((8, 8, 3))
    first = keras.layers.Conv2D(6, 3, activation="relu", name="first")(inputs)
    branch = keras.layers.Conv2D(6, 3, padding="same", name="branch")(first)
    both = keras.layers.Add(name="both")([first, branch])
    x = keras.layers.GlobalAveragePooling2D()(both)
    classifier = KerasClassifier(keras.Model(inputs, keras.layers.Dense(4)(x)))
    assert {layer.name for layer in classifier.layers if layer.cam} == {"both"}
