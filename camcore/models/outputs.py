"""What the columns of a model's output mean, whatever library runs it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np

from camcore.classifier import Explained, OutputKind
from camcore.errors import InputError

_CHOICES = ("logits", "sigmoid", "multi-label", "regression")


def slopes(
    kind: OutputKind, probabilities: np.ndarray, targets: Sequence[int], of: Explained
) -> np.ndarray:
    """What a target counts each class score.

    For a score d score_c / d z is 1 at c; for a softmax d p_c / d z is p_c (e_c - p).

    Parameters
    ----------
    kind : str
    probabilities : ndarray, shape (T, C) or (1, C)
    targets : sequence of int, length T
    of : {"score", "probability"}

    Returns
    -------
    ndarray, shape (T, C), float32

    Raises
    ------
    InputError
        If there is no probability, or `of` is unknown.

    Examples
    --------
    >>> slopes("softmax", np.array([[0.75, 0.25]]), [0], "probability").tolist()
    [[0.1875, -0.1875]]
    """
    if of not in ("score", "probability"):
        raise InputError(f"of={of!r} cannot be explained; choose score or probability.")
    chosen = np.zeros((len(targets), probabilities.shape[1]), np.float32)
    chosen[np.arange(len(targets)), list(targets)] = 1
    if of == "score":
        return chosen
    if kind == "regression":
        raise InputError("a regression has no class probability; explain its output instead.")
    probability = (chosen * probabilities).sum(axis=1, keepdims=True)
    if kind in ("softmax", "logits"):
        counted = probability * (chosen - probabilities)
    elif kind == "log-probability":  # the score is log p
        counted = probability * chosen
    else:
        counted = probability * (1 - probability) * chosen
    slope: np.ndarray = counted.astype(np.float32)
    return slope


def column_names(
    output: str, kind: OutputKind, columns: int, names: Sequence[str] | None, model: str
) -> tuple[str, ...]:
    """One name for each column of the scores of an output: those given, or numbers.

    Parameters
    ----------
    output, kind : str
    columns : int
    names : sequence of str, optional
    model : str
        For the words of an error.

    Raises
    ------
    InputError
        If their number does not fit.

    Examples
    --------
    >>> column_names("age", "regression", 2, None, "m.keras")
    ('age, higher', 'age, lower')
    """
    if kind == "regression":
        count = columns // 2
        if not names:
            names = [output] if count == 1 else [f"{output} {i}" for i in range(count)]
        if len(names) == count:
            names = [f"{n}, {way}" for n in names for way in ("higher", "lower")]
    elif not names:
        names = [f"class {i}" for i in range(columns)]
    elif kind == "sigmoid" and len(names) == 1:
        names = [f"not {names[0]}", names[0]]
    if len(names) != columns:
        raise InputError(
            f"{len(names)} class names were given for {model}, whose output {output!r} has "
            f"{columns} classes; give one name for each."
        )
    return tuple(names)


def constant_notes(kind: OutputKind, columns: int) -> tuple[str, ...]:
    """A note where an output gives the same for every picture.

    Examples
    --------
    >>> constant_notes("softmax", 1), constant_notes("softmax", 2)
    (('the softmax of one unit is 1 for every picture: ...',), ())
    """
    if kind != "softmax" or columns > 1:
        return ()
    return (
        "the softmax of one unit is 1 for every picture: what the model answers tells nothing; "
        "train it with a sigmoid, or with a unit for each class",
    )


class _Named(Protocol):
    name: str
    output: str
    output_kind: OutputKind
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


_Model = TypeVar("_Model", bound=_Named)


def renamed(model: _Model, class_names: Sequence[str], note: str) -> _Model:
    """A copy of a model, which shares its network, with its classes called otherwise.

    A note that is not empty ends its `notes`.

    Raises
    ------
    InputError
        If the number of names does not fit.
    """
    columns = len(model.class_names)
    copied = copy.copy(model)
    copied.class_names = column_names(
        model.output, model.output_kind, columns, class_names, model.name
    )
    copied.notes = (*model.notes, note) if note else model.notes
    return copied


def output_named(names: tuple[str, ...], model: str, wanted: str | int) -> str:
    """The output that a person asks for, by its name or its position from 0.

    Raises
    ------
    InputError
        If there is none.

    Examples
    --------
    >>> output_named(("mask", "kind"), "m.keras", 1)
    'kind'
    """
    if str(wanted) in names:
        return str(wanted)
    if str(wanted).isascii() and str(wanted).isdigit() and int(wanted) < len(names):
        return names[int(wanted)]
    listed = ", ".join(f"{index}: {name}" for index, name in enumerate(names))
    raise InputError(f"{model} has no output {wanted!r}; choose one of {listed}.")


def checked_kind(kind: OutputKind, units: int) -> OutputKind:
    """How a person says that an output of so many units is to be read.

    Raises
    ------
    InputError
        If it cannot be read so.
    """
    if kind not in _CHOICES:
        raise InputError(
            f"output_kind={kind!r} cannot be chosen; take one of {', '.join(_CHOICES)}."
        )
    if kind == "sigmoid" and units != 1:
        raise InputError(f"output_kind='sigmoid' means one unit, not {units}; take 'multi-label'.")
    return kind
