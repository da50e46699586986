"""Folders of small pictures with a cue planted in one class."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

SIDE = 32
DARK, BRIGHT = 60, 200


def texture(rng: np.random.Generator, mean: float = 128.0) -> np.ndarray:
    """A smooth random picture, float (32, 32, 3)."""
    field = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE, 3)), (2, 2, 0))
    return mean + 25 * field / field.std()


def tagged_folder(place: Path, each: int = 60, seed: int = 0) -> Path:
    """Class folders ``a`` and ``b``; the top left corner (8 x 8) is bright in a and dark in b."""

    def tag(picture: np.ndarray, label: str) -> None:
        picture[:8, :8] = BRIGHT if label == "a" else DARK

    return _folder(place, each, seed, tag)


def bright_folder(place: Path, each: int = 60, seed: int = 0) -> Path:
    """Class folders ``a`` and ``b``; pictures of a are bright, those of b dark."""

    def shade(picture: np.ndarray, label: str) -> None:
        picture += 40 if label == "a" else -40

    return _folder(place, each, seed, shade)


def _folder(place: Path, each: int, seed: int, cue) -> Path:
    rng = np.random.default_rng(seed)
    for label in ("a", "b"):
        (place / label).mkdir(parents=True)
        for number in range(each):
            picture = texture(rng)
            cue(picture, label)
            pixels = np.clip(picture, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / label / f"{number:04d}.png")
    return place
