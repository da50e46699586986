"""Cells of a CSV that no spreadsheet program takes for a formula, and such cells read back."""

from __future__ import annotations

import re

import pandas as pd

# A cell that begins with one of these is calculated, or may be once it is pasted: the signs of
# ASCII, and the wide ones that East Asian editions take as well.
_FORMULA = "[ \u00a0]*[=+@\uff1d\uff0b\uff20\uff0d-]"
# Where another separator than the comma is expected, what stands behind a semicolon, a tab or the
# end of a line is a cell of its own, whatever quotation marks there are.
_PLACES = (("^", f"'*(?:{_FORMULA}|[\t\r\n])"), ("(?<=[;\t\r\n])", f"'*{_FORMULA}"))
_OPEN = re.compile("|".join(f"{place}(?={text})" for place, text in _PLACES))
_CLOSED = re.compile("|".join(f"{place}'(?={text})" for place, text in _PLACES))


def without_formula(text: str) -> str:
    """A text with an apostrophe wherever a spreadsheet would begin to calculate.

    Examples
    --------
    >>> without_formula("=1+1"), without_formula("cat.png"), without_formula("cat;@SUM(1)")
    ("'=1+1", 'cat.png', "cat;'@SUM(1)")
    """
    return _OPEN.sub("'", text)


def as_written(cell: str) -> str:
    """The text of which `without_formula` made a cell.

    Examples
    --------
    >>> as_written("'=1+1"), as_written("'tis"), as_written(without_formula("'=1"))
    ('=1+1', "'tis", "'=1")
    """
    return _CLOSED.sub("", cell)


def without_formulas(table: pd.DataFrame) -> pd.DataFrame:
    """The same table with `without_formula` in every cell that holds text; numbers stay.

    Examples
    --------
    >>> table = pd.DataFrame({"path": ["@a.png", None], "score": [-1.5, 2.0]})
    >>> without_formulas(table).to_csv(index=False).splitlines()
    ['path,score', "'@a.png,-1.5", ',2.0']
    """
    guarded = {
        name: column.map(_guarded)
        for name, column in table.items()
        if column.dtype == object or pd.api.types.is_string_dtype(column)
    }
    return table.assign(**guarded)


def _guarded(value: object) -> object:
    return without_formula(value) if isinstance(value, str) else value
