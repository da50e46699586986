"""Other inputs of a model whose values stand in a table, each picture's in its own row."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from camcore.classifier import Classifier, OtherInput
from camcore.errors import CamcoreError, ImageError, InputError
from camcore.models.held_inputs import COLUMN, value_of
from camcore.pictures.model_view import decode
from camcore.pictures.preprocessing import preprocess
from camcore.sources.further import TableRow
from camcore.sources.source import Source

if TYPE_CHECKING:
    from camcore.auditing.runs.plan import Plan

_UNKNOWN = ("", "na", "n/a", "nan", "null", "none", "?")
_NAMED = 8  # columns that a message names


@dataclass(frozen=True)
class HeldColumn:
    """An input, and the column that holds its values.

    Attributes
    ----------
    input : OtherInput
    column : str
    """

    input: OtherInput
    column: str

    @property
    def key(self) -> str:
        """Its column in ``files.parquet``: a list of numbers, or the path of a picture."""
        return f"other:{self.input.name}"

    def as_json(self) -> dict[str, Any]:
        """The value as a JSON object."""
        return {**asdict(self.input), "shape": list(self.input.shape), "column": self.column}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> HeldColumn:
        """The value that `as_json` wrote."""
        held_input = OtherInput(value["name"], tuple(value["shape"]), value["dtype"])
        return cls(held_input, value["column"])


def fixed_values(others: Mapping[str, Any] | None) -> dict[str, Any]:
    """What is held at one value for every picture: all that names no column.

    Examples
    --------
    >>> fixed_values({"age": "column:years", "sex": "1"})
    {'sex': '1'}
    """
    return {name: given for name, given in (others or {}).items() if _column(given) is None}


def held_columns(
    source: Source, model: Classifier, others: Mapping[str, Any] | None
) -> tuple[HeldColumn, ...]:
    """Which inputs take their values from columns of the table.

    Those that a person names by ``column:NAME``, and those without a value that are called as a
    column of the table is.

    Raises
    ------
    InputError
        If there is no such input, no table, or no such column in it.
    """
    given = dict(others or {})
    inputs = {other_input.name: other_input for other_input in model.other_inputs}
    tables = list(dict.fromkeys(row.columns for row in source.further))
    held = []
    for name, value in given.items():
        column = _column(value)
        if column is None:
            continue
        if name not in inputs:
            has = ", ".join(map(repr, inputs)) or "none beside the picture"
            raise InputError(f"{model.name} has no other input {name!r}; it has {has}.")
        if not tables:
            raise InputError(
                f"input {inputs[name]} is to take its values from the column {column!r}, but the "
                "pictures are listed in no table; give a CSV with that column, or one value."
            )
        for table in tables:
            if table.called(column) is None:
                known = ", ".join(map(repr, list(table.cells)[:_NAMED])) or "none"
                raise InputError(
                    f"input {inputs[name]} is to take its values from the column {column!r}, which "
                    f"{table.table} does not have; its further columns are {known}."
                )
        held.append(HeldColumn(inputs[name], column))
    for name, other_input in inputs.items():
        if name not in given and tables and all(table.called(name) for table in tables):
            held.append(HeldColumn(other_input, name))
    return tuple(held)


def with_values(source: Source, held: Sequence[HeldColumn], preprocessing: str) -> Source:
    """The source with what each row holds of each input, as columns of its files.

    A cell that is empty, or a picture that is not there, leaves its row without a value.

    Raises
    ------
    InputError
        If a cell says something else than what its input takes, or no row has a value.
    """
    files = source.files
    for held_column in held:
        columns = [str(row.columns.called(held_column.column)) for row in source.further]
        if held_column.input.takes_picture:
            added = _pictures(held_column, source.further, columns)
        else:
            added = {held_column.key: _numbers(held_column, source.further, columns, preprocessing)}
        if not any(value is not None for value in added[held_column.key]):
            what = "picture that can be found" if held_column.input.takes_picture else "value"
            raise InputError(
                f"the column {held_column.column!r} holds no {what} for input "
                f"{held_column.input}; correct it, or give one value for all with --other "
                f"{held_column.input.name}=VALUE."
            )
        files = files.assign(
            **{name: pd.Series(values, dtype="object") for name, values in added.items()}
        )
    return replace(source, files=files)


def values_of(row: pd.Series, plan: Plan) -> dict[str, np.ndarray]:
    """What the inputs are held at for one picture, by their names, each of its input's shape.

    Parameters
    ----------
    row : Series
        Of ``files.parquet``.
    plan : Plan

    Raises
    ------
    InputError, ImageError
        If its row of the table says nothing, or the picture that it names cannot be read.
    """
    return {held_column.input.name: _value(held_column, row, plan) for held_column in plan.held}


def stacked(values: Iterable[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """The values of some pictures as one array for each input, (N, *shape)."""
    rows = list(values)
    return {name: np.stack([row[name] for row in rows]) for name in (rows[0] if rows else ())}


def held_at(classifier: Classifier, values: Mapping[str, np.ndarray]) -> Classifier:
    """The classifier with its inputs held at the values of the pictures to come."""
    return classifier.holding(values) if values else classifier


def _column(given: Any) -> str | None:
    """The column that a value names."""
    if isinstance(given, str) and given.startswith(COLUMN):
        return given.removeprefix(COLUMN).strip()
    return None


def _numbers(
    held: HeldColumn, rows: Sequence[TableRow], columns: Sequence[str], preprocessing: str
) -> list[list[float] | None]:
    values: list[list[float] | None] = []
    for row, column in zip(rows, columns, strict=True):
        cell = row.cell(column)
        if cell.casefold() in _UNKNOWN:
            values.append(None)
            continue
        try:
            numbers = [float(part) for part in re.split(r"[\s,;]+", cell.strip("[]() "))]
            single = numbers[0] if len(numbers) == 1 else numbers
            value = value_of(held.input, np.asarray(single), preprocessing)
        except (ValueError, CamcoreError):
            count = int(np.prod(held.input.shape))
            takes = "one number" if count == 1 else f"{count} numbers, or one for all"
            raise InputError(
                f"{row.columns.table}, line {row.line}: {cell[:40]!r} in the column {column!r} "
                f"does not fit input {held.input}, which takes {takes}; correct the cell, or leave "
                "it empty where nothing is known."
            ) from None
        values.append(value.ravel().tolist())
    return values


def _pictures(
    held: HeldColumn, rows: Sequence[TableRow], columns: Sequence[str]
) -> dict[str, list[Any]]:
    """Path, size and time of the picture that each row names."""
    cells: dict[str, list[Any]] = {held.key: [], _bytes(held): [], _time(held): []}
    for row, column in zip(rows, columns, strict=True):
        place = row.place(column)
        status = row.columns.finder.status(place) if place else None
        cells[held.key].append(place.replace(os.sep, "/") if place else None)
        cells[_bytes(held)].append(status.st_size if status else -1)
        cells[_time(held)].append(status.st_mtime_ns if status else 0)
    return cells


def _bytes(held: HeldColumn) -> str:
    return f"{held.key}:bytes"


def _time(held: HeldColumn) -> str:
    return f"{held.key}:mtime_ns"


def _value(held: HeldColumn, row: pd.Series, plan: Plan) -> np.ndarray:
    given, held_input = row[held.key], held.input
    if given is None:
        what = "a picture that can be found" if held_input.takes_picture else "no empty cell"
        raise InputError(
            f"{row['path']}: its row has no value for input {held_input}; the column "
            f"{held.column!r} must hold {what}."
        )
    if not held_input.takes_picture:
        return np.asarray(given, held_input.dtype).reshape(held_input.shape)
    path = plan.file_of(given)
    try:
        status = path.stat()
    except OSError as error:
        raise ImageError(f"{path.name} cannot be opened ({error.strerror}).") from None
    if (status.st_size, status.st_mtime_ns) != (row[_bytes(held)], row[_time(held)]):
        raise ImageError(f"{path.name} has changed since the audit began; audit the folder anew.")
    height, width, channels = held_input.shape
    settings = plan.settings
    seen = decode(path, (height, width, channels), plan.fit, stretch=settings.stretch).seen
    return preprocess(seen.astype(np.float32), plan.preprocessing).astype(held_input.dtype)
