"""How bytes reach a component: Streamlit passes one byte string, so everything is in it."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

READER = Path(__file__).with_suffix(".js").read_text(encoding="utf-8")
"""The other side of `pack`, to stand before a component's own script."""


def pack(header: Mapping[str, Any], blobs: Sequence[bytes]) -> bytes:
    """One byte string: length of the header, the header as JSON, then the blobs.

    Parameters
    ----------
    header : mapping
        Plain JSON values; gets ``blobs``, the (start, size) of each, counted behind the header.
    blobs : sequence of bytes

    Examples
    --------
    >>> pack({"name": "tank"}, [b"abc", b"d"])[4:]
    b'{"name": "tank", "blobs": [[0, 3], [3, 1]]}abcd'
    """
    places, at = [], 0
    for blob in blobs:
        places.append((at, len(blob)))
        at += len(blob)
    text = json.dumps({**header, "blobs": places}, allow_nan=False).encode()
    return struct.pack("<I", len(text)) + text + b"".join(blobs)
