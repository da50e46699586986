"""Tables that people write: CSV with a header, separated by commas or semicolons."""

from __future__ import annotations

import csv
import math
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from camcore.errors import InputError
from camcore.sources.listing import counted, is_inside, masks_of

_NAMED = 5
_REQUIRED = ("path", "label")
_WANTED = "its first row names the columns path,label and, where there are any, box and mask"


def read_columns(
    file: Path, required: Sequence[str], wanted: str
) -> tuple[list[int], dict[str, list[str]]]:
    """Read a table by its columns.

    Parameters
    ----------
    file : Path
        UTF-8. Rows without anything in them are passed over.
    required : sequence of str
        Columns that the first row must name; case does not matter.
    wanted : str
        What the table must look like, as a clause for the error.

    Returns
    -------
    numbers : list of int
        Where each row ends in the file, the header being row 1.
    columns : dict of str to list of str
        Cells without the spaces around them; "" where a row is short.

    Raises
    ------
    InputError
        If it cannot be read, is not UTF-8, cannot be parsed or lacks a column.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "pets.csv"
    >>> _ = file.write_text("Path;Label\\n1.png;cat\\n\\n2.png; dog")
    >>> read_columns(file, ["path", "label"], "name the columns path,label")
    ([2, 4], {'path': ['1.png', '2.png'], 'label': ['cat', 'dog']})
    """
    name = _printable(file.name)
    try:
        # Looked at before it is opened: opening a FIFO would wait for a writer.
        if not file.is_file():
            raise OSError("it is no file")
        with open(file, newline="", encoding="utf-8-sig") as text:
            first = text.readline()
            text.seek(0)
            reader = csv.reader(text, delimiter=";" if first.count(";") > first.count(",") else ",")
            header = [cell.strip().casefold() for cell in next(reader, [])]
            for column in required:
                if column not in header:
                    raise InputError(f"{name} has no column {column!r}; {wanted}.")
            numbers: list[int] = []
            # Where a column stands twice, as nameless ones of spreadsheets do, the first counts.
            places = {column: header.index(column) for column in header}
            columns: dict[str, list[str]] = {column: [] for column in places}
            for cells in reader:
                if any(map(str.strip, cells)):
                    numbers.append(reader.line_num)
                    cells += [""] * (len(header) - len(cells))
                    for column, place in places.items():
                        columns[column].append(cells[place].strip())
    except UnicodeDecodeError:
        raise InputError(f"{name} is not UTF-8 text; save the table as UTF-8.") from None
    except csv.Error as error:
        raise InputError(f"{name} cannot be parsed as CSV ({error}); {wanted}.") from None
    except OSError as error:
        why = error.strerror or str(error)
        raise InputError(f"{os.fspath(file)} cannot be read ({why}); check the path.") from None
    return numbers, columns


def is_picture_table(file: Path) -> bool:
    """Whether the first line of a CSV names the columns of a table of pictures."""
    with open(file, encoding="utf-8-sig", errors="replace") as text:
        first = text.readline(10_000)
    return {cell.strip(' "\n').casefold() for cell in re.split("[,;]", first)} >= set(_REQUIRED)


def list_table(file: Path, *, bound: Path | None) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """List the pictures that a table ``path,label[,box,mask]`` names.

    Parameters
    ----------
    file : Path
        Paths in it are relative to its folder.
    bound : Path or None
        Folder that, links resolved, no file may lie outside of.

    Returns
    -------
    columns : dict of str to list
        ``path``, ``label``, ``box``, ``mask``, ``bytes`` and ``mtime_ns``, sorted by path; see
        `camcore.sources.source.Source`.
    notes : tuple of str
        What is missing or was left out, one clause each.

    Raises
    ------
    InputError
        If the table cannot be read, or none of its files is there.
    """
    numbers, cells = read_columns(file, _REQUIRED, _WANTED)
    root = os.path.realpath(file.parent)
    limit = None if bound is None else os.path.realpath(bound)
    places = [_place(cell, root) for cell in cells["path"]]
    named = [row for row, place in enumerate(places) if place]
    rows = [row for row in named if _stays(places[row], limit)]
    rows.sort(key=lambda row: _shown(places[row], root))
    paths = [_shown(places[row], root) for row in rows]
    labels = [cells["label"][row] for row in rows]
    statuses = [_status(places[row]) for row in rows]
    missing = sum(size < 0 for size, _ in statuses)
    if missing == len(rows):
        raise InputError(
            f"None of the {len(places):,} files that {_printable(file.name)} names can be used; "
            "give each path relative to the folder of the table."
        )
    boxes, unclear = _boxes(cells, rows)
    masks, lost = _masks(cells, rows, paths, root, limit)
    counts = (
        (len(places) - len(named), "row names", "rows name", "no file: left out"),
        (len(named) - len(rows), "row leads", "rows lead", "out of the folder: left out"),
        (missing, "file", "files", "of the table cannot be found"),
        (len(rows) - len(set(paths)), "row names", "rows name", "the file of an earlier row"),
        (labels.count("") if any(labels) else 0, "picture has", "pictures have", "no label"),
        (lost, "mask", "masks", "of the table cannot be found"),
        (len(unclear), "box", "boxes", "cannot be read as x0 y0 x1 y1: left out, in row "),
    )
    notes = [f"{counted(count, one, many)} {what}" for count, one, many, what in counts if count]
    if unclear:
        lines = sorted(numbers[row] for row in unclear)
        notes[-1] += ", ".join(map(str, lines[:_NAMED])) + (", ..." if len(lines) > _NAMED else "")
    columns: dict[str, list[Any]] = {
        "path": paths,
        "label": labels,
        "box": boxes,
        "mask": masks,
        "bytes": [size for size, _ in statuses],
        "mtime_ns": [time for _, time in statuses],
    }
    return columns, tuple(notes)


def _place(cell: str, root: str) -> str:
    """Where a cell leads; "" where it says nothing."""
    return os.path.normpath(os.path.join(root, cell.replace("\\", "/"))) if cell else ""


def _shown(place: str, root: str) -> str:
    return (os.path.relpath(place, root) if is_inside(place, root) else place).replace(os.sep, "/")


def _stays(place: str, limit: str | None) -> bool:
    try:
        return limit is None or is_inside(os.path.realpath(place), limit)
    except ValueError:  # a NUL in the path
        return False


def _status(place: str) -> tuple[int, int]:
    """Bytes and modification time in ns of a file; -1 and 0 where there is none."""
    try:
        status = os.stat(place)
    except (OSError, ValueError):
        return -1, 0
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else (-1, 0)


def _boxes(
    cells: dict[str, list[str]], rows: Sequence[int]
) -> tuple[list[list[float] | None], list[int]]:
    """The box of each row, and the rows whose box is none."""
    boxes: list[list[float] | None] = []
    unclear = []
    for row in rows:
        cell = cells["box"][row].strip("[]() ") if "box" in cells else ""
        try:
            box = [float(part) for part in re.split(r"[\s,;]+", cell)] if cell else None
        except ValueError:
            box = []
        if box is not None and not _is_box(box):
            unclear.append(row)
            box = None
        boxes.append(box)
    return boxes, unclear


def _is_box(box: Sequence[float]) -> bool:
    if len(box) != 4 or not all(map(math.isfinite, box)):
        return False
    x0, y0, x1, y1 = box
    return x0 < x1 and y0 < y1


def _masks(
    cells: dict[str, list[str]],
    rows: Sequence[int],
    paths: Sequence[str],
    root: str,
    limit: str | None,
) -> tuple[list[str], int]:
    """The mask of each row, and how many of those named are not there."""
    if "mask" not in cells:
        return masks_of(Path(root), paths), 0
    places = [_place(cells["mask"][row], root) for row in rows]
    there = [bool(place) and _stays(place, limit) and _status(place)[0] >= 0 for place in places]
    masks = [
        _shown(place, root) if found else "" for place, found in zip(places, there, strict=True)
    ]
    return masks, sum(map(bool, places)) - sum(there)


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
