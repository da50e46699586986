"""Model files, good and hostile, made byte by byte without Keras, and how they are refused."""

from __future__ import annotations

import base64
import io
import json
import marshal
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from camcore.errors import ModelError, UnsafeModelError
from camcore.models.quarantine.inspection import inspect_file


def layer(kind: str, name: str, *, module: str | None = "keras.layers", **config: Any) -> dict:
    """One layer as Keras 3 writes it."""
    return {
        "module": module,
        "class_name": kind,
        "config": {"name": name, **config},
        "registered_name": None,
    }


def sequential(*layers: dict, side: int = 8) -> dict:
    """A Sequential of an input of (side, side, 3) and the layers given."""
    inputs = layer("InputLayer", "input", batch_shape=[None, side, side, 3], dtype="float32")
    return {
        "module": "keras",
        "class_name": "Sequential",
        "config": {
            "name": "seq",
            "trainable": True,
            "dtype": "float32",
            "layers": [inputs, *layers],
        },
        "registered_name": None,
    }


def harmless() -> dict:
    """A model without weights that loads and runs."""
    return sequential(layer("GlobalAveragePooling2D", "pool"), layer("Softmax", "out"))


def old_style(config: Any) -> Any:
    """The same config as Keras 2 wrote it into HDF5: classes without modules."""
    if isinstance(config, dict):
        left_out = {"module", "registered_name"} if "class_name" in config else set()
        return {key: old_style(value) for key, value in config.items() if key not in left_out}
    if isinstance(config, list):
        return [old_style(value) for value in config]
    return config


def canary_lambda(canary: Path, name: str = "secret") -> dict:
    """A Lambda layer whose marshalled code creates the canary file when it is called."""
    source = f"lambda x: (__import__('pathlib').Path({str(canary)!r}).touch(), x)[1]"
    code = base64.encodebytes(marshal.dumps(eval(source).__code__)).decode()
    packed = {"code": code, "defaults": None, "closure": None}
    function = {"class_name": "__lambda__", "config": packed}
    return layer("Lambda", name, function=function, arguments={})


def weights(fill: Any = None) -> bytes:
    """An HDF5 file as Keras writes weights; ``fill(root)`` may add what it likes."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as root:
        root.create_group("layers/pool/vars")
        root.create_group("vars")
        if fill:
            fill(root)
    return buffer.getvalue()


def write_keras(
    path: Path,
    config: Any,
    *,
    store: bytes | None = None,
    more: list[tuple[str | zipfile.ZipInfo, bytes]] | None = None,
    without: str = "",
    compression: int = zipfile.ZIP_STORED,
) -> Path:
    """A ``.keras`` file; ``config`` is an object or the raw bytes of config.json."""
    metadata = {"keras_version": "3.15.1", "date_saved": "2025-01-01@00:00:00"}
    raw = config if isinstance(config, bytes) else json.dumps(config).encode()
    members: list[tuple[str | zipfile.ZipInfo, bytes]] = [
        ("metadata.json", json.dumps(metadata).encode()),
        ("config.json", raw),
        ("model.weights.h5", weights() if store is None else store),
    ]
    with zipfile.ZipFile(path, "w", compression) as archive:
        for member, data in [*members, *(more or [])]:
            if member != without:
                archive.writestr(member, data)
    return path


def write_h5(path: Path, config: Any, fill: Any = None) -> Path:
    """An ``.h5`` file as Keras 2 writes whole models; ``config`` None leaves weights only."""
    with h5py.File(path, "w") as root:
        root.attrs["keras_version"] = "2.4.0"
        root.attrs["backend"] = "tensorflow"
        if config is not None:
            text = config if isinstance(config, str) else json.dumps(old_style(config))
            root.attrs["model_config"] = text
        group = root.create_group("model_weights")
        names = [b"pool", b"out"]
        group.attrs["layer_names"] = np.array(names)
        for name in names:
            group.create_group(name.decode()).attrs["weight_names"] = np.array([], "S1")
        if fill:
            fill(root)
    return path


def refused(path: Path, *words: str, error: type[ModelError] = UnsafeModelError) -> str:
    """See that a file is refused in one line that names it; the line."""
    with pytest.raises(error) as caught:
        inspect_file(path)
    text = str(caught.value)
    assert "\n" not in text
    assert path.name in text
    for word in words:
        assert word in text
    return text
