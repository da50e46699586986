"""Model files that would run code, read files or exhaust memory are refused unloaded."""

from __future__ import annotations

import importlib
import json
import os
import pickle
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
from hostile import (
    canary_lambda,
    harmless,
    layer,
    old_style,
    sequential,
    weights,
    write_h5,
    write_keras,
)

from camcore.errors import ModelError, UnsafeModelError
from camcore.models import config as limits
from camcore.models.inspection import inspect_file


@pytest.fixture
def canary(tmp_path: Path):
    """A file that must not come into being."""
    file = tmp_path / "canary"
    yield file
    assert not file.exists()


def refused(path: Path, *words: str, error: type[ModelError] = UnsafeModelError) -> str:
    with pytest.raises(error) as caught:
        inspect_file(path)
    text = str(caught.value)
    assert "\n" not in text
    assert path.name in text
    for word in words:
        assert word in text
    return text


# What is let in


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_keras_file(tmp_path, compression):
    def fill(root):
        root["layers/pool/vars/0"] = np.ones((3, 4), "f4")
        root["optimizer/vars/0"] = np.ones(7, "f4")

    path = write_keras(
        tmp_path / "m.keras", harmless(), store=weights(fill), compression=compression
    )
    found = inspect_file(path)
    assert (found.format, found.layers, found.parameters) == ("keras", 3, 12)
    assert found.keras_version == "3.15.1"
    assert found.classes == ("GlobalAveragePooling2D", "InputLayer", "Sequential", "Softmax")
    assert found.bytes == path.stat().st_size


def test_h5_file(tmp_path):
    found = inspect_file(write_h5(tmp_path / "m.h5", harmless()))
    assert (found.format, found.layers, found.keras_version) == ("h5", 3, "2.4.0")


def test_kind_is_told_by_content(tmp_path):
    assert inspect_file(write_h5(tmp_path / "m.keras", harmless())).format == "h5"
    assert inspect_file(write_keras(tmp_path / "m.h5", harmless())).format == "keras"


def test_link_to_a_file_is_followed(tmp_path):
    path = write_keras(tmp_path / "m.keras", harmless())
    (tmp_path / "link.keras").symlink_to(path)
    assert inspect_file(tmp_path / "link.keras").sha256 == inspect_file(path).sha256


def test_layers_of_keras_applications_and_operations(tmp_path):
    scale = layer("LayerScale", "s", module="keras.src.applications.convnext", projection_dim=3)
    scale["registered_name"] = "LayerScale"
    times = layer("Multiply", "times", module="keras.src.ops.numpy")
    times["registered_name"] = "Multiply"
    relu = {"module": "builtins", "class_name": "function", "config": "relu"}
    act = layer("Activation", "act", activation=relu | {"registered_name": "relu"})
    assert (
        inspect_file(write_keras(tmp_path / "m.keras", sequential(scale, times, act))).layers == 4
    )


def test_settings_for_training_are_not_looked_at(tmp_path, canary):
    config = harmless() | {"compile_config": {"loss": canary_lambda(canary)}}
    assert inspect_file(write_keras(tmp_path / "m.keras", config)).layers == 3


def test_neither_keras_nor_tensorflow_is_imported(tmp_path):
    path = write_keras(tmp_path / "m.keras", harmless())
    code = (
        "import sys; from camcore.models.inspection import inspect_file; "
        f"inspect_file({str(path)!r}); "
        "print([m for m in ('keras', 'tensorflow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Classes that run code or read files


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


# Sizes


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
    monkeypatch.setattr("camcore.models.inspection.MAX_CONFIG_BYTES", 1000)
    config = json.dumps(harmless()).encode() + b" " * 1000
    refused(write_keras(tmp_path / "m.keras", config), "config.json is larger")


def test_file_too_large(tmp_path):
    path = tmp_path / "m.keras"
    with path.open("wb") as file:
        file.truncate(2 * 1024**3 + 1)
    refused(path, "larger than 2 GB")


# Zip


@pytest.mark.parametrize(
    "member", ["../evil.txt", "/etc/evil", "assets/pool/vocabulary.txt", "x/", "model.weights.npz"]
)
def test_other_members(tmp_path, member):
    refused(write_keras(tmp_path / "m.keras", harmless(), more=[(member, b"x")]))


def test_member_that_is_a_link(tmp_path):
    link = zipfile.ZipInfo("config.json")
    link.create_system = 3
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    path = write_keras(
        tmp_path / "m.keras", {}, without="config.json", more=[(link, b"/etc/passwd")]
    )
    refused(path, "link")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_member_given_twice(tmp_path, canary):
    second = json.dumps(sequential(canary_lambda(canary))).encode()
    path = write_keras(tmp_path / "m.keras", harmless(), more=[("config.json", second)])
    refused(path, "'config.json' twice")


def test_member_that_unpacks_to_far_more(tmp_path):
    path = tmp_path / "m.keras"
    store = bytes(80 * 1024**2)
    write_keras(path, harmless(), store=store, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 200_000
    refused(path, "model.weights.h5")


@pytest.mark.parametrize("member", ["metadata.json", "config.json", "model.weights.h5"])
def test_missing_member(tmp_path, member):
    path = write_keras(tmp_path / "m.keras", harmless(), without=member)
    refused(path, f"{member} is missing", error=ModelError)


def test_zip_of_pytorch(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps([1]))
    refused(tmp_path / "m.keras", "PyTorch")


# HDF5


def external_link(root):
    root["elsewhere"] = h5py.ExternalLink("/etc/other.h5", "/data")


def soft_link(root):
    root["soft"] = h5py.SoftLink("/vars")


def loop(root):
    root["group/again"] = root


def external_storage(root):
    root.create_dataset("stolen", (16,), "u1", external=[("/etc/hostname", 0, 16)])


def virtual(root):
    layout = h5py.VirtualLayout((4,), "f4")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "data", (4,))
    root.create_virtual_dataset("virtual", layout)


def shape_bomb(root):
    root.create_dataset("bomb", (2**14, 2**14), "f4", chunks=(64, 64), compression="gzip")


def many_small_bombs(root):
    for number in range(40):
        root.create_dataset(f"bomb{number}", (1000, 1000), "f8", chunks=True, compression="gzip")


def references(root):
    root.create_dataset("refs", (1,), h5py.ref_dtype)


def deep_groups(root):
    root.create_group("/".join("g" * 80))


def plug_in(root):
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((4,))
    plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, ())  # a filter kept outside HDF5
    space = h5py.h5s.create_simple((4,))
    h5py.h5d.create(root.id, b"packed", h5py.h5t.IEEE_F32LE, space, plan)


HOSTILE_TREES = [
    external_link,
    soft_link,
    loop,
    external_storage,
    virtual,
    shape_bomb,
    many_small_bombs,
    references,
    deep_groups,
    plug_in,
]


@pytest.mark.parametrize("fill", HOSTILE_TREES)
def test_hostile_hdf5(tmp_path, fill):
    refused(write_h5(tmp_path / "m.h5", harmless(), fill))
    if fill is not external_storage:  # h5py cannot make that one in memory
        refused(write_keras(tmp_path / "m.keras", harmless(), store=weights(fill)))


def test_external_storage_inside_a_keras_file(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as root:
        external_storage(root)
    store = (tmp_path / "w.h5").read_bytes()
    refused(write_keras(tmp_path / "m.keras", harmless(), store=store), "another file")


def test_too_many_weights(tmp_path, monkeypatch):
    monkeypatch.setattr("camcore.models.weights.MAX_PARAMETERS", 100)
    fill = {"a": np.ones(60), "b": np.ones(60)}
    path = write_keras(tmp_path / "m.keras", harmless(), store=weights(lambda r: r.update(fill)))
    refused(path, "more than 100 weights")


def test_weights_only(tmp_path):
    refused(write_h5(tmp_path / "m.h5", None), "holds weights only", error=ModelError)


def test_config_attribute_that_is_no_text(tmp_path):
    def fill(root):
        root.attrs["model_config"] = np.arange(5)

    refused(write_h5(tmp_path / "m.h5", None, fill), "no text", error=ModelError)


# No model at all


@pytest.mark.parametrize(
    ("name", "data", "words", "error"),
    [
        ("empty.keras", b"", "empty", ModelError),
        ("text.keras", b"hello", "no Keras model", ModelError),
        ("cut.h5", b"\x89HDF\r\n\x1a\n" + bytes(20), "damaged", ModelError),
        ("cut.keras", b"PK\x03\x04" + bytes(40), "damaged", ModelError),
        ("m.pkl", pickle.dumps({"a": 1}), "pickle", UnsafeModelError),
        ("m.keras", pickle.dumps({"a": 1}), "pickle", UnsafeModelError),
        ("m.tflite", b"\x1c\x00\x00\x00TFL3" + bytes(20), "TensorFlow Lite", ModelError),
        ("m.onnx", b"\x08\x07\x12\x07pytorch", "ONNX", ModelError),
        ("m.pt", b"\x00\x01", "PyTorch", UnsafeModelError),
        ("m.pb", b"\n\x0b\n\x01x", "TensorFlow graph", ModelError),
        ("m.jpg", b"\xff\xd8\xff", "not a .keras or .h5", ModelError),
    ],
)
def test_other_files(tmp_path, name, data, words, error):
    (tmp_path / name).write_bytes(data)
    refused(tmp_path / name, words, error=error)


def test_places_that_are_no_file(tmp_path):
    refused(tmp_path / "nothing.keras", "no such", error=ModelError)
    (tmp_path / "folder").mkdir()
    refused(tmp_path / "folder", "folder", error=ModelError)
    (tmp_path / "folder" / "saved_model.pb").touch()
    refused(tmp_path / "folder", "SavedModel", error=ModelError)
    os.mkfifo(tmp_path / "pipe.keras")
    refused(tmp_path / "pipe.keras", "pipe")
    (tmp_path / "zero.keras").symlink_to("/dev/zero")
    refused(tmp_path / "zero.keras", "device")


def test_names_are_made_fit_to_print(tmp_path):
    bad = layer("Lambda", "evil\n\x1b[31m" + "x" * 500)
    text = refused(write_keras(tmp_path / "m.keras", sequential(bad)), "evil??[31m")
    assert len(text) < 400


@pytest.mark.parametrize(
    "config",
    [b"", b"{", b"[]", b"null", b"{}", b'{"class_name": "Dense"}', b"\xff\xfe", b"{'a': 1}"],
)
def test_config_that_is_no_model(tmp_path, config):
    refused(write_keras(tmp_path / "m.keras", config), error=ModelError)
