"""Classifiers prepared for many images give the numbers of those that are not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.models.keras.classifier import KerasClassifier
from tests.models.exact_maps import assert_identity


@pytest.fixture(scope="module")
def normalised_model(keras):
    """Two convolutions, each with a batch normalisation whose numbers are no round ones."""
    keras.utils.set_random_seed(6)
    inputs = keras.Input((16, 16, 3))
    x = keras.layers.Conv2D(8, 3, use_bias=False, name="early")(inputs)
    x = keras.layers.ReLU()(keras.layers.BatchNormalization(name="first")(x))
    x = keras.layers.Conv2D(9, 3, name="late")(x)
    x = keras.layers.ReLU(name="relu")(keras.layers.BatchNormalization(name="second")(x))
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(inputs, keras.layers.Dense(4, activation="softmax")(x))
    rng = np.random.default_rng(0)
    for name in ("first", "second"):
        layer = model.get_layer(name)
        layer.set_weights([rng.uniform(0.5, 2, w.shape) for w in layer.get_weights()])
    return model


def test_scores_alone_are_those_of_the_forward_pass(gap_model, images):
    classifier = KerasClassifier(gap_model, preprocessing="none")
    batch = images(3, classifier.input_shape)
    forward = classifier.forward(batch, classifier.default_layer)
    scores, probabilities = classifier.scores(batch)
    np.testing.assert_array_equal(scores, forward.scores)
    np.testing.assert_array_equal(probabilities, forward.probabilities)
    with pytest.raises(InputError, match="do not fit gap"):
        classifier.scores(batch[:, :-1])


@pytest.mark.parametrize("layer", ["early", "late", "relu"])
def test_prepared_for_many_images_gives_the_same_numbers(normalised_model, images, layer):
    plain = KerasClassifier(normalised_model, preprocessing="none")
    fast = plain.for_throughput()
    batch = images(5, plain.input_shape)
    one, other = (own.forward(batch, layer) for own in (plain, fast))
    np.testing.assert_allclose(other.activations, one.activations, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other.scores, one.scores, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(other.probabilities, one.probabilities, rtol=1e-4)
    np.testing.assert_array_equal(other.scores.argmax(axis=1), one.scores.argmax(axis=1))
    for targets, count in (([0, 1, 2, 3, 0], 5), ([3, 1], 1)):
        two = [own.forward(batch[:count], layer) for own in (plain, fast)]
        slopes = [own.gradients(f, targets) for own, f in zip((plain, fast), two, strict=True)]
        np.testing.assert_allclose(*slopes, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["cam1", "cloud-detector"])
def test_cam_is_gradcam_when_prepared_for_many_images(bundled_model, images, name):
    classifier = bundled_model(name).for_throughput()
    assert_identity(classifier, lambda n, shape: (images(n, shape) + 1) * 127.5)


def test_cam_is_gradcam_behind_merged_normalisation(normalised_model, images):
    assert_identity(KerasClassifier(normalised_model).for_throughput(), images)


CPU = Path("/proc/cpuinfo")


@pytest.mark.skipif(
    not CPU.exists() or "avx512f" not in CPU.read_text(),
    reason="TensorFlow runs bfloat16 on processors with AVX-512 only",
)
def test_two_precisions_live_side_by_side(normalised_model, images):
    plain = KerasClassifier(normalised_model, preprocessing="none")
    full, half = plain.for_throughput(), plain.for_throughput(bfloat16=True)
    batch = images(16, plain.input_shape)

    def run(classifier):
        forward = classifier.forward(batch, "late")
        return forward, classifier.gradients(forward, [2] * 16)

    before, slopes_before = run(full)
    rough, slopes_rough = run(half)
    after, slopes_after = run(full)
    np.testing.assert_array_equal(after.scores, before.scores)
    np.testing.assert_array_equal(slopes_after, slopes_before)
    assert rough.activations.dtype == rough.scores.dtype == slopes_rough.dtype == np.float32
    for exact, coarse in ((before.activations, rough.activations), (before.scores, rough.scores)):
        error = np.abs(coarse - exact).max() / np.abs(exact).max()
        assert 1e-4 < error < 3e-2  # 8 bits of bfloat16 are 0.4 % a number
    # A slope behind a ReLU is 0 or whole, and may change where the map is close to 0.
    assert 0.99 < np.corrcoef(slopes_before.ravel(), slopes_rough.ravel())[0, 1] < 1 - 1e-7
