"""The models and pictures that come with CAM Audit, as data; nothing here loads a network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

MODELS_FOLDER = Path(__file__).with_name("models")
SAMPLES_FOLDER = Path(__file__).with_name("samples")
RECORD = MODELS_FOLDER / "models.json"
"""What training wrote about each model; `camcore.making.make` makes it."""


@dataclass(frozen=True)
class BundledModel:
    """A small model that CAM Audit trained itself.

    Attributes
    ----------
    name, title, description : str
        What it is called, in a command, in a list, and in a sentence.
    file : Path
        Its ``.keras`` file.
    sha256 : str
        The file's SHA-256, in hexadecimal.
    class_names : tuple of str
        In the order of its outputs.
    input_shape : tuple of int
        Height, width and channels of its pictures, pixels in 0..255.
    accuracy : mapping of str to float
        Accuracy 0..1 on each test split, as measured after training.
    parameters, epochs, best_epoch, seed : int
        Size, and how it was trained.
    keras, tensorflow : str
        Versions that trained it.
    made : str
        Date of training, year-month-day.
    """

    name: str
    title: str
    description: str
    file: Path
    sha256: str
    class_names: tuple[str, ...]
    input_shape: tuple[int, int, int]
    accuracy: Mapping[str, float]
    parameters: int
    epochs: int
    best_epoch: int
    seed: int
    keras: str
    tensorflow: str
    made: str


@dataclass(frozen=True)
class Sample:
    """A picture that comes with CAM Audit.

    Attributes
    ----------
    name, title : str
        What it is called, in a command and in a list.
    file : Path
        The picture.
    models : tuple of str
        Names of the bundled models that it suits, the most telling first.
    mask : Path or None
        Where the object lies, white on black and as large as the picture, where that is known.
    """

    name: str
    title: str
    file: Path
    models: tuple[str, ...]
    mask: Path | None = None


def read_models(record: Path = RECORD) -> tuple[BundledModel, ...]:
    """Read the bundled models from their record; none where they have not been made.

    Examples
    --------
    >>> [model.name for model in read_models()]
    ['cam1', 'cam2', 'cloud-detector', 'tank-detector']
    """
    if not record.is_file():
        return ()
    models = []
    for entry in json.loads(record.read_text(encoding="utf-8"))["models"]:
        entry["file"] = record.parent / entry["file"]
        entry["class_names"] = tuple(entry["class_names"])
        entry["input_shape"] = tuple(entry["input_shape"])
        entry["accuracy"] = MappingProxyType(entry["accuracy"])
        models.append(BundledModel(**entry))
    return tuple(models)


_SCENE_MODELS = ("cloud-detector", "tank-detector")


def _scene(name: str, title: str, tank: bool = False) -> Sample:
    mask = SAMPLES_FOLDER / f"{name}-mask.png" if tank else None
    return Sample(name, title, SAMPLES_FOLDER / f"{name}.jpg", _SCENE_MODELS, mask)


def _digit(digit: int) -> Sample:
    name = f"digit-{digit}"
    return Sample(name, f"Digit {digit}", SAMPLES_FOLDER / f"{name}.png", ("cam1", "cam2"))


SAMPLES: tuple[Sample, ...] = (
    _scene("tank-sunny", "Tank under a sunny sky", tank=True),
    _scene("tank-cloudy", "The same tank under cloud", tank=True),
    _scene("forest-sunny", "The same forest without it, sunny"),
    _scene("forest-cloudy", "The same forest without it, cloudy"),
    _scene("tank-hidden", "Another tank, behind a bush under cloud", tank=True),
    _scene("forest-clearing", "Another clearing, sunny"),
    *(_digit(digit) for digit in (2, 3, 5, 7, 8)),
)

MODELS: tuple[BundledModel, ...] = read_models()
