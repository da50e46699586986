"""Layers and classes may be called anything; nothing of it breaks a map, a table or a terminal."""

from __future__ import annotations

import numpy as np
import pytest

import camcore
from camcore.comparing import compare
from camcore.engine import Engine

NAMES = ["schön [1]", "c\x1b[31mred(\n)", "日本 {0}%s", "-C:\\'q\""]


def _model(keras, name: str):
    inner = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(3, 3, padding="same", name=f"{name} inside"),
            keras.layers.Conv2D(3, 3, padding="same", name=name),
        ],
        name=f"{name} nested",
    )
    images = keras.Input((8, 8, 3), name=f"{name} input")
    x = keras.layers.Conv2D(3, 3, padding="same", name=f"{name} outer")(inner(images))
    x = keras.layers.GlobalAveragePooling2D(name=f"{name} pool")(x)
    return keras.Model(images, keras.layers.Dense(2, "softmax", name=f"{name} answer")(x))


@pytest.mark.parametrize("name", NAMES)
def test_layers_of_any_name_have_maps(keras, name):
    keras.utils.set_random_seed(0)
    odd = camcore.KerasClassifier(model := _model(keras, name), class_names=["a", "b"])
    keras.utils.set_random_seed(0)
    plain = camcore.KerasClassifier(_model(keras, "plain"), class_names=["a", "b"])
    picture = camcore.read_image(np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8))
    assert [layer.name for layer in odd.layers] == [
        layer.name.replace("plain", name) for layer in plain.layers
    ]
    assert f"{name} nested" in [layer.name for layer in model.layers]  # names as they were
    for one, other in ((odd.layers[0], plain.layers[0]), (odd.layers[-1], plain.layers[-1])):
        shown = Engine().explain(odd, picture, target=0, layer=one.name)
        expected = Engine().explain(plain, picture, target=0, layer=other.name)
        np.testing.assert_allclose(shown.heatmap.raw, expected.heatmap.raw, atol=1e-6)
        assert shown.statement.isprintable()


def test_a_file_with_odd_names_is_loaded(keras, tmp_path):
    file = tmp_path / "odd.keras"
    _model(keras, "schön [1]\x1b").save(file)
    loaded = camcore.load_model(file)
    assert loaded.default_layer == "schön [1]\x1b outer"


def test_tables_hold_no_formula(keras):
    names = ["=1+1", "@SUM(A1)", "+2", "-3", "\tx", "\ry"]
    images = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(3, 3, name="=cmd")(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    model = keras.Model(images, keras.layers.Dense(len(names), "softmax")(x))
    classifier = camcore.KerasClassifier(model, class_names=names)
    picture = camcore.read_image(np.full((8, 8, 3), 90, np.uint8))
    both = compare(
        Engine(), classifier, picture, methods=["cam"], layers=["=cmd"],
        targets=list(range(len(names))),
    )  # fmt: skip
    assert both.table()["class"].tolist() == names
    table = both.csv()
    for name in (*names, "=cmd"):
        assert f"'{name}" in table
        assert f",{name}," not in table
