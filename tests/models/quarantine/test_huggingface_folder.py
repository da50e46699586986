"""Hugging Face folders that bring code, lead elsewhere or exhaust memory are refused."""

from __future__ import annotations

import importlib.metadata
import json
import pickle
import struct
import subprocess
import sys
import zipfile

import pytest

from camcore.errors import ModelError, UnsafeModelError
from camcore.models.quarantine import admission
from camcore.models.quarantine.huggingface_folder import check_folder
from camcore.models.quarantine.inspection import inspect_file

CONFIG = {"architectures": ["ViTForImageClassification"], "model_type": "vit", "hidden_size": 16}
ARRAY = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}


def weights(arrays=None, size=24):
    header = json.dumps({"weight": ARRAY} if arrays is None else arrays).encode()
    return struct.pack("<Q", len(header)) + header + b"\0" * size


def folder(path, config=CONFIG, **files):
    path.mkdir(exist_ok=True)
    held = {"config.json": json.dumps(config).encode(), "model.safetensors": weights(), **files}
    for name, content in held.items():
        if content is not None:
            (path / name).write_bytes(content)
    return path


def test_what_a_folder_holds(tmp_path):
    found = inspect_file(folder(tmp_path / "vit"))
    assert (found.format, found.layers, found.parameters) == ("huggingface", 1, 6)
    assert found.classes == ("ViTForImageClassification",)


def test_inspection_imports_neither_library(tmp_path):
    code = (
        "import sys\n"
        "from camcore.models.quarantine.inspection import inspect_file\n"
        "inspect_file(sys.argv[1])\n"
        "assert not {'torch', 'transformers', 'tensorflow'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder(tmp_path / "m"))], check=True)


class _Canary:
    def __reduce__(self):
        return open, ("canary", "w")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {"model.safetensors": None, "pytorch_model.bin": pickle.dumps(_Canary())},
            r"Python pickle \(pytorch_model.bin\), which can run any code",
        ),
        ({"config": {**CONFIG, "auto_map": {"AutoModel": "mine.Net"}}}, "code of its own"),
        (
            {"preprocessor_config.json": b'{"auto_map": {"AutoImageProcessor": "mine.P"}}'},
            "preprocessor_config.json asks for code of its own",
        ),
        ({"config": {**CONFIG, "hidden_size": 10**12}}, "hidden_size .* is beyond 1,000,000"),
        ({"config": {**CONFIG, "image_size": [32, 10**7]}}, "image_size .* is beyond"),
        (
            {"model.safetensors": None, "a.safetensors": weights(),
             "model.safetensors.index.json": b'{"weight_map": {"w": "../a.safetensors"}}'},
            "names files outside the folder",
        ),
        (
            {"model.safetensors": weights({"w": {**ARRAY, "shape": [2**20, 2**20]}})},
            "have more than",
        ),
    ],
)  # fmt: skip
def test_what_could_do_harm_is_refused(tmp_path, monkeypatch, files, words):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UnsafeModelError, match=words):
        inspect_file(folder(tmp_path / "m", **files))
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"config.json": None}, "without a config.json"),
        ({"config.json": b"{"}, "config.json is damaged"),
        ({"config": {"architectures": ["BertModel"]}}, "holds a BertModel; .*ViT.*export others"),
        ({"config": {}}, "no one kind of network"),
        ({"config": {**CONFIG, "quantization_config": {"bits": 4}}}, "quantised weights"),
        ({"model.safetensors": None}, "no weights as .safetensors"),
        ({"model.safetensors": weights()[:-1]}, "damaged or incomplete"),
        ({"model.safetensors": weights(size=30)}, "damaged or incomplete"),
        ({"model.safetensors": b"\xff" * 40}, "damaged or incomplete"),
        ({"model.safetensors": weights({"w": {**ARRAY, "dtype": "F8_E4M3"}})}, "no type that"),
        (
            {"model.safetensors": None, "x.safetensors": weights(),
             "model.safetensors.index.json": b'{"weight_map": {"w": "b.safetensors"}}'},
            "holds no b.safetensors",
        ),
    ],
)  # fmt: skip
def test_what_is_no_whole_model_is_told(tmp_path, files, words):
    with pytest.raises(ModelError, match=words):
        inspect_file(folder(tmp_path / "m", **files))


def test_a_pickle_beside_safetensors_is_left_alone(tmp_path):
    source = folder(tmp_path / "m", **{"pytorch_model.bin": b"", "mine.py": b"raise SystemExit"})
    admission._copy_folder(str(source), str(tmp_path / "copy"), "m")
    copied = sorted(file.name for file in (tmp_path / "copy").iterdir())
    assert copied == ["config.json", "model.safetensors"]


def test_links_out_of_the_folder_are_refused(tmp_path):
    source = folder(tmp_path / "m", **{"model.safetensors": None})
    (tmp_path / "elsewhere").write_bytes(weights())
    (source / "model.safetensors").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafeModelError, match="a link that leads out of the folder"):
        admission._copy_folder(str(source), str(tmp_path / "copy"), "m")
    (source / "model.safetensors").unlink()
    (source / "inside").write_bytes(weights())
    (source / "model.safetensors").symlink_to("inside")
    admission._copy_folder(str(source), str(tmp_path / "second"), "m")
    assert check_folder(str(tmp_path / "second"), "m").parameters == 6


def zipped(path, members):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_zip_is_told_by_content_and_unpacked_beside_itself(tmp_path):
    whole = {"config.json": json.dumps(CONFIG), "model.safetensors": weights()}
    deeper = {f"vit/{name}": content for name, content in whole.items()}
    for number, members in enumerate((whole, {**deeper, "../evil.safetensors": b"", "a.py": b""})):
        place = tmp_path / str(number)
        place.mkdir()
        assert inspect_file(zipped(place / "m.zip", members)).format == "huggingface"
        assert {file.name for file in (place / "folder").iterdir()} == set(whole)
    assert not (tmp_path / "evil.safetensors").exists()


@pytest.mark.parametrize("member", ["link", "bomb"])
def test_zips_that_could_do_harm_are_refused(tmp_path, member):
    info, content = zipfile.ZipInfo("model.safetensors"), b"/etc/passwd"
    if member == "link":
        info.external_attr = 0o120777 << 16
    else:
        info.compress_type, content = zipfile.ZIP_DEFLATED, b"\0" * 2**25
    with pytest.raises(UnsafeModelError, match=r"link or device|would unpack to"):
        inspect_file(zipped(tmp_path / "m.zip", {"config.json": json.dumps(CONFIG), info: content}))


def test_without_the_extra_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    def missing(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    with pytest.raises(ModelError, match=r"pip install '\.\[torch\]'.*\.onnx needs nothing more"):
        admission.admit(folder(tmp_path / "m"))


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 24\n"


@pytest.mark.parametrize("file", ["model.safetensors", "config.json"])
def test_a_pointer_is_told_from_a_damaged_file(tmp_path, file):
    with pytest.raises(ModelError, match=f"{file} is a pointer of Git LFS"):
        inspect_file(folder(tmp_path / "vit", **{file: POINTER}))
    with pytest.raises(ModelError, match=f"{file} is damaged"):
        inspect_file(folder(tmp_path / "vit", **{file: POINTER.replace(b"version", b"visions")}))
