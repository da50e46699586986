"""The rest of the network, other targets, shuffled weights and layer tables of Keras models."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.engine.engine import Engine
from camcore.errors import InputError, MethodError
from camcore.models.keras.classifier import KerasClassifier


@pytest.fixture(scope="module")
def tiny(tiny_model):
    return KerasClassifier(tiny_model, preprocessing="none")


@pytest.fixture(scope="module")
def gap(gap_model):
    return KerasClassifier(gap_model, preprocessing="none")


@pytest.fixture(scope="module")
def bypassed(keras):
    """A block with a skip connection around its convolutions."""
    keras.utils.set_random_seed(5)
    images = keras.Input((8, 8, 3))
    x = stem = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="stem")(images)
    x = keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="inner")(x)
    x = keras.layers.Conv2D(4, 3, padding="same", name="last")(x)
    x = keras.layers.Add(name="join")([stem, x])
    x = keras.layers.GlobalAveragePooling2D(name="gap")(x)
    return keras.Model(images, keras.layers.Dense(3, activation="softmax", name="scores")(x))


@pytest.mark.parametrize("layer", ["early", "late"])
def test_the_head_of_the_maps_gives_the_scores(tiny, images, layer):
    for image in images(3, tiny.input_shape):
        forward = tiny.forward(image[None], layer)
        found = tiny.head(image[None], layer)(forward.activations)
        np.testing.assert_allclose(found, forward.scores, rtol=1e-5, atol=1e-6)


def test_a_pooled_head_is_affine(gap, images):
    head = gap.head(images(1, gap.input_shape), "late")
    weights = gap.class_weights("late")
    maps = np.random.default_rng(0).normal(size=(5, 5, 5, 7)).astype(np.float32)
    expected = maps.mean(axis=(1, 2)) @ weights.weights + weights.bias
    np.testing.assert_allclose(head(maps), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("layer", ["stem", "inner", "last", "join"])
def test_what_bypasses_a_layer_stays_as_the_image_has_it(bypassed, images, layer):
    classifier = KerasClassifier(bypassed, preprocessing="none")
    image = images(1, (8, 8, 3))
    forward = classifier.forward(image, layer)
    head = classifier.head(image, layer)
    several = head(np.repeat(forward.activations, 3, axis=0))
    np.testing.assert_allclose(several, np.repeat(forward.scores, 3, axis=0), rtol=1e-5, atol=1e-6)
    empty = head(np.zeros_like(forward.activations))
    kernel, bias = bypassed.get_layer("scores").get_weights()
    if layer == "last":  # without it, the stem alone reaches the pool
        stem = classifier.forward(image, "stem").activations.mean(axis=(1, 2))
        np.testing.assert_allclose(empty, stem @ kernel + bias, rtol=1e-4, atol=1e-5)
    if layer == "join":
        np.testing.assert_allclose(empty[0], bias, atol=1e-6)


def test_the_gradient_of_the_probability_is_the_softmax_of_the_scores_gradients(tiny, images):
    """dp_c = p_c (dz_c - sum_j p_j dz_j)."""
    forward = tiny.forward(images(1, tiny.input_shape), "late")
    of_scores = tiny.gradients(forward, [0, 1, 2])
    p = forward.probabilities[0]
    mean = np.einsum("c,chwk->hwk", p, of_scores)
    found = tiny.gradients(forward, [0, 1, 2], of="probability")
    expected = p[:, None, None, None] * (of_scores - mean)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def test_a_sure_model_has_no_gradient_of_the_probability(keras, images):
    """p = 1 in float32: p (1 - p) is exactly 0, while the score still has its gradient."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(2, 3, name="conv")(inputs))
    dense = keras.layers.Dense(2, activation="softmax", name="scores")
    model = keras.Model(inputs, dense(x))
    dense.set_weights([np.eye(2), np.array([200.0, 0.0])])
    classifier = KerasClassifier(model, preprocessing="none")
    forward = classifier.forward(images(1, (8, 8, 3)), "conv")
    assert classifier.gradients(forward, [0]).any()
    assert not classifier.gradients(forward, [0], of="probability").any()


def test_one_sigmoid_and_regression(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, name="conv")(inputs))
    one = KerasClassifier(keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x)))
    forward = one.forward(images(1, (8, 8, 3)), "conv")
    p = forward.probabilities[0, 1]
    of_score = one.gradients(forward, [1])
    expected = p * (1 - p) * of_score
    np.testing.assert_allclose(one.gradients(forward, [1], of="probability"), expected, rtol=1e-5)
    number = KerasClassifier(keras.Model(inputs, keras.layers.Dense(1)(x)))
    forward = number.forward(images(1, (8, 8, 3)), "conv")
    with pytest.raises(InputError, match="no class probability"):
        number.gradients(forward, [0], of="probability")


def test_shuffled_weights(gap, images):
    assert gap.weighted_layers[:2] == ("early", "late")
    batch = images(2, gap.input_shape)
    dense = gap.weighted_layers[-1]
    other = gap.randomised([dense], seed=1)
    kept, changed = gap.forward(batch, "late"), other.forward(batch, "late")
    np.testing.assert_array_equal(kept.activations, changed.activations)
    assert np.abs(kept.scores - changed.scores).max() > 1e-3
    before, after = gap.class_weights("late"), other.class_weights("late")
    np.testing.assert_allclose(
        np.sort(before.weights.ravel()), np.sort(after.weights.ravel()), rtol=1e-4, atol=1e-6
    )
    expected = changed.activations.mean(axis=(1, 2)) @ after.weights + after.bias
    np.testing.assert_allclose(changed.scores, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(gap.forward(batch, "late").scores, kept.scores)
    assert len({gap.sha256, other.sha256, gap.randomised([dense], seed=2).sha256}) == 3


def test_shuffling_is_the_same_for_a_seed_and_adds_up(gap, images):
    batch = images(1, gap.input_shape)
    layers = gap.weighted_layers[-2:]
    once, again = (gap.randomised(layers, seed=3) for _ in range(2))
    np.testing.assert_array_equal(once.scores(batch)[0], again.scores(batch)[0])
    steps = gap.randomised(layers[1:], seed=3).randomised(layers[:1], seed=3)
    np.testing.assert_array_equal(once.scores(batch)[0], steps.scores(batch)[0])


def test_shuffled_weights_are_kept_when_prepared_for_many_images(bundled_model, images):
    """Scores for throughput come from the shuffled weights, not from the model's own."""
    classifier = bundled_model("tank-detector")
    other = classifier.randomised(classifier.weighted_layers, seed=0)
    batch = (images(2, classifier.input_shape) + 1) * 127.5
    expected = other.scores(batch)[0]
    found = other.for_throughput().scores(batch)[0]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-3)
    assert np.abs(expected - classifier.scores(batch)[0]).max() > 0.1


def test_an_unknown_layer_cannot_be_shuffled(gap):
    with pytest.raises(InputError, match="no layer 'nowhere' with weights"):
        gap.randomised(["nowhere"], seed=0)


def test_the_two_networks_add_up_to_the_whole(gap, gap_model):
    before, behind = gap.parts("late")
    assert [row.name for row in before] == ["early", "late"]
    assert [row.kind for row in behind] == ["GlobalAveragePooling2D", "Dropout", "Dense"]
    assert [row.shape for row in before] == [(10, 10, 6), (4, 4, 7)]
    assert behind[-1].shape == (4,)
    assert sum(row.parameters for row in before + behind) == gap_model.count_params()
    assert not any(row.beside for row in before + behind)


def test_layers_beside_the_split_are_marked(bypassed):
    before, behind = KerasClassifier(bypassed, preprocessing="none").parts("inner")
    assert {row.name: row.beside for row in before} == {"stem": False, "inner": False}
    assert [row.name for row in behind] == ["last", "join", "gap", "scores"]


def test_a_branch_that_never_meets_the_map_is_beside_it(keras):
    images = keras.Input((8, 8, 3))
    one = keras.layers.Conv2D(4, 3, name="one")(images)
    two = keras.layers.Conv2D(4, 3, name="two")(images)
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Concatenate()([one, two]))
    model = keras.Model(images, keras.layers.Dense(2, activation="softmax")(x))
    before, _ = KerasClassifier(model).parts("one")
    assert {row.name: row.beside for row in before} == {"one": False, "two": True}


@pytest.mark.parametrize("method", ["recipro-cam", "ablation-cam", "score-cam", "occlusion"])
def test_many_passes_agree_with_single_ones(tiny, picture, method):
    """Maps through the engine, in batches, equal those from scores taken one at a time."""
    engine, own = Engine(), picture(12, 10)
    from camcore.methods import METHODS

    features = engine.features(tiny, own, layer="late")
    image = engine.seen(tiny, own)
    variants = METHODS[method].formula(image, features.activations, features.layer.frame)
    score = (
        tiny.head(image[None], "late")
        if variants.of == "activations"
        else lambda batch: tiny.scores(batch)[0]
    )
    alone = np.concatenate([score(variants.make(i, i + 1)) for i in range(variants.count)])
    expected = variants.combine(alone, features.scores)
    shown = engine.explain_each(tiny, own, [0, 1, 2], layer="late", method=method)
    for one, raw in zip(shown, expected, strict=True):
        np.testing.assert_allclose(one.heatmap.raw, raw, rtol=1e-3, atol=1e-5)
        assert one.cost.passes == variants.count


def test_passes_are_told_can_be_stopped_and_serve_every_class(tiny, picture):
    engine, own, told = Engine(), picture(12, 10), []

    class Enough(Exception):
        pass

    def stop(done, total):
        told.append((done, total))
        raise Enough

    with pytest.raises(Enough):
        engine.explain(tiny, own, method="occlusion", progress=stop)
    assert told[0][1] == 11 * 9
    told.clear()
    engine.explain(tiny, own, method="occlusion", progress=lambda *now: told.append(now))
    assert told[-1] == (99, 99)
    told.clear()
    engine.explain(tiny, own, target=2, method="occlusion", progress=lambda *now: told.append(now))
    assert not told


def test_only_gradients_explain_the_probability(tiny, picture):
    with pytest.raises(MethodError, match="Eigen-CAM explains the class score only"):
        Engine().explain(tiny, picture(), method="eigen-cam", of="probability")


def test_occlusion_is_the_same_for_every_layer(tiny, picture):
    engine, own, told = Engine(), picture(12, 10), []
    first = engine.explain(tiny, own, layer="early", method="occlusion")
    second = engine.explain(
        tiny, own, layer="late", method="occlusion", progress=lambda *now: told.append(now)
    )
    np.testing.assert_array_equal(first.heatmap.raw, second.heatmap.raw)
    assert not told
