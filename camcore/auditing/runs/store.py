"""The run folder: every file complete or absent, one writer at a time."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import platformdirs
import pyarrow as pa
import pyarrow.parquet as pq
from filelock import FileLock, Timeout

from camcore.errors import StoreError
from camcore.storage.address import is_address

_LOCK = "lock"
_PARTIAL = ".partial"
_CHECKSUM = ".sha256"
# Who only looks holds the lock for an instant; a writer waits that out, and so does another look.
_PATIENCE, _GLANCE = 2.0, 0.05  # seconds

_held = threading.local()
"""Run folders that this thread is the writer of."""


def runs_folder() -> Path:
    """Where runs lie that nobody named a place for: CAMCORE_RUNS, or the user's data folder."""
    named = os.environ.get("CAMCORE_RUNS")
    return Path(named) if named else platformdirs.user_data_path("camcore") / "runs"


class DamagedError(StoreError):
    """A table of a run that is not what was written; the same audit, started again, remakes it."""


class Store:
    """Files of one run.

    Parameters
    ----------
    folder : path
        Made by `locked` where it is not there yet.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(Path(tempfile.mkdtemp()) / "run")
    >>> with store.locked():
    ...     store.write_json("run.json", {"seed": 0})
    >>> store.read_json("run.json"), store.read_json("findings.json")
    ({'seed': 0}, None)
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if is_address(folder):
            raise StoreError(
                f"{os.fspath(folder)} is an address, and a run is written into a folder of this "
                "machine; name one, and copy it when it is complete."
            )
        self.folder = Path(folder)

    @contextlib.contextmanager
    def locked(self, patience: float = _PATIENCE) -> Iterator[None]:
        """Be the only writer; what a killed one left half-written is removed.

        The thread that holds the lock may take it again.

        Parameters
        ----------
        patience : float
            Seconds to wait for another writer.

        Raises
        ------
        StoreError
            If another process works on this run, or the folder cannot be made or holds other
            things.
        """
        key = os.path.realpath(self.folder)
        held: set[str] = _held.__dict__.setdefault("folders", set())
        if key in held:
            yield
            return
        if self.folder.is_dir() and not self.is_run() and any(self.folder.iterdir()):
            raise StoreError(
                f"{self.folder} is not empty and holds no audit; name a new folder for the run."
            )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"the run folder {self.folder} cannot be made ({error.strerror}); "
                "choose another place."
            ) from None
        lock = FileLock(self.folder / _LOCK)
        try:
            lock.acquire(timeout=patience)
        except Timeout:
            raise StoreError(
                f"another process works on the run {self.folder}; wait for it, or pause it first."
            ) from None
        except OSError as error:
            raise self._refused(error) from None
        held.add(key)
        try:
            self._remove_partials()
            yield
        finally:
            held.discard(key)
            lock.release()

    def _remove_partials(self) -> None:
        """Remove what is half-written, but for folders inside that have a writer of their own."""
        for place, folders, files in os.walk(self.folder):
            folders[:] = [name for name in folders if not Store(Path(place, name)).is_run()]
            for name in files:
                if name.startswith(".") and name.endswith(_PARTIAL):
                    Path(place, name).unlink(missing_ok=True)

    def is_run(self) -> bool:
        """Whether this folder is a run's, begun or complete."""
        return any((self.folder / name).exists() for name in ("run.json", _LOCK))

    def busy(self) -> bool:
        """Whether a living process works on this run; a dead one's lock ends with it."""
        if not (self.folder / _LOCK).exists():
            return False
        lock = FileLock(self.folder / _LOCK)
        try:
            lock.acquire(timeout=_GLANCE, poll_interval=_GLANCE / 5)
        except Timeout:
            return True
        except OSError:  # a folder that may be read only
            return False
        lock.release()
        return False

    def write_bytes(self, name: str, data: bytes) -> None:
        """Write a file that is there complete or not at all, whatever happens.

        Raises
        ------
        StoreError
            If the disk is full or refuses.
        """
        with self._replacing(name) as partial, open(partial, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as JSON; see `write_bytes`."""
        text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
        self.write_bytes(name, text.encode())

    def write_table(self, name: str, table: pd.DataFrame | pa.Table) -> None:
        """Write a table as Parquet, with its checksum beside it; see `write_bytes`."""
        if isinstance(table, pd.DataFrame):
            table = pa.Table.from_pandas(table, preserve_index=False)
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink, compression="zstd")
        data = sink.getvalue().to_pybytes()
        # The checksum comes first: a table without one is what earlier versions wrote.
        checksum = f"{hashlib.sha256(data).hexdigest()}  {Path(name).name}\n"
        self.write_bytes(name + _CHECKSUM, checksum.encode())
        self.write_bytes(name, data)

    def read_json(self, name: str) -> Any:
        """A JSON file's value, or None where there is no such file.

        Raises
        ------
        StoreError
            If the file is damaged.
        """
        try:
            return json.loads((self.folder / name).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, RecursionError) as error:
            raise StoreError(
                f"{self.folder / name} cannot be read ({error}); the run is damaged there: "
                "remove that file, or begin a new run."
            ) from None

    def read_table(self, name: str, columns: list[str] | None = None) -> pd.DataFrame:
        """A Parquet file as a table, once its checksum has been verified.

        Raises
        ------
        StoreError
            If it is missing; `DamagedError` if it is damaged.
        """
        try:
            return pq.read_table(pa.BufferReader(self._verified(name)), columns=columns).to_pandas()
        except (OSError, ValueError, pa.ArrowException) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            kind = StoreError if isinstance(error, FileNotFoundError) else DamagedError
            raise kind(
                f"{self.folder / name} cannot be read ({reason}); start the audit again with the "
                "same --out: it makes what is missing."
            ) from None

    def whole(self, name: str) -> bool:
        """Whether a Parquet file is there as it was written; a damaged one is removed."""
        try:
            pq.read_metadata(pa.BufferReader(self._verified(name)))
        except FileNotFoundError:
            return False
        except (OSError, ValueError, pa.ArrowException):
            (self.folder / name).unlink(missing_ok=True)
            return False
        return True

    def _verified(self, name: str) -> bytes:
        """Bytes of a table; a ValueError if they are not those that were written."""
        data = (self.folder / name).read_bytes()
        try:
            checksum = (self.folder / (name + _CHECKSUM)).read_text(
                encoding="ascii", errors="replace"
            )
        except FileNotFoundError:
            return data
        if checksum.split()[:1] != [hashlib.sha256(data).hexdigest()]:
            raise ValueError("its checksum differs, so it is damaged")
        return data

    def parts(self, folder: str) -> tuple[str, ...]:
        """Names of the Parquet files in a folder of the run, in order."""
        files = sorted((self.folder / folder).glob("*.parquet"))
        return tuple(f"{folder}/{file.name}" for file in files)

    @contextlib.contextmanager
    def _replacing(self, name: str) -> Iterator[Path]:
        place = self.folder / name
        partial = place.parent / f".{place.name}-{uuid.uuid4().hex[:8]}{_PARTIAL}"
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            yield partial
            os.replace(partial, place)
            _sync_folder(place.parent)
        except OSError as error:
            raise self._refused(error) from None
        finally:
            with contextlib.suppress(OSError):
                partial.unlink(missing_ok=True)

    def _refused(self, error: OSError) -> StoreError:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return StoreError(
                f"the disk of {self.folder} is full; make room and start the same audit again: "
                "all that is done is kept."
            )
        return StoreError(
            f"the run folder {self.folder} cannot be written ({error.strerror or error}); "
            "check its permissions and start the same audit again: all that is done is kept."
        )


def _sync_folder(folder: Path) -> None:
    """Make a rename durable; Windows has no such call."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
