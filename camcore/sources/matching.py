"""Which columns of the model a label stands for: by name, by index or by a mapping."""

from __future__ import annotations

import difflib
import json
import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from camcore.errors import InputError, LabelsError
from camcore.models.labels import label_key, match_label
from camcore.sources.delimited import read_columns
from camcore.sources.synsets import Index, by_synset, imagenet_index

_NAMED = 5
_RANGE = re.compile(r"\s*(\d{1,7})\s*-\s*(\d{1,7})\s*", re.ASCII)
_NUMBERED = re.compile(r"\d+\s*[\s._:)-]\s*(\D.*)")
_WANTED = 'a mapping is JSON like {"cat": ["tabby", "282-285"]}, or CSV with columns label,class'
_MAP = "--labels MAP, a file that says which classes each label stands for"

Columns = dict[str, tuple[int, ...]]


def read_mapping(path: str | os.PathLike[str], class_names: Sequence[str]) -> Columns:
    """Read which classes of the model each label stands for.

    Parameters
    ----------
    path : path
        JSON (``.json``), ``{"cat": ["tabby", 281, "282-285"], "dog": "151-268"}``; or CSV with
        the columns ``label,class``, several rows a label. A class is given by name, by index from
        0, or as a range that includes both ends.
    class_names : sequence of str
        One name for each column of the scores.

    Returns
    -------
    dict of str to tuple of int
        Columns ascending; labels in the order of the file, those that differ by case joined.

    Raises
    ------
    InputError
        If the file cannot be read, or names a class that the model does not have.

    Examples
    --------
    >>> import tempfile
    >>> file = Path(tempfile.mkdtemp()) / "map.csv"
    >>> _ = file.write_text("label,class\\npet,cat\\nwild,2-3\\npet,dog\\n")
    >>> read_mapping(file, ["cat", "dog", "fox", "owl"])
    {'pet': (0, 1), 'wild': (2, 3)}
    """
    file = Path(path)
    if file.suffix.lower() == ".json":
        pairs = _json_pairs(file)
    else:
        cells = read_columns(file, ("label", "class"), _WANTED)[1]
        pairs = list(zip(cells["label"], cells["class"], strict=True))
    spelled: dict[str, str] = {}
    by_label: dict[str, set[int]] = {}
    for label, value in pairs:
        columns = by_label.setdefault(spelled.setdefault(label.casefold(), label), set())
        try:
            for entry in value if isinstance(value, list) else [value]:
                columns.update(_columns(entry, class_names))
        except InputError as error:
            raise InputError(f"{file.name}, label {label!r}: {error}") from None
        if not label or not columns:
            raise InputError(f"{file.name}: {label!r} stands for no class; {_WANTED}.")
    if not by_label:
        raise InputError(f"{file.name} names no label; {_WANTED}.")
    return {label: tuple(sorted(columns)) for label, columns in by_label.items()}


def mapped_columns(mapping: Mapping[str, Sequence[Any]], class_names: Sequence[str]) -> Columns:
    """The columns of each label of a mapping that is not in a file.

    Raises
    ------
    InputError
        If it names a class that the model does not have.

    Examples
    --------
    >>> mapped_columns({"pet": ["cat", "2-3"]}, ["cat", "dog", "fox", "owl"])
    {'pet': (0, 2, 3)}
    """
    return {
        label: tuple(sorted({c for entry in items for c in _columns(entry, class_names)}))
        for label, items in mapping.items()
    }


def _json_pairs(file: Path) -> list[tuple[str, Any]]:
    try:
        # Looked at before it is opened: opening a FIFO would wait for a writer.
        if not file.is_file():
            raise OSError("it is no file")
        # As pairs, so that a label that stands there twice keeps both; only objects are tuples.
        pairs = json.loads(file.read_text(encoding="utf-8-sig"), object_pairs_hook=tuple)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file} cannot be read ({error}); {_WANTED}.") from None
    if not isinstance(pairs, tuple):
        raise InputError(f"{file.name} is no JSON object; {_WANTED}.")
    return [(label.strip(), value) for label, value in pairs]


def _columns(entry: Any, class_names: Sequence[str]) -> range:
    span = _RANGE.fullmatch(entry) if isinstance(entry, str) and entry not in class_names else None
    if span is None:
        column = match_label(class_names, entry)
        return range(column, column + 1)
    low, high = (match_label(class_names, int(end)) for end in span.groups())
    if low > high:
        raise InputError(f"the range {entry!r} runs backwards; write the smaller index first.")
    return range(low, high + 1)


def column_of(
    label: str, class_names: Sequence[str], index: Callable[[], Index] = imagenet_index
) -> int:
    """The class that the label of a folder or a table stands for.

    By name or index as `camcore.match_label` finds it; else by its WordNet number; else by the name
    behind a number (``01_cat``, ``003.Albatross``), or before ``,`` in the model's own name.

    Raises
    ------
    InputError
        If it stands for none.

    Examples
    --------
    >>> column_of("02. Hot-Dog", ["pizza", "hot dog"]), column_of("7 Up", ["up", "7 Up"])
    (1, 1)
    """
    try:
        return match_label(class_names, label)
    except InputError as error:
        refusal = error
    column = by_synset(label, class_names, index)
    if column is not None:
        return column
    numbered = _NUMBERED.fullmatch(label.strip())
    for words in filter(None, (label, numbered and numbered[1])):
        key = label_key(words)
        called = [
            column
            for column, name in enumerate(class_names)
            if key in (label_key(name), *map(label_key, name.split(",")))
        ]
        if len(called) == 1:
            return called[0]
    raise refusal


def by_name(
    labels: Iterable[str],
    class_names: Sequence[str],
    index: Callable[[], Index] = imagenet_index,
) -> tuple[Columns, dict[str, str]]:
    """The column of each label found by `column_of`, and why each other label has none.

    Raises
    ------
    LabelsError
        If the labels are numbers from 1 to N for classes 0 to N - 1: all but the last would
        match, each the wrong class.

    Examples
    --------
    >>> by_name(["Dog", "0", "owl"], ["cat", "dog"])
    ({'Dog': (1,), '0': (0,)},
     {'owl': "No class is called 'owl'; give a name or an index, 0 to 1."})
    """
    matched: Columns = {}
    refusals: dict[str, str] = {}
    for label in labels:
        try:
            matched[label] = (column_of(label, class_names, index),)
        except InputError as error:
            refusals[label] = str(error)
    count = len(class_names)
    if _numbers(refusals) == {count} and 0 not in (_numbers(matched) or {0}):
        raise LabelsError(
            f"The labels count from 1 to {count}, but the model's classes from 0 to {count - 1}, "
            "and it is not known which is which",
            f"give {_MAP}.",
        )
    return matched, refusals


def _numbers(labels: Iterable[str]) -> set[int] | None:
    """The labels as numbers, or None if one is not."""
    try:
        return {int(label) for label in labels}
    except ValueError:
        return None


def by_mapping(
    labels: Iterable[str], mapping: Mapping[str, Sequence[int]]
) -> tuple[Columns, dict[str, str]]:
    """The columns of each label that a mapping names, and why each other label has none.

    Examples
    --------
    >>> by_mapping(["Dog", "owl"], {"dog": (1, 2)})
    ({'Dog': (1, 2)}, {'owl': "The mapping does not name 'owl'."})
    """
    folded = {label_key(label): tuple(columns) for label, columns in mapping.items()}
    labels = list(labels)
    matched = {label: folded[label_key(label)] for label in labels if label_key(label) in folded}
    refusals = {
        label: f"The mapping does not name {label!r}." for label in labels if label not in matched
    }
    return matched, refusals


def none_found(
    labels: Sequence[str], class_names: Sequence[str], mapping: Mapping[str, Sequence[int]] | None
) -> LabelsError:
    """What to tell a person none of whose labels stands for a class.

    Examples
    --------
    >>> print(none_found(["cat"], ["wildcat", "dog"], None))
    None of the labels 'cat' is a class of the model (close: 'wildcat'); give --labels MAP,
    a file that says which classes each label stands for, or --labels none to audit by predicted
    class.
    """
    listed = _listed(labels)
    if mapping is not None:
        return LabelsError(
            f"The mapping names {_listed(list(mapping))}, and none of the labels {listed}; write "
            "there the labels as the data has them."
        )
    if all(name == f"class {index}" for index, name in enumerate(class_names)):
        return LabelsError(
            f"None of the labels {listed} can be matched: the model's classes have no names, only "
            f"numbers from 0 to {len(class_names) - 1}",
            f"give --class-names FILE, their names in order, or {_MAP}.",
        )
    names = {name.casefold(): name for name in class_names}
    close: dict[str, None] = {}  # an ordered set
    for label in labels[:_NAMED]:
        key = label.casefold()
        alike = [name for name in names if key.rstrip("s") in name]  # folders say cats, not cat
        alike += difflib.get_close_matches(key, names)
        close |= dict.fromkeys(names[name] for name in alike[:2])
    hint = f" (close: {_listed(list(close))})" if close else ""
    return LabelsError(
        f"None of the labels {listed} is a class of the model{hint}",
        f"give {_MAP}, or --labels none to audit by predicted class.",
    )


def _listed(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > _NAMED else ""
    return ", ".join(repr(name[:60]) for name in names[:_NAMED]) + more
