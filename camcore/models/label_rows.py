"""Class names in a table of index and name."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence

from camcore.errors import InputError
from camcore.models.class_indices import by_index, is_index, nothing
from camcore.models.label_lines import SYNSET

INDEX_KEYS = ("index", "id", "idx", "class_id", "label_id", "class_index", "class_idx", "number")
NAME_KEYS = ("name", "label", "class", "class_name", "label_name", "display_name", "title",
              "names", "labels")  # fmt: skip
_DECLARED = re.compile(r"\s*\"?sep=([,;|\t])\"?[ \t]*\r?\n")  # by Excel
_FRACTION = re.compile(r"(?<=\d)[.,]0+$")  # of whole numbers that became floats
_KEYS = (*INDEX_KEYS, *NAME_KEYS)


def parse_rows(text: str, name: str, delimiter: str | None = None) -> list[str]:
    """Class names of a table: index and name, or names alone, in a column or in a single row.

    Parameters
    ----------
    text : str
    name : str
        The file, for the words of an error.
    delimiter : str, optional
        By default the one that stands most often in the first line.

    Raises
    ------
    InputError
        It cannot be parsed, a row lacks its name, or the indices repeat or leave gaps.

    Examples
    --------
    >>> parse_rows("id;name\\n1;dog\\n0;cat", "labels.csv")
    ['cat', 'dog']
    """
    declared = _DECLARED.match(text)
    if declared:
        text, delimiter = text[declared.end() :], declared[1]
    elif delimiter is None:
        first = text.lstrip().splitlines()[0]
        delimiter = max(",;\t|", key=first.count)
    try:
        table = csv.reader(io.StringIO(text), delimiter=delimiter)
        rows = [[cell.strip() for cell in row] for row in table if any(row)]
    except csv.Error as error:
        raise InputError(f"{name} cannot be parsed as CSV ({error}).") from None
    return _named_by(rows, name)


def parse_ruled_table(lines: Sequence[str], name: str) -> list[str] | None:
    """Class names of a table that is drawn with ``|``; None where lines are none.

    Raises
    ------
    InputError
        As `parse_rows`.

    Examples
    --------
    >>> parse_ruled_table(["| id | name |", "|----|------|", "| 0  | cat  |"], "README.md")
    ['cat']
    """
    if not all(len(line) > 2 and line[0] == line[-1] == "|" for line in lines):
        return None
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    return _named_by([row for row in rows if any(cell.strip("-: ") for cell in row)], name)


def _named_by(rows: list[list[str]], name: str) -> list[str]:
    if all(len(row) == 1 for row in rows):
        labels = [row[0] for row in rows]
        if labels and labels[0].casefold() in NAME_KEYS:
            labels = labels[1:]
        return labels or nothing(name)
    if len(rows) == 1 and not any(is_index(cell) or _key(cell) in _KEYS for cell in rows[0]):
        return rows[0]
    index, label = _columns(rows)
    if not is_index(rows[0][index] if len(rows[0]) > index else ""):
        rows = rows[1:]
    for row in rows:
        if len(row) <= max(index, label):
            raise InputError(f"{name}: the row {row[0][:40]!r} lacks a name; rows are index,name.")
    return by_index([(_FRACTION.sub("", row[index]), row[label]) for row in rows], name)


def _columns(rows: list[list[str]]) -> tuple[int, int]:
    """Which columns hold the index and the name: by the header, else by what is all numbers."""
    header = [_key(cell) for cell in rows[0]]
    index = next((header.index(key) for key in INDEX_KEYS if key in header), None)
    label = next((header.index(key) for key in NAME_KEYS if key in header), None)
    if index is not None and label is not None:
        return index, label
    rest = [row for row in rows[1:] if len(row) > 1]
    whole = [i for i in (0, 1) if rest and all(is_index(row[i]) for row in rest)]
    if whole == [1]:
        return 1, 0
    numbered = rest and all(len(row) > 2 and SYNSET.fullmatch(row[1]) for row in rest)
    return 0, 2 if numbered else 1


def _key(cell: str) -> str:
    """The name of a column as in `INDEX_KEYS` and `NAME_KEYS`: ``ClassId`` is ``class_id``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[\s-]+", "_", cell.strip()).casefold()
