"""The inputs of a model beside the picture that is explained, and what they are held at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from camcore.classifier import OtherInput
from camcore.errors import CamcoreError, InputError
from camcore.pictures.picture import Picture, read_image
from camcore.pictures.preprocessing import fit_pixels, preprocess

COLUMN = "column:"
"""What begins a value that names a column of a table, each picture's in its own row."""

Held = float | str | os.PathLike[str] | np.ndarray | list[Any] | tuple[Any, ...] | Picture
"""A number, numbers, or a picture; as text also a comma list or the path of a .npy or picture."""


def zeros(other: OtherInput) -> np.ndarray:
    """What an input is held at where nobody says: zeros, shape (1, *shape)."""
    return np.zeros((1, *other.shape), other.dtype)


def value_of(other: OtherInput, given: Held, preprocessing: str) -> np.ndarray:
    """What a person gives for an input as an array of shape (N, *shape).

    Parameters
    ----------
    other : OtherInput
    given : number, text, path, array, sequence or Picture
        For every picture; or an array with a row for each of N.
    preprocessing : str
        For a picture: as for the one that is explained.

    Raises
    ------
    InputError, ImageError
        If it cannot be read or does not fit the input.

    Examples
    --------
    >>> value_of(OtherInput("age", (2,), "float32"), "40, 1", "0-1")
    array([[40.,  1.]], dtype=float32)
    """
    if isinstance(given, (str, os.PathLike)):
        given = _read(other, os.fspath(given))
    if isinstance(given, Picture):
        if not other.takes_picture:
            raise InputError(f"input {other} takes numbers, not a picture such as {given.name}.")
        height, width, channels = other.shape
        seen, _ = fit_pixels(given.of_channels(channels), (height, width, channels))
        given = preprocess(seen, preprocessing)
    try:
        numbers = np.asarray(given, np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"input {other} takes numbers, not {str(given)[:40]!r}.") from None
    if not np.isfinite(numbers).all():
        raise InputError(f"input {other} is given a value that is not finite.")
    numbers = numbers.astype(other.dtype)
    if numbers.ndim == 0:
        return np.full((1, *other.shape), numbers, other.dtype)
    if numbers.shape == other.shape:
        return numbers[None]
    if numbers.shape[1:] == other.shape and len(numbers):
        return numbers
    shape = "×".join(map(str, numbers.shape))
    raise InputError(f"input {other} is given numbers of shape {shape}; give one, or as many.")


def _read(other: OtherInput, text: str) -> Any:
    """Numbers or a picture from text: a number, numbers between commas, or a path."""
    if text.startswith(COLUMN):
        raise InputError(
            f"input {other} is given {text[:40]!r}, and only an audit of a table takes a column; "
            "give a value."
        )
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        pass
    else:
        return numbers[0] if len(numbers) == 1 else numbers
    if text.lower().endswith(".npy"):
        try:
            return np.load(text, allow_pickle=False)
        except (OSError, ValueError, EOFError) as error:
            why = getattr(error, "strerror", None) or "it holds no plain array"
            raise InputError(f"{text} for input {other} cannot be read ({why}).") from None
    if other.takes_picture:
        return read_image(text)
    raise InputError(
        f"input {other} is given {text[:40]!r}; give a number, numbers between commas, or a .npy "
        "file."
    )


def values_held(
    others: tuple[OtherInput, ...],
    given: Mapping[str, Held],
    preprocessing: str,
    model: str,
) -> tuple[dict[str, np.ndarray], tuple[str, ...]]:
    """What each other input is held at, and a note for each that says so.

    Parameters
    ----------
    given : dict
        By the names of the inputs.
    model : str
        For the words of an error.

    Raises
    ------
    InputError
        If there is no such input, or a value does not fit it.
    """
    names = [other.name for other in others]
    for name in given:
        if name not in names:
            has = f"it has {', '.join(map(repr, names))}" if names else "it takes one picture only"
            raise InputError(f"{model} has no other input {name!r}; {has}.")
    values: dict[str, np.ndarray] = {}
    notes: list[str] = []
    for other in others:
        if other.name in given:
            try:
                values[other.name] = value_of(other, given[other.name], preprocessing)
            except CamcoreError as error:
                raise InputError(f"{model}: {error}") from error
            notes.append(f"input {other} is held at {_shown(given[other.name])}")
        else:
            values[other.name] = zeros(other)
            notes.append(f"input {other} is held at 0, as no value was given for it")
    return values, tuple(notes)


def _shown(given: Held) -> str:
    if isinstance(given, Picture):
        return given.name
    if isinstance(given, os.PathLike):
        path: str = os.fspath(given)
        return path
    numbers = np.asarray(given)
    if numbers.dtype.kind in "US" or numbers.size <= 8:
        return str(given) if isinstance(given, (str, float, int)) else str(numbers.tolist())
    return f"an array of {'×'.join(map(str, numbers.shape))} numbers"
