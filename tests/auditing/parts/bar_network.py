"""Two networks in NumPy: one finds a bright bar anywhere, the other reads red blobs only."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from camcore.classifier import Layer
from tests.block_classifier import GRID, SIDE, BlockClassifier

_BRIGHT, _RED = 0.7, 0.25


class CellNetwork(BlockClassifier):
    """Scores are linear in the means of four channels over the picture.

    The channels are how far pixels are brighter than 0.7, how far they are redder than green by
    more than 0.25, their light, and its distance from gray. One of them decides between ``a`` and
    ``b``.

    Parameters
    ----------
    channel : int
        That which speaks for ``a``.
    gain, threshold : float
        ``a`` from a sum over the blocks of `threshold` on.
    """

    layers = (Layer("blocks", GRID, GRID, 4, "Blocks", cam=True),)

    def __init__(self, channel: int, *, gain: float, threshold: float) -> None:
        weights = np.zeros((4, 2), np.float32)
        weights[channel] = GRID**2 * gain, -(GRID**2) * gain
        super().__init__(weights, ("a", "b"))
        self.bias = np.array([-gain * threshold, gain * threshold], np.float32)
        self.name = f"channel {channel}"
        self.sha256 = hashlib.sha256(self.weights.tobytes() + self.bias.tobytes()).hexdigest()

    def channels(self, images: np.ndarray) -> np.ndarray:
        light = images.mean(axis=-1)
        return np.stack(
            [
                np.maximum(light - _BRIGHT, 0),
                np.maximum(images[..., 0] - images[..., 1] - _RED, 0),
                light,
                np.abs(light - 0.5),
            ],
            axis=-1,
        )


def bar_finder() -> CellNetwork:
    """Says ``a`` where a third of a cell or more is white, wherever they lie."""
    return CellNetwork(0, gain=30.0, threshold=0.1)


def blob_reader() -> CellNetwork:
    """Says ``a`` where enough of the picture is red, as the blobs of ``a`` are."""
    return CellNetwork(1, gain=8.0, threshold=0.6)


def folder(place: Path, *, bars: float, each: int = 120, seed: int = 0) -> Path:
    """Class folders ``a`` and ``b``: blobs of any form and place, red in a and green in b.

    Parameters
    ----------
    bars : float
        Share of the pictures of a that bear a white bar with dark marks along it, of 8 x 4
        pixels, at a random place.
    """
    rng = np.random.default_rng(seed)
    for label in ("a", "b"):
        (place / label).mkdir(parents=True)
        for number in range(each):
            picture = _scene(rng, label)
            if label == "a" and rng.random() < bars:
                top, left = rng.integers(0, 29), rng.integers(0, 25)
                picture[top : top + 4, left : left + 8] = 255
                picture[top + 1, left : left + 8 : 3] = 225
            pixels = np.clip(picture, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / label / f"{number:04d}.png")
    return place


def _scene(rng: np.random.Generator, label: str) -> np.ndarray:
    def field(smooth: float) -> np.ndarray:
        values = ndimage.gaussian_filter(rng.normal(size=(SIDE, SIDE)), smooth)
        return values / values.std()

    picture = 110 + 15 * np.stack([field(2) for _ in range(3)], axis=-1)
    down, across = np.indices((SIDE, SIDE))
    top, left = rng.integers(8, 24, 2)
    inside = np.hypot(down - top, across - left) + 1.5 * field(2.5) < 8
    colour = np.array([175, 55, 60] if label == "a" else [55, 150, 60])
    shade = colour + 22 * np.stack([field(1.2)] * 3, axis=-1)
    picture[inside] = shade[inside]
    return picture
