"""Class names that stand one a line, with or without numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from camcore.errors import InputError
from camcore.models.class_indices import by_index, nothing

SYNSET = re.compile(r"(n\d{8})(?:[\s,:;]+(\S.*))?", re.ASCII)
_SYNSET_LAST = re.compile(r"(\S.*?)[\s,:;]+n\d{8}", re.ASCII)
_COMMENT = re.compile(r"(?:#|//)\s.*")
_QUOTED = re.compile(r"([\"'])((?:(?!\1).)*)\1,?")
# A number and a name, with more than a space between them or a space alone. Where another digit
# follows, the mark is part of a number: 0.5 mm, 0:30.
_NUMBER_FIRST = re.compile(
    r"[(\"']?(\d{1,7})[\"']?\s*(?:([\t=;|]|->|[:,](?!\d)|[.)-](?=\s))\s*|\s+)(\S.*)", re.ASCII
)
_NUMBER_CALLED = re.compile(
    r"(?:\[|(?:class|label|id|index)[\s_#]*)(\d{1,7})(\]|\s*(?:[\t:=;|]|->))\s*(\S.*)",
    re.ASCII | re.IGNORECASE,
)
_NUMBER_LAST = re.compile(r"(\S.*?)(?:\s*([\t:=,;|]|->)\s*|\s+)\(?(\d{1,7})\)?,?", re.ASCII)
# As Chinese and Japanese write a number before a name.
_WIDE = re.compile(r"(\d{1,7})\s*[\uff1a\u3001\uff0c\uff0e\u3002\u3000]\s*")
_BULLET = re.compile(r"[*+\u2022\u2013]\s+(\S.*)")
_SECTION = re.compile(r"\[[\w ]+\]")
_MARKUP = re.compile(r"<[!?/\w].*")


def parse_lines(lines: Sequence[str], name: str) -> list[str]:
    """Class names of lines.

    Parameters
    ----------
    lines : sequence of str
        Stripped. A single one may hold all names, between ``,``, ``;``, ``|`` or tabs.
    name : str
        The file, for the words of an error.

    Raises
    ------
    InputError
        They hold no names, their numbers repeat or leave gaps, or they are code or markup.

    Examples
    --------
    >>> parse_lines(["1: dog", "0: cat"], "labels.txt")
    ['cat', 'dog']
    """
    lines = _entries(lines)
    if not lines:
        return nothing(name)
    if any("{" in line or "}" in line for line in lines) or _MARKUP.fullmatch(lines[0]):
        raise InputError(
            f"{name} is written in a form that is not read here; give one class name a line, or "
            "JSON."
        )
    if all(_QUOTED.fullmatch(line) for line in lines):
        return [_unquoted(line) for line in lines]  # a list of Python's without its brackets
    for pattern, label in ((SYNSET, 2), (_SYNSET_LAST, 1)):
        with_synsets = [pattern.fullmatch(line) for line in lines]
        if all(match and match[label] for match in with_synsets):
            return [match[label].strip() for match in with_synsets if match]
    return without_numbers(lines, name)


def without_numbers(lines: Sequence[str], name: str) -> list[str]:
    """Names in the order of the numbers before or behind them; as they stand where none are.

    Raises
    ------
    InputError
        The numbers repeat or leave gaps.

    Examples
    --------
    >>> without_numbers(["cat 1", "dog 0"], "a"), without_numbers(["digit 1", "digit 0"], "a")
    (['dog', 'cat'], ['digit 1', 'digit 0'])
    """
    plain = [_WIDE.sub(lambda match: f"{int(match[1])}: ", line, count=1) for line in lines]
    orders = ((_NUMBER_FIRST, 1, 2, 3), (_NUMBER_CALLED, 1, 2, 3), (_NUMBER_LAST, 3, 2, 1))
    for pattern, number, mark, label in orders:
        matches = [match for line in plain if (match := pattern.fullmatch(line))]
        if len(matches) < len(lines):
            continue
        pairs = [(match[number], _unquoted(match[label].strip())) for match in matches]
        if len({class_name for _, class_name in pairs}) < max(2, len(pairs)):
            continue  # "digit 0", "digit 1": without the numbers the names are all the same
        if pattern is _NUMBER_LAST and not all(re.search(r"[^\W\d_]", pair[1]) for pair in pairs):
            continue  # "0:30", "1:00"
        counted = sorted(int(index) for index, _ in pairs)
        if counted in (list(range(len(pairs))), list(range(1, len(pairs) + 1))):
            return by_index(pairs, name)
        if all(match[mark] for match in matches):
            return by_index(pairs, name)  # which says what is wrong with the numbers
    return list(lines)


def _entries(lines: Sequence[str]) -> list[str]:
    """Lines that hold a name, without bullets; the parts of a single one with all names."""
    lines = [line for line in lines if not _COMMENT.fullmatch(line)]
    if len(lines) == 1:
        separator = max(",;|\t", key=lines[0].count)
        row = lines[0].strip(separator)
        return [cell.strip() for cell in row.split(separator)]
    if len(lines) > 2 and _SECTION.fullmatch(lines[0]) and all("=" in line for line in lines[1:]):
        lines = lines[1:]
    bullets = [_BULLET.fullmatch(line) for line in lines]
    return [match[1] for match in bullets if match] if all(bullets) else lines


def _unquoted(text: str) -> str:
    """Text without the quotes around it, and the comma behind them."""
    quoted = _QUOTED.fullmatch(text)
    return quoted[2].strip() if quoted else text
