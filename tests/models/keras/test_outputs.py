"""How the outputs of Keras models are read: softmax in any form, sigmoid, regression, several."""

from __future__ import annotations

import numpy as np
import pytest

from camcore import methods
from camcore.errors import InputError
from camcore.methods.applying import raw_maps
from camcore.models.keras.classifier import KerasClassifier


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
