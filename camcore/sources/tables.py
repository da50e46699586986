"""Tables of pictures: which files they name, with what labels, boxes and masks."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Sequence
from typing import Any

from camcore.errors import InputError
from camcore.sources.columns import PictureTable, columns_of_truths, read_table_columns
from camcore.sources.delimited import JSON_LINES, columns_of, read_rows
from camcore.sources.finding import Finder
from camcore.sources.further import FurtherColumns, TableRow
from camcore.sources.listing import counted, is_inside, masks_of
from camcore.sources.spaced_lines import names_a_picture
from camcore.sources.splits import role_of
from camcore.storage.address import is_address
from camcore.storage.place import Place, place_of, read_beginning, resolved

_NAMED = 5
_SHOWN = 8  # columns of a table that a message names
_LONG = 120
_LOOKED_AT = 100
_LISTS = (".txt", ".lst", ".list")
TABLES = (".csv", ".tsv", *JSON_LINES, *_LISTS)
_BEGINNING = 4096
_WANTED = "its first row names the columns path,label and, where there are any, box and mask"


def is_picture_table(file: Place, *, bound: Place | None = None) -> bool:
    """Whether a file is a table of pictures with labels, some of which are there."""
    if file.suffix.lower() in _LISTS and not _begins_with_pictures(file):
        return False  # there may be a text beside each picture
    try:
        rows = read_rows(file, _WANTED, spaced=True)
    except InputError:
        # One that is meant to be read and is broken is not passed over.
        return _names_pictures(file)
    finder = _finder(file, bound)
    table = read_table_columns(rows.cells, rows.numbers, finder)
    return table is not None and any(finder.find(table.path[:_LOOKED_AT]))


def _begins_with_pictures(file: Place) -> bool:
    try:
        lines = _beginning(file).splitlines()
    except OSError:
        return False
    cells = (re.sub(r"[,;|\t]+", " ", line).strip() for line in lines if line[:1] != "#")
    return names_a_picture(list(filter(None, cells)))


def _names_pictures(file: Place) -> bool:
    first = _beginning(file).partition("\n")[0]
    return {cell.strip(' "\n').casefold() for cell in re.split("[,;]", first)} >= {"path", "label"}


def _beginning(file: Place) -> str:
    return read_beginning(file, _BEGINNING).decode("utf-8-sig", errors="replace")


def list_table(file: Place, *, bound: Place | None) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    """List the pictures that a table names.

    Parameters
    ----------
    file : Path or Address
        Paths in it are relative to its folder, or lead to pictures below it in another way; see
        `camcore.sources.finding.Finder.find`. The columns are found by
        `camcore.sources.columns.read_table_columns`.
    bound : Path, Address or None
        Folder that, links resolved, no file may lie outside of.

    Returns
    -------
    columns : dict of str to list
        ``path``, ``label``, ``box``, ``mask``, ``split``, ``bytes``, ``mtime_ns`` and ``further``,
        sorted by path; see `camcore.sources.source.Source`.
    notes : tuple of str
        What is missing, was left out or guessed, one clause each.

    Raises
    ------
    InputError
        If the table cannot be read, or none of its files is there.
    """
    rows = read_rows(file, _WANTED, spaced=True)
    finder = _finder(file, bound)
    table = read_table_columns(rows.cells, rows.numbers, finder)
    if table is None:
        raise InputError(_no_columns(file, rows.cells))
    return _listed(file, table, finder, rows.notes)


def _finder(file: Place, bound: Place | None) -> Finder:
    role_and_rest = role_of(file.stem)
    return Finder(
        str(resolved(file.parent)),
        None if bound is None else str(resolved(bound)),
        role_and_rest[0] if role_and_rest else None,
    )


def _no_columns(file: Place, cells: Sequence[Sequence[str]]) -> str:
    name = _printable(file.name)
    if not cells:
        return f"{name} is empty; {_WANTED}."
    hot = columns_of_truths(columns_of(cells[0], cells[1:]))
    if len(hot) > 1:
        listed = ", ".join(repr(_printable(column)[:40]) for column in hot[:_SHOWN])
        return (
            f"{name} has columns of 0 and 1 ({listed}{', ...' if len(hot) > _SHOWN else ''}), but "
            "many rows in which none or several are 1; a picture has one class here: name it in a "
            "column called label."
        )
    first_row = ", ".join(repr(_printable(cell)[:40]) for cell in cells[0][:_SHOWN] if cell)
    more = ", ..." if len(cells[0]) > _SHOWN else ""
    return (
        f"{name} has no column for the files or none for the labels: its first row is {first_row}"
        f"{more}; {_WANTED}."
    )


def _listed(
    file: Place, table: PictureTable, finder: Finder, earlier_notes: Sequence[str]
) -> tuple[dict[str, list[Any]], tuple[str, ...]]:
    root = finder.root
    named = [row for row, cell in enumerate(table.path) if cell]
    located = dict(zip(named, finder.find([table.path[row] for row in named]), strict=True))
    places = {row: place or finder.place(table.path[row]) for row, place in located.items()}
    kept = [row for row in named if located[row] or finder.allowed(places[row])]
    kept.sort(key=lambda row: _listed_path(places[row], root))
    paths = [_listed_path(places[row], root) for row in kept]
    labels = [table.label[row] for row in kept]
    statuses = [finder.status(places[row]) for row in kept]
    missing = statuses.count(None)
    if missing == len(kept):
        raise InputError(_none_there(file, table, finder))
    boxes, unclear = _boxes(table.box, kept)
    masks, lost = _masks(table.mask, kept, paths, finder)
    moved = sum(
        bool(located[row]) and located[row] != finder.place(table.path[row]) for row in kept
    )
    counts = (
        (len(table.path) - len(named), "row names", "rows name", "no file: left out"),
        (len(named) - len(kept), "row leads", "rows lead", "out of the folder: left out"),
        (moved, "file was", "files were", "found by name elsewhere in the folder"),
        (missing, "file", "files", "of the table cannot be found"),
        (len(kept) - len(set(paths)), "row names", "rows name", "the file of an earlier row"),
        (labels.count("") if any(labels) else 0, "picture has", "pictures have", "no label"),
        (lost, "mask", "masks", "of the table cannot be found"),
        (len(unclear), "box", "boxes", "cannot be read as x0 y0 x1 y1: left out, in row "),
    )
    notes = [
        f"{counted(count, singular, many)} {what}"
        for count, singular, many, what in counts
        if count
    ]
    if unclear:
        lines = sorted(table.numbers[row] for row in unclear)
        notes[-1] += ", ".join(map(str, lines[:_NAMED])) + (", ..." if len(lines) > _NAMED else "")
    further = FurtherColumns(_printable(file.name), table.further, table.numbers, finder)
    columns: dict[str, list[Any]] = {
        "path": paths,
        "label": labels,
        "box": boxes,
        "mask": masks,
        "split": [table.split[row] if table.split is not None else "" for row in kept],
        "bytes": [-1 if status is None else status.st_size for status in statuses],
        "mtime_ns": [0 if status is None else status.st_mtime_ns for status in statuses],
        "further": [TableRow(further, row) for row in kept],
    }
    return columns, (*earlier_notes, *table.notes, *notes)


def _none_there(file: Place, table: PictureTable, finder: Finder) -> str:
    name = _printable(file.name)
    rows = [row for row, cell in enumerate(table.path) if cell]
    if not rows:
        return f"None of the 0 files that {name} names can be used; {_WANTED}."
    cell = table.path[rows[0]]
    first = _printable(cell)[:_LONG]
    place = finder.place(cell)
    if not finder.allowed(place):
        looked = "leads out of the folder"
    else:
        looked = f"was looked for at {_printable(place)[: 2 * _LONG]}"
    there = finder.pictures
    if there:
        hint = (
            f"{counted(len(there), 'picture lies', 'pictures lie')} there, such as "
            f"{_printable(there[0])[:_LONG]!r}; write the paths as they are from the table's folder"
        )
    else:
        hint = "no picture lies in that folder or below it; put the table beside its pictures"
    return (
        f"None of the {len(table.path):,} files that {name} names can be used: the first, "
        f"{first!r}, {looked}, and {hint}."
    )


def _listed_path(place: str, root: str) -> str:
    if is_address(place):
        return place.removeprefix(f"{root}/")
    return (os.path.relpath(place, root) if is_inside(place, root) else place).replace(os.sep, "/")


def _boxes(
    cells: Sequence[str] | None, rows: Sequence[int]
) -> tuple[list[list[float] | None], list[int]]:
    """The box of each row, and the rows whose box is none."""
    boxes: list[list[float] | None] = []
    unclear = []
    for row in rows:
        cell = cells[row].strip("[]() ") if cells is not None else ""
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
    cells: Sequence[str] | None, rows: Sequence[int], paths: Sequence[str], finder: Finder
) -> tuple[list[str], int]:
    """The mask of each row, and how many of those named are not there."""
    if cells is None:
        return masks_of(place_of(finder.root), paths), 0
    named = [cells[row] for row in rows]
    places = [finder.place(cell) for cell in named]
    masks = [
        _listed_path(place, finder.root)
        if place and finder.allowed(place) and finder.status(place)
        else ""
        for place in places
    ]
    return masks, sum(map(bool, named)) - sum(map(bool, masks))


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
