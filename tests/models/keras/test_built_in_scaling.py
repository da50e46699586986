"""Scaling inside a model, whatever its layers are called, with what is no scaling beside it."""

from __future__ import annotations

import numpy as np
import pytest

import camcore


@pytest.fixture(scope="module")
def told(keras):
    def make(before, channels=3, dtype="float32"):
        images = keras.Input((16, 16, channels), dtype=dtype)
        x = keras.layers.Conv2D(4, 3)(before(images))
        scores = keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x))
        classifier = camcore.KerasClassifier(keras.Model(images, scores))
        return classifier.preprocessing, classifier.preprocessing_guessed

    return make


GUESS = ("0-1", True)
SCALED = ("none", False)


@pytest.mark.parametrize("family", ["mobilenet_v2", "resnet", "densenet", "xception", "vgg16"])
def test_preprocess_input_of_keras_applications(told, keras, family):
    assert told(getattr(keras.applications, family).preprocess_input) == SCALED


def test_operations(told, keras):
    ops = keras.ops
    assert told(lambda x: x / 255.0) == SCALED
    assert told(lambda x: x * (1 / 127.5) - 1) == SCALED
    assert told(lambda x: ops.divide(ops.subtract(x, 127.5), 127.5)) == SCALED
    assert told(lambda x: ops.multiply(x, 1 / 255)) == SCALED
    assert told(lambda x: x - 127.5) == SCALED


def test_behind_layers_that_move_pixels_only(told, keras):
    layers = keras.layers
    rescaling = layers.Rescaling(1 / 127.5, -1)
    for before in (
        layers.Identity(), layers.Activation("linear"), layers.ZeroPadding2D(2),
        layers.Cropping2D(2), layers.Reshape((16, 16, 3)), layers.Dropout(0.1),
        layers.MaxPooling2D(2), layers.UpSampling2D(2), layers.RandomFlip(),
        layers.Resizing(12, 20), layers.Permute((2, 1, 3)),
        keras.Sequential([layers.Identity(), layers.Dropout(0.5)]),
    ):  # fmt: skip
        assert told(lambda x, before=before: rescaling(before(x))) == SCALED, before
    assert told(lambda x: rescaling(layers.Concatenate()([x, x, x])), channels=1) == SCALED


def test_among_bounds_and_fixed_mixtures_of_channels(told, keras):
    ops, layers = keras.ops, keras.layers
    assert told(lambda x: ops.minimum(ops.maximum(x, 0), 255) / 255) == SCALED
    assert told(lambda x: ops.clip(x, 0, 255) / 255) == SCALED
    assert told(lambda x: ops.image.rgb_to_grayscale(x) / 255) == SCALED
    assert told(lambda x: ops.mean(x, axis=-1, keepdims=True) / 255) == SCALED
    assert told(lambda x: ops.maximum(x, 0)) == GUESS
    assert told(ops.image.rgb_to_grayscale) == GUESS
    assert told(lambda x: layers.Dense(1)(x) / 255) == GUESS
    assert told(lambda x: x - ops.mean(x, axis=(1, 2), keepdims=True)) == GUESS


def test_inside_an_inner_model(told, keras):
    inner = keras.Sequential([keras.layers.Rescaling(1 / 255), keras.layers.Conv2D(3, 1)])
    assert told(inner) == SCALED


def test_whole_numbers_take_nothing_but_pixels(told, keras):
    assert told(lambda x: keras.ops.cast(x, "float32"), dtype="uint8") == SCALED


def test_normalization_by_what_it_holds(told, keras):
    layers = keras.layers
    of_pixels = layers.Normalization(mean=[120.0, 115, 100], variance=[4000.0, 4100, 4200])
    of_units = layers.Normalization(mean=[0.485, 0.456, 0.406], variance=[0.05, 0.05, 0.05])
    assert told(of_pixels) == SCALED
    assert told(of_units) == ("0-1", False)


def test_batch_normalisation_by_its_moving_statistics(told, keras):
    def normalise(mean, variance):
        layer = keras.layers.BatchNormalization()
        layer.build((None, 16, 16, 3))
        layer.moving_mean.assign(np.full(3, mean))
        layer.moving_variance.assign(np.full(3, variance))
        return layer

    assert told(keras.layers.BatchNormalization()) == GUESS
    assert told(normalise(118.0, 4000.0)) == SCALED
    assert told(normalise(0.45, 0.06)) == ("0-1", False)


def test_inputs_of_other_ranges(told):
    assert told(lambda x: (x - 0.5) * 2) == ("0-1", False)
    assert told(lambda x: x * 255.0 - 117) == ("0-1", False)
    assert told(lambda x: (x + 1) * 127.5) == ("-1..1", False)
    assert told(lambda x: (x + 1) * 100) == ("-1..1", False)


def test_what_does_not_tell(told, keras):
    assert told(lambda x: x) == GUESS
    assert told(lambda x: x / 2) == GUESS
    assert told(lambda x: keras.ops.log(x + 1)) == GUESS
    assert told(lambda x: keras.layers.Conv2D(3, 1)(x) / 255) == GUESS
    assert told(lambda x: keras.layers.MaxPooling2D(2)(x)) == GUESS


def test_a_person_decides_against_the_graph(keras):
    images = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(4, 3)(keras.layers.Rescaling(1 / 255)(images))
    model = keras.Model(images, keras.layers.Dense(2)(keras.layers.GlobalAveragePooling2D()(x)))
    classifier = camcore.KerasClassifier(model, preprocessing="0-1")
    assert (classifier.preprocessing, classifier.preprocessing_guessed) == ("0-1", False)
