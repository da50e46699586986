"""The last dense layer: what it reads, and the network with other weights."""

from __future__ import annotations

import numpy as np
import pytest

import camcore
from camcore.errors import ModelError
from camcore.models.keras.last_layer import LastLayer


def sigmoid_model(keras):
    keras.utils.set_random_seed(8)
    images = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(5, 3, activation="relu")(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(images, keras.layers.Dense(1, activation="sigmoid")(x))


@pytest.mark.parametrize("kind", ["softmax", "sigmoid"])
def test_features_and_weights_make_the_probabilities(keras, gap_model, images, kind):
    model = gap_model if kind == "softmax" else sigmoid_model(keras)
    classifier = camcore.KerasClassifier(model)
    last = LastLayer(classifier)
    batch = images(7, (12, 12, 3))
    scores = last.features(batch) @ last.weights + last.bias
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    shares = odds / odds.sum(axis=1, keepdims=True)
    expected = np.asarray(model(batch))
    if kind == "sigmoid":
        shares = shares[:, 1:]
    np.testing.assert_allclose(shares, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["softmax", "sigmoid"])
def test_a_new_head_is_in_the_copy_alone(keras, gap_model, images, tmp_path, kind):
    model = gap_model if kind == "softmax" else sigmoid_model(keras)
    before = [value.copy() for value in model.get_weights()]
    last = LastLayer(camcore.KerasClassifier(model))
    rng = np.random.default_rng(0)
    weights = rng.normal(size=last.weights.shape).astype(np.float32)
    bias = rng.normal(size=last.bias.shape).astype(np.float32)
    last.put(weights, bias)
    last.save(tmp_path / "other.keras")
    batch = images(5, (12, 12, 3))
    answers = camcore.KerasClassifier(
        keras.models.load_model(tmp_path / "other.keras")
    ).scores(batch)[0].argmax(axis=1)  # fmt: skip
    wanted = (last.features(batch) @ weights + bias).argmax(axis=1)
    assert answers.tolist() == wanted.tolist()
    for own, old in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, old)


def test_fine_tuning_learns_and_keeps_what_it_should_not_train(keras, images):
    model = sigmoid_model(keras)
    last = LastLayer(camcore.KerasClassifier(model))
    last.put(np.zeros_like(last.weights), np.zeros_like(last.bias))
    batch = images(40, (12, 12, 3))
    labels = (np.arange(40) % 2).astype(int)
    batch[labels == 1] += 2
    epochs = []
    layer = last.fine_tune(
        lambda places: batch[places], labels, np.ones(40), 0.5, 150, 1, epochs.append
    )
    assert (layer, len(epochs)) == (last.layer, 150)
    scores = last.features(batch) @ last.weights + last.bias
    assert (scores.argmax(axis=1) == labels).mean() >= 0.9
    frozen, old = last.network.layers[1].get_weights()[0], model.layers[1].get_weights()[0]
    np.testing.assert_array_equal(frozen, old)


def test_a_network_without_such_a_head_is_refused(keras):
    images = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(2, 3)(images)
    model = keras.Model(images, keras.layers.GlobalAveragePooling2D()(x))
    with pytest.raises(ModelError, match="has no head that can be refitted"):
        LastLayer(camcore.KerasClassifier(model, output_kind="logits"))
