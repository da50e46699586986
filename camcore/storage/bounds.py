"""What may be read: ``CAMCORE_DATA_ROOT`` and ``CAMCORE_ADDRESSES`` bound what others are shown."""

from __future__ import annotations

import os
from pathlib import Path

from camcore.errors import InputError

SETTING = "CAMCORE_DATA_ROOT"
ADDRESSES = "CAMCORE_ADDRESSES"


def data_root() -> Path | None:
    """The folder that bounds all reading, or None where nothing does."""
    named = os.environ.get(SETTING)
    return Path(named) if named else None


def allowed_addresses() -> tuple[str, ...] | None:
    """How the addresses begin that may be read; None where any may, on a person's own machine."""
    named = os.environ.get(ADDRESSES, "").split()
    return tuple(named) if named or data_root() is not None else None


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


def check_address(address: str, *, served: bool = False) -> None:
    """Raise an InputError for an address that ``CAMCORE_ADDRESSES`` does not allow.

    Without that setting any address may be read on a person's own machine, and none where
    others are served.

    Parameters
    ----------
    address : str
        As `camcore.storage.address.Address` spells it, without ``..``.
    served : bool
        Whether others than the owner of the machine ask, which ``CAMCORE_DATA_ROOT`` tells, too.
    """
    allowed = allowed_addresses()
    if (allowed is None and not served) or any(
        address == beginning or address.startswith(beginning.rstrip("/") + "/")
        for beginning in allowed or ()
    ):
        return
    printable = "".join(c if c.isprintable() else "?" for c in address)
    raise InputError(
        f"{printable} is none of the addresses that this server may read ({ADDRESSES}); give one "
        "of those, or a folder or zip."
    )
