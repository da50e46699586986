"""Text tables as spreadsheets, Kaggle and others write them: encoding, separator, header."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from camcore.csv_cells import as_written
from camcore.errors import InputError
from camcore.git_lfs import is_lfs_pointer, lfs_refusal
from camcore.sources.spaced_lines import split_at_spaces
from camcore.storage.place import Place, read_beginning
from camcore.text_encoding import decode_text

MAX_BYTES = 512 * 2**20
JSON_LINES = (".jsonl", ".ndjson")
_SEPARATORS = ",;\t|"
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")  # .xlsx and .ods; .xls


@dataclass(frozen=True)
class Rows:
    """The cells of a table, without the spaces around them.

    Attributes
    ----------
    cells : list of list of str
        All rows that hold anything, the header among them.
    numbers : list of int
        The line that each row ends in, from 1.
    notes : tuple of str
        What was guessed.
    """

    cells: list[list[str]]
    numbers: list[int]
    notes: tuple[str, ...]


def read_rows(file: Place, wanted: str, *, spaced: bool = False) -> Rows:
    """Read a table that is separated by commas, semicolons, tabs or bars, or is JSON Lines.

    The encoding is told as by `camcore.text_encoding.decode_text`. The separator is the
    one that the first row has most of. A line ``sep=;`` of Excel before the
    first row is understood, and so is the apostrophe that keeps a text from being a formula.

    Parameters
    ----------
    file : Path or Address
    wanted : str
        What the table must look like, as a clause for the error.
    spaced : bool
        Whether spaces may be the separator, where there is no other; lines that begin with ``#``
        are comments then. See `camcore.sources.spaced_lines.split_at_spaces`.

    Raises
    ------
    InputError
        If it cannot be read, is no text, or cannot be parsed.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "pets.csv"
    >>> _ = file.write_bytes("Path;Label\\n1.png;cat\\n\\n2.png; dog".encode("utf-16"))
    >>> rows = read_rows(file, "name the columns path,label")
    >>> rows.cells, rows.numbers
    ([['Path', 'Label'], ['1.png', 'cat'], ['2.png', 'dog']], [1, 2, 4])
    """
    name = _printable(file.name)
    text, notes = _decoded(_content(file), name)
    if file.suffix.lower() in JSON_LINES:
        return _json_lines(text, name, notes)
    lines = (line.strip() for line in io.StringIO(text) if not (spaced and line.startswith("#")))
    first = next(filter(None, lines), "")
    declared = re.fullmatch(r'"?sep=([,;|\t])"?', text.split("\n", 1)[0].strip("\r\ufeff"))
    skipped = 0
    if declared:
        separator, skipped = declared[1], 1
        text = text.split("\n", 1)[1] if "\n" in text else ""
    else:
        separator = _separator(first)
        if spaced and separator not in first:
            return _spaced(text, notes)
    cells, numbers = [], []
    try:
        reader = csv.reader(
            io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True
        )
        begins = ends = 0
        for row in reader:
            begins, ends = ends, reader.line_num
            if any(map(str.strip, row)):
                cells.append([as_written(cell.strip()) for cell in row])
                numbers.append(ends + skipped)
    except csv.Error as error:
        raise InputError(f"{name} cannot be parsed as CSV ({error}); {wanted}.") from None
    if _is_open(text, begins, separator):
        raise InputError(
            f"{name}: a quotation mark in line {begins + 1 + skipped} is never closed; close it, "
            'or write it twice ("") where it belongs to the text.'
        )
    return Rows(cells, numbers, notes)


def _is_open(text: str, begins: int, separator: str) -> bool:
    """Whether the last row, which begins behind so many lines, ends inside quotation marks."""
    last = islice(io.StringIO(text, newline=""), begins, None)
    # Another row behind it becomes part of a cell that is not closed.
    rows = list(csv.reader([*last, "end"], delimiter=separator, skipinitialspace=True))
    return rows[-1] != ["end"]


def _json_lines(text: str, name: str, notes: tuple[str, ...]) -> Rows:
    """A table of one JSON object a line, whose keys are its first row."""
    records, numbers = [], [1]
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise InputError(
                f'{name}: line {number} is no JSON object like {{"file_name": "1.png", "label": '
                '"cat"}}; write one a line.'
            )
        records.append(record)
        numbers.append(number)
    header = list(dict.fromkeys(key for record in records for key in record))
    rows = [[_cell(record.get(key)) for key in header] for record in records]
    return Rows([header, *rows] if records else [], numbers, notes)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value.strip() if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _spaced(text: str, notes: tuple[str, ...]) -> Rows:
    lines = {
        number: line.strip()
        for number, line in enumerate(text.splitlines(), 1)
        if line.strip() and not line.startswith("#")
    }
    return Rows(split_at_spaces(list(lines.values())), list(lines), notes)


def _separator(line: str) -> str:
    """The separator that splits a line into the most cells, as CSV is read; "," where none does."""

    def cells(separator: str) -> int:
        try:
            return len(next(csv.reader([line], delimiter=separator), []))
        except csv.Error:
            return 0

    return max(_SEPARATORS, key=cells)


def _content(file: Place) -> bytes:
    try:
        data = read_beginning(file, MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise InputError(f"{os.fspath(file)} cannot be read ({why}); check the path.") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{file.name} is larger than {MAX_BYTES // 2**20} MB; split it.")
    return data


def _decoded(data: bytes, name: str) -> tuple[str, tuple[str, ...]]:
    if data.startswith(_WORKBOOKS):
        raise InputError(
            f"{name} is a workbook of a spreadsheet, not text; save it there as CSV (UTF-8) and "
            "give that file."
        )
    if is_lfs_pointer(data):
        raise InputError(lfs_refusal(name))
    decoded = decode_text(data)
    if decoded is None:
        raise InputError(f"{name} is no text that can be read; save the table as CSV (UTF-8).")
    text, guessed = decoded
    return text, (
        (
            f"{name} is not UTF-8 and was read as Windows-1252; save it as UTF-8 if letters look "
            "wrong",
        )
        if guessed
        else ()
    )


def read_columns(
    file: Path, required: Sequence[str], wanted: str
) -> tuple[list[int], dict[str, list[str]]]:
    """Read a table by the columns that its first row names.

    Parameters
    ----------
    file : Path
        As for `read_rows`.
    required : sequence of str
        Columns that the first row must name; case does not matter.
    wanted : str
        What the table must look like, as a clause for the error.

    Returns
    -------
    numbers : list of int
        Where each row ends in the file, the header being row 1.
    columns : dict of str to list of str
        By name in small letters; "" where a row is short. Where a column stands twice, as
        nameless ones of spreadsheets do, the first counts.

    Raises
    ------
    InputError
        If it cannot be read or lacks a column.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "pets.csv"
    >>> _ = file.write_text("Path;Label\\n1.png;cat\\n\\n2.png; dog")
    >>> read_columns(file, ["path", "label"], "name the columns path,label")
    ([2, 4], {'path': ['1.png', '2.png'], 'label': ['cat', 'dog']})
    """
    rows = read_rows(file, wanted)
    header = [cell.casefold() for cell in rows.cells[0]] if rows.cells else []
    for column in required:
        if column not in header:
            first_row = ", ".join(repr(_printable(cell)[:40]) for cell in header[:8] if cell)
            raise InputError(
                f"{_printable(file.name)} has no column {column!r}; {wanted}. Its first row is "
                f"{first_row or 'empty'}."
            )
    return rows.numbers[1:], columns_of(header, rows.cells[1:])


def columns_of(header: Sequence[str], cells: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """The cells of each column by its name; the first of two columns of one name counts.

    Examples
    --------
    >>> columns_of(["a", "b", "a"], [["1", "2", "3"], ["4"]])
    {'a': ['1', '4'], 'b': ['2', '']}
    """
    places = {column: header.index(column) for column in header}
    return {
        column: [row[place] if place < len(row) else "" for row in cells]
        for column, place in places.items()
    }


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)
