"""Configs that would run code, read files or build networks beyond any bound are refused."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from hostile import (
    canary_lambda,
    harmless,
    layer,
    old_style,
    refused,
    sequential,
    write_h5,
    write_keras,
)

from camcore.errors import ModelError, UnsafeModelError
from camcore.models.quarantine import keras_config as limits
from camcore.models.quarantine.inspection import inspect_file


def both(tmp_path: Path, config: dict) -> list[Path]:
    return [write_keras(tmp_path / "m.keras", config), write_h5(tmp_path / "m.h5", config)]


def test_lambda(tmp_path, canary):
    for path in both(tmp_path, sequential(canary_lambda(canary))):
        text = refused(path, "layer 'secret' is a Lambda, which can run any code")
        assert "If you trust the file" in text


@pytest.mark.parametrize(
    "outer",
    [
        lambda inner: layer("TimeDistributed", "outer", layer=inner),
        lambda inner: layer("Bidirectional", "outer", layer=inner),
        lambda inner: layer("SpectralNormalization", "outer", layer=inner),
        lambda inner: layer("Pipeline", "outer", layers=[inner]),
        lambda inner: layer("RNN", "outer", cell=inner),
        lambda inner: layer("Dense", "outer", units=2, activation=inner),
        lambda inner: layer("Dense", "outer", units=2, kernel_initializer=inner),
        lambda inner: layer("Dense", "outer", units=2) | {"build_config": {"deep": [inner]}},
        lambda inner: layer("Dense", "outer", units=2) | {"compile_config": {"loss": inner}},
        lambda inner: sequential(inner),
        lambda inner: layer("Dense", "outer") | {"inbound_nodes": [{"args": [inner]}]},
    ],
)
def test_lambda_inside_another_layer(tmp_path, canary, outer):
    for path in both(tmp_path, sequential(outer(canary_lambda(canary)))):
        refused(path, "Lambda")


def test_safe_mode_cannot_be_switched_off_in_the_file(tmp_path, canary):
    config = sequential(canary_lambda(canary)) | {"safe_mode": False}
    config["config"]["safe_mode"] = False
    for path in both(tmp_path, config):
        refused(path, "Lambda")


@pytest.mark.parametrize(
    ("kind", "module", "config"),
    [
        ("TFSMLayer", "keras.layers", {"filepath": "elsewhere"}),
        ("TorchModuleWrapper", "keras.layers", {"module": "gASVAAAA"}),
        ("TorchModuleWrapper", "keras.src.utils.torch_utils", {"module": "gASVAAAA"}),
        ("JaxLayer", "keras.layers", {}),
        ("FlaxLayer", "keras.layers", {}),
        ("StringLookup", "keras.layers", {"vocabulary": "/etc/passwd"}),
        ("IntegerLookup", "keras.layers", {"vocabulary": "/etc/passwd"}),
        ("TextVectorization", "keras.layers", {"vocabulary": "/etc/passwd"}),
        ("Hashing", "keras.layers", {"num_bins": 3}),
    ],
)
def test_layers_that_run_code_or_read_files(tmp_path, kind, module, config):
    bad = layer(kind, "bad one", module=module) | {"config": {"name": "bad one", **config}}
    for path in both(tmp_path, sequential(bad)):
        refused(path, "layer 'bad one'", kind)


@pytest.mark.parametrize(
    ("module", "kind"),
    [
        ("os", "system"),
        ("os", "Dense"),
        ("builtins", "exec"),
        ("canary_module", "Dense"),
        ("keras.src.layers.core.lambda_layer", "Lambda"),
        ("keras.src.layers.core.dense_test", "Dense"),
        ("keras.utils", "get_file"),
        ("keras.saving", "load_model"),
        ("keras.config", "enable_unsafe_deserialization"),
        ("keras.src.saving.saving_lib", "DiskIOStore"),
        ("keras.layers", "DiskIOStore"),
        ("keras.layers.Dense.__class__", "Dense"),
        ("subprocess", "Popen"),
        ("my_package.layers", "MyLayer"),
        ("keras.src.ops.core", "Map"),
        ("keras.src.ops.numpy", "Conv2D"),
        (["keras.layers"], "Dense"),
    ],
)
def test_modules_and_classes_that_are_not_plain_keras(tmp_path, module, kind):
    bad = layer(kind, "odd", module="?") | {"module": module}
    config = sequential(bad)
    refused(write_keras(tmp_path / "m.keras", config), "layer 'odd'")
    # An HDF5 file may carry modules too.
    refused(write_h5(tmp_path / "m.h5", json.dumps(config)), "layer 'odd'")


def test_config_that_imports_a_module(tmp_path, canary, monkeypatch):
    (tmp_path / "canary_module.py").write_text(f"open({str(canary)!r}, 'w').close()")
    monkeypatch.syspath_prepend(str(tmp_path))
    path = write_keras(
        tmp_path / "m.keras", sequential(layer("Dense", "d", module="canary_module", units=1))
    )
    refused(path, "layer 'd' wants the class Dense from 'canary_module'")
    assert not canary.exists()
    importlib.import_module("canary_module")  # proves that the canary would have sung
    assert canary.exists()
    canary.unlink()


@pytest.mark.parametrize("registered", ["Custom>Dense", "package>Lambda", "Lambda", "os>system", 3])
def test_names_of_custom_objects(tmp_path, registered):
    bad = layer("Dense", "d", units=1) | {"registered_name": registered}
    refused(write_keras(tmp_path / "m.keras", sequential(bad)), "layer 'd'", "custom object")


@pytest.mark.parametrize(
    ("module", "function"),
    [
        ("builtins", "exec"),
        ("builtins", "eval"),
        ("keras.utils", "get_file"),
        ("keras.saving", "load_model"),
        ("os", "relu"),
        ("keras.activations", "deserialize"),
        ("builtins", {"class_name": "__lambda__"}),
    ],
)
def test_functions(tmp_path, module, function):
    call = {"class_name": "function", "module": module, "config": function}
    for key in ("activation", "kernel_initializer", "kernel_regularizer"):
        bad = layer("Dense", "d", units=1, **{key: call | {"registered_name": function}})
        refused(write_keras(tmp_path / "m.keras", sequential(bad)), "layer 'd'", "function")


def test_function_that_registers_under_another_name(tmp_path):
    call = {"class_name": "function", "module": "builtins", "config": "relu"}
    bad = layer("Dense", "d", units=1, activation=call | {"registered_name": "get_file"})
    refused(write_keras(tmp_path / "m.keras", sequential(bad)), "layer 'd'")


@pytest.mark.parametrize("kind", ["__typespec__", "TypeSpec", "CompositeTensor", "Mine", 7, None])
def test_other_objects(tmp_path, kind):
    bad = layer("Dense", "d", units=1, odd={"class_name": kind, "config": {}, "spec_name": "x"})
    refused(write_keras(tmp_path / "m.keras", sequential(bad)), "layer 'd'")


def test_array_of_an_enormous_type(tmp_path):
    array = {"class_name": "__numpy__", "config": {"value": ["x"], "dtype": "S2000000000"}}
    bad = layer("Normalization", "n", mean=array)
    refused(write_keras(tmp_path / "m.keras", sequential(bad)), "layer 'n'", "S2000000000")


def test_custom_model_class(tmp_path):
    config = harmless() | {"class_name": "MyModel", "module": "mine"}
    refused(write_keras(tmp_path / "m.keras", config), "the model is a MyModel")


def test_operations_of_keras_2_are_explained(tmp_path):
    bad = old_style(sequential(layer("TFOpLambda", "tf.math.add")))
    text = refused(write_h5(tmp_path / "m.h5", bad), "only Keras 2", error=ModelError)
    assert "rebuild the model" in text


@pytest.mark.parametrize(
    "bad",
    [
        layer("Dense", "big", units=10**12),
        layer("Dense", "big", units=1e30),
        layer("Dense", "big", units=float("nan")),
        layer("Dense", "big", units=999_999) | {"build_config": {"input_shape": [None, 999_999]}},
        layer("Conv2D", "big", filters=3, kernel_size=[10**7, 1]),
        layer("Conv2D", "big", filters=9999, kernel_size=[999, 999]),
        layer("Embedding", "big", input_dim=10**8, output_dim=10**8),
        layer("Reshape", "big", target_shape=[10**5, 10**5]),
        layer("InputLayer", "big", batch_shape=[None, 10**5, 10**5, 3]),
        layer("Rescaling", "big", scale=2**40),
        layer("Reshape", "big", target_shape=[1] * 50),
    ],
)
def test_sizes_beyond_any_real_network(tmp_path, bad):
    for path in both(tmp_path, sequential(bad)):
        refused(path, "layer 'big'")


def test_seeds_may_be_large(tmp_path):
    drop = layer("Dropout", "d", rate=0.5, seed=2**62) | {"shared_object_id": 2**47}
    assert inspect_file(write_keras(tmp_path / "m.keras", sequential(drop))).layers == 2


def test_too_many_layers(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "MAX_LAYERS", 10)
    many = sequential(*[layer("Flatten", f"f{n}") for n in range(11)])
    refused(write_keras(tmp_path / "m.keras", many), "more than 10 layers")


def test_config_nested_too_deep(tmp_path):
    deep = b"[" * 300 + b"]" * 300
    config = b'{"class_name": "Sequential", "config": {"layers": ' + deep + b"}}"
    refused(write_keras(tmp_path / "m.keras", config), "deep")
    config = config.replace(deep, b"[" * 100_000 + b"]" * 100_000)
    refused(write_keras(tmp_path / "n.keras", config), "JSON", error=ModelError)


def test_config_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("camcore.models.quarantine.inspection.MAX_CONFIG_BYTES", 1000)
    config = json.dumps(harmless()).encode() + b" " * 1000
    refused(write_keras(tmp_path / "m.keras", config), "config.json is larger")


def test_file_too_large(tmp_path):
    path = tmp_path / "m.keras"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3 + 1)
    refused(path, "larger than 2 GB")


@pytest.mark.parametrize(
    "config",
    [b"", b"{", b"[]", b"null", b"{}", b'{"class_name": "Dense"}', b"\xff\xfe", b"{'a': 1}"],
)
def test_config_that_is_no_model(tmp_path, config):
    refused(write_keras(tmp_path / "m.keras", config), error=ModelError)


@pytest.mark.parametrize(
    ("policy", "mode", "kind", "settings"),
    [
        ("QuantizedDTypePolicy", "int8", "Int8QuantizationConfig", {}),
        ("Int4DTypePolicy", "int4/128", "Int4QuantizationConfig", {"block_size": 128}),
        ("QuantizedFloat8DTypePolicy", "float8", "Float8QuantizationConfig", {}),
    ],
)
def test_quantised_layers_get_in(policy, mode, kind, settings):
    quantizer = {"module": "keras.quantizers", "class_name": "AbsMaxQuantizer", "config": {}}
    config = sequential(
        layer(
            "Dense",
            "d",
            units=4,
            dtype={
                "module": "keras.dtype_policies",
                "class_name": policy,
                "config": {"mode": mode, "source_name": "float32"},
            },
            quantization_config={
                "module": "keras.quantizers",
                "class_name": kind,
                "config": {"activation_quantizer": quantizer, **settings},
            },
        )
    )
    assert kind in limits.check_config(config, "m.keras").classes


def test_quantisers_that_hold_data_do_not_get_in():
    quantised = {"module": "keras.quantizers", "class_name": "GPTQConfig", "config": {}}
    config = sequential(layer("Dense", "d", units=4, quantization_config=quantised))
    with pytest.raises(UnsafeModelError, match="GPTQConfig"):
        limits.check_config(config, "m.keras")
