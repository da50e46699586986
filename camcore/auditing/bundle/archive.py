"""The bytes of a bundle: the same members give the same zip on every machine."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

SCHEMA = 1
"""Of manifest.json."""

MANIFEST = "manifest.json"
_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can name: a bundle has no time of its own
_MODE = 0o644


def packed(members: Mapping[str, bytes]) -> bytes:
    """A zip of members, in their order.

    They are stored, not compressed, as other builds of zlib write other bytes.

    Examples
    --------
    >>> packed({"a": b"1"}) == packed({"a": b"1"})
    True
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            entry = zipfile.ZipInfo(name, _TIME)
            entry.create_system = 3  # Unix, wherever it is written
            entry.external_attr = _MODE << 16
            archive.writestr(entry, data)
    return buffer.getvalue()


def manifest_of(members: Mapping[str, bytes], made_by: str) -> bytes:
    """manifest.json: the name, the size and the SHA-256 of every member."""
    files = [
        {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, data in members.items()
    ]
    return as_bytes({"schema": SCHEMA, "made_by": made_by, "files": files})


def as_bytes(value: Any) -> bytes:
    """A value as a JSON file that people can read."""
    return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
