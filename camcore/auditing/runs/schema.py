"""What the files of a run must hold before anything is read out of them.

A run may have been written by another version, edited by hand or forged; whatever reads it can
count on the names and types that are told here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from camcore.auditing.runs.findings import LEVELS, Kind, Presence
from camcore.auditing.runs.store import Store
from camcore.errors import StoreError

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

RECORD, SUMMARY, DECIDED = "run.json", "findings.json", "decisions.json"
BOXES, REMARKS = "boxes.json", "remarks.json"

_MOST_CELLS = 2**14  # of a side: a forged grid must not exhaust memory
_SHOWN = 160  # characters of what is wrong
_TEXT, _NUMBER, _FLAG = {"type": "string"}, {"type": "number"}, {"type": "boolean"}
_COUNT = {"type": "integer", "minimum": 0}
_OBJECT, _LIST = {"type": "object"}, {"type": "array"}
_SIDE = {"type": "integer", "minimum": 1, "maximum": _MOST_CELLS}


def _optional(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {**schema, "type": [schema["type"], "null"]}


def _list_of(entry: Mapping[str, Any], count: int | None = None) -> dict[str, Any]:
    bounds = {} if count is None else {"minItems": count, "maxItems": count}
    return {**_LIST, "items": entry, **bounds}


def _object_of(needed: Mapping[str, Any], **others: Any) -> dict[str, Any]:
    return {**_OBJECT, "required": list(needed), "properties": {**needed, **others}}


def _by_image(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**_OBJECT, "propertyNames": {"pattern": "^[0-9]{1,12}$"}, "additionalProperties": entry}


_INTERVAL = _list_of(_NUMBER, 2)
_MEASURED = _optional(_object_of({"value": _NUMBER, "interval": _INTERVAL}))
_REGION = _object_of(
    {"box": _list_of(_NUMBER, 4), "rows": _SIDE, "columns": _SIDE,
     "cells": _list_of(_list_of(_COUNT, 2))},
)  # fmt: skip
_FINDING = _object_of(
    {"id": _TEXT, "class": _TEXT, "family": _TEXT, "cue": _TEXT, "level": {"enum": list(LEVELS)}},
    **dict.fromkeys(
        ("effect", "q", "area", "share", "margin", "discovery", "elsewhere", "auc", "auc_q",
         "response", "attended", "off_object", "in_part", "swing", "alike", "stamped", "plain"),
        _optional(_NUMBER),
    ),
    **dict.fromkeys(("probe", "property", "overlaps", "taken_from"), _optional(_TEXT)),
    **dict.fromkeys(("sufficiency", "move", "drop"), _MEASURED),
    **dict.fromkeys(
        ("necessity", "removal", "shift", "accuracy", "acts", "boxed", "part"), _optional(_OBJECT)
    ),
    interval=_optional(_INTERVAL),
    region=_optional(_REGION),
    on_object=_optional(_FLAG),
    trace=_FLAG,
    may_be_object=_FLAG,
    pairs=_COUNT,
    passes=_COUNT,
    images=_list_of(_COUNT),
    joined=_list_of(_TEXT),
    kind={"enum": [*get_args(Kind), None]},
    presence={"enum": [*get_args(Presence), None]},
)  # fmt: skip
_SETTINGS = _object_of(
    {"source": _TEXT, "model": _TEXT},
    **dict.fromkeys(("method", "stretch", "precision"), _TEXT),
    **dict.fromkeys(
        ("layer", "labels", "class_names", "preprocessing", "output", "output_kind", "input", "fit",
         "split"),
        _optional(_TEXT),
    ),
    input_size=_optional(_list_of(_SIDE, 2)),
    others=_optional(_OBJECT),
    budget=_COUNT,
    seed=_COUNT,
)  # fmt: skip
_SCHEMAS = {
    RECORD: _object_of(
        {
            "settings": _SETTINGS,
            "model": _object_of(
                {"name": _TEXT, "sha256": _TEXT, "layer": _TEXT, "grid": _list_of(_SIDE, 2),
                 "input_shape": _list_of(_SIDE, 3), "preprocessing": _TEXT, "output": _TEXT,
                 "output_kind": _TEXT},
                frame=_optional(_OBJECT),
                fit=_TEXT,
                held=_list_of(_OBJECT),
                notes=_list_of(_TEXT),
            ),
            "classes": _object_of(
                {"classes": _list_of(
                    _object_of({"name": _TEXT, "columns": _list_of(_COUNT), "label": _TEXT})
                 ), "by": _TEXT, "notes": _list_of(_TEXT)},
            ),
            "source": _object_of(
                {"root": _TEXT, "kind": _TEXT, "digest": _TEXT, "count": _COUNT,
                 "notes": _list_of(_TEXT)},
            ),
            "versions": {**_OBJECT, "additionalProperties": _TEXT},
        },
        started=_TEXT,
        precision=_object_of({"bfloat16": _FLAG}),
        rules={**_OBJECT, "minProperties": 1},
        thresholds=_OBJECT,
    )
    | {"anyOf": [{"required": ["rules"]}, {"required": ["thresholds"]}]},
    SUMMARY: _object_of(
        {
            "images": _object_of({"total": _COUNT, "readable": _COUNT, "bad": _COUNT}),
            "score": _NUMBER,
            "findings": _list_of(_FINDING),
            "insufficient": _list_of(_object_of({"class": _TEXT, "images": _COUNT, "why": _TEXT})),
            "not_detected": _object_of({"text": _TEXT}),
            "notes": _list_of(_TEXT),
        },
        scores={**_OBJECT, "additionalProperties": _NUMBER},
        lead=_optional(_TEXT),
        asked=_list_of(_object_of({"class": _TEXT, "pictures": _list_of(_COUNT)})),
    ),
    DECIDED: _list_of(
        _object_of(
            dict.fromkeys(("finding", "decision", "by", "note", "time"), _TEXT), role=_TEXT
        )
        | {"additionalProperties": False}
    ),
    BOXES: _object_of(
        {"boxes": _by_image(_list_of(_list_of(_NUMBER, 4)))}, notes=_list_of(_TEXT)
    ),
    REMARKS: _by_image(_object_of({"tags": _list_of(_TEXT), "note": _TEXT})),
}  # fmt: skip


def read_checked(store: Store, name: str) -> Any:
    """A JSON file of a run, once its names and types are those that an audit writes.

    Parameters
    ----------
    store : Store
    name : {RECORD, SUMMARY, DECIDED, BOXES, REMARKS}

    Returns
    -------
    dict, list or None
        None where there is no such file.

    Raises
    ------
    StoreError
        If it cannot be read, or holds something else.

    Examples
    --------
    >>> import tempfile
    >>> store = Store(tempfile.mkdtemp())
    >>> store.write_json(DECIDED, [{"finding": "cat--frame"}])
    >>> read_checked(store, DECIDED)
    Traceback (most recent call last):
    ...
    camcore.errors.StoreError: ... holds something else than an audit writes (0: 'decision' is a ...
    """
    value = store.read_json(name)
    if value is None:
        return None
    error = next(_validator(name).iter_errors(value), None)
    if error is None:
        return value
    place = ".".join(str(step) for step in error.absolute_path) or "all of it"
    reason = "".join(c if c.isprintable() else "?" for c in f"{place}: {error.message}")
    if len(reason) > _SHOWN:
        reason = reason[:_SHOWN] + " ..."
    raise StoreError(
        f"{store.folder / name} holds something else than an audit writes ({reason}); the run is "
        "damaged or was made by something else: begin a new one."
    )


@cache
def _validator(name: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(_SCHEMAS[name])
