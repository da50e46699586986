"""What is audited: pictures in folders, in a table or in a zip of these, before any is opened."""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd

from camcore.errors import InputError
from camcore.sources.further import TableRow
from camcore.sources.listing import MASKS, counted, is_hidden, levels, list_pictures, masks_of
from camcore.sources.splits import (
    Split,
    choose_splits,
    lay_out,
    role_of,
    same_inside,
    splits_of,
    told,
)
from camcore.sources.tables import TABLES, is_picture_table, list_table
from camcore.sources.unzip import MAX_BYTES, Progress, unzip
from camcore.storage.address import Address
from camcore.storage.bounds import data_root
from camcore.storage.place import Place, children, is_absolute, on_this_machine, place_of, resolved

_NAMED = 5
_DTYPES = {
    "path": "str", "label": "str", "mask": "str", "split": "str", "bytes": "int64",
    "mtime_ns": "int64",
}  # fmt: skip
_WORKBOOKS = (".xlsx", ".xls", ".ods")


@dataclass(frozen=True, eq=False)
class Source:
    """The pictures of an audit, as listed before any is opened.

    Attributes
    ----------
    root : Path or Address
        Absolute; the paths are relative to it.
    kind : {"class folders", "flat folder", "table"}
    files : pandas.DataFrame
        One row a picture, sorted by path: ``id`` (int32, from 0), ``path`` (relative, with ``/``;
        absolute where a table names a file elsewhere), ``label`` ("" without one), ``box``
        ([x0, y0, x1, y1] in pixels, or None), ``mask`` (a path like ``path``, or ""), ``split``
        (its name, or ""), ``bytes`` (int64, -1 for a file that is missing) and ``mtime_ns``
        (int64).
    notes : tuple of str
        What was left out and what is missing, one clause each.
    splits : tuple of Split
        The parts that the data set has; empty where it has none.
    taken : tuple of Split
        Those that `files` holds.
    further : tuple of TableRow
        What the table says of each picture beside; empty where the pictures are in no table.
    """

    root: Place
    kind: Literal["class folders", "flat folder", "table"]
    files: pd.DataFrame
    notes: tuple[str, ...]
    splits: tuple[Split, ...] = ()
    taken: tuple[Split, ...] = ()
    further: tuple[TableRow, ...] = ()

    @property
    def digest(self) -> str:
        """SHA-256 of the listing: it changes when a file comes, goes or changes."""
        digest = hashlib.sha256()
        # Values of other inputs count as well.
        added = [column for column in self.files if column.startswith("other:")]
        for column in ("path", "label", "bytes", "mtime_ns", "box", "mask", *added):
            digest.update(json.dumps(self.files[column].tolist()).encode())
        return digest.hexdigest()


def read_source(
    path: str | os.PathLike[str],
    *,
    unpack_to: Path,
    split: str | None = None,
    progress: Progress | None = None,
) -> Source:
    """List the pictures of a folder, a table or a zip.

    The first folder below the root is the label, or the first below the folder of a split
    (``train``, ``val``, ``test``; see `camcore.sources.splits.lay_out`). A folder that holds
    nothing but one folder stands for that one. Masks lie under ``.masks`` by the pictures' own
    paths, with any image suffix. Pictures without class folders are read by the table that lies
    beside them, and a zip with a table of pictures at its top by that table, which may name
    nothing outside of the zip. A table may also lie in the folder of each split. Where
    ``CAMCORE_DATA_ROOT`` is set, no table may name files outside of it.

    Parameters
    ----------
    path : path
        A folder of class folders, a flat folder, a table ``path,label[,box,mask,split]`` (CSV,
        JSON Lines, or lines like ``cats/1.png 0``; paths relative to it; a box is ``x0 y0
        x1 y1``; see `camcore.sources.columns.read_table_columns` for other names), or a zip
        of these. Also the address of one, such as ``s3://bucket/photos``; of a web server, of a
        table or zip. A zip at an address is fetched first.
    unpack_to : Path
        The folder that a zip is unpacked into.
    split : str, optional
        Which of several splits is taken; see `camcore.sources.splits.choose_splits`.
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
    return taken(list_source(path, unpack_to=unpack_to, progress=progress), split)


def list_source(
    path: str | os.PathLike[str], *, unpack_to: Path, progress: Progress | None = None
) -> Source:
    """List all pictures, whatever their split; see `read_source`."""
    path = place_of(path)
    return _whole(path, _printable(path.name or str(path)), unpack_to, progress)


def taken(source: Source, wanted: str | None) -> Source:
    """The pictures of the splits that are wanted, with a note of what was left out.

    Raises
    ------
    InputError
        If there is no such split.
    """
    chosen = choose_splits(source.splits, wanted)
    if not source.splits:
        return source
    kept, outside = source.files, 0
    if len(chosen) < len(source.splits):
        kept = source.files[source.files["split"].isin([split.name for split in chosen])]
        outside = int((source.files["split"] == "").sum())
    notes = [*source.notes, told(source.splits, chosen)]
    if outside:
        notes.append(f"{counted(outside, 'picture lies', 'pictures lie')} in no split: left out")
    further = tuple(source.further[row] for row in kept.index) if source.further else ()
    kept = kept.assign(id=np.arange(len(kept), dtype=np.int32)).reset_index(drop=True)
    return replace(source, files=kept, notes=tuple(notes), taken=chosen, further=further)


def _whole(path: Place, name: str, unpack_to: Path, progress: Progress | None) -> Source:
    """All pictures, whatever their split."""
    limit = data_root()
    try:
        is_folder = path.is_dir()
        exists = is_folder or path.exists()
    except OSError as error:
        raise InputError(f"{_printable(str(path))} cannot be read ({error.strerror}).") from None
    if is_folder:
        *_, root = levels(path)
        source = _folder(root, name)
        if not any(source.files["label"]):
            by_table = _by_tables(_tables_of(path, bound=limit), name, limit)
            return by_table or _by_tables_of_splits(root, limit) or source
        return source
    if not exists:
        raise InputError(f"{_printable(str(path))} does not exist; check the path.")
    suffix = path.suffix.lower()
    if suffix == ".zip":
        folder = _unzipped(path, name, Path(unpack_to), progress)
        *_, root = levels(folder)
        by_table = _by_tables(_tables_of(folder, bound=folder), name, folder)
        if by_table is not None:
            return by_table
        source = _folder(root, name)
        if not any(source.files["label"]):
            return _by_tables_of_splits(root, folder) or source
        return source
    if suffix in TABLES:
        columns, notes = list_table(path, bound=limit)
        return _table(path.parent, columns, notes)
    if suffix in _WORKBOOKS:
        raise InputError(
            f"{name} is a workbook of a spreadsheet; save it there as CSV (UTF-8) and give that."
        )
    if isinstance(path, Address) and not path.has_folders:
        raise InputError(
            f"{path} is neither a .zip nor a .csv or .txt file, and a web server does not list its "
            "folders; give such a file."
        )
    raise InputError(
        f"{name} is neither a folder nor a .zip, .csv or .txt file; give a folder with a folder "
        "for each class, a folder of pictures, a CSV file or a zip of these."
    )


def _unzipped(path: Place, name: str, into: Path, progress: Progress | None) -> Path:
    try:
        with on_this_machine(path, into, MAX_BYTES) as archive:
            return unzip(archive, into, progress=progress)
    except OSError as error:
        raise InputError(
            f"{name} cannot be fetched ({error.strerror}); try again, or give a copy."
        ) from None


def _tables_of(folder: Place, *, bound: Place | None) -> list[Place]:
    """The tables of pictures in a folder, or in the only folder that it holds."""
    for root in levels(folder):
        tables = _tables_in(root, bound)
        if tables:
            return tables
    return []


def _tables_in(folder: Place, bound: Place | None) -> list[Place]:
    return [
        file
        for file in children(folder)
        if file.suffix.lower() in TABLES
        and file.is_file()
        and "submission" not in file.stem.casefold()
        and is_picture_table(file, bound=bound)
    ]


def _by_tables(tables: Sequence[Place], name: str, bound: Place | None) -> Source | None:
    """The pictures of one table, or of one for each split."""
    if not tables:
        return None
    listings = [list_table(file, bound=bound) for file in tables]
    if len(tables) == 1:
        return _table(tables[0].parent, *listings[0])
    roles = [role_of(file.stem) for file in tables]
    if None in roles or len({role and role[1] for role in roles}) > 1 or len(set(roles)) == 1:
        several = ", ".join(_printable(table.name) for table in tables[:_NAMED])
        raise InputError(
            f"{name} holds several tables of pictures ({several}); unpack it and give one."
        )
    for file, (columns, _) in zip(tables, listings, strict=True):
        columns["split"] = [file.stem] * len(columns["path"])
    return _joined(tables[0].parent, listings)


def _by_tables_of_splits(root: Place, bound: Place | None) -> Source | None:
    """The pictures of the tables beside those of each split, as Hugging Face's data sets lie."""
    listings = []
    for folder in children(root):
        if is_hidden(folder.name) or role_of(folder.name) is None or not folder.is_dir():
            continue
        tables = _tables_in(folder, bound)
        if len(tables) != 1:
            continue
        columns, notes = list_table(tables[0], bound=bound)
        columns["split"] = [folder.name] * len(columns["path"])
        for column in ("path", "mask"):
            columns[column] = [
                f"{folder.name}/{place}" if place and not is_absolute(place) else place
                for place in columns[column]
            ]
        listings.append((columns, notes))
    return _joined(root, listings) if listings else None


def _joined(
    root: Place, listings: Sequence[tuple[dict[str, list[Any]], tuple[str, ...]]]
) -> Source:
    joined = {
        column: [cell for columns, _ in listings for cell in columns[column]]
        for column in listings[0][0]
    }
    order = sorted(range(len(joined["path"])), key=joined["path"].__getitem__)
    columns = {column: [cells[row] for row in order] for column, cells in joined.items()}
    notes = dict.fromkeys(note for _, table_notes in listings for note in table_notes)
    return _table(root, columns, tuple(notes))


def _table(folder: Place, columns: dict[str, list[Any]], notes: tuple[str, ...]) -> Source:
    if not any(columns["split"]):
        columns["split"] = list(lay_out(columns["path"]).splits)
    splits = splits_of(columns["label"], columns["split"])
    root = resolved(folder)
    further = tuple(columns.pop("further"))
    return Source(root, "table", _frame(columns), notes, splits, splits, further)


def _folder(root: Place, name: str) -> Source:
    listing = list_pictures(root)
    in_folders = any("/" in path for path in listing.paths)
    rows = sorted(range(len(listing.paths)), key=listing.paths.__getitem__)
    if in_folders:
        # README or LICENSE beside class folders
        rows = [row for row in rows if "/" in listing.paths[row] or "." in listing.paths[row]]
        if len(rows) < len(listing.paths):
            listing.others[""] += len(listing.paths) - len(rows)
    notes = list(listing.notes())
    if not rows:
        raise InputError(
            f"{name} holds no picture{''.join(f' ({note})' for note in notes)}; give a folder with "
            "a folder for each class, or a folder of pictures."
        )
    paths = [listing.paths[row] for row in rows]
    layout = lay_out(paths)
    splits = splits_of(layout.labels, layout.splits)
    labelled = any(layout.labels)
    if splits:
        # Pictures beside the splits, in other folders perhaps, are not of the data set's classes.
        in_folders = labelled
    beside = sum(
        not label and "/" not in path for label, path in zip(layout.labels, paths, strict=True)
    )
    if in_folders and beside and not splits:
        count = counted(beside, "picture lies", "pictures lie")
        notes.append(f"{count} beside the class folders, without a label")
    inside = same_inside(paths) if labelled and not splits else ()
    if inside:
        notes.append(
            f"the folder of every class holds the same folders ({', '.join(inside[:_NAMED])}"
            f"{', ...' if len(inside) > _NAMED else ''}); if those are the classes, give one of "
            "the folders above them"
        )
    files: dict[str, list[Any]] = {
        "path": paths,
        "label": list(layout.labels),
        "box": [None] * len(rows),
        "mask": _masks(root, paths, layout.splits),
        "split": list(layout.splits),
        "bytes": [listing.sizes[row] for row in rows],
        "mtime_ns": [listing.times[row] for row in rows],
    }
    kind: Literal["class folders", "flat folder"] = "class folders" if in_folders else "flat folder"
    return Source(resolved(root), kind, _frame(files), tuple(notes), splits, splits)


def _masks(root: Place, paths: Sequence[str], splits: Sequence[str]) -> list[str]:
    """The mask of each picture, under ``.masks`` of the root or of its split's folder."""
    masks = masks_of(root, paths)
    for name in sorted(set(splits) - {""}):
        if not (root / name / MASKS).is_dir():
            continue
        rows = [k for k, path in enumerate(paths) if path.startswith(f"{name}/") and not masks[k]]
        inside = masks_of(root / name, [paths[k].removeprefix(f"{name}/") for k in rows])
        for k, mask in zip(rows, inside, strict=True):
            masks[k] = f"{name}/{mask}" if mask else ""
    return masks


def _frame(columns: dict[str, list[Any]]) -> pd.DataFrame:
    # As macOS and others write an accent, one label would be two.
    columns["label"] = [unicodedata.normalize("NFC", label) for label in columns["label"]]
    count = len(columns["path"])
    series = {
        name: pd.Series(values, dtype=_DTYPES.get(name, "object"))
        for name, values in columns.items()
    }
    return pd.DataFrame({"id": np.arange(count, dtype=np.int32), **series})


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
