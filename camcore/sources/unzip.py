"""A zip of pictures becomes a folder, whole or not at all; a hostile one becomes one sentence."""

from __future__ import annotations

import calendar
import contextlib
import hashlib
import io
import json
import os
import re
import shutil
import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

from camcore.errors import InputError
from camcore.git_lfs import is_lfs_pointer, lfs_refusal
from camcore.sources.listing import is_hidden

MAX_MEMBERS = 200_000
MAX_BYTES = 50 * 1024**3
MAX_RATIO = 200
_SMALL = 1024**2  # below this many bytes no ratio is suspicious
_MAX_DIRECTORY = 64 * 1024**2
_CHUNK = 1024**2
_RECORD = ".archive.json"
_SHOWN_HIDDEN = ".masks"
_1980 = 315_532_800  # the first moment that a zip can name, in seconds of Unix time

# bzip2 and LZMA are left out: zipfile unpacks them without a bound on memory.
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, ValueError, struct.error)

Progress = Callable[[int, int], None]


def unzip(archive: Path, into: Path, *, progress: Progress | None = None) -> Path:
    """Unpack a zip that may be hostile.

    Hidden files and those of systems, as ``__MACOSX``, are left out, folders called ``.masks`` are
    kept. Everything is checked before a byte is written; the bytes written are counted all the
    same, because a declared size may lie. The folder appears only once it is complete, and is used
    again for as long as the archive stays the same. One process at a time: the caller holds a
    lock.

    Parameters
    ----------
    archive : Path
    into : Path
        The folder to make. One that was unpacked from another archive is replaced.
    progress : callable, optional
        Called after each member with the bytes written and the bytes to write.

    Returns
    -------
    Path
        `into`.

    Raises
    ------
    InputError
        If the archive cannot be read, is encrypted, would write outside `into`, holds links,
        devices or two members of one name, or is larger than `MAX_MEMBERS`, `MAX_BYTES` or
        `MAX_RATIO` allow; or if `into` holds other things.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with zipfile.ZipFile(folder / "pets.zip", "w") as made:
    ...     made.writestr("cat/1.png", b"...")
    >>> [file.name for file in unzip(folder / "pets.zip", folder / "pets").rglob("*.png")]
    ['1.png']
    """
    name = _printable(archive.name)
    with _opened(archive, name) as zipped:
        members = _checked(zipped.infolist(), archive.stat().st_size, name)
        record = _record(archive, zipped.infolist())
        if into.exists() and _is_unpacked(into, record):
            return into
        partial = into.with_name(f".{into.name}.unpacking")
        shutil.rmtree(partial, ignore_errors=True)
        try:
            _unpack(zipped, members, partial, name, progress)
            with _disk(name):
                (partial / _RECORD).write_text(
                    json.dumps(record, allow_nan=False), encoding="utf-8"
                )
                if into.exists():
                    shutil.rmtree(into)
                os.replace(partial, into)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return into


def _unpack(
    zipped: zipfile.ZipFile,
    members: dict[str, zipfile.ZipInfo],
    folder: Path,
    name: str,
    progress: Progress | None,
) -> None:
    total = sum(info.file_size for info in members.values())
    written = 0
    with _disk(name):
        folder.mkdir(parents=True)
    for path, info in members.items():
        with _disk(name):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "xb") as file:
                written += _write(zipped, info, file, name)
            when = _modified(info)
            os.utime(target, ns=(when, when))
        if progress is not None:
            progress(written, total)


def _write(
    zipped: zipfile.ZipFile, info: zipfile.ZipInfo, file: io.BufferedWriter, name: str
) -> int:
    written = 0
    try:
        with zipped.open(info) as packed:
            while chunk := packed.read(_CHUNK):
                written += len(chunk)
                if written > info.file_size:
                    break
                file.write(chunk)
    except _DAMAGE as error:
        reason = _printable(str(error))[:120]
        raise _refusal(name, info, f"is damaged ({reason}); copy or download it again") from None
    if written != info.file_size:
        raise _refusal(name, info, "has another size than it declares; zip the folder anew")
    return written


def _modified(info: zipfile.ZipInfo) -> int:
    """The member's time in nanoseconds, the same wherever and whenever it is unpacked.

    Below the second stands the CRC, so that other content of the same size and time, as programs
    write it that set no time, is seen to be other content.
    """
    try:
        seconds = calendar.timegm(info.date_time)
    except ValueError:
        seconds = _1980
    return seconds * 10**9 + info.CRC % 10**9


class _Bounded(io.BufferedReader):
    """A file that refuses a huge central directory, which zipfile would read at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > _MAX_DIRECTORY:
            raise zipfile.BadZipFile("its list of members is too long")
        return super().read(size)


@contextlib.contextmanager
def _opened(archive: Path, name: str) -> Iterator[zipfile.ZipFile]:
    try:
        # Looked at before it is opened: opening a FIFO would wait for a writer.
        if not stat.S_ISREG(archive.stat().st_mode):
            raise OSError("it is not a file")
        file = _Bounded(io.FileIO(archive))
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{name} cannot be opened ({why}); give a zip file.") from None
    with file:
        if is_lfs_pointer(file.read(1024)):
            raise InputError(lfs_refusal(name))
        file.seek(0)
        try:
            zipped = zipfile.ZipFile(file)
        except (*_DAMAGE, OSError, IndexError, OverflowError) as error:
            reason = _printable(str(error))[:120]
            raise InputError(
                f"{name} cannot be read as a zip ({reason}); copy or download it again, or give "
                "an unpacked folder."
            ) from None
        with zipped:
            yield zipped


def _checked(infos: list[zipfile.ZipInfo], size: int, name: str) -> dict[str, zipfile.ZipInfo]:
    """The members to unpack by their path, in the archive's order, once all have been checked."""
    if len(infos) > MAX_MEMBERS:
        raise InputError(
            f"{name} has {len(infos):,} members, more than the limit of {MAX_MEMBERS:,}; unpack "
            "it yourself and give the folder."
        )
    members: dict[str, zipfile.ZipInfo] = {}
    files: set[str] = set()
    folders: set[str] = set()
    for info in infos:
        path = _safe_path(info, name)
        _check_content(info, name)
        if _is_folder(info):
            continue
        # As file systems compare names that ignore case, or how an accent is written.
        key = unicodedata.normalize("NFC", path).casefold()
        if key in files:
            raise _refusal(name, info, "is there twice, perhaps in other case; keep one of them")
        files.add(key)
        parts = key.split("/")
        folders.update("/".join(parts[:depth]) for depth in range(1, len(parts)))
        if all(part == _SHOWN_HIDDEN or not is_hidden(part) for part in path.split("/")):
            members[path] = info
    if files & folders:
        clash = _printable(min(files & folders))[:80]
        raise InputError(f"{name}: {clash!r} is both a file and a folder; zip the folder anew.")
    total = sum(info.file_size for info in infos)
    if total > MAX_BYTES:
        raise InputError(
            f"{name} would unpack to {total / 1024**3:,.0f} GB, more than the limit of "
            f"{MAX_BYTES // 1024**3} GB; unpack it yourself and give the folder."
        )
    if total > max(_SMALL, MAX_RATIO * size):
        raise InputError(
            f"{name} would unpack to {total // max(size, 1):,} times its size, as pictures never "
            "do; if you trust it, unpack it yourself and give the folder."
        )
    return members


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.orig_filename.endswith(("/", "\\")) or stat.S_ISDIR(info.external_attr >> 16)


def _safe_path(info: zipfile.ZipInfo, name: str) -> str:
    """The member's relative posix path; `zipfile` itself would silently make up another one."""
    path = info.orig_filename.replace("\\", "/")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    outside = path.startswith("/") or ".." in parts or not (parts or _is_folder(info))
    if outside or "\0" in path or any(re.match("[A-Za-z]:", part) for part in parts):
        raise _refusal(name, info, "has a path that leads out of the folder; zip the folder anew")
    return "/".join(parts)


def _check_content(info: zipfile.ZipInfo, name: str) -> None:
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _refusal(name, info, "is a link or a device, not a file; zip the files themselves")
    if info.flag_bits & 0x41:
        raise _refusal(name, info, "is encrypted; zip the folder without a password")
    if info.compress_type not in _METHODS:
        raise _refusal(name, info, "is packed in an unusual way; zip it with plain deflate")
    if info.file_size > max(_SMALL, MAX_RATIO * info.compress_size):
        raise _refusal(
            name, info, "would unpack to more than 200 times its size, as pictures never do"
        )


def _refusal(name: str, info: zipfile.ZipInfo, why: str) -> InputError:
    return InputError(f"{name} is not unpacked: {_printable(info.orig_filename)[:80]!r} {why}.")


@contextlib.contextmanager
def _disk(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"{name} cannot be unpacked ({why}); look at the disk.") from None


def _is_unpacked(into: Path, record: dict[str, int | str]) -> bool:
    """Whether the folder holds this very archive; one with things of its own is never touched."""
    try:
        same: bool = json.loads((into / _RECORD).read_text(encoding="utf-8")) == record
        return same
    except (OSError, ValueError):
        if into.is_dir() and not any(into.iterdir()):
            return False
        raise InputError(
            f"{_printable(str(into))} exists already and was not unpacked from a zip; name "
            "another folder, or remove this one first."
        ) from None


def _record(archive: Path, infos: list[zipfile.ZipInfo]) -> dict[str, int | str]:
    status = archive.stat()
    digest = hashlib.sha256()
    for info in infos:
        row = (info.orig_filename, info.CRC, info.file_size, info.date_time, info.header_offset)
        digest.update(repr(row).encode("utf-8", "surrogatepass"))
    return {
        "bytes": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "members": digest.hexdigest(),
    }


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
