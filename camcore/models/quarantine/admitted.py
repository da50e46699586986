"""Which model files have been loaded once without harm: by content, in memory and on disk."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import threading
from pathlib import Path

import platformdirs

# Raised when the checks get stricter, so that earlier acceptances no longer count.
RULES = 2
_MOST = 2000

_lock = threading.Lock()
_known: set[str] = set()


def cache_folder() -> Path:
    """Where small things are kept: ``$CAMCORE_CACHE``, else the platform's user cache folder.

    Examples
    --------
    >>> isinstance(cache_folder(), Path)
    True
    """
    return Path(os.environ.get("CAMCORE_CACHE") or platformdirs.user_cache_dir("camcore"))


def is_admitted(sha256: str, conditions: str) -> bool:
    """Whether a file of this content has been loaded under these conditions before."""
    key = _key(sha256, conditions)
    with _lock:
        return key in _known or key in _read()


def remember(sha256: str, conditions: str) -> None:
    """Note that a file of this content was loaded; without a writable disk, for now only."""
    key = _key(sha256, conditions)
    with _lock:
        _known.add(key)
        keys = [*[k for k in _read() if k != key][1 - _MOST :], key]
        with contextlib.suppress(OSError):
            _write(keys)


def _key(sha256: str, conditions: str) -> str:
    return f"{sha256}/{conditions}/rules-{RULES}"


def _file() -> Path:
    return cache_folder() / "admitted-models.json"


def _read() -> list[str]:
    try:
        data = json.loads(_file().read_bytes())
    except (OSError, ValueError, RecursionError):
        return []
    keys = data.get("admitted") if isinstance(data, dict) else None
    return [key for key in keys if isinstance(key, str)] if isinstance(keys, list) else []


def _write(keys: list[str]) -> None:
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".admitted-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"admitted": keys}, file, indent=0, allow_nan=False)
        os.replace(temporary, _file())
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
