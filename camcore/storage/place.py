"""One kind of value for files of this machine and of a store: a `Path` or an `Address`."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from camcore.cores import usable_cores
from camcore.storage.address import Address, Status, is_address
from camcore.storage.bounds import check_address, check_bounds

Place = Path | Address

_READERS = 16  # a thread that reads from a store waits most of the time


def place_of(given: str | os.PathLike[str]) -> Place:
    """The place that a text or path means.

    Raises
    ------
    InputError
        If it is an address that cannot be used.

    Examples
    --------
    >>> place_of("/photos"), str(place_of("gs://bucket/photos/"))
    (PosixPath('/photos'), 'gs://bucket/photos')
    """
    text = os.fspath(given)
    return Address.of(text) if is_address(text) else Path(given)


def absolute(given: str) -> Place:
    """The place that a person means, from wherever the program runs.

    Raises
    ------
    InputError
        If it is an address that cannot be used.
    """
    place = place_of(given)
    return place if isinstance(place, Address) else place.expanduser().absolute()


def resolved(place: Place) -> Place:
    """The place with all links followed."""
    return place if isinstance(place, Address) else Path(os.path.realpath(place))


def children(folder: Place) -> list[Place]:
    """What lies directly in a folder, by name."""
    places: list[Place] = [*folder.iterdir()]
    return sorted(places, key=lambda place: place.name)


def joined(folder: str, path: str) -> str:
    """Where a path leads from a folder, as text.

    Examples
    --------
    >>> joined("/data", "../cats/1.png"), joined("s3://bucket/data", "cats//1.png")
    ('/cats/1.png', 's3://bucket/data/cats/1.png')
    """
    if is_address(folder):
        return str(Address.of(folder) / path)
    return os.path.normpath(os.path.join(folder, path))


def is_absolute(path: str) -> bool:
    """Whether a path or address says by itself where it leads."""
    return os.path.isabs(path) or is_address(path)


def read_beginning(file: Place, most: int) -> bytes:
    """At most so many bytes of a file.

    Raises
    ------
    OSError
        If it is none, or cannot be read.
    """
    if isinstance(file, Address):
        return file.read_bytes(most)
    # Looked at before it is opened: opening a FIFO would wait for a writer.
    if not file.is_file():
        raise OSError(errno.EINVAL, "it is no file")
    with open(file, "rb") as stream:
        return stream.read(most)


def status_of(place: Place) -> Status | None:
    """Size and time of a file; None where there is none."""
    try:
        status = place.stat()
    except (OSError, ValueError):
        return None
    if isinstance(status, Status):
        return status
    return Status(status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else None


def check_readable(place: Place, *beside: Path) -> None:
    """Raise an InputError for a place that may not be read; `beside` are folders that may be."""
    if isinstance(place, Address):
        check_address(str(place))
    else:
        check_bounds(place, *beside)


def readers(place: Place) -> int:
    """How many threads read files from a place and decode them."""
    return max(_READERS, usable_cores()) if isinstance(place, Address) else usable_cores()


@contextlib.contextmanager
def on_this_machine(place: Place, beside: Path, most: int) -> Iterator[Path]:
    """A file as one of this machine, of the same name and time; fetched, and removed in the end.

    Raises
    ------
    OSError
        If a file at an address is longer than `most` bytes or cannot be read.
    """
    if isinstance(place, Path):
        yield place
        return
    beside.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetched-", dir=beside.parent) as folder:
        file = Path(folder, place.name)
        written = place.stat().st_mtime_ns
        place.fetch(file, most)
        os.utime(file, ns=(written, written))
        yield file
