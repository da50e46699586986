"""A model file is looked at, never loaded: what it holds, and whether loading it can do harm.

HDF5 files exist that crash the library that opens them, so this runs in a process of its own:
``camcore.models.quarantine.admission`` starts one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import stat
import zipfile
from dataclasses import dataclass
from typing import Any, BinaryIO

import h5py

from camcore.errors import ModelError, UnsafeModelError
from camcore.git_lfs import is_lfs_pointer, lfs_refusal
from camcore.models.quarantine.hdf5_tree import check_tree, read_text_attribute
from camcore.models.quarantine.huggingface_folder import check_folder, holds_folder, unpack
from camcore.models.quarantine.keras_config import (
    ADVICE,
    MAX_CONFIG_BYTES,
    check_config,
    parse_config,
)
from camcore.models.quarantine.onnx_file import check_onnx, looks_like_onnx
from camcore.models.quarantine.upgrading import upgrade_config

MAX_FILE_BYTES = 2 * 1024**3
MAX_MEMBER_EXPANSION = 100

ZIP_MAGIC = b"PK\x03\x04"
HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"

FOLDER = "folder"
"""Name of the private copy of a Hugging Face folder."""

_FROM_TORCH = "export the model with torch.onnx.export and give the .onnx file."
_MEMBERS = frozenset({"metadata.json", "config.json", "model.weights.h5"})
_REGULAR_MODES = frozenset({0, stat.S_IFREG})

_Contents = tuple[dict[str, Any], bool, str | None, int]
"""Config as it will be loaded, whether it was upgraded, the Keras that saved it, parameters."""


@dataclass(frozen=True)
class Inspection:
    """What a model file holds, as far as it can be told without loading it.

    Attributes
    ----------
    format : str
        ``"keras"``, ``"h5"``, ``"onnx"`` or ``"huggingface"``, by content.
    sha256 : str
        Of the file's bytes.
    bytes : int
        Size of the file.
    layers : int
        Layers, operations and inner models, at any depth; nodes of an ONNX graph; arrays of
        weights of a Hugging Face folder.
    parameters : int
        Values in the stored weight arrays.
    keras_version : str or None
        The Keras that saved the file, where it says so.
    classes : tuple of str
        Keras classes, operations of ONNX, or the class of transformers, that it names, sorted.
    upgraded : bool
        Whether the config has to be rewritten before this Keras loads it.
    """

    format: str
    sha256: str
    bytes: int
    layers: int
    parameters: int
    keras_version: str | None
    classes: tuple[str, ...]
    upgraded: bool = False


def inspect_file(path: str | os.PathLike[str], *, name: str | None = None) -> Inspection:
    """Look at a ``.keras``, ``.h5`` or ``.onnx`` file or a folder without loading the model.

    Call `admission.inspect` instead for a file that is not known to be harmless:
    it runs this in a child process, because a hostile HDF5 file can crash the process.

    Parameters
    ----------
    path : path
        A regular file, whose kind is told by its content, not by its name; or a Hugging Face
        folder, which a zip is unpacked into beside it.
    name : str, optional
        What to call it in messages, instead of its file name.

    Returns
    -------
    Inspection

    Raises
    ------
    UnsafeModelError
        It could run code, read files or exhaust memory; the text names the layer.
    ModelError
        It is missing, broken, or no model that can be read here.
    """
    path = os.fsdecode(path)
    name = shown_name(name or os.path.basename(path) or path)
    if os.path.isdir(path):
        return _inspect_folder(path, name)
    size = check_regular(path, name)
    with open(path, "rb") as file:
        kind = sniff(file.read(512), name)
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    # Both libraries raise nearly anything on broken files, so any exception means "broken".
    try:
        if kind == "onnx":
            held = check_onnx(path, name)
            kinds = tuple(sorted(held.kinds))
            return Inspection(kind, digest, size, held.nodes, held.parameters, None, kinds)
        if kind == "keras" and _unpack_folder(path, name):
            return _inspect_folder(unpacked(path), name)
        if kind == "keras":
            config, upgraded, version, parameters = _look_into_zip(path, name)
        else:
            config, upgraded, version, parameters = _look_into_hdf5(path, name, size)
        facts = check_config(config, name)
    except ModelError:
        raise
    except MemoryError:
        raise UnsafeModelError(
            f"{name} needs more memory to look at than a model file should; it is not loaded."
        ) from None
    except Exception as error:
        raise ModelError(
            f"{name} is damaged or incomplete ({_reason(error)}); save or download it again."
        ) from error
    return Inspection(
        format=kind,
        sha256=digest,
        bytes=size,
        layers=facts.layers,
        parameters=parameters,
        keras_version=version and shown_name(version)[:20],
        classes=tuple(sorted(facts.classes)),
        upgraded=upgraded,
    )


def unpacked(path: str) -> str:
    """Where the folder lies that a zip of one is unpacked into."""
    return os.path.join(os.path.dirname(path), FOLDER)


def _unpack_folder(path: str, name: str) -> bool:
    """Unpack a zip of a Hugging Face folder, where it is one."""
    with zipfile.ZipFile(path) as archive:
        if not holds_folder(archive):
            return False
        unpack(archive, unpacked(path), name, MAX_FILE_BYTES)
    return True


def _inspect_folder(path: str, name: str) -> Inspection:
    held = check_folder(path, name)
    return Inspection(
        "huggingface", held.sha256, held.bytes, held.arrays, held.parameters, None,
        (held.architecture,),
    )  # fmt: skip


def write_upgraded(path: str | os.PathLike[str], *, name: str | None = None) -> None:
    """Rewrite the config of an inspected file in place, for this Keras to load it.

    Raises
    ------
    ModelError
        Its config cannot be read, or only Keras 2 can.
    """
    path = os.fsdecode(path)
    name = shown_name(name or os.path.basename(path) or path)
    with open(path, "rb") as file:
        kind = sniff(file.read(512), name)
    if kind == "h5":
        with h5py.File(path, "r+") as root:
            config = parse_config(read_text_attribute(root, "model_config", name) or "", name)
            upgrade_config(config, name)
            root.attrs["model_config"] = json.dumps(config)
        return
    rewritten = f"{path}.upgraded"
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(rewritten, "x") as target:
        config = parse_config(_read_member(source, "config.json", name), name)
        upgrade_config(config, name)
        for info in source.infolist():
            # The weights stay uncompressed where they are: Keras then reads them in place.
            if info.filename == "config.json":
                target.writestr(info.filename, json.dumps(config))
                continue
            with source.open(info) as member, target.open(info.filename, "w") as copy:
                shutil.copyfileobj(member, copy)
    os.replace(rewritten, path)


def shown_name(name: str) -> str:
    """A file name without characters that do not print, cut to a readable length."""
    printable = "".join(c if c.isprintable() else "?" for c in name)
    return printable if len(printable) <= 120 else printable[:60] + "..." + printable[-57:]


def check_regular(path: str, name: str) -> int:
    """The size of a regular file within the limit, or an error; the file is not opened."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        raise ModelError(f"{name}: there is no such model file; check the path.") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise ModelError(f"{name} cannot be opened ({why}); check the path.") from None
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeModelError(f"{name} is a device or a pipe, not a file; give a .keras file.")
    if status.st_size == 0:
        raise ModelError(f"{name} is empty (0 bytes); save or download it again.")
    if status.st_size > MAX_FILE_BYTES:
        raise UnsafeModelError(
            f"{name} is larger than {MAX_FILE_BYTES // 1024**3} GB, the limit for model files."
        )
    return status.st_size


def sniff(head: bytes, name: str) -> str:
    """Tell ``"keras"``, ``"h5"`` or ``"onnx"`` by the first bytes, or say what it is instead."""
    if head.startswith(HDF5_MAGIC):
        return "h5"
    if head.startswith(ZIP_MAGIC):
        return "keras"
    if is_lfs_pointer(head):
        raise ModelError(lfs_refusal(name))
    ending = os.path.splitext(name)[1].lower()
    advice = "save the model as .keras with Keras, or export it as .onnx, and give that file."
    pickled = head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05"
    if pickled or ending in (".pkl", ".pickle"):
        raise UnsafeModelError(f"{name} is a Python pickle, which can run any code; {advice}")
    if head[4:8] == b"TFL3":
        raise ModelError(f"{name} is a TensorFlow Lite model, which has no Keras layers; {advice}")
    if looks_like_onnx(head):
        return "onnx"
    if ending in (".pt", ".pth"):
        raise UnsafeModelError(f"{name} is a PyTorch file, which can run any code; {_FROM_TORCH}")
    if ending == ".pb":
        raise ModelError(f"{name} is a TensorFlow graph, which Keras 3 cannot load; {advice}")
    if ending == ".json" or head.lstrip()[:1] == b"{":
        raise ModelError(f"{name} has the layers of a model but not its weights; {advice}")
    if ending == ".safetensors":
        raise ModelError(
            f"{name} holds weights only, without the layers of a model; give the folder that it is "
            "from, which has a config.json beside it, or a zip of that folder."
        )
    if ending in (".ckpt", ".index", ".bin", ".npy"):
        raise ModelError(f"{name} holds weights only, without the layers of a model; {advice}")
    if ending in (".keras", ".h5", ".hdf5", ".onnx"):
        library = "ONNX" if ending == ".onnx" else "Keras"
        raise ModelError(
            f"{name} is damaged or no {library} model, whatever its name says; "
            "save or download it again."
        )
    raise ModelError(f"{name} is not a .keras, .h5 or .onnx model file; {advice}")


def _reason(error: Exception) -> str:
    text = "".join(c if c.isprintable() else " " for c in str(error))
    return " ".join(text.split())[:100] or type(error).__name__


def _look_into_zip(path: str, name: str) -> _Contents:
    with zipfile.ZipFile(path) as archive:
        _check_members(archive.infolist(), name)
        metadata = parse_config(_read_member(archive, "metadata.json", name), name)
        config = parse_config(_read_member(archive, "config.json", name), name)
        upgraded = upgrade_config(config, name)
        version = metadata.get("keras_version")
        # The config first: it names the layer, and is what people can do something about.
        check_config(config, name)
        info = archive.getinfo("model.weights.h5")
        with open(path, "rb") as file, h5py.File(_member_stream(archive, info, file), "r") as root:
            parameters = check_tree(root, name, info.file_size)
    return config, upgraded, version if isinstance(version, str) else None, parameters


def _check_members(members: list[zipfile.ZipInfo], name: str) -> None:
    seen: set[str] = set()
    names = {info.filename for info in members}
    if names & {"data.pkl", "archive/data.pkl"} or any(n.endswith("/data.pkl") for n in names):
        raise UnsafeModelError(f"{name} is a PyTorch file, which can run any code; {_FROM_TORCH}")
    if not names & _MEMBERS:
        raise ModelError(_other_archive(names, name))
    for info in members:
        member = shown_name(info.filename)
        if info.filename in seen:
            raise UnsafeModelError(f"{name}: it holds {member!r} twice; {ADVICE}")
        seen.add(info.filename)
        if info.filename.startswith("assets/"):
            raise UnsafeModelError(
                f"{name}: it holds the asset {member!r}, a file for a layer to read; {ADVICE}"
            )
        if "config.json" in names and info.filename not in _MEMBERS:
            raise UnsafeModelError(
                f"{name}: it holds {member!r}, which is no part of a Keras model; {ADVICE}"
            )
        # The upper half holds the Unix mode, where the archive was made on Unix.
        if stat.S_IFMT(info.external_attr >> 16) not in _REGULAR_MODES:
            raise UnsafeModelError(f"{name}: its member {member!r} is a link or device; {ADVICE}")
        if info.flag_bits & 1:
            raise ModelError(f"{name} is encrypted; save it without a password.")
        if info.file_size > MAX_FILE_BYTES or info.file_size > max(
            MAX_CONFIG_BYTES, MAX_MEMBER_EXPANSION * info.compress_size
        ):
            raise UnsafeModelError(
                f"{name}: its member {member!r} would unpack to {info.file_size:,} bytes, "
                f"far more than it holds; {ADVICE}"
            )
    missing = sorted(_MEMBERS - seen)
    if missing:
        raise ModelError(
            f"{name} is a zip file but no whole Keras model: {missing[0]} is missing; "
            "save the model again with model.save('name.keras')."
        )


def _other_archive(names: set[str], name: str) -> str:
    """What a zip is that holds no part of a Keras model."""
    advice = "save the model as .keras with Keras and give that file."
    if any(member.rpartition("/")[2] == "saved_model.pb" for member in names):
        return f"{name} is a TensorFlow SavedModel in a zip, which Keras 3 cannot load; {advice}"
    if names and all(member.endswith(".npy") for member in names):
        return f"{name} holds arrays of NumPy, not the layers of a model; {advice}"
    return f"{name} is a zip file but no Keras model: none of its files is part of one; {advice}"


def _read_member(archive: zipfile.ZipFile, member: str, name: str) -> bytes:
    if archive.getinfo(member).file_size > MAX_CONFIG_BYTES:
        raise UnsafeModelError(
            f"{name}: its {member} is larger than {MAX_CONFIG_BYTES // 1024**2} MB, "
            "more than any real network needs; it is not loaded."
        )
    return archive.read(member)


def _member_stream(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo, file: io.BufferedReader
) -> BinaryIO:
    """The member as a seekable stream; a stored one is read in place, not into memory."""
    with archive.open(info) as member:
        if info.compress_type != zipfile.ZIP_STORED:
            return io.BytesIO(member.read())
    file.seek(info.header_offset + 26)
    lengths = file.read(4)
    start = info.header_offset + 30
    start += int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
    return io.BufferedReader(_Window(file, start, info.file_size))


class _Window(io.RawIOBase):
    """A part of a file as a file of its own."""

    def __init__(self, file: io.BufferedReader, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        room = max(0, min(len(view), self._size - self._at))
        self._file.seek(self._start + self._at)
        count: int = self._file.readinto(view[:room])
        self._at += count
        return count


def _look_into_hdf5(path: str, name: str, size: int) -> _Contents:
    with h5py.File(path, "r") as root:
        parameters = check_tree(root, name, size)
        text = read_text_attribute(root, "model_config", name)
        version = read_text_attribute(root, "keras_version", name)
        if text is None:
            raise ModelError(
                f"{name} holds weights only; build the model in Python, load the weights into it "
                "and save it whole as .keras."
            )
    config = parse_config(text, name)
    return config, upgrade_config(config, name), version, parameters
