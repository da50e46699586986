"""Configs of Keras 2 are rewritten where that changes no answer, and refused where it would."""

from __future__ import annotations

import copy
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hostile import layer, old_style, sequential

from camcore.errors import ModelError
from camcore.models.quarantine.inspection import inspect_file, write_upgraded
from camcore.models.quarantine.keras_config import check_config
from camcore.models.quarantine.upgrading import upgrade_config


def as_keras2(value: Any) -> Any:
    """A config of Keras 3 as Keras 2 wrote it: calls in lists, inner models counted from 1."""
    if isinstance(value, dict):
        changed = {key: as_keras2(own) for key, own in value.items()}
        if "batch_shape" in changed:
            changed["batch_input_shape"] = changed.pop("batch_shape")
        if changed.get("inbound_nodes"):
            changed["inbound_nodes"] = [_old_call(node) for node in value["inbound_nodes"]]
        for key in ("input_layers", "output_layers"):
            if isinstance(changed.get(key), list) and isinstance(changed[key][0], str):
                changed[key] = [changed[key]]
        return changed
    return [as_keras2(own) for own in value] if isinstance(value, list) else value


def _old_call(node: dict) -> list:
    tensors = node["args"][0] if isinstance(node["args"][0], list) else node["args"]
    return [[*own["config"]["keras_history"], {}] for own in tensors]


def each(config: Any, kind: str):
    """Every object of a class in a config."""
    if isinstance(config, dict):
        if config.get("class_name") == kind:
            yield config
        for value in config.values():
            yield from each(value, kind)
    elif isinstance(config, list):
        for value in config:
            yield from each(value, kind)


def written_by_keras2(model: Any, path: Path, change=None) -> Path:
    """A model's .h5 file as Keras 2 wrote it."""
    model.save(path)
    with h5py.File(path, "r+") as file:
        config = as_keras2(json.loads(file.attrs["model_config"]))
        for name in ("DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose"):
            for found in each(config, name):
                found["config"]["groups"] = 1
        for found in each(config, "BatchNormalization"):
            found["config"]["axis"] = [found["config"]["axis"] % 4]
        if change:
            change(config)
        file.attrs["model_config"] = json.dumps(old_style(config))
        file.attrs["keras_version"] = "2.11.0"
    return path


def loaded(keras, path: Path) -> Any:
    inspection = inspect_file(path)
    assert inspection.upgraded
    write_upgraded(path)
    assert not inspect_file(path).upgraded
    return keras.models.load_model(path, compile=False, safe_mode=True)


def randomised(model: Any) -> Any:
    draw = np.random.default_rng(0)
    weights = [draw.uniform(0.1, 0.9, w.shape).astype(w.dtype) for w in model.get_weights()]
    model.set_weights(weights)
    return model


def shared_inner(keras) -> Any:
    layers = keras.layers
    inner = keras.Sequential(
        [keras.Input((12, 12, 3)), layers.Conv2D(3, 3), layers.GlobalAveragePooling2D()], name="in"
    )
    images = keras.Input((12, 12, 3))
    twice = layers.Concatenate()([inner(images), inner(layers.Rescaling(0.5)(images))])
    return keras.Model(images, layers.Dense(2)(twice))


def separable(keras) -> Any:
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12, 12, 3)),
            layers.SeparableConv2D(4, 3),
            layers.BatchNormalization(),
            layers.DepthwiseConv2D(3),
            layers.Conv2DTranspose(3, 2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )


def outer(keras) -> Any:
    base = keras.applications.MobileNetV2(
        input_shape=(32, 32, 3), alpha=0.35, weights=None, include_top=False, pooling="avg"
    )
    return keras.Sequential([keras.Input((32, 32, 3)), base, keras.layers.Dense(2)])


@pytest.mark.parametrize("build", [shared_inner, separable, outer])
def test_files_of_keras2_give_the_same_answers(keras, tmp_path, build):
    model = randomised(build(keras))
    path = written_by_keras2(model, tmp_path / "old.h5")
    images = np.random.default_rng(1).uniform(0, 1, (2, *model.input_shape[1:])).astype("float32")
    answers = np.asarray(loaded(keras, path)(images))
    np.testing.assert_array_equal(answers, np.asarray(model(images)))


@pytest.mark.parametrize("options", [{}, {"use_bias": False, "value_dim": 3}])
def test_attention_of_several_heads_is_built_by_its_calls(keras, tmp_path, options):
    """A .keras file of Keras 2 keeps one shape of it, and Keras 3 builds it from two or three."""
    layers = keras.layers
    images = keras.Input((8, 8, 3))
    x = layers.Reshape((16, 6))(layers.Conv2D(6, 2, strides=2)(images))
    attended = layers.MultiHeadAttention(2, 4, name="heads", **options)(x, layers.ReLU()(x))
    model = randomised(keras.Model(images, layers.Dense(2)(layers.Flatten()(attended))))
    model.save(tmp_path / "new.keras")
    with (
        zipfile.ZipFile(tmp_path / "new.keras") as new,
        zipfile.ZipFile(tmp_path / "old.keras", "w") as old,
    ):
        for name in new.namelist():
            data = new.read(name)
            if name == "config.json":
                config = json.loads(data)
                (found,) = each(config, "MultiHeadAttention")
                found["build_config"] = {"input_shape": [None, 16, 6]}
                found["config"] |= {"query_shape": [None, 16, 6], "softmax_robust_masking": False}
                data = json.dumps(config).encode()
            old.writestr(name, data)
    batch = np.random.default_rng(1).uniform(0, 1, (2, 8, 8, 3)).astype("float32")
    answers = np.asarray(loaded(keras, tmp_path / "old.keras")(batch))
    np.testing.assert_array_equal(answers, np.asarray(model(batch)))


def test_what_other_layers_are_built_from_stays():
    heads = layer("MultiHeadAttention", "heads", num_heads=2, key_dim=4)
    heads["build_config"] = {"shapes_dict": {"query_shape": [None, 4, 6]}}
    dense = layer("Dense", "dense", units=2)
    dense["build_config"] = {"input_shape": [None, 6]}
    config = sequential(heads, dense)
    before = copy.deepcopy(config)
    assert not upgrade_config(config, "new.keras")
    assert config == before


def test_slashes_leave_the_names_of_layers(keras, tmp_path):
    images = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(3, 3, name="block_conv")(images)
    x = keras.layers.Conv2D(3, 3, name="block__conv")(x)
    model = randomised(keras.Model(images, keras.layers.GlobalAveragePooling2D()(x)))

    def rename(config):
        text = json.dumps(config).replace('"block__conv"', '"block/conv"')
        config.clear()
        config.update(json.loads(text))

    restored = loaded(keras, written_by_keras2(model, tmp_path / "old.h5", rename))
    assert [own.name for own in restored.layers][1:3] == ["block_conv", "block_conv_"]
    batch = np.ones((1, 12, 12, 3), np.float32)
    np.testing.assert_array_equal(np.asarray(restored(batch)), np.asarray(model(batch)))


@pytest.mark.parametrize(
    ("kind", "setting", "neutral", "other"),
    [
        ("DepthwiseConv2D", "groups", 1, 2),
        ("SeparableConv2D", "groups", 1, 4),
        ("Conv2DTranspose", "groups", 1, 2),
        ("BatchNormalization", "virtual_batch_size", None, 4),
        ("LSTM", "time_major", False, True),
        ("Attention", "causal", False, True),
        ("Bidirectional", "num_constants", None, 2),
        ("SpatialDropout2D", "noise_shape", None, 3),
    ],
)
def test_settings_go_at_their_neutral_value_and_are_refused_at_another(
    kind, setting, neutral, other
):
    config = sequential(layer(kind, "x", **{setting: neutral}))
    assert upgrade_config(config, "old.h5")
    assert setting not in config["config"]["layers"][1]["config"]
    with pytest.raises(ModelError, match=f"layer 'x', a {kind}, sets '{setting}' to {other}"):
        upgrade_config(sequential(layer(kind, "x", **{setting: other})), "old.h5")


@pytest.mark.parametrize(
    ("kind", "setting"),
    [
        ("DepthwiseConv2D", "kernel_initializer"),
        ("SeparableConv2D", "kernel_regularizer"),
        ("LSTM", "implementation"),
        ("Embedding", "input_length"),
        ("MultiHeadAttention", "query_shape"),
        ("Dense", "dynamic"),
    ],
)
@pytest.mark.parametrize("value", [None, 2, {"class_name": "Zeros", "config": {}}])
def test_settings_that_change_no_answer_go_at_any_value(kind, setting, value):
    config = sequential(layer(kind, "x", **{setting: value}))
    assert upgrade_config(config, "old.h5")
    assert config["config"]["layers"][1]["config"] == {"name": "x"}


def test_settings_that_mean_something_stay(keras):
    """The control: nothing is touched in what Keras 3 wrote itself."""
    for model in (shared_inner(keras), separable(keras), outer(keras)):
        config = {"class_name": type(model).__name__, "config": model.get_config()}
        config = json.loads(json.dumps(config, default=list))
        before = copy.deepcopy(config)
        assert not upgrade_config(config, "new.keras")
        assert config == before
    grouped = sequential(layer("Conv2D", "x", groups=3))
    assert not upgrade_config(grouped, "new.keras")


@pytest.mark.parametrize(
    "module", ["tf_keras.src.engine.functional", "keras.src.engine.functional"]
)
def test_modules_of_keras2_are_those_of_keras3(module):
    config = {"class_name": "Functional", "module": module, "config": {"layers": []}}
    assert upgrade_config(config, "m.keras")
    check_config(config, "m.keras")
    assert config["module"] == "keras.src.models.functional"


def test_classes_that_only_tf_keras_has_are_named():
    config = sequential(layer("Widget", "w", module="tf_keras.src.layers.widget"))
    with pytest.raises(ModelError, match=r"m\.keras was saved by Keras 2: its layer 'w', a Widget"):
        upgrade_config(config, "m.keras")


def test_what_inner_models_were_trained_with_goes():
    inner = sequential(layer("Flatten", "flat"))
    inner["compile_config"] = {"loss": {"class_name": "function", "config": "my_loss"}}
    config = sequential(inner)
    assert upgrade_config(config, "m.keras")
    assert "compile_config" not in config["config"]["layers"][1]
    check_config(config, "m.keras")


def operation(function: str, rest: dict, first: Any = ("image", 0, 0), name: str = "op") -> dict:
    """One operation of TensorFlow as Keras 2 kept it."""
    return {
        "class_name": "SlicingOpLambda" if "getitem" in function else "TFOpLambda",
        "name": name,
        "config": {"name": name, "function": function},
        "inbound_nodes": [[*first, rest]],
    }


PIXELS = np.random.default_rng(2).uniform(0, 255, (2, 4, 5, 3)).astype(np.float32)
_SLICE = {"start": None, "stop": None, "step": None}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([operation("math.truediv", {"y": 127.5, "name": None})], PIXELS / 127.5),
        ([operation("math.subtract", {"y": ["image", 0, 0]}, ("_CONSTANT_VALUE", -1, 255.0))],
         255 - PIXELS),
        ([operation("nn.bias_add", {"bias": [1.0, 2.0, 3.0], "data_format": "NHWC"})],
         PIXELS + np.array([1, 2, 3], np.float32)),
        ([operation("__operators__.getitem",
                    {"slice_spec": [{"class_name": "__ellipsis__"}, _SLICE | {"step": -1}]})],
         PIXELS[..., ::-1]),
        ([operation("__operators__.getitem",
                    {"slice_spec": [_SLICE, {"start": 1, "stop": -1, "step": None}]})],
         PIXELS[:, 1:-1]),
        ([operation("math.reduce_mean", {"axis": [1, 2]})], PIXELS.mean((1, 2))),
        ([operation("image.resize", {"size": [2, 10], "method": "nearest", "antialias": False})],
         np.repeat(PIXELS[:, 1::2], 2, 2)),
        ([operation("image.rgb_to_grayscale", {"name": None})],
         PIXELS @ np.array([[0.2989], [0.587], [0.114]], np.float32)),
        ([operation("image.flip_left_right", {})], PIXELS[:, :, ::-1]),
        ([operation("image.flip_up_down", {})], PIXELS[:, ::-1]),
        ([operation("reverse", {"axis": [-1]})], PIXELS[..., ::-1]),
        ([operation("repeat", {"repeats": 3, "axis": 1})], np.repeat(PIXELS, 3, 1)),
        ([operation("tile", {"multiples": [1, 1, 2, 1]})], np.tile(PIXELS, (1, 1, 2, 1))),
        ([operation("math.rsqrt", {})], PIXELS ** -0.5),
        ([operation("stop_gradient", {})], PIXELS),
        ([operation("clip_by_value", {"clip_value_min": 10, "clip_value_max": 20})],
         PIXELS.clip(10, 20)),
        ([operation("__operators__.add", {"y": ["image", 0, 0], "name": None}),
          operation("nn.relu6", {}, ("op", 0, 0), "six")], (2 * PIXELS).clip(0, 6)),
    ],
)  # fmt: skip
def test_operations_of_tensorflow_become_those_of_keras(keras, layers, expected):
    image = {"class_name": "InputLayer", "name": "image", "inbound_nodes": [],
             "config": {"name": "image", "batch_input_shape": [None, 4, 5, 3]}}  # fmt: skip
    config = {
        "class_name": "Functional",
        "config": {
            "name": "m",
            "layers": copy.deepcopy([image, *layers]),
            "input_layers": [["image", 0, 0]],
            "output_layers": [[layers[-1]["name"], 0, 0]],
        },
    }
    assert upgrade_config(config, "old.h5")
    check_config(config, "old.h5")
    model = keras.Model.from_config(config["config"])
    np.testing.assert_allclose(np.asarray(model(PIXELS)), expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("function", "rest"),
    [
        ("io.read_file", {}),
        ("image.resize", {"size": [2, 2], "method": "area"}),
        ("image.resize", {"size": [2, 2], "preserve_aspect_ratio": True}),
        ("image.resize", {"size": "big"}),
        ("repeat", {"repeats": 2}),
        ("reverse", {"axis": [1, 2]}),
        ("math.truediv", {"y": 2.0, "hidden": 1}),
        ("cast", {"dtype": {"class_name": "TypeSpec"}}),
        ("nn.bias_add", {"bias": [1.0], "data_format": "NCHW"}),
    ],
)
def test_other_operations_are_refused_for_what_they_are(function, rest):
    config = {"class_name": "Functional", "config": {"layers": [operation(function, rest)]}}
    with pytest.raises(ModelError, match=rf"layer 'op', .*TensorFlow's {function}"):
        upgrade_config(config, "old.h5")


def test_an_upgrade_lets_nothing_in_that_is_refused():
    config = sequential(layer("Lambda", "l", module="tf_keras.layers"))
    upgrade_config(config, "m.keras")
    with pytest.raises(ModelError, match="Lambda"):
        check_config(config, "m.keras")
