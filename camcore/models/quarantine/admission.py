"""A foreign model file is copied, inspected and first loaded where it can do no harm.

What is inspected is what is loaded: the bytes are copied once, and only the copy is used.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import stat
import tempfile
import threading
import weakref
from dataclasses import dataclass
from io import BufferedReader
from typing import Any

from camcore.errors import InputError, ModelError, UnsafeModelError
from camcore.models.quarantine import child_process as child
from camcore.models.quarantine.admitted import is_admitted, remember
from camcore.models.quarantine.huggingface_folder import check_listing, is_wanted
from camcore.models.quarantine.inspection import (
    FOLDER,
    MAX_FILE_BYTES,
    Inspection,
    check_regular,
    shown_name,
    sniff,
    unpacked,
)
from camcore.models.quarantine.keras_config import MAX_CONFIG_BYTES

INSPECTION_LIMITS = child.Limits(
    seconds=60,
    cpu_seconds=60,
    memory_bytes=4 * 1024**3,
    file_bytes=MAX_FILE_BYTES + MAX_CONFIG_BYTES,  # a config of Keras 2 is rewritten in the copy
)
LOAD_SECONDS = 300
LOAD_CPU_SECONDS = 600
# Address space. TensorFlow maps 2 GB before it holds anything, and loading VGG16 took 6 times the
# size of the file on top: the weights as file, arrays, initial values and variables.
LOAD_MEMORY_BYTES = 6 * 1024**3
LOAD_MEMORY_PER_BYTE = 8

# What a forward and a gradient pass of one picture may take, and what raises it.
PASS_MEMORY_GB, PASS_MEMORY_SETTING = 4.0, "CAMCORE_PASS_GB"
PASS_SECONDS, PASS_SECONDS_SETTING = 60.0, "CAMCORE_PASS_SECONDS"

_CHUNK = 4 * 1024**2
_LIBRARIES = {"onnx": "onnxruntime", "huggingface": "transformers"}

# Files are loaded side by side, each of them once; more at a time would need too much memory.
_guard = threading.Lock()
_loads: weakref.WeakValueDictionary[str, Any] = weakref.WeakValueDictionary()
_some_loads = threading.BoundedSemaphore(4)


@dataclass(frozen=True)
class AdmittedModel:
    """A private copy of a model file that has been inspected and loaded once.

    Use it as a context manager, or call `close`, to remove the copy; it also goes with the object.

    Attributes
    ----------
    path : str
        The copy, with the ending that Keras expects for what it holds; a folder, where it is one
        of Hugging Face or a zip of one.
    sha256 : str
        Of the file's bytes, or of the names and bytes of a folder's files.
    inspection : Inspection
    """

    path: str
    sha256: str
    inspection: Inspection

    def close(self) -> None:
        """Remove the private copy; a second call does nothing."""
        shutil.rmtree(os.path.dirname(self.path), ignore_errors=True)

    def __enter__(self) -> AdmittedModel:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def admit(
    path: str | os.PathLike[str],
    *,
    name: str | None = None,
    input_size: tuple[int, int] | None = None,
) -> AdmittedModel:
    """Copy, inspect and, unless these bytes are known, load a model file in a child process.

    There one picture is run forward and, but for ONNX, backward, and refused is what takes more
    memory than ``CAMCORE_PASS_GB`` (4) or more computing than ``CAMCORE_PASS_SECONDS`` (60).

    Parameters
    ----------
    path : path
        A ``.keras``, ``.h5`` or ``.onnx`` file from anywhere, a Hugging Face folder, or a zip of
        one.
    name : str, optional
        What to call it in messages, instead of its file name.
    input_size : tuple of int, optional
        Height and width of the pictures, for models that accept any.

    Returns
    -------
    AdmittedModel
        For Keras, load ``.path`` with ``keras.saving.load_model(path, compile=False,
        safe_mode=True)``; for ONNX, with ``onnx.load(path, load_external_data=False)``.

    Raises
    ------
    UnsafeModelError
        It could run code, read files or exhaust memory; the text names the layer.
    ModelError
        It is missing or broken, no model, or this Keras cannot load it.
    InputError
        If one of the settings is no number.
    """
    name = _name(path, name)
    with contextlib.ExitStack() as on_failure:
        copy = _copy(os.fsdecode(path), name, on_failure)
        inspection = _inspect_copy(copy, name)
        allowed = _allowed()
        size = "x".join(map(str, input_size)) if input_size else "own"
        library = _LIBRARIES.get(inspection.format, "keras")
        conditions = f"{library}-{_version(library, name)}/{size}/{allowed[0]:g}GB-{allowed[1]:g}s"
        if inspection.format == "huggingface":
            copy = unpacked(copy)
        with _load_of(inspection.sha256):
            if not is_admitted(inspection.sha256, conditions):
                with _some_loads:
                    _load_once(copy, name, inspection, input_size, allowed)
                remember(inspection.sha256, conditions)
        on_failure.pop_all()
    admitted = AdmittedModel(copy, inspection.sha256, inspection)
    weakref.finalize(admitted, shutil.rmtree, os.path.dirname(copy), ignore_errors=True)
    return admitted


def inspect(path: str | os.PathLike[str], *, name: str | None = None) -> Inspection:
    """Inspect a model file in a child process without loading it, which takes under a second.

    Parameters
    ----------
    path : path
        A ``.keras``, ``.h5`` or ``.onnx`` file from anywhere.
    name : str, optional
        What to call it in messages, instead of its file name.

    Raises
    ------
    UnsafeModelError
        It could run code, read files or exhaust memory; the text names the layer.
    ModelError
        It is missing or broken, or no model.
    """
    name = _name(path, name)
    with contextlib.ExitStack() as always:
        return _inspect_copy(_copy(os.fsdecode(path), name, always), name)


def _name(path: str | os.PathLike[str], name: str | None) -> str:
    text = os.fsdecode(path)
    return shown_name(name or os.path.basename(text) or text)


def _copy(path: str, name: str, clean_up: contextlib.ExitStack) -> str:
    """Copy a file, or a folder's, into a new private folder and return the copy's path."""
    is_folder = os.path.isdir(path)
    if not is_folder:
        check_regular(path, name)
    folder = tempfile.mkdtemp(prefix="camcore-")
    clean_up.callback(shutil.rmtree, folder, ignore_errors=True)
    try:
        if is_folder:
            copy = os.path.join(folder, FOLDER)
            _copy_folder(path, copy, name)
            return copy
        with _opened(path, name) as source:
            copy = os.path.join(folder, f"model.{sniff(source.peek(_CHUNK), name)}")
            _write_copy(source, copy, name, MAX_FILE_BYTES)
    except OSError as error:
        raise ModelError(
            f"{name} cannot be copied for inspection ({error.strerror}); "
            "check its permissions and the free space for temporary files."
        ) from None
    return copy


def _copy_folder(path: str, copy: str, name: str) -> None:
    """Copy the files of a folder that are loaded."""
    check_listing(os.listdir(path), name)
    inside = os.path.realpath(path)
    os.mkdir(copy)
    left = MAX_FILE_BYTES
    for file in filter(is_wanted, os.listdir(path)):
        place = os.path.join(path, file)
        if os.path.dirname(os.path.realpath(place)) != inside:
            raise UnsafeModelError(
                f"{name}: {shown_name(file)} is a link that leads out of the folder; copy the "
                "folder with its files instead of links (cp -rL)."
            )
        with _opened(place, name) as source:
            left -= _write_copy(source, os.path.join(copy, file), name, left)


def _opened(path: str, name: str) -> BufferedReader:
    """A regular file, opened for reading."""
    # Non-blocking, in case the file has become a FIFO since it was looked at.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    source = open(os.open(path, flags), "rb")  # noqa: SIM115
    if not stat.S_ISREG(os.fstat(source.fileno()).st_mode):
        source.close()
        raise UnsafeModelError(f"{name} is a device or a pipe, not a file.")
    return source


def _write_copy(source: BufferedReader, copy: str, name: str, most: int) -> int:
    """Write what a file holds into a new one and return its size."""
    size = 0
    with open(copy, "xb") as target:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise UnsafeModelError(f"{name} grew past the limit for model files.")
            target.write(chunk)
    return size


def _version(library: str, name: str) -> str:
    """Version of the library that loads a file."""
    try:
        if library == "transformers":
            importlib.metadata.version("torch")
        return importlib.metadata.version(library)
    except importlib.metadata.PackageNotFoundError:
        raise ModelError(
            f"{name} is a model of Hugging Face, which needs PyTorch and transformers: pip install "
            "'.[torch]'; the model exported as .onnx needs nothing more."
        ) from None


def _inspect_copy(copy: str, name: str) -> Inspection:
    fields = child.run(
        "inspect", {"path": copy, "name": name}, INSPECTION_LIMITS, name, os.path.dirname(copy)
    )
    return Inspection(**{**fields, "classes": tuple(fields["classes"])})


def _load_of(sha256: str) -> Any:
    """The lock of a file's first load."""
    with _guard:
        return _loads.setdefault(sha256, threading.RLock())


def _allowed() -> tuple[float, float]:
    """Gigabytes and seconds that a forward and a gradient pass may take."""
    values = []
    for setting, usual in (
        (PASS_MEMORY_SETTING, PASS_MEMORY_GB),
        (PASS_SECONDS_SETTING, PASS_SECONDS),
    ):
        text = os.environ.get(setting, "")
        try:
            value = float(text or usual)
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            raise InputError(f"{setting} is {text!r}; set it to a number above 0, like {usual:g}.")
        values.append(value)
    return values[0], values[1]


def _load_once(
    copy: str,
    name: str,
    inspection: Inspection,
    input_size: tuple[int, int] | None,
    allowed: tuple[float, float],
) -> None:
    memory_gb, pass_seconds = allowed
    more_memory = max(0, int((memory_gb - PASS_MEMORY_GB) * 1024**3))
    more_seconds = max(0, int(pass_seconds - PASS_SECONDS))
    limits = child.Limits(
        seconds=LOAD_SECONDS + more_seconds,
        cpu_seconds=LOAD_CPU_SECONDS + more_seconds,
        memory_bytes=LOAD_MEMORY_BYTES + LOAD_MEMORY_PER_BYTE * inspection.bytes + more_memory,
        # Keras unpacks the weights beside the file when they are large.
        file_bytes=2 * MAX_FILE_BYTES,
    )
    arguments = {
        "path": copy,
        "name": name,
        "input_size": input_size,
        "memory_gb": memory_gb,
        "pass_seconds": pass_seconds,
    }
    stage = {"onnx": "run", "huggingface": "load-folder"}.get(inspection.format, "load")
    if stage == "load":
        arguments["saved_by"] = inspection.keras_version
    if stage == "load-folder":
        del arguments["input_size"]
    child.run(stage, arguments, limits, name, os.path.dirname(copy))
