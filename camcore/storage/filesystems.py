"""The stores behind addresses, as `fsspec` reads them: bounded in time, tries and memory."""

from __future__ import annotations

import contextlib
import email.utils
import errno
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import fsspec
from fsspec.asyn import sync
from fsspec.callbacks import Callback

from camcore.errors import CamcoreError, InputError
from camcore.storage.bounds import check_address

TIME_LIMIT = 120.0  # seconds for a question or a picture, all tries together
CONNECTING, SILENT = 10, 30  # seconds until a store answers, and between two pieces of its answer
TRIES = 3

_TIMES = ("LastModified", "updated", "last_modified", "Last-Modified", "created")
_TAGS = ("ETag", "etag", "blob_id", "md5Hash")


@dataclass(frozen=True)
class Filesystem:
    """One store, whose package and peculiarities stay in here.

    Its errors are OSErrors with a plain reason; FileNotFoundError where nothing is there.
    """

    store: Any

    def kind(self, address: str) -> str:
        """``file`` or ``directory``."""
        return str(self._info(address)["type"])

    def status(self, address: str) -> tuple[int, int]:
        """Bytes, and time in ns, of a file; see `camcore.storage.address.Status`."""
        info = self._info(address)
        if info["type"] != "file":
            raise IsADirectoryError(errno.EISDIR, "it is a folder", address)
        return _size(info), _moment(info)

    def read(self, address: str, most: int) -> bytes:
        """The first bytes of a file, all of them where it is shorter."""
        with _plain(address):
            try:
                data: bytes = self._ask("cat_file", self._path(address), start=0, end=most)
            except Exception as error:
                if _status_code(error) == 416:
                    return b""  # an empty file has no first byte
                raise
        return data

    def fetch(self, address: str, file: Path, most: int) -> None:
        """Write a file, of at most so many bytes, to this machine."""
        with _plain(address):
            self.store.get_file(self._path(address), str(file), callback=_Limit(most))

    def entries(self, address: str) -> list[tuple[str, bool]]:
        """Names in a folder, and whether each is a folder."""
        path = self._path(address)
        with _plain(address):
            infos = self._ask("ls", path, detail=True)
        return [
            (name, info["type"] == "directory")
            for info in infos
            if (name := _below(info["name"], path)) and "/" not in name
        ]

    def files(self, address: str) -> Iterator[tuple[str, int, int]]:
        """Path, bytes and time of all files below a folder."""
        path = self._path(address)
        with _plain(address):
            infos = self.store.find(path, detail=True)
        for name, info in infos.items():
            if info["type"] == "file" and not name.endswith("/"):
                yield _below(name, path), _size(info), _moment(info)

    def _info(self, address: str) -> dict[str, Any]:
        with _plain(address):
            info: dict[str, Any] = self._ask("info", self._path(address))
        return info

    def _path(self, address: str) -> str:
        return str(self.store._strip_protocol(address))

    def _ask(self, question: str, path: str, **options: Any) -> Any:
        if self.store.async_impl:
            asked = getattr(self.store, f"_{question}")
            return sync(self.store.loop, asked, path, timeout=TIME_LIMIT, **options)
        return getattr(self.store, question)(path, **options)


def filesystem(store: str, address: str) -> Filesystem:
    """The store of an address that may be read.

    Raises
    ------
    InputError
        If the address is not allowed, or its package is not installed.
    """
    check_address(address)
    try:
        return _filesystem(store)
    except ImportError:
        protocol = store.partition(":")[0]
        raise InputError(
            f"addresses of {protocol}:// need an extra: pip install '.[remote]'."
        ) from None


@cache
def _filesystem(store: str) -> Filesystem:
    protocol, _, host = store.partition("://")
    # What a listing said must not be told as what is there now.
    options: dict[str, Any] = {"skip_instance_cache": True, "use_listings_cache": False}
    if protocol in ("http", "https"):
        from camcore.storage.web import WebFilesystem

        return Filesystem(WebFilesystem(host, **options))
    if protocol == "s3":
        options["config_kwargs"] = {
            "connect_timeout": CONNECTING,
            "read_timeout": SILENT,
            "retries": {"mode": "standard", "max_attempts": TRIES},
        }
    made = fsspec.filesystem(protocol, **options)
    if protocol == "s3":
        made.retries = TRIES - 1  # each tries as often again below
    return Filesystem(made)


class _Limit(Callback):  # type: ignore[misc]
    """Ends a download that is too long."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def call(self, hook_name: str | None = None, **kwargs: Any) -> None:
        if self.value > self._most or (self.size or 0) > self._most:
            raise OSError(errno.EFBIG, f"it is larger than {self._most // 2**20:,} MB")


@contextlib.contextmanager
def _plain(address: str) -> Iterator[None]:
    """Whatever a store's package raises becomes an OSError whose reason names no credentials."""
    try:
        yield
    except CamcoreError:
        raise
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "there is no such file", address) from None
    except PermissionError:
        why = "the credentials of the environment do not allow it, or there are none"
        raise PermissionError(errno.EACCES, why, address) from None
    except TimeoutError:
        raise TimeoutError(errno.ETIMEDOUT, "it took too long to answer", address) from None
    except OSError as error:
        if error.errno in (errno.EISDIR, errno.EFBIG):
            raise
        raise OSError(errno.EIO, _reason(error), address) from None
    except Exception as error:
        raise OSError(errno.EIO, _reason(error), address) from None


def _reason(error: BaseException) -> str:
    """What went wrong, without the error's own words, which may quote a key."""
    cause = error.__cause__ or error
    kind = type(cause).__name__
    if "Credentials" in kind:
        return "the environment holds no credentials for it"
    status = _status_code(error)
    if status:
        return f"the store answers {status}, also when asked again"
    return f"the connection failed, also when tried again: {kind}"


def _status_code(error: BaseException) -> int:
    """The status of HTTP that an error stands for, 0 where it is another one."""
    cause = error.__cause__ or error
    response = getattr(cause, "response", None)
    answer = response.get("ResponseMetadata", {}) if isinstance(response, Mapping) else {}
    status = answer.get("HTTPStatusCode") or getattr(cause, "status", None)
    return status if isinstance(status, int) else 0


def _below(name: str, folder: str) -> str:
    return name.removeprefix(folder).strip("/")


def _size(info: Mapping[str, Any]) -> int:
    return int(info.get("size") or 0)


def _moment(info: Mapping[str, Any]) -> int:
    given = next((info[name] for name in _TIMES if info.get(name)), None)
    seconds = _seconds(given)
    tag = next((str(info[name]) for name in _TAGS if info.get(name)), "")
    if not tag:
        return int(seconds * 10**9)
    return int(seconds) * 10**9 + zlib.crc32(tag.strip('"').encode()) % 10**9


def _seconds(given: object) -> float:
    """A moment as stores write it, in seconds of Unix time; 0 where it cannot be read."""
    if isinstance(given, (int, float)):
        return float(given)
    if isinstance(given, datetime):
        return given.timestamp()
    for read in (datetime.fromisoformat, email.utils.parsedate_to_datetime):
        with contextlib.suppress(ValueError):
            return read(str(given)).timestamp()
    return 0.0
