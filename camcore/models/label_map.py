"""Label maps in the text form of protocol buffers, as TensorFlow and Caffe write them."""

from __future__ import annotations

import re

from camcore.errors import InputError

_ITEM = re.compile(r"(?:item|entry)s?\s*:?\s*\{([^{}]*)\}[,;]?", re.IGNORECASE)
_FIELD = re.compile(
    r"(\w+)\s*:\s*"
    r"(?:(-?\d+)\b|\"((?:[^\"\\\n]|\\.)*)\"|'((?:[^'\\\n]|\\.)*)'|(\w+))[\s,;]*"
)
_ESCAPED = re.compile(r"\\(.)")
_NUMBERS = ("id", "label", "index", "value")
_NAMES = ("display_name", "name")  # the first is what people read


def parse_label_map(text: str, name: str) -> list[tuple[str, str]]:
    """Number and name of each item of a label map.

    Parameters
    ----------
    text : str
    name : str
        The file, for the words of an error.

    Returns
    -------
    list of (str, str)
        Empty where the text is no label map.

    Raises
    ------
    InputError
        An item lacks its number or its name, or cannot be read.

    Examples
    --------
    >>> parse_label_map("item {\\n  id: 1\\n  name: 'cat'\\n}", "labels.pbtxt")
    [('1', 'cat')]
    >>> parse_label_map("item\\nbox", "labels.txt")
    []
    """
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    if _ITEM.sub("", bare).strip():
        return []
    records = []
    for item in _ITEM.findall(bare):
        if _FIELD.sub("", item).strip():
            raise InputError(
                f"{name}: the item {' '.join(item.split())[:60]!r} of the label map cannot be "
                'read; items are item { id: 1 name: "cat" }.'
            )
        records.append({key: "".join(values) for key, *values in _FIELD.findall(item)})
    number = next((key for key in _NUMBERS if all(key in item for item in records)), None)
    label = next((key for key in _NAMES if all(key in item for item in records)), None)
    if number is None or label is None:
        raise InputError(
            f"{name}: an item of the label map lacks its id or its name; give each both."
        )
    return [(item[number], _ESCAPED.sub(r"\1", item[label])) for item in records]
