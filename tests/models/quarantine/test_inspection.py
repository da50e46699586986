"""Model files that would run code, read files or exhaust memory are refused unloaded."""

from __future__ import annotations

import json
import os
import pickle
import stat
import subprocess
import sys
import zipfile

import numpy as np
import pytest
from hostile import (
    canary_lambda,
    harmless,
    layer,
    refused,
    sequential,
    weights,
    write_h5,
    write_keras,
)

from camcore.errors import ModelError, UnsafeModelError
from camcore.models.quarantine.inspection import inspect_file
from tests.pointer import POINTER

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
        "import sys; from camcore.models.quarantine.inspection import inspect_file; "
        f"inspect_file({str(path)!r}); "
        "print([m for m in ('keras', 'tensorflow') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


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
        ("m.keras", POINTER, "pointer of Git LFS", ModelError),
        ("m.onnx", POINTER, "pointer of Git LFS", ModelError),
        ("m.jpg", b"\xff\xd8\xff", "not a .keras, .h5 or .onnx", ModelError),
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
    ("name", "members", "words"),
    [
        ("saved.zip", {"m/saved_model.pb": b"", "m/variables/variables.index": b""}, "SavedModel"),
        ("weights.npz", {"kernel.npy": b"", "bias.npy": b""}, "arrays of NumPy"),
        ("photos.zip", {"cat/1.png": b""}, "none of its files is part of one"),
    ],
)
def test_plain_archives_are_not_called_hostile(tmp_path, name, members, words):
    with zipfile.ZipFile(tmp_path / name, "w") as made:
        for member, data in members.items():
            made.writestr(member, data)
    with pytest.raises(ModelError, match=words) as caught:
        inspect_file(tmp_path / name)
    assert type(caught.value) is ModelError


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("model.json", b'{"class_name": "Sequential"}', "layers of a model but not its weights"),
        ("model.safetensors", b"\x10\0\0\0\0\0\0\0{}", "weights only"),
        ("model.tflite", b"\0\0\0\0TFL3", "TensorFlow Lite model"),
        ("model.pb", b"\x08\x01", "a TensorFlow graph"),
        ("film.mp4", b"\0\0\0\x20ftypisom", "not a .keras, .h5 or .onnx model file"),
    ],
)
def test_plain_files_are_told_for_what_they_are(tmp_path, name, data, words):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ModelError, match=words) as caught:
        inspect_file(tmp_path / name)
    assert type(caught.value) is ModelError
