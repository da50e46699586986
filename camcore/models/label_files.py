"""Class names out of the text of a label file, in whatever form the names are numbered.

A file is read or refused: numbers, brackets and quotes that tell the order of the classes never
become part of a name.
"""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from camcore.errors import InputError
from camcore.models.label_map import parse_label_map

MAX_YAML_BYTES = 2**20  # PyYAML reads about 100 kB a second

# Where configs of models and data sets keep their names.
_CONTAINERS = ("id2label", "label2id", "class_indices", "class_names", "classes", "labels", "names",
               "categories", "class_to_idx", "idx_to_class", "label_map")  # fmt: skip
_INDEX_KEYS = ("index", "id", "idx", "class_id", "label_id", "class_index", "class_idx", "number")
_NAME_KEYS = ("name", "label", "class", "class_name", "label_name", "display_name", "title",
              "names", "labels")  # fmt: skip

_WRAPPED = re.compile(r"(?:\w+\s*=\s*)?(?:(?:collections\.)?\w+\((?=[\[{]))?(.*?)\)?;?", re.DOTALL)
_NUMPY = re.compile(r"\b(?:np|numpy)\.\w+\((-?\d+)\)")
_SYNSET = re.compile(r"(n\d{8})(?:[\s,:;]+(\S.*))?", re.ASCII)
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

Pairs = list[tuple[str, str]]
"""Class index and class name, both as text."""


def parse_labels(text: str, name: str) -> list[str]:
    """Class names in the order of the class indices.

    Parameters
    ----------
    text : str
        Names line by line, with or without numbers before or behind them; JSON; a Python list or
        dictionary; YAML; CSV; or a label map of TensorFlow's (``item { id: 1 name: "cat" }``).
        Numbers count from 0 or from 1, without gaps; the categories of COCO may leave some.
    name : str
        The file, whose ending says what is CSV or YAML.

    Raises
    ------
    InputError
        It cannot be read, or its indices repeat or leave gaps.

    Examples
    --------
    >>> parse_labels("0 Banana\\n1 Bad Banana", "labels.txt")
    ['Banana', 'Bad Banana']
    >>> parse_labels("7 Up\\n3 Musketeers", "labels.txt")
    ['7 Up', '3 Musketeers']
    >>> parse_labels("{'cat': 0, 'dog': 1}", "labels.txt")
    ['cat', 'dog']
    """
    ending = os.path.splitext(name)[1].lower()
    if ending in (".yaml", ".yml"):
        return _from_data(_yaml(text, name), name)
    if ending in (".csv", ".tsv"):
        return _from_csv(text, name, "\t" if ending == ".tsv" else None)
    items = parse_label_map(text, name)
    if items:
        return _from_numbered(items, name)
    wrapped = _WRAPPED.fullmatch(text.strip())
    inner = wrapped[1].strip() if wrapped else ""
    if inner[:1] in ("{", "[") and (ending == ".json" or _is_structured(inner)):
        return _from_data(_literal(inner, name), name)
    if ending == ".json":
        raise InputError(f"{name} is no JSON list or object; give one that holds the names.")
    lines = [line.strip() for line in text.rstrip().splitlines()]
    if _is_yaml(lines):
        return _from_data(_yaml(text, name), name)
    return _from_lines(lines, name)


def _is_structured(text: str) -> bool:
    """Whether text that opens with a bracket is a list or dictionary, not a name in brackets."""
    return (
        text[0] == "{"
        or text[-1] in "],([{"
        or not re.fullmatch(r"\[[^\]]*\](?:\s*\w.*)?", text.split("\n")[0])
    )


def _literal(text: str, name: str) -> Any:
    """A JSON value, or a plain value of Python's."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason: Exception = error
    try:
        return ast.literal_eval(_NUMPY.sub(r"\1", text))
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        raise InputError(
            f"{name} looks like JSON or a Python value but cannot be parsed ({reason})."
        ) from None


def _is_yaml(lines: Sequence[str]) -> bool:
    """Whether lines are a list in YAML, with or without a key above it."""
    rest = lines[1:] if re.fullmatch(r"[A-Za-z_]\w*:", lines[0]) else lines
    return bool(rest) and all(line.startswith("- ") for line in rest)


def _yaml(text: str, name: str) -> Any:
    if len(text) > MAX_YAML_BYTES:
        raise InputError(f"{name} is larger than 1 MB of YAML; give the names as JSON or text.")
    try:
        # The base loader leaves every scalar text: no is a name, and so is 1.0.
        return yaml.load(text, yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        why = " ".join(str(error).split())[:120]
        raise InputError(f"{name} cannot be parsed as YAML ({why}).") from None


def _from_data(data: Any, name: str) -> list[str]:
    if isinstance(data, Mapping):
        return _from_mapping(data, name)
    if isinstance(data, (list, tuple)):
        if data and all(_is_pair(item) for item in data):
            return _from_mapping(dict(data), name)
        if data and all(isinstance(item, Mapping) for item in data):
            return _from_records(list(data), name)
        return [_plain_name(item, name) for item in data] or nothing(name)
    raise InputError(f"{name} holds {str(data)[:40]!r}, no list or table of class names.")


def _from_mapping(data: Mapping[Any, Any], name: str) -> list[str]:
    keys, values = list(data), list(data.values())
    if values and all(_is_whole(value) for value in values):
        return by_index([(str(value), str(key)) for key, value in data.items()], name)
    if keys and all(is_index(str(key)) for key in keys):
        return by_index([(str(key), _plain_name(item, name)) for key, item in data.items()], name)
    if values and all(isinstance(value, str) and is_index(value) for value in values):
        return by_index([(value, str(key)) for key, value in data.items()], name)
    for key in _CONTAINERS:
        if isinstance(data.get(key), (Mapping, list, tuple)):
            return _from_data(data[key], name)
    if not data:
        return nothing(name)
    return by_index([(str(key), _plain_name(item, name)) for key, item in data.items()], name)


def _from_records(records: list[Mapping[Any, Any]], name: str) -> list[str]:
    """Names from a list of ``{"id": 0, "name": "cat"}``."""
    index = next((key for key in _INDEX_KEYS if all(key in record for record in records)), None)
    label = next((key for key in _NAME_KEYS if all(key in record for record in records)), None)
    if label is None:
        raise InputError(f"{name}: its objects have no name; give each a 'name' and an 'id'.")
    names = [_plain_name(record[label], name) for record in records]
    if index is None:
        return names
    indices = [str(record[index]) for record in records]
    return _from_numbered(list(zip(indices, names, strict=True)), name)


def _is_pair(item: Any) -> bool:
    """Whether an item is an index with a name, in either order."""
    if not isinstance(item, (list, tuple)) or len(item) != 2:
        return False
    return {_is_whole(item[0]), _is_whole(item[1])} == {True, False}


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _plain_name(item: Any, name: str) -> str:
    if isinstance(item, (list, tuple)) and item:
        item = item[-1]  # Keras' own index: [synset, name]
    if isinstance(item, Mapping):
        item = next((item[key] for key in _NAME_KEYS if key in item), item)
    if not isinstance(item, str):
        raise InputError(f"{name}: {str(item)[:40]!r} is not a class name; names are text.")
    return item.strip()


def _entries(lines: Sequence[str]) -> list[str]:
    """Lines that are no comment; the parts of a single one where all names stand in a row."""
    lines = [line for line in lines if not _COMMENT.fullmatch(line)]
    if len(lines) == 1 and "," in lines[0]:
        return [cell.strip() for cell in lines[0].strip(",").split(",")]
    return lines


def _from_lines(lines: list[str], name: str) -> list[str]:
    lines = _entries(lines)
    if not lines:
        return nothing(name)
    if any(line.endswith("{") for line in lines):
        raise InputError(
            f"{name} is written in a form that is not read here; give one class name a line, or "
            "JSON."
        )
    if all(_QUOTED.fullmatch(line) for line in lines):
        return [_unquoted(line) for line in lines]  # a list of Python's without its brackets
    for pattern, label in ((_SYNSET, 2), (_SYNSET_LAST, 1)):
        with_synsets = [pattern.fullmatch(line) for line in lines]
        if all(match and match[label] for match in with_synsets):
            return [match[label].strip() for match in with_synsets if match]
    orders = ((_NUMBER_FIRST, 1, 2, 3), (_NUMBER_CALLED, 1, 2, 3), (_NUMBER_LAST, 3, 2, 1))
    for pattern, number, mark, label in orders:
        matches = [match for line in lines if (match := pattern.fullmatch(line))]
        if len(matches) < len(lines):
            continue
        pairs = [(match[number], _unquoted(match[label].strip())) for match in matches]
        if len({class_name for _, class_name in pairs}) < max(2, len(pairs)):
            continue  # "digit 0", "digit 1": without the numbers the names are all the same
        if pattern is _NUMBER_LAST and not all(re.search(r"[^\W\d_]", pair[1]) for pair in pairs):
            continue  # "0:30", "1:00"
        counted = sorted(int(index) for index, _ in pairs)
        if counted == list(range(counted[0], counted[0] + len(pairs))) and counted[0] < 2:
            return by_index(pairs, name)
        if all(match[mark] for match in matches):
            return by_index(pairs, name)  # which says what is wrong with the numbers
    return lines


def _unquoted(text: str) -> str:
    """Text without the quotes around it, and the comma behind them."""
    quoted = _QUOTED.fullmatch(text)
    return quoted[2].strip() if quoted else text


def _from_csv(text: str, name: str, delimiter: str | None) -> list[str]:
    if delimiter is None:
        first = text.lstrip().splitlines()[0]
        delimiter = max(",;\t", key=first.count)
    try:
        table = csv.reader(io.StringIO(text), delimiter=delimiter)
        rows = [[cell.strip() for cell in row] for row in table if any(row)]
    except csv.Error as error:
        raise InputError(f"{name} cannot be parsed as CSV ({error}).") from None
    if all(len(row) == 1 for row in rows):
        labels = [row[0] for row in rows]
        if labels[0].casefold() in _NAME_KEYS:
            labels = labels[1:]
        return labels or nothing(name)
    index, label = _columns(rows)
    if not is_index(rows[0][index] if len(rows[0]) > index else ""):
        rows = rows[1:]
    for row in rows:
        if len(row) <= max(index, label):
            raise InputError(f"{name}: the row {row[0][:40]!r} lacks a name; rows are index,name.")
    return by_index([(row[index], row[label]) for row in rows], name)


def _columns(rows: list[list[str]]) -> tuple[int, int]:
    """Which columns hold the index and the name: by the header, else by what is all numbers."""
    header = [cell.casefold() for cell in rows[0]]
    index = next((header.index(key) for key in _INDEX_KEYS if key in header), None)
    label = next((header.index(key) for key in _NAME_KEYS if key in header), None)
    if index is not None and label is not None:
        return index, label
    rest = [row for row in rows[1:] if len(row) > 1]
    whole = [i for i in (0, 1) if rest and all(is_index(row[i]) for row in rest)]
    if whole == [1]:
        return 1, 0
    numbered = rest and all(len(row) > 2 and _SYNSET.fullmatch(row[1]) for row in rest)
    return 0, 2 if numbered else 1


def by_index(pairs: Pairs, name: str) -> list[str]:
    """Names in the order of their indices, which run from 0, or from 1, without gaps.

    Raises
    ------
    InputError

    Examples
    --------
    >>> by_index([("2", "dog"), ("1", "cat")], "labels.csv")
    ['cat', 'dog']
    """
    labels = _numbered(pairs, name)
    first = 0 if 0 in labels else 1
    missing = next((i for i in range(first, first + len(labels)) if i not in labels), None)
    if missing is not None:
        raise InputError(
            f"{name}: class index {missing} is missing; the indices run from 0 or from 1 without "
            "gaps."
        )
    return [labels[index] for index in sorted(labels)]


def _from_numbered(pairs: Pairs, name: str) -> list[str]:
    """Names in the order of the numbers of a label map or of a data set's categories.

    Those that count from 1 may leave gaps, as COCO's 80 categories do, which run from 1 to 90: the
    classes of a network trained on them are counted in their order. One class too many or too few
    is noticed where the names meet the model.
    """
    labels = _numbered(pairs, name)
    return by_index(pairs, name) if 0 in labels else [labels[index] for index in sorted(labels)]


def _numbered(pairs: Pairs, name: str) -> dict[int, str]:
    """Names by their numbers, which stand once each."""
    if not pairs:
        nothing(name)
    labels: dict[int, str] = {}
    for key, label in pairs:
        if not is_index(key):
            raise InputError(
                f"{name}: {key[:40]!r} is not a class index; indices count from 0 or from 1."
            )
        if int(key) in labels:
            raise InputError(f"{name}: class index {int(key)} appears twice; keep one.")
        labels[int(key)] = label
    return labels


def is_index(text: str) -> bool:
    """Whether text is a class index.

    Examples
    --------
    >>> is_index(" 7"), is_index("-1"), is_index("7 Up")
    (True, False, False)
    """
    text = text.strip()
    return text.isascii() and text.isdigit() and len(text) < 8


def nothing(name: str) -> list[str]:
    """Refuse a file without names."""
    raise InputError(f"{name} holds no class names; a label file holds one class name a line.")
