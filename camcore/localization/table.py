"""Boxes from a CSV: one row a box."""

from __future__ import annotations

import re
from pathlib import Path

from camcore.errors import InputError
from camcore.localization.boxes import TrueBox, checked, four_numbers
from camcore.sources.delimited import read_columns

_EDGES = ("x0", "y0", "x1", "y1")
_WANTED = (
    "its first row names the columns path,x0,y0,x1,y1 or path,box, and label where there are any"
)


def read_table(file: Path) -> tuple[list[TrueBox], list[str]]:
    """Read the boxes of a table ``path[,label],x0,y0,x1,y1`` or ``path[,label],box``.

    Separated by commas or semicolons; a box in one cell is ``x0 y0 x1 y1``, as in the tables of
    the audit. A row without any number names a picture that has no box, and is passed over.

    Returns
    -------
    boxes : list of TrueBox
    problems : list of str
        One line for each row left out.

    Raises
    ------
    InputError
        If it cannot be read or lacks a column.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "boxes.csv"
    >>> _ = file.write_text("path,label,x0,y0,x1,y1\\n1.png,cat,0,0,9,4.5\\n2.png,dog,5,5,5,9\\n")
    >>> boxes, problems = read_table(file)
    >>> boxes
    [TrueBox(picture='1.png', label='cat', box=(0.0, 0.0, 9.0, 4.5), size=None)]
    >>> problems
    ['boxes.csv, row 3: the box 5 5 5 9 is empty; its edges must have x0 < x1 and y0 < y1']
    """
    numbers, cells = read_columns(file, ("path",), _WANTED)
    if cells.keys() >= set(_EDGES):
        written = [list(edges) for edges in zip(*(cells[edge] for edge in _EDGES), strict=True)]
    elif "box" in cells:
        written = [re.split(r"[\s,;]+", cell.strip("[]() ")) for cell in cells["box"]]
    else:
        raise InputError(f"{file.name} has no columns for boxes; {_WANTED}.")
    labels = cells.get("label", [""] * len(numbers))
    boxes, problems = [], []
    for number, path, label, edges in zip(numbers, cells["path"], labels, written, strict=True):
        if not any(edges):
            continue
        try:
            if not path:
                raise InputError("it names no picture")
            boxes.append(TrueBox(path, label, checked(four_numbers(edges), None)))
        except InputError as error:
            problems.append(f"{file.name}, row {number}: {error}")
    return boxes, problems
