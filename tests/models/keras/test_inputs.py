"""Which input takes the picture, in which shape, and what the others are held at."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import camcore
from camcore.errors import InputError, ModelError
from camcore.models.keras.classifier import KerasClassifier

DRAW = np.random.default_rng(0)


def convolved(keras, tensor, name="conv"):
    layers = keras.layers
    return layers.GlobalAveragePooling2D()(
        layers.Conv2D(4, 3, activation="relu", name=name)(tensor)
    )


@pytest.fixture(scope="module")
def with_table(keras):
    """A picture and two numbers; the second number counts ten times as much as the first."""
    keras.utils.set_random_seed(0)
    images = keras.Input((9, 9, 3), name="image")
    numbers = keras.Input((2,), name="age_sex")
    both = keras.layers.Concatenate()([convolved(keras, images), numbers])
    return keras.Model([images, numbers], keras.layers.Dense(3, activation="softmax")(both))


@pytest.fixture(scope="module")
def pair(keras):
    """Two pictures of one size."""
    keras.utils.set_random_seed(1)
    left, right = (keras.Input((9, 9, 3), name=name) for name in ("left", "right"))
    both = [convolved(keras, left, "a"), convolved(keras, right, "b")]
    return keras.Model([left, right], keras.layers.Dense(2)(keras.layers.Subtract()(both)))


@pytest.mark.parametrize("shape", [(12, 12), (144,), (12, 10), (None, None), (192,)])
def test_pictures_without_a_channel_axis_are_read(keras, shape):
    size = {(144,): (12, 12, 1), (192,): (8, 8, 3), (None, None): (16, 14, 1)}.get(shape)
    size = size or (*shape, 1)
    inputs = keras.Input(shape)
    x = keras.layers.Reshape(size)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(convolved(keras, x)))
    free = {"input_size": (16, 14)} if None in shape else {}
    classifier = KerasClassifier(model, **free)
    assert classifier.input_shape == size
    assert "conv" in [layer.name for layer in classifier.layers]
    batch = DRAW.uniform(0, 1, (2, *size)).astype(np.float32)
    taken = batch.reshape((2, *(n or m for n, m in zip(shape, size, strict=False))))
    np.testing.assert_array_equal(classifier.scores(batch)[0], np.asarray(model(taken)))


@pytest.mark.parametrize("shape", [(3, 12, 10), (1, 12, 12), (3, None, None)])
def test_pictures_with_the_channels_first_are_read(keras, shape):
    inputs = keras.Input(shape)
    x = keras.layers.Permute((2, 3, 1))(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(convolved(keras, x)))
    free = {"input_size": (16, 14)} if None in shape else {}
    classifier = KerasClassifier(model, **free)
    size = (*free.get("input_size", shape[1:]), shape[0])
    assert classifier.input_shape == size
    assert classifier.default_layer == "conv"
    batch = DRAW.uniform(0, 1, (2, *size)).astype(np.float32)
    expected = model(batch.transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(classifier.scores(batch)[0], np.asarray(expected))


@pytest.mark.parametrize("shape", [(12, 10, 3), (4, 12, 12)])
def test_other_pictures_have_the_channels_last(keras, shape):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, keras.layers.Dense(2)(convolved(keras, inputs)))
    assert KerasClassifier(model).input_shape == shape


@pytest.mark.parametrize("shape", [(7,), (49,), (100, 5), (4, 4, 4, 1)])
def test_tables_and_volumes_are_no_pictures(keras, shape):
    inputs = keras.Input(shape)
    model = keras.Model(inputs, keras.layers.Dense(2)(keras.layers.Flatten()(inputs)))
    with pytest.raises(ModelError, match="not images"):
        KerasClassifier(model)


@pytest.mark.parametrize("channels", [2, 4, 6])
def test_any_number_of_channels_is_taken(keras, channels):
    inputs = keras.Input((9, 8, channels))
    model = keras.Model(inputs, keras.layers.Dense(3)(convolved(keras, inputs)))
    classifier = KerasClassifier(model)
    assert classifier.input_shape == (9, 8, channels)
    batch = DRAW.uniform(0, 1, (2, 9, 8, channels)).astype(np.float32)
    np.testing.assert_array_equal(classifier.scores(batch)[0], np.asarray(model(batch)))


def test_other_inputs_are_zeros_and_said_so(with_table):
    classifier = KerasClassifier(with_table)
    batch = DRAW.uniform(0, 1, (2, 9, 9, 3)).astype(np.float32)
    expected = np.asarray(with_table([batch, np.zeros((2, 2), np.float32)]))
    np.testing.assert_allclose(classifier.scores(batch)[1], expected, rtol=1e-6)
    assert classifier.notes == ("input 'age_sex' (2) is held at 0, as no value was given for it",)
    assert [other.name for other in classifier.other_inputs] == ["age_sex"]


@pytest.mark.parametrize("given", [[40, 1], "40, 1", np.array([[40.0, 1.0]])])
def test_other_inputs_are_held_at_what_a_person_gives(with_table, given):
    classifier = KerasClassifier(with_table, others={"age_sex": given})
    batch = DRAW.uniform(0, 1, (2, 9, 9, 3)).astype(np.float32)
    expected = np.asarray(with_table([batch, np.tile([[40.0, 1.0]], (2, 1)).astype(np.float32)]))
    np.testing.assert_allclose(classifier.scores(batch)[1], expected, rtol=1e-6)
    assert "held at" in classifier.notes[0]
    assert "no value" not in classifier.notes[0]


def test_values_change_without_a_new_trace_and_name_the_model_anew(with_table):
    zeros = KerasClassifier(with_table)
    held = zeros.holding({"age_sex": 3})
    batch = DRAW.uniform(0, 1, (1, 9, 9, 3)).astype(np.float32)
    assert held.sha256 != zeros.sha256
    assert held.holding({"age_sex": 0.0}).sha256 == zeros.sha256
    before = zeros.scores(batch)[1]
    assert np.abs(held.scores(batch)[1] - before).max() > 1e-3
    np.testing.assert_array_equal(zeros.scores(batch)[1], before)


def test_a_row_of_values_for_each_picture(with_table):
    rows = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    classifier = KerasClassifier(with_table).holding({"age_sex": rows})
    batch = DRAW.uniform(0, 1, (2, 9, 9, 3)).astype(np.float32)
    expected = np.asarray(with_table([batch, rows]))
    np.testing.assert_allclose(classifier.scores(batch)[1], expected, rtol=1e-6)
    with pytest.raises(InputError, match="for 2 pictures, not for 3"):
        classifier.scores(np.zeros((3, 9, 9, 3), np.float32))


def test_maps_and_heads_hold_the_values_too(with_table):
    """Every function that is cut out of the graph knows how many pictures it has."""
    classifier = KerasClassifier(with_table, others={"age_sex": [2, -1]})
    batch = DRAW.uniform(0, 1, (1, 9, 9, 3)).astype(np.float32)
    forward = classifier.forward(batch, "conv")
    assert classifier.gradients(forward, [0, 1, 2]).shape == (3, 7, 7, 4)
    maps = np.repeat(forward.activations, 5, axis=0)
    scores = classifier.head(batch, "conv")(maps)
    np.testing.assert_allclose(scores, np.repeat(forward.scores, 5, axis=0), rtol=1e-5)
    weights = classifier.class_weights("conv")
    pooled = forward.activations.mean((1, 2)) @ weights.weights + weights.bias
    np.testing.assert_allclose(pooled, forward.scores, rtol=1e-4, atol=1e-5)
    fast = classifier.for_throughput().scores(batch)[0]
    np.testing.assert_allclose(fast, forward.scores, rtol=1e-4, atol=1e-5)
    moved = classifier.holding({"age_sex": [0, 0]}).class_weights("conv")
    np.testing.assert_allclose(moved.weights, weights.weights, rtol=1e-5)
    assert np.abs(moved.bias - weights.bias).max() > 1e-3


def test_a_second_picture_is_read_as_the_first_is(pair, tmp_path):
    pixels = DRAW.integers(0, 256, (9, 9, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "right.png")
    classifier = KerasClassifier(pair, others={"right": str(tmp_path / "right.png")})
    assert classifier.input == "left"
    assert classifier.inputs == ("left", "right")
    batch = DRAW.uniform(0, 1, (1, 9, 9, 3)).astype(np.float32)
    expected = np.asarray(pair([batch, pixels[None] / np.float32(255)]))
    np.testing.assert_allclose(classifier.scores(batch)[0], expected, rtol=1e-5, atol=1e-6)


def test_either_picture_of_a_pair_can_be_explained(pair):
    batch = DRAW.uniform(0, 1, (1, 9, 9, 3)).astype(np.float32)
    black = np.zeros_like(batch)
    left, right = KerasClassifier(pair), KerasClassifier(pair, input="right")
    np.testing.assert_allclose(left.scores(batch)[0], np.asarray(pair([batch, black])), atol=1e-6)
    np.testing.assert_allclose(right.scores(batch)[0], np.asarray(pair([black, batch])), atol=1e-6)
    assert left.sha256 != right.sha256
    assert "'right' could be chosen" in left.notes[0]


def test_explanations_say_what_was_held(pair):
    picture = camcore.read_image(DRAW.integers(0, 256, (9, 9, 3), dtype=np.uint8), name="p")
    shown = camcore.explain(KerasClassifier(pair, input="left"), picture)
    (note,) = shown.to_json()["model"]["notes"]
    assert note == "input 'right' (9×9×3) is held at 0, as no value was given for it"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"others": {"age": 1}}, "no other input 'age'; it has 'age_sex'"),
        ({"others": {"age_sex": [1, 2, 3]}}, "numbers of shape 3"),
        ({"others": {"age_sex": "old"}}, "give a number"),
        ({"others": {"age_sex": float("nan")}}, "not finite"),
        ({"others": {"age_sex": "nothing.npy"}}, "cannot be read"),
        ({"input": "picture"}, "no input 'picture'; it has 'image', 'age_sex'"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(with_table, options, words):
    with pytest.raises(InputError, match=words):
        KerasClassifier(with_table, **options)


def test_a_subclassed_model_has_the_size_it_was_built_with(keras):
    class Subclassed(keras.Model):
        def __init__(self):
            super().__init__()
            self.conv = keras.layers.Conv2D(4, 3, name="conv")
            self.pool = keras.layers.GlobalAveragePooling2D()
            self.dense = keras.layers.Dense(3)

        def call(self, x):
            return self.dense(self.pool(self.conv(x)))

    model = Subclassed()
    with pytest.raises(ModelError, match=r"give input_size=\(height, width\)"):
        KerasClassifier(model)
    model(np.zeros((1, 20, 16, 3), np.float32))
    assert KerasClassifier(model).input_shape == (20, 16, 3)
    assert "20 x 16" in KerasClassifier(model).notes[0]
    assert KerasClassifier(model, input_size=(12, 12)).input_shape == (12, 12, 3)
