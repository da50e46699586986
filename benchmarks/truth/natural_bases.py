"""Natural pictures that somebody has: arrays of small ones, and folders of photographs.

Cases that choose the audit's constants (seeds below 0) and cases that measure it share no picture
and plant in other classes: each class of an array is cut in two halves, and of its classes the
former take every second one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from benchmarks.truth.bases import Base
from camcore.errors import InputError

SMALL = 64
"""Side of the pictures of an array."""

_LARGEST = 320  # pixels of the longer side of a photograph that is kept
_ENDINGS = {".jpg", ".jpeg", ".png", ".bmp", ".webp"}


@dataclass(frozen=True)
class Given:
    """What the person who runs the benchmark has.

    Attributes
    ----------
    mnist : Path or None
        An ``mnist.npz``.
    natural : Path or None
        A folder of natural bases: ``.npz`` files with ``X`` (uint8, square), ``y`` and ``names``,
        and folders of class folders.
    backbone : Path or None
        A network whose features photographs are told apart by.
    """

    mnist: Path | None = None
    natural: Path | None = None
    backbone: Path | None = None


def natural_bases(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the bases in a folder: of small pictures, and of photographs.

    Raises
    ------
    InputError
        If there is none.
    """
    arrays = tuple(sorted(file.stem for file in folder.glob("*.npz")))
    photos = tuple(
        sorted(
            subfolder.name
            for subfolder in folder.iterdir()
            if subfolder.is_dir() and sum(map(Path.is_dir, subfolder.iterdir())) >= 2
        )
    )
    if not arrays and not photos:
        raise InputError(
            f"{str(folder)!r} holds neither .npz files nor folders of class folders; give a folder "
            "that holds some."
        )
    return arrays, photos


@lru_cache(maxsize=3)
def load_natural(folder: Path, name: str, tuning: bool) -> Base:
    """One base of `natural_bases`.

    Parameters
    ----------
    folder : Path
    name : str
    tuning : bool
        Whether the case chooses constants: then the other half of an array's pictures, of every
        second class.
    """
    file = folder / f"{name}.npz"
    return _of_array(file, tuning) if file.exists() else _of_photos(folder / name)


def _of_array(file: Path, tuning: bool) -> Base:
    with np.load(file) as held:
        pixels, labels, names = held["X"], held["y"].astype(int), held["names"].tolist()
    half = np.concatenate(
        [np.array_split(np.flatnonzero(labels == k), 2)[tuning] for k in range(len(names))]
    )
    if tuning:
        half = half[labels[half] % 2 == 0]
        names = names[::2]
        labels = labels // 2
    grown = np.stack([_grown(picture) for picture in pixels[half]])
    nothing = np.zeros(grown.shape[:3], bool)
    return Base(file.stem, tuple(names), grown, nothing, labels[half])


def _grown(pixels: np.ndarray) -> np.ndarray:
    image = Image.fromarray(pixels).convert("RGB")
    return np.asarray(image.resize((SMALL, SMALL), Image.Resampling.BICUBIC))


def _of_photos(folder: Path) -> Base:
    classes = sorted(subfolder.name for subfolder in folder.iterdir() if subfolder.is_dir())
    pixels, labels = [], []
    for klass, name in enumerate(classes):
        for file in sorted((folder / name).iterdir()):
            if file.suffix.lower() in _ENDINGS:
                pixels.append(_photo(file))
                labels.append(klass)
    masks = [np.zeros(picture.shape[:2], bool) for picture in pixels]
    return Base(folder.name, tuple(classes), pixels, masks, np.array(labels))


def _photo(file: Path) -> np.ndarray:
    with Image.open(file) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    upright.thumbnail((_LARGEST, _LARGEST), Image.Resampling.BICUBIC)
    return np.asarray(upright)
