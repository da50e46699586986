"""A file or folder at an address such as ``s3://bucket/photos``, used as a `pathlib.Path` is."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from camcore.errors import InputError

if TYPE_CHECKING:
    from camcore.storage.filesystems import Filesystem

PROTOCOLS = ("s3", "gs", "az", "hf", "http", "https", "memory")

_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://([^/]*)(.*)", re.DOTALL)
_ALIASES = {"gcs": "gs", "abfs": "az", "s3a": "s3"}
_WEB = ("http", "https")
_WITH_QUERIES = (*_WEB, "az")


class Status(NamedTuple):
    """Size and time of a file, under the names that `os.stat_result` has for them.

    Attributes
    ----------
    st_size : int
        Bytes.
    st_mtime_ns : int
        When it was last written. Where the store names the content (its ETag), the checksum of
        that name stands below the second, so that other content of the same size and second is
        seen to be other content.
    """

    st_size: int
    st_mtime_ns: int


class Entry(NamedTuple):
    """What lies directly in a folder."""

    name: str
    is_folder: bool


class Listed(NamedTuple):
    """A file below a folder."""

    path: str
    status: Status


def is_address(text: str | os.PathLike[str]) -> bool:
    """Whether a text is an address and no path of this machine.

    Examples
    --------
    >>> is_address("s3://bucket/photos"), is_address("/photos"), is_address(r"C:\\photos")
    (True, False, False)
    """
    return _ADDRESS.match(os.fspath(text)) is not None


@dataclass(frozen=True)
class Address(os.PathLike[str]):
    """A place in a store that `fsspec` reads; its methods do what those of `pathlib.Path` do.

    What a store refuses or does not answer is an OSError with a plain reason, and an address that
    may not be read an InputError, whatever package reads the store.

    Attributes
    ----------
    store : str
        Protocol and bucket or host: ``s3://bucket``.
    path : str
        Below that, without ``..``; "" for all of it.

    Examples
    --------
    >>> photos = Address.of("s3://bucket/photos/")
    >>> str(photos / "cat/1.png"), (photos / "cat/1.png").suffix, str(photos.parent)
    ('s3://bucket/photos/cat/1.png', '.png', 's3://bucket')
    >>> str(photos / "../masks"), str(photos / "s3://bucket/masks")
    ('s3://bucket/masks', 's3://bucket/masks')
    """

    store: str
    path: str

    @classmethod
    def of(cls, text: str) -> Address:
        """The address that a person wrote.

        Raises
        ------
        InputError
            If it carries a password or a key, is of an unknown kind or names no bucket or host.
        """
        match = _ADDRESS.fullmatch(text.strip())
        protocol = match[1].lower() if match else ""
        protocol = _ALIASES.get(protocol, protocol)
        # The text is not repeated: what is wrong with it may be a password.
        if match is None or protocol not in PROTOCOLS:
            known = ", ".join(f"{name}://" for name in PROTOCOLS)
            raise InputError(f"{protocol}:// is no kind of address that is read here; use {known}.")
        # In the other stores these are letters of a name.
        query = protocol in _WITH_QUERIES and re.search("[?#]", text)
        if "@" in match[2] or query:
            raise InputError(
                f"An address of {protocol}:// is given without a password, a key or anything "
                "behind ? or #, as it is written into the run; credentials come from the "
                "environment."
            )
        if not match[2]:
            raise InputError(f"{protocol}:// is followed by a bucket or host, and then a path.")
        host = match[2].lower() if protocol in _WEB else match[2]
        return cls(f"{protocol}://{host}", _normal(match[3]))

    def __str__(self) -> str:
        return f"{self.store}/{self.path}" if self.path else self.store

    def __fspath__(self) -> str:
        return str(self)

    def __truediv__(self, path: str) -> Address:
        """A place below this one; a path that is an address stands for itself."""
        if is_address(path):
            return Address.of(path)
        return Address(self.store, _normal(f"{self.path}/{path}"))

    @property
    def name(self) -> str:
        """The last part, or the store's own name."""
        return posixpath.basename(self.path) or self.store.partition("://")[2]

    @property
    def suffix(self) -> str:
        """The name's ending, with its dot."""
        return posixpath.splitext(posixpath.basename(self.path))[1]

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return self.name.removesuffix(self.suffix)

    @property
    def parent(self) -> Address:
        """The folder that it lies in."""
        return Address(self.store, posixpath.dirname(self.path))

    @property
    def has_folders(self) -> bool:
        """Whether the store can be listed; of a web server only files are read."""
        return not self.store.startswith(("http:", "https:"))

    def is_symlink(self) -> bool:
        """Stores have no links."""
        return False

    def exists(self) -> bool:
        """Whether a file or a folder is there."""
        try:
            self._filesystem.kind(str(self))
        except FileNotFoundError:
            return False
        return True

    def is_dir(self) -> bool:
        """Whether it is a folder: something lies below it."""
        try:
            return self.has_folders and self._filesystem.kind(str(self)) == "directory"
        except FileNotFoundError:
            return False

    def is_file(self) -> bool:
        """Whether it is a file."""
        try:
            return self._filesystem.kind(str(self)) == "file"
        except FileNotFoundError:
            return False

    def stat(self) -> Status:
        """Size and time of a file, as the store says now."""
        return Status(*self._filesystem.status(str(self)))

    def read_bytes(self, most: int) -> bytes:
        """At most so many bytes of a file, from its beginning."""
        return self._filesystem.read(str(self), most)

    def fetch(self, file: Path, most: int) -> None:
        """Write the content of a file into one of this machine.

        Raises
        ------
        OSError
            If it is longer than `most` bytes, or comes not to its end.
        """
        self._filesystem.fetch(str(self), file, most)

    def entries(self) -> list[Entry]:
        """What lies directly in this folder, by name."""
        return sorted(Entry(*entry) for entry in self._filesystem.entries(str(self)))

    def iterdir(self) -> Iterator[Address]:
        """The places directly in this folder."""
        return (self / entry.name for entry in self.entries())

    def walk(self) -> Iterator[Listed]:
        """All files below this folder, with their paths from here."""
        for path, size, time in self._filesystem.files(str(self)):
            yield Listed(path, Status(size, time))

    @property
    def _filesystem(self) -> Filesystem:
        # Here, as it loads fsspec, which nobody needs who reads files of this machine.
        from camcore.storage.filesystems import filesystem

        return filesystem(self.store, str(self))


def _normal(path: str) -> str:
    normal = posixpath.normpath(f"/{path}").lstrip("/")
    return "" if normal == "." else normal
