"""Cells of a CSV that no spreadsheet program takes for a formula."""

from __future__ import annotations

import pandas as pd

# A text that begins with one of these is calculated, or may be once it is pasted.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def without_formula(text: str) -> str:
    """A text with an apostrophe before it where a spreadsheet would calculate it.

    Examples
    --------
    >>> without_formula("=1+1"), without_formula("cat.png")
    ("'=1+1", 'cat.png')
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


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
