"""A model that has diverged is refused in one sentence that says where the first NaN appears."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

import camcore
from camcore.auditing.pipeline import audit
from camcore.comparing import compare
from camcore.engine import Engine
from camcore.errors import ModelError
from tests.auditing.folders import tagged_folder
from tests.auditing.linear_classifier import looks_at


def _model(keras, middle: str = "conv2"):
    return keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(3, 3, padding="same", name="conv1"),
            keras.layers.Conv2D(3, 3, padding="same", name=middle),
            keras.layers.Conv2D(3, 3, padding="same", name="conv3"),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2, activation="softmax", name="answer"),
        ],
        name="net",
    )


@pytest.fixture
def picture():
    return camcore.read_image(np.full((8, 8, 3), 200, np.uint8))


def _set(layer, value: float) -> None:
    kernel, bias = layer.get_weights()
    kernel.flat[0] = value
    layer.set_weights([kernel, bias])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["conv1", "conv2", "answer"])
def test_weights_that_are_no_numbers_are_named(keras, where, value):
    model = _model(keras)
    camcore.KerasClassifier(model)
    _set(model.get_layer("conv3"), value)
    _set(model.get_layer(where), value)
    first = where if where != "answer" else "conv3"
    with pytest.raises(ModelError, match=rf"net has diverged.* layer '{first}' \(1 of \d+\)"):
        camcore.KerasClassifier(model)


@pytest.mark.parametrize("where", ["conv1", "conv2", "conv3"])
def test_activations_that_overflow_are_named(keras, picture, where):
    model = _model(keras)
    layer = model.get_layer(where)
    kernel, bias = layer.get_weights()
    layer.set_weights([np.full_like(kernel, 3e38), bias])
    classifier = camcore.KerasClassifier(model)
    engine = Engine()
    with pytest.raises(ModelError, match=f"activations of layer '{where}'"):
        engine.explain(classifier, picture, target=0)
    with pytest.raises(ModelError, match=f"activations of layer '{where}'"):
        engine.predict(classifier, picture)
    with pytest.raises(ModelError, match=f"activations of layer '{where}'"):
        compare(engine, classifier, picture, methods=["grad-cam"], layers=["conv3"])


def test_an_answer_that_overflows_behind_the_last_map(keras, picture):
    model = _model(keras)
    kernel, bias = model.get_layer("answer").get_weights()
    model.get_layer("answer").set_weights([kernel * 0 + 1e38, bias])
    _, conv_bias = model.get_layer("conv3").get_weights()
    model.get_layer("conv3").set_weights(
        [model.get_layer("conv3").get_weights()[0], conv_bias + 1e3]
    )
    with pytest.raises(ModelError, match="behind layer 'conv3', on the way"):
        Engine().explain(camcore.KerasClassifier(model), picture, target=0)


def test_a_map_of_nan_under_a_finite_answer_is_refused(picture):
    class Undefined(type(looks_at((0, 0)))):
        def gradients(self, forward, targets, of="score"):
            return super().gradients(forward, targets, of) * np.nan

    whole = looks_at((0, 0))
    broken = Undefined(whole.weights, whole.bias)
    large = camcore.read_image(np.full((32, 32, 3), 200, np.uint8))
    shown = Engine().explain(whole, large, target=0)
    json.dumps(shown.to_json(), allow_nan=False)
    with pytest.raises(ModelError, match=r"Grad-CAM map.*are NaN.*without gradients"):
        Engine().explain(broken, large, target=0)


def test_an_audit_refuses_a_diverged_model_in_one_sentence(tmp_path):
    model = looks_at((0, 0))
    model.weights = model.weights * np.nan
    data = tagged_folder(tmp_path / "data", each=5)
    with pytest.raises(ModelError, match="linear answers with numbers that are NaN"):
        audit(data, model, out=tmp_path / "run")


def test_a_picture_without_an_answer_is_a_row(tmp_path):
    class Partly(type(looks_at((0, 0)))):
        def forward(self, images, layer):
            forward = super().forward(images, layer)
            forward.scores[images[:, 31, 31, 0] > 0.99] = np.nan
            return forward

    data = tagged_folder(tmp_path / "data", each=40)
    odd = data / "a" / "0003.png"
    pixels = np.array(Image.open(odd))
    pixels[31, 31] = 255
    Image.fromarray(pixels).save(odd)
    whole = looks_at((0, 0))
    run = audit(
        data, Partly(whole.weights, whole.bias), out=tmp_path / "run", budget=0,
        method="hirescam", precision="float32",
    )  # fmt: skip
    assert run.bad["path"].tolist() == ["a/0003.png"]
    assert run.bad["error"].iloc[0] == "0003.png: the model's answer is NaN or infinite."
