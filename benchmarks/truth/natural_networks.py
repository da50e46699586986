"""Networks on natural pictures: small ones, trained well or badly, and heads on a backbone."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from sklearn.metrics import balanced_accuracy_score

import camcore
from benchmarks.truth.cases import Case
from benchmarks.truth.cues import Picture
from benchmarks.truth.data import Data, arrays, write
from benchmarks.truth.natural_bases import Given
from benchmarks.truth.networks import build, fit, predicted

_EPOCHS = 8
_FEW = 2
_LEARNED = 0.6  # balanced accuracy in training; less is not worth an audit, if none is asked for
_ATTEMPTS = 3
_BATCH = 64


def natural_network(case: Case, data: Data, given: Given, folder: Path) -> Any:
    """The case's Keras network, trained once and then read from `folder`."""
    import keras

    file = folder / f"{case.name}.keras"
    if file.exists():
        return keras.models.load_model(file)
    folder.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}.keras")
    if case.network == "backbone":
        assert given.backbone is not None
        with tempfile.TemporaryDirectory() as pictures:
            write(data, Path(pictures), data.train)
            camcore.retrofit(
                given.backbone, pictures, partial, preprocessing="-1..1", seed=case.seed + 100
            )
        partial.with_name(f"{partial.stem}.labels.txt").unlink(missing_ok=True)
    else:
        _small(case, data).save(partial)
    os.replace(partial, file)
    return keras.models.load_model(file)


def _small(case: Case, data: Data) -> Any:
    pixels, labels = arrays(data.train)
    epochs = _FEW if case.cue == "few epochs" else _EPOCHS
    for attempt in range(_ATTEMPTS):
        seed = case.seed + 100 + 1000 * attempt
        network = build(case.network, pixels.shape[1], len(data.classes), seed)
        fit(network, pixels, labels, epochs)
        reached = balanced_accuracy_score(labels, predicted(network, pixels))
        if case.cue in ("few epochs", "few pictures") or reached >= _LEARNED:
            break
    return network


def as_seen(pictures: Sequence[Picture], side: int) -> np.ndarray:
    """What a network of square input sees of pictures, stretched as the audit does.

    Returns
    -------
    ndarray, shape (N, side, side, 3), uint8
    """
    return np.stack([_stretched(picture.pixels, side) for picture in pictures])


def _stretched(pixels: np.ndarray, side: int) -> np.ndarray:
    if pixels.shape[:2] == (side, side):
        return pixels
    image = Image.fromarray(pixels)
    return np.asarray(image.resize((side, side), Image.Resampling.BILINEAR))


def log_odds(network: Any, pixels: np.ndarray) -> np.ndarray:
    """Log-odds of each class against all others, float64 (N, classes)."""
    chances = network.predict(pixels, verbose=0, batch_size=_BATCH).astype(np.float64)
    chances = chances.clip(1e-12, 1 - 1e-12)
    odds: np.ndarray = np.log(chances) - np.log1p(-chances)
    return odds
