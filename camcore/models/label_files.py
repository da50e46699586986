"""Class names out of the text of a label file, in whatever form the names are numbered.

A file is read or refused: numbers, brackets and quotes that tell the order of the classes never
become part of a name.
"""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from camcore.errors import InputError
from camcore.models.class_indices import by_index, in_order, is_index, nothing
from camcore.models.label_lines import parse_lines, without_numbers
from camcore.models.label_map import parse_label_map
from camcore.models.label_rows import INDEX_KEYS, NAME_KEYS, parse_rows, parse_ruled_table

MAX_YAML_BYTES = 2**20  # PyYAML reads about 100 kB a second

# Where configs of models and data sets keep their names.
_CONTAINERS = ("id2label", "label2id", "class_indices", "class_names", "classes", "labels", "names",
               "categories", "class_to_idx", "idx_to_class", "label_map", "vocab")  # fmt: skip
_MOST_VALUES = 10_000  # of a config that are looked through for them

_WRAPPED = re.compile(
    r"(?:\w+\s*=\s*)?(?:(?:collections\.)?\w+\((?=[\[{]))?(.*?)(?:,\s*dtype=[^()]*)?\)?;?",
    re.DOTALL,
)
# A list as NumPy prints it, or a tuple: nothing but names in quotes.
_STRINGS = re.compile(r"(?:\w+\s*=\s*)?([\[(])\s*(?:(?:\"[^\"\n]*\"|'[^'\n]*')\s*(?:,\s*)?)+[\])]")
_STRING = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'")
_YAML_LIST = re.compile(rf"(?:{'|'.join(_CONTAINERS)}):\s*\[.*\]\s*(?:#.*)?")
_NUMPY = re.compile(r"\b(?:np|numpy)\.\w+\((-?\d+)\)")


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
        return parse_rows(text, name, "\t" if ending == ".tsv" else None)
    items = parse_label_map(text, name)
    if items:
        return in_order(items, name)
    if ending != ".json" and _STRINGS.fullmatch(text.strip()):
        return [double or single for double, single in _STRING.findall(text)]
    lines = [line.strip() for line in text.rstrip().splitlines()]
    if len(lines) > 1 and all(line[:1] + line[-1:] == "{}" for line in lines):
        return _from_data([_literal(line, name) for line in lines], name)  # JSON Lines
    if lines[0] == "---" and "---" in lines[1:]:
        # What stands above the text of a page, as in the README of a data set.
        above = text.lstrip().splitlines()[1 : lines.index("---", 1)]
        return _from_data(_yaml("\n".join(above), name), name)
    wrapped = _WRAPPED.fullmatch(text.strip())
    inner = wrapped[1].strip() if wrapped else ""
    if inner[:1] in ("{", "[") and (ending == ".json" or _is_structured(inner)):
        return _from_data(_literal(inner, name), name)
    if ending == ".json":
        raise InputError(f"{name} is no JSON list or object; give one that holds the names.")
    if _is_yaml(lines):
        return _from_data(_yaml(text, name), name)
    return parse_ruled_table(lines, name) or parse_lines(lines, name)


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
    """Whether lines are a list in YAML, with or without a key above it, or hold one by its key."""
    if any(_YAML_LIST.fullmatch(line) for line in lines):
        return True
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
        return without_numbers([_plain_name(item, name) for item in data], name) or nothing(name)
    raise InputError(f"{name} holds {str(data)[:40]!r}, no list or table of class names.")


def _from_mapping(data: Mapping[Any, Any], name: str) -> list[str]:
    keys, values = list(data), list(data.values())
    if values and all(_is_whole(value) for value in values):
        return by_index([(str(int(value)), str(key)) for key, value in data.items()], name)
    if keys and all(is_index(str(key)) for key in keys):
        return by_index([(str(key), _plain_name(item, name)) for key, item in data.items()], name)
    if values and all(isinstance(value, str) and is_index(value) for value in values):
        return by_index([(value, str(key)) for key, value in data.items()], name)
    if values and all(isinstance(value, Mapping) for value in values):
        index = next((key for key in INDEX_KEYS if all(key in value for value in values)), None)
        if index is not None:
            return by_index([(str(item[index]), str(key)) for key, item in data.items()], name)
    contained = _contained(data)
    if contained is not None:
        return _from_data(contained, name)
    if not data:
        return nothing(name)
    raise InputError(
        f"{name}: {str(keys[0])[:40]!r} is not a class index, nor a key such as 'labels' that "
        "holds the names."
    )


def _contained(data: Mapping[Any, Any]) -> Any:
    """What a config keeps under the name of class names, the outermost first."""
    level: list[Any] = [data]
    seen: set[int] = set()  # the same value may stand at many places of YAML
    while level:
        for value in level:
            for key in _CONTAINERS:
                if isinstance(value, Mapping) and isinstance(
                    value.get(key), (Mapping, list, tuple)
                ):
                    return value[key]
        inner: list[Any] = []
        for value in level:
            parts = value.values() if isinstance(value, Mapping) else value
            for part in parts:
                if isinstance(part, (Mapping, list, tuple)) and id(part) not in seen:
                    seen.add(id(part))
                    inner.append(part)
        level = inner if len(seen) < _MOST_VALUES else []
    return None


def _from_records(records: list[Mapping[Any, Any]], name: str) -> list[str]:
    """Names from a list of ``{"id": 0, "name": "cat"}``."""
    index = next((key for key in INDEX_KEYS if all(key in record for record in records)), None)
    label = next((key for key in NAME_KEYS if all(key in record for record in records)), None)
    if label is None:
        raise InputError(f"{name}: its objects have no name; give each a 'name' and an 'id'.")
    names = [_plain_name(record[label], name) for record in records]
    if index is None:
        if len(set(names)) < len(names):
            raise InputError(
                f"{name} names classes again and again, as a table of pictures does; give a file "
                "that names each class once, in their order."
            )
        return names
    indices = [str(record[index]) for record in records]
    return in_order(list(zip(indices, names, strict=True)), name)


def _is_pair(item: Any) -> bool:
    """Whether an item is an index with a name, in either order."""
    if not isinstance(item, (list, tuple)) or len(item) != 2:
        return False
    return {_is_whole(item[0]), _is_whole(item[1])} == {True, False}


def _is_whole(value: Any) -> bool:
    if isinstance(value, float):
        return value.is_integer()
    return isinstance(value, int) and not isinstance(value, bool)


def _plain_name(item: Any, name: str) -> str:
    if isinstance(item, (list, tuple)) and item:
        item = item[-1]  # Keras' own index: [synset, name]
    if isinstance(item, Mapping):
        item = next((item[key] for key in NAME_KEYS if key in item), item)
    if not isinstance(item, str):
        raise InputError(f"{name}: {str(item)[:40]!r} is not a class name; names are text.")
    return item.strip()
