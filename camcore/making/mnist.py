"""MNIST from a file or through Keras: the data that cam1 and cam2 are trained on."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from camcore.errors import InputError


class Digits(NamedTuple):
    """MNIST's two parts: pixels uint8 (N, 28, 28), white ink on black, and labels (N,) in 0..9."""

    train_pixels: np.ndarray
    train_labels: np.ndarray
    test_pixels: np.ndarray
    test_labels: np.ndarray


def load_mnist(path: str | Path | None = None) -> Digits:
    """Read MNIST.

    Parameters
    ----------
    path : str or Path, optional
        A file in the layout of ``keras.datasets.mnist``: an ``.npz`` with the arrays ``x_train``,
        ``y_train``, ``x_test`` and ``y_test``. Without it Keras fetches the file, or takes the one
        that it fetched before.

    Returns
    -------
    Digits

    Raises
    ------
    InputError
        If the file is missing or is not MNIST in that layout, or if Keras cannot fetch it.
    """
    if path is None:
        return _fetched()
    path = Path(path)
    if not path.is_file():
        raise InputError(f"MNIST file {str(path)!r} does not exist; pass the path of an mnist.npz.")
    try:
        with np.load(path, allow_pickle=False) as arrays:
            names = ("x_train", "y_train", "x_test", "y_test")
            digits = Digits(*(arrays[name] for name in names))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(
            f"{str(path)!r} is not MNIST in the layout of keras.datasets ({error}); "
            "pass an .npz with the arrays x_train, y_train, x_test and y_test."
        ) from error
    for pixels, labels in (digits[:2], digits[2:]):
        _check(path, pixels, labels)
    return digits


def fetched_file() -> Path:
    """Where Keras keeps MNIST once it has fetched it, be it there yet or not."""
    home = Path(os.environ.get("KERAS_HOME") or Path.home() / ".keras")
    return home / "datasets" / "mnist.npz"


def _fetched() -> Digits:
    import keras

    try:
        (x_train, y_train), (x_test, y_test) = keras.datasets.mnist.load_data()
    except Exception as error:  # Keras raises a bare Exception where a download fails.
        raise InputError(
            "MNIST could not be fetched by keras.datasets; "
            f"put mnist.npz at {str(fetched_file())!r} "
            "or pass --mnist FILE."
        ) from error
    return Digits(x_train, y_train, x_test, y_test)


def _check(path: Path, pixels: np.ndarray, labels: np.ndarray) -> None:
    if pixels.ndim != 3 or pixels.shape[1:] != (28, 28) or pixels.dtype != np.uint8:
        raise InputError(
            f"{str(path)!r} holds pixels {pixels.dtype} {pixels.shape}; "
            "MNIST has uint8 pixels of the shape (N, 28, 28)."
        )
    integral = np.issubdtype(labels.dtype, np.integer)
    if labels.shape != pixels.shape[:1] or not integral or not len(labels):
        raise InputError(
            f"{str(path)!r} holds labels {labels.dtype} {labels.shape} for "
            f"{len(pixels)} pictures; MNIST has one whole number for each picture."
        )
    if labels.min() < 0 or labels.max() > 9:
        raise InputError(
            f"{str(path)!r} holds labels from {labels.min()} to {labels.max()}; "
            "MNIST's go from 0 to 9."
        )
