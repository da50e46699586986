"""What is audited: pictures in folders, in a table or in a zip of these, before any is opened."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from camcore.errors import InputError
from camcore.sources.listing import counted, levels, list_pictures, masks_of
from camcore.sources.tables import is_picture_table, list_table
from camcore.sources.unzip import Progress, unzip

_NAMED = 5
_DTYPES = {"path": "str", "label": "str", "mask": "str", "bytes": "int64", "mtime_ns": "int64"}


@dataclass(frozen=True, eq=False)
class Source:
    """The pictures of an audit, as listed before any is opened.

    Attributes
    ----------
    root : Path
        Absolute; the paths are relative to it.
    kind : {"class folders", "flat folder", "table"}
    files : pandas.DataFrame
        One row a picture, sorted by path: ``id`` (int32, from 0), ``path`` (relative, with ``/``;
        absolute where a table names a file elsewhere), ``label`` ("" without one), ``box``
        ([x0, y0, x1, y1] in pixels, or None), ``mask`` (a path like ``path``, or ""), ``bytes``
        (int64, -1 for a file that is missing) and ``mtime_ns`` (int64).
    notes : tuple of str
        What was left out and what is missing, one clause each.
    """

    root: Path
    kind: Literal["class folders", "flat folder", "table"]
    files: pd.DataFrame
    notes: tuple[str, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of the listing: it changes when a file comes, goes or changes."""
        digest = hashlib.sha256()
        for column in ("path", "label", "bytes", "mtime_ns", "box", "mask"):
            digest.update(json.dumps(self.files[column].tolist()).encode())
        return digest.hexdigest()


def read_source(
    path: str | os.PathLike, *, unpack_to: Path, progress: Progress | None = None
) -> Source:
    """List the pictures of a folder, a table or a zip.

    The first folder below the root is the label. A folder that holds nothing but one folder stands
    for that one. Masks lie under ``.masks`` by the pictures' own paths, with any image suffix.
    A zip with a table of pictures at its top is read by that table, which may name nothing outside
    of the zip. Where ``CAMCORE_DATA_ROOT`` is set, no table may name files outside of it.

    Parameters
    ----------
    path : path
        A folder of class folders, a flat folder, a CSV file ``path,label[,box,mask]`` (separated
        by ``,`` or ``;``; paths relative to the CSV; a box is ``x0 y0 x1 y1``), or a zip of these.
    unpack_to : Path
        The folder that a zip is unpacked into.
    progress : callable, optional
        As for `camcore.sources.unzip.unzip`.

    Returns
    -------
    Source

    Raises
    ------
    InputError
        If there is no such file or folder, it is none of these, or it holds no picture.

    Examples
    --------
    >>> import tempfile
    >>> root = Path(tempfile.mkdtemp())
    >>> for name in ("dog/1.png", "cat/2.png", "cat/notes.txt"):
    ...     (root / name).parent.mkdir(exist_ok=True)
    ...     _ = (root / name).write_bytes(b"...")
    >>> source = read_source(root, unpack_to=root / "unpacked")
    >>> source.kind, source.files["path"].tolist(), source.files["label"].tolist()
    ('class folders', ['cat/2.png', 'dog/1.png'], ['cat', 'dog'])
    >>> source.notes
    ('1 file that is no picture was left out: 1 .txt',)
    """
    path = Path(path)
    name = _printable(path.name or str(path))
    if os.path.isdir(path):
        *_, root = levels(path)
        return _folder(root, name)
    if not os.path.exists(path):
        raise InputError(f"{_printable(str(path))} does not exist; check the path.")
    if path.suffix.lower() == ".zip":
        return _unpacked(unzip(path, Path(unpack_to), progress=progress), name)
    if path.suffix.lower() == ".csv":
        bound = os.environ.get("CAMCORE_DATA_ROOT")
        return _table(path, bound=Path(bound) if bound else None)
    raise InputError(
        f"{name} is neither a folder nor a .zip or .csv file; give a folder with a folder for each "
        "class, a folder of pictures, a CSV file or a zip of these."
    )


def _unpacked(folder: Path, name: str) -> Source:
    for root in levels(folder):
        files = [file for file in sorted(root.iterdir()) if file.suffix.lower() == ".csv"]
        tables = [file for file in files if file.is_file() and is_picture_table(file)]
        if len(tables) > 1:
            listed = ", ".join(_printable(table.name) for table in tables[:_NAMED])
            raise InputError(
                f"{name} holds several tables of pictures ({listed}); unpack it and give one."
            )
        if tables:
            return _table(tables[0], bound=folder)
    return _folder(root, name)


def _table(file: Path, *, bound: Path | None) -> Source:
    columns, notes = list_table(file, bound=bound)
    return Source(Path(os.path.realpath(file.parent)), "table", _frame(columns), notes)


def _folder(root: Path, name: str) -> Source:
    found = list_pictures(root)
    in_folders = any("/" in path for path in found.paths)
    rows = sorted(range(len(found.paths)), key=found.paths.__getitem__)
    if in_folders:
        # README or LICENSE beside class folders
        rows = [row for row in rows if "/" in found.paths[row] or "." in found.paths[row]]
        if len(rows) < len(found.paths):
            found.others[""] += len(found.paths) - len(rows)
    notes = list(found.notes())
    if not rows:
        raise InputError(
            f"{name} holds no picture{''.join(f' ({note})' for note in notes)}; give a folder with "
            "a folder for each class, or a folder of pictures."
        )
    paths = [found.paths[row] for row in rows]
    labels = [path.split("/")[0] if "/" in path else "" for path in paths]
    beside = labels.count("")
    if in_folders and beside:
        count = counted(beside, "picture lies", "pictures lie")
        notes.append(f"{count} beside the class folders, without a label")
    files: dict[str, list[Any]] = {
        "path": paths,
        "label": labels,
        "box": [None] * len(rows),
        "mask": masks_of(root, paths),
        "bytes": [found.sizes[row] for row in rows],
        "mtime_ns": [found.times[row] for row in rows],
    }
    kind: Literal["class folders", "flat folder"] = "class folders" if in_folders else "flat folder"
    return Source(Path(os.path.realpath(root)), kind, _frame(files), tuple(notes))


def _frame(columns: dict[str, list[Any]]) -> pd.DataFrame:
    count = len(columns["path"])
    series = {
        name: pd.Series(values, dtype=_DTYPES.get(name, "object"))
        for name, values in columns.items()
    }
    return pd.DataFrame({"id": np.arange(count, dtype=np.int32), **series})


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
