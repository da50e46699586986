"""Where files may be read: ``CAMCORE_DATA_ROOT`` bounds what a server shows to others."""

from __future__ import annotations

import os
from pathlib import Path

from camcore.errors import InputError

SETTING = "CAMCORE_DATA_ROOT"


def data_root() -> Path | None:
    """The folder that bounds all reading, or None where nothing does."""
    named = os.environ.get(SETTING)
    return Path(named) if named else None


def is_within(path: str | os.PathLike[str], *folders: str | os.PathLike[str]) -> bool:
    """Whether a path lies in one of some folders, once all links are followed.

    Examples
    --------
    >>> is_within("/data/cats/1.png", "/data"), is_within("/data/../etc", "/data")
    (True, False)
    """
    try:
        place = Path(path).resolve()
        return any(place.is_relative_to(Path(folder).resolve()) for folder in folders)
    except (OSError, ValueError, RuntimeError):  # a NUL in the path, or links in a circle
        return False


def check_bounds(path: str | os.PathLike[str], *beside: str | os.PathLike[str]) -> None:
    """Raise an InputError for a path that leads out of ``CAMCORE_DATA_ROOT``, where that is set.

    Parameters
    ----------
    path : path
    *beside : path
        Folders that may be read, too.
    """
    root = data_root()
    if root is not None and not is_within(path, root, *beside):
        printable = "".join(c if c.isprintable() else "?" for c in os.fspath(path))
        raise InputError(f"{printable} lies outside the folder that this server may read.")
