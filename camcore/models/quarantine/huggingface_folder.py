"""A Hugging Face folder is looked at, never loaded: its config and its weights, and no code.

Weights as safetensors are data; harm comes from weights as a pickle, from code that the folder
brings along, from links that lead out of it, and from sizes.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from typing import Any

from camcore.errors import ModelError, UnsafeModelError
from camcore.git_lfs import MOST_BYTES, is_lfs_pointer, lfs_refusal
from camcore.models.quarantine.keras_config import MAX_ELEMENTS, MAX_LAYERS, MAX_PARAMETERS

MODELS = (
    "BeitForImageClassification",
    "ConvNextForImageClassification",
    "DeiTForImageClassification",
    "DeiTForImageClassificationWithTeacher",
    "ResNetForImageClassification",
    "SwinForImageClassification",
    "Swinv2ForImageClassification",
    "ViTForImageClassification",
)
"""Classes of transformers that are loaded."""

CONFIG, PREPROCESSOR = "config.json", "preprocessor_config.json"
WEIGHTS, SHARDS = "model.safetensors", "model.safetensors.index.json"
_SUFFIX = ".safetensors"

_ADVICE = "CAM Audit does not load it."
_SAVE_AGAIN = (
    "load it with transformers and save it with save_pretrained, which writes safetensors."
)
_PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt", ".pickle")
_MAX_JSON_BYTES = 4 * 1024**2
_MAX_HEADER_BYTES = 16 * 1024**2
_MAX_NUMBER = 10**6  # of a config: no side, width or depth is as large
_MAX_EXPANSION = 100
_BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U8": 1,
    "BOOL": 1,
}  # fmt: skip


@dataclass(frozen=True)
class FolderFacts:
    """What a folder holds.

    Attributes
    ----------
    architecture : str
        One of `MODELS`.
    arrays, parameters, bytes : int
        Arrays of weights, their values, and the size of all files.
    sha256 : str
        Of the names and contents of all files.
    """

    architecture: str
    arrays: int
    parameters: int
    bytes: int
    sha256: str


def is_wanted(file: str) -> bool:
    """Whether a file of a folder, by its name, is part of what is loaded.

    Examples
    --------
    >>> is_wanted("model-00001-of-00002.safetensors"), is_wanted("modeling_mine.py")
    (True, False)
    """
    return file in (CONFIG, PREPROCESSOR, SHARDS) or file.endswith(_SUFFIX)


def check_listing(files: Iterable[str], name: str) -> None:
    """Refuse a folder without a config or without weights that are data.

    Parameters
    ----------
    files : iterable of str
        Names of the files in it.
    name : str
        What to call it in messages.

    Raises
    ------
    UnsafeModelError
        Its weights are a pickle.
    ModelError
        It is no folder of a model.
    """
    files = set(files)
    if "saved_model.pb" in files:
        raise ModelError(
            f"{name} is a TensorFlow SavedModel folder, which Keras 3 cannot load as a model; "
            "save the model as .keras with the Keras that made it."
        )
    if CONFIG not in files:
        raise ModelError(
            f"{name} is a folder without a {CONFIG}; give a .keras, .h5 or .onnx file, or a "
            f"Hugging Face folder of {CONFIG} and {WEIGHTS}."
        )
    if any(file.endswith(_SUFFIX) for file in files):
        return
    pickle = next((file for file in sorted(files) if file.endswith(_PICKLES)), None)
    if pickle:
        raise UnsafeModelError(
            f"{name} holds its weights as a Python pickle ({_shown(pickle)}), which can run any "
            f"code; {_SAVE_AGAIN}"
        )
    raise ModelError(f"{name} holds no weights as {_SUFFIX}; {_SAVE_AGAIN}")


def holds_folder(archive: zipfile.ZipFile) -> bool:
    """Whether a zip is one of a Hugging Face folder rather than a Keras model."""
    names = {os.path.basename(member) for member in archive.namelist()}
    return CONFIG in names and "metadata.json" not in names and "model.weights.h5" not in names


def unpack(archive: zipfile.ZipFile, folder: str, name: str, most_bytes: int) -> None:
    """Write what is loaded of a zipped folder, and nothing else, into a new folder.

    Parameters
    ----------
    archive : zipfile.ZipFile
        With the files at its top or in one folder.
    folder : str
        Where they go; must not exist.
    name : str
        What to call the zip in messages.
    most_bytes : int
        Of all of them together.

    Raises
    ------
    UnsafeModelError
        It unpacks to far more than it holds, or holds links.
    ModelError
        It holds no such folder.
    """
    places = [
        os.path.dirname(member)
        for member in archive.namelist()
        if os.path.basename(member) == CONFIG
    ]
    top = min(places, key=lambda place: place.count("/"))
    members = {
        os.path.basename(info.filename): info
        for info in archive.infolist()
        if os.path.dirname(info.filename) == top and not info.is_dir()
    }
    check_listing(members, name)
    os.mkdir(folder)
    left = most_bytes
    for file, info in members.items():
        if not is_wanted(file):
            continue
        if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):
            raise UnsafeModelError(f"{name}: {_shown(file)} is a link or device; {_ADVICE}")
        if info.flag_bits & 1:
            raise ModelError(f"{name} is encrypted; save it without a password.")
        left -= info.file_size
        small = max(_MAX_JSON_BYTES, _MAX_EXPANSION * info.compress_size)
        if left < 0 or info.file_size > small:
            raise UnsafeModelError(
                f"{name}: {_shown(file)} would unpack to {info.file_size:,} bytes, far more than "
                f"it holds or than is allowed; {_ADVICE}"
            )
        with archive.open(info) as member, open(os.path.join(folder, file), "xb") as copy:
            while chunk := member.read(2**20):
                copy.write(chunk)


def check_folder(folder: str, name: str) -> FolderFacts:
    """Look at the files of a folder without loading the model.

    Parameters
    ----------
    folder : str
        That holds the files that are loaded, and no others.
    name : str
        What to call it in messages.

    Raises
    ------
    UnsafeModelError
        It brings code, or exhausts memory.
    ModelError
        It is damaged, or no image classifier that is loaded here.
    """
    files = sorted(os.listdir(folder))
    check_listing(files, name)
    architecture = _check_config(_read_json(folder, CONFIG, name), name)
    if PREPROCESSOR in files:
        _refuse_code(_read_json(folder, PREPROCESSOR, name), PREPROCESSOR, name)
    weights = [WEIGHTS]
    if SHARDS in files and WEIGHTS not in files:
        weights = _shards(_read_json(folder, SHARDS, name), name)
    arrays = parameters = 0
    for file in weights:
        if file not in files:
            raise ModelError(f"{name} holds no {_shown(file)}; download or save it again, whole.")
        some_arrays, some_parameters = _check_weights(os.path.join(folder, file), file, name)
        arrays, parameters = arrays + some_arrays, parameters + some_parameters
    if arrays > 4 * MAX_LAYERS or parameters > MAX_PARAMETERS:
        raise UnsafeModelError(
            f"{name}: it has more than {MAX_PARAMETERS:,} weights, or more than "
            f"{4 * MAX_LAYERS:,} arrays of them; {_ADVICE}"
        )
    digest, size = hashlib.sha256(), 0
    for file in files:
        with open(os.path.join(folder, file), "rb") as content:
            size += os.fstat(content.fileno()).st_size
            digest.update(file.encode() + b"\0" + hashlib.file_digest(content, "sha256").digest())
    return FolderFacts(architecture, arrays, parameters, size, digest.hexdigest())


def _read_json(folder: str, file: str, name: str) -> dict[str, Any]:
    path = os.path.join(folder, file)
    if os.path.getsize(path) > _MAX_JSON_BYTES:
        raise UnsafeModelError(
            f"{name}: {file} is larger than {_MAX_JSON_BYTES // 1024**2} MB; {_ADVICE}"
        )
    with open(path, "rb") as content:
        data = content.read()
    if is_lfs_pointer(data):
        raise ModelError(f"{name}: {lfs_refusal(file)}")
    value = _parsed(data)
    if value is None:
        raise ModelError(f"{name}: {file} is damaged, no object of JSON; download it again.")
    return value


def _parsed(data: bytes) -> dict[str, Any] | None:
    """The object that bytes hold as JSON, or None."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse_code(value: Mapping[str, Any], file: str, name: str) -> None:
    for key in ("auto_map", "custom_pipelines"):
        if value.get(key):
            raise UnsafeModelError(
                f"{name}: {file} asks for code of its own ({key}), which CAM Audit never runs; "
                "export the model as .onnx, or load it in Python and give it to TorchClassifier."
            )


def _check_config(config: Mapping[str, Any], name: str) -> str:
    """The class of transformers that a config names."""
    _refuse_code(config, CONFIG, name)
    if config.get("quantization_config"):
        raise ModelError(f"{name} holds quantised weights; save it with plain ones.")
    named = config.get("architectures")
    architecture = named[0] if isinstance(named, list) and len(named) == 1 else None
    if architecture not in MODELS:
        kinds = ", ".join(sorted({model.partition("For")[0] for model in MODELS}))
        what = f"a {_shown(str(architecture))}" if architecture else "no one kind of network"
        raise ModelError(
            f"{name} holds {what}; of Hugging Face folders CAM Audit loads image classifiers of "
            f"these kinds: {kinds}; export others as .onnx."
        )
    for key, value in config.items():
        if any(abs(number) > _MAX_NUMBER for number in _numbers(value)):
            raise UnsafeModelError(
                f"{name}: {_shown(key)} in {CONFIG} is beyond {_MAX_NUMBER:,}; {_ADVICE}"
            )
    return str(architecture)


def _numbers(value: Any) -> list[float]:
    if isinstance(value, (int, float)):
        return [value]
    return (
        [number for part in value for number in _numbers(part)] if isinstance(value, list) else []
    )


def _shards(index: Mapping[str, Any], name: str) -> list[str]:
    named = index.get("weight_map")
    files = set(named.values()) if isinstance(named, dict) else set()
    if not files or not all(isinstance(file, str) and is_wanted(file) for file in files):
        raise ModelError(f"{name}: {SHARDS} names no files of weights; download it again.")
    if any(os.path.basename(file) != file for file in files):
        raise UnsafeModelError(f"{name}: {SHARDS} names files outside the folder; {_ADVICE}")
    return sorted(files)


def _check_weights(path: str, file: str, name: str) -> tuple[int, int]:
    """Arrays and values of one file of weights, which its header must describe to the byte."""
    size = os.path.getsize(path)
    damaged = ModelError(f"{name}: {_shown(file)} is damaged or incomplete; download it again.")
    with open(path, "rb") as content:
        if size < MOST_BYTES and is_lfs_pointer(content.read()):
            raise ModelError(f"{name}: {lfs_refusal(_shown(file))}")
        content.seek(0)
        length = int.from_bytes(content.read(8), "little")
        if length > _MAX_HEADER_BYTES or length > size - 8:
            raise damaged
        header = _parsed(content.read(length))
    if header is None:
        raise damaged
    header.pop("__metadata__", None)
    ends, parameters = [(0, 0)], 0
    for array, facts in header.items():
        try:
            (start, stop), shape, width = facts["data_offsets"], facts["shape"], facts["dtype"]
            count = prod(shape)
            fits = count * _BYTES[width] == stop - start and min(shape, default=1) >= 0
        except (KeyError, TypeError, ValueError):
            raise ModelError(
                f"{name}: its weights {_shown(array)!r} are of no type that CAM Audit reads."
            ) from None
        if count > MAX_ELEMENTS:
            raise UnsafeModelError(
                f"{name}: its weights {_shown(array)!r} have more than {MAX_ELEMENTS:,} values; "
                f"{_ADVICE}"
            )
        if not fits:
            raise damaged
        ends.append((start, stop))
        parameters += count
    ends.sort()
    whole = all(before[1] == behind[0] for before, behind in pairwise(ends))
    if not whole or ends[-1][1] != size - 8 - length:
        raise damaged
    return len(header), parameters


def _shown(text: str) -> str:
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable if len(printable) <= 60 else printable[:57] + "..."
