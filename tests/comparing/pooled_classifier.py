"""A classifier in NumPy with global average pooling, whose maps are known on paper."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from camcore.classifier import ClassWeights, Explained, Forward, Layer
from camcore.pictures.picture import Picture, read_image


class PooledClassifier:
    """A 2 x 2 gray picture x, maps ``A = (x, 1 - x)``, scores ``mean(A) @ weights + bias``.

    The layer ``last`` is what is pooled; ``first`` holds the same maps, but says that more lies
    behind it. Probabilities are the scores over 10, so that they are exact.

    Parameters
    ----------
    told : float
        What `class_weights` multiplies the true weights by; 1 is honest.
    """

    name = "pooled"
    preprocessing = "0-1"
    preprocessing_guessed = False
    fit = "stretch"
    notes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    input = ""
    other_inputs = ()
    output_kind = "multi-label"
    output = "scores"
    outputs = ("scores",)
    default_layer = "last"
    nbytes = 0
    input_shape = (2, 2, 1)
    class_names = ("bright $x$", "dark")
    layers = (Layer("first", 2, 2, 2, "Maps"), Layer("last", 2, 2, 2, "Maps", cam=True))
    weights = np.array([[4, 0], [0, 4]], np.float32)
    bias = np.array([1, 0], np.float32)

    def __init__(self, told: float = 1.0) -> None:
        self.told = told
        self.sha256 = f"pooled {told}"
        self.images = 0

    def forward(self, images: np.ndarray, layer: str) -> Forward:
        return Forward(_maps(images), *self.scores(images), layer)

    def scores(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        self.images += len(images)
        scores = self._rest(_maps(images))
        return scores, scores / np.float32(10)

    def gradients(
        self, forward: Forward, targets: Sequence[int], of: Explained = "score"
    ) -> np.ndarray:
        rows = self.weights.T[list(targets)][:, None, None] / np.float32(4)
        return np.broadcast_to(rows, (len(targets), 2, 2, 2))

    def head(self, images: np.ndarray, layer: str) -> Callable[[np.ndarray], np.ndarray]:
        return self._rest

    def class_weights(self, layer: str) -> ClassWeights | None:
        if layer != "last":
            return None
        return ClassWeights(self.weights * np.float32(self.told), self.bias)

    def _rest(self, maps: np.ndarray) -> np.ndarray:
        return maps.mean(axis=(1, 2)) @ self.weights + self.bias


def _maps(images: np.ndarray) -> np.ndarray:
    return np.concatenate([images, 1 - images], axis=-1)


def one_bright_corner() -> Picture:
    """White in the upper left quarter, black elsewhere."""
    pixels = np.zeros((2, 2, 3), np.uint8)
    pixels[0, 0] = 255
    return read_image(pixels, name="corner.png")
