"""How the outputs of Keras models are read: softmax in any form, sigmoid, regression, several."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from camcore import methods
from camcore.errors import InputError, ModelError
from camcore.methods.applying import raw_maps
from camcore.models.keras.classifier import KerasClassifier
from camcore.models.keras.outputs import named_results
from camcore.models.outputs import slopes


def softmax_fused(keras, x):
    return keras.layers.Dense(4, activation="softmax", name="scores")(x)


def softmax_apart(keras, x):
    return keras.layers.Softmax()(keras.layers.Dense(4, name="scores")(x))


def softmax_named(keras, x):
    return keras.layers.Activation("softmax")(keras.layers.Dense(4, name="scores")(x))


def no_softmax(keras, x):
    return keras.layers.Dense(4, name="scores")(x)


@pytest.mark.parametrize("ending", [softmax_fused, softmax_apart, softmax_named, no_softmax])
def test_scores_are_logits_however_the_softmax_is_written(keras, images, ending):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, name="conv")(inputs))
    model = keras.Model(inputs, ending(keras, x))
    classifier = KerasClassifier(model)
    batch = images(2, (8, 8, 3))
    forward = classifier.forward(batch, "conv")
    kernel, bias = model.get_layer("scores").get_weights()
    pooled = np.asarray(model.get_layer("conv")(batch)).mean(axis=(1, 2))
    np.testing.assert_allclose(forward.scores, pooled @ kernel + bias, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(forward.probabilities.sum(axis=1), 1, rtol=1e-5)
    assert classifier.output_kind == ("logits" if ending is no_softmax else "softmax")


@pytest.mark.parametrize(("units", "noted"), [(1, True), (2, False)])
def test_a_softmax_of_one_unit_tells_nothing(keras, units, noted):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, name="conv")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(units, activation="softmax")(x))
    notes = KerasClassifier(model).notes
    assert any("is 1 for every picture" in note for note in notes) is noted


def test_probabilities_alone_are_named_as_such(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, name="conv")(inputs))
    two = [keras.layers.Dense(3, activation="softmax")(x) for _ in range(2)]
    classifier = KerasClassifier(keras.Model(inputs, keras.layers.Average()(two)))
    assert classifier.output_kind == "log-probability"
    forward = classifier.forward(images(1, (8, 8, 3)), "conv")
    np.testing.assert_allclose(forward.scores, np.log(forward.probabilities), rtol=1e-5)


def test_one_sigmoid_explains_both_ways(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, name="conv")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    classifier = KerasClassifier(model, class_names=["tank"])
    assert classifier.class_names == ("not tank", "tank")
    forward = classifier.forward(images(1, (8, 8, 3)), "conv")
    np.testing.assert_array_equal(forward.scores[:, 0], -forward.scores[:, 1])
    np.testing.assert_allclose(
        forward.probabilities[:, 1], 1 / (1 + np.exp(-forward.scores[:, 1])), rtol=1e-5
    )
    down, up = raw_maps(classifier, forward, [0, 1], methods.METHODS["cam"])
    np.testing.assert_allclose(down, -up, rtol=1e-5, atol=1e-6)


def test_regression_explains_higher_and_lower(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, name="conv")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1, name="age")(x))
    classifier = KerasClassifier(model)
    assert classifier.output_kind == "regression"
    assert classifier.class_names == ("age, higher", "age, lower")
    batch = images(1, (8, 8, 3))
    forward = classifier.forward(batch, "conv")
    value = float(np.asarray(model(batch))[0, 0])
    np.testing.assert_allclose(forward.scores[0], [value, -value], rtol=1e-4)
    higher, lower = raw_maps(classifier, forward, [0, 1], methods.METHODS["grad-cam"])
    np.testing.assert_allclose(higher, -lower, rtol=1e-5, atol=1e-7)


def test_a_person_may_say_how_an_output_is_read(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(6, 3, name="conv")(inputs))
    squashed = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    one = keras.Model(inputs, keras.layers.Dense(1)(x))
    several = keras.Model(inputs, keras.layers.Dense(3)(x))
    batch = images(1, (8, 8, 3))
    age = KerasClassifier(squashed, output_kind="regression").forward(batch, "conv")
    np.testing.assert_allclose(age.scores[0, 0], np.asarray(squashed(batch))[0, 0], rtol=1e-5)
    logit = KerasClassifier(one, output_kind="sigmoid").forward(batch, "conv")
    np.testing.assert_allclose(logit.scores[0, 1], np.asarray(one(batch))[0, 0], rtol=1e-5)
    values = KerasClassifier(several, output_kind="regression")
    assert len(values.class_names) == 6
    scores = values.forward(batch, "conv").scores[0]
    np.testing.assert_allclose(scores[::2], np.asarray(several(batch))[0], rtol=1e-4)
    np.testing.assert_array_equal(scores[1::2], -scores[::2])
    with pytest.raises(InputError, match="'sigmoid' means one unit, not 3"):
        KerasClassifier(several, output_kind="sigmoid")
    with pytest.raises(InputError, match="take one of logits"):
        KerasClassifier(several, output_kind="softmax")


def test_several_outputs_one_is_picked(keras, images):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, name="conv")(inputs))
    outputs = {
        "kind": keras.layers.Dense(3, activation="softmax", name="kind")(x),
        "age": keras.layers.Dense(1, name="age")(x),
    }
    model = keras.Model(inputs, outputs)
    kind, age = KerasClassifier(model), KerasClassifier(model, output="age")
    assert set(kind.outputs) == {"kind", "age"}
    assert KerasClassifier(model, output="kind").output_kind == "softmax"
    assert age.output_kind == "regression"
    batch = images(1, (8, 8, 3))
    np.testing.assert_allclose(
        age.forward(batch, "conv").scores[0, 0], np.asarray(model(batch)["age"])[0, 0], rtol=1e-4
    )
    with pytest.raises(InputError, match="no output 'weight'"):
        KerasClassifier(model, output="weight")


def two_poolings(keras, shared):
    """A model whose outputs are one head on two poolings, or a mask and a head."""
    layers = keras.layers
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(6, 3, activation="relu", name="conv")(inputs)
    head = layers.Dense(3, activation="softmax", name="label")
    label = head(layers.GlobalAveragePooling2D()(x))
    if shared:
        return keras.Model(inputs, [label, head(layers.GlobalMaxPooling2D()(x))])
    mask = layers.Conv2D(1, 1, activation="sigmoid", name="mask")(x)
    return keras.Model(inputs, [mask, x, label])


def test_the_first_output_that_is_a_row_of_classes_is_taken(keras, images):
    model = two_poolings(keras, shared=False)
    classifier = KerasClassifier(model)
    assert classifier.output == "label"
    assert classifier.outputs == ("mask", "conv", "label")
    assert classifier.notes == (
        "output 'mask' (6×6×1) is no row of classes and was passed over",
        "output 'conv' (6×6×6) is no row of classes and was passed over",
    )
    batch = images(2, (8, 8, 3))
    np.testing.assert_allclose(classifier.scores(batch)[1], np.asarray(model(batch)[2]), rtol=1e-5)
    assert KerasClassifier(model, output=2).notes == ()


def test_outputs_of_one_name_are_told_apart(keras, images):
    model = two_poolings(keras, shared=True)
    batch = images(2, (8, 8, 3))
    answers = [np.asarray(answer) for answer in model(batch)]
    first = KerasClassifier(model)
    assert first.outputs == ("label", "label:2")
    np.testing.assert_allclose(first.scores(batch)[1], answers[0], rtol=1e-5)
    for output in (1, "1", "label:2"):
        second = KerasClassifier(model, output=output)
        assert second.output == "label:2"
        np.testing.assert_allclose(second.scores(batch)[1], answers[1], rtol=1e-5)


def test_an_output_that_depends_on_no_map_is_passed_over(keras):
    layers = keras.layers
    inputs = keras.Input((8, 8, 3))
    plain = layers.Dense(2, name="plain")(layers.Flatten()(inputs))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3, name="conv")(inputs))
    classifier = KerasClassifier(keras.Model(inputs, [plain, layers.Dense(2, name="seen")(x)]))
    assert classifier.output == "seen"
    assert "'plain' depends on no map" in classifier.notes[0]


def test_an_output_that_was_asked_for_is_not_exchanged(keras):
    model = two_poolings(keras, shared=False)
    with pytest.raises(ModelError, match=r"output 'mask' has shape 6 x 6 x 1 .* 'conv', 'label'"):
        KerasClassifier(model, output="mask")
    with pytest.raises(InputError, match="choose one of 0: mask, 1: conv, 2: label"):
        KerasClassifier(model, output="head")


def test_outputs_in_dictionaries_and_lists_have_names(keras):
    tensor = np.zeros(1)
    nested = {"a": tensor, "b": [tensor, tensor]}
    assert list(named_results(None, nested)) == ["a", "b/output 0", "b/output 1"]


def test_another_class_of_very_many_costs_a_row():
    count = 21_841
    probabilities = np.full((1, count), 1 / count, np.float32)
    tracemalloc.start()
    row = slopes("softmax", probabilities, [9], "score")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert row.shape == (1, count)
    assert row[0, 9] == row.sum() == 1
    assert peak < 100 * count
