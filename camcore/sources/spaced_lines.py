"""Lists of pictures with spaces between the columns, as Caffe and many data sets have them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from camcore.sources.listing import image_suffixes

_NUMBER = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_LOOKED_AT = 3  # lines, the first of which may be a header


def split_at_spaces(lines: Sequence[str]) -> list[list[str]]:
    """The cells of lines that no other separator divides.

    A path may hold spaces: it ends with the suffix of a picture, and a label of several words
    stands behind it or a label of one before it. Without suffixes, the cells are as many as every
    line has, or else the last word and what is before it.

    Parameters
    ----------
    lines : sequence of str
        Stripped; the first may be a header.

    Returns
    -------
    list of list of str
        For each line.

    Examples
    --------
    >>> split_at_spaces(["my cat.png 0", "dogs/1.png 1"])
    [['my cat.png', '0'], ['dogs/1.png', '1']]
    >>> split_at_spaces(["name label", "1.png guide dog", "2.png cat"])
    [['name', 'label'], ['1.png', 'guide dog'], ['2.png', 'cat']]
    """
    for pattern in _picture_patterns():
        matches = [pattern.fullmatch(line) for line in lines]
        if (len(lines) > 1 and not all(matches[1:])) or not any(matches):
            continue
        rows = [[cell.strip('"') for cell in match.groups()] for match in matches if match]
        rows = _numbers_apart(rows)
        if matches[0] is None:
            rows.insert(0, lines[0].split(maxsplit=len(rows[0]) - 1))
        return rows
    words = [line.split() for line in lines]
    if len({len(row) for row in words}) == 1:
        return words
    return [line.rsplit(maxsplit=1) for line in lines]


def names_a_picture(lines: Sequence[str]) -> bool:
    """Whether a list of pictures may begin so: with a suffix of pictures in its first lines.

    Examples
    --------
    >>> names_a_picture(["file label", "1.png 0"]), names_a_picture(["0 0.5 0.5 0.2 0.2"])
    (True, False)
    """
    return any(
        pattern.fullmatch(line) for pattern in _picture_patterns() for line in lines[:_LOOKED_AT]
    )


def _numbers_apart(rows: list[list[str]]) -> list[list[str]]:
    """Rows of a path and several numbers, as many in each row, with a cell for each number."""
    numbers = [row[1].split() for row in rows]
    counts = {len(cells) for cells in numbers}
    if len(counts) > 1 or not all(_NUMBER.fullmatch(cell) for row in numbers for cell in row):
        return rows
    return [[row[0], *cells] for row, cells in zip(rows, numbers, strict=True)]


@cache
def _picture_patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A path with what is behind it, and one with a word before it."""
    suffixes = "|".join(re.escape(suffix[1:]) for suffix in sorted(image_suffixes()))
    path = rf"[^\s].*?\.(?:{suffixes})\"?"
    return (
        re.compile(rf"({path})\s+(\S.*)", re.IGNORECASE),
        re.compile(rf"(\S+)\s+({path})", re.IGNORECASE),
    )
