"""A classifier in NumPy whose reliance is known exactly: its scores are linear in block means."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from camcore.classifier import ClassWeights, Explained, Forward, Layer
from camcore.pictures.preprocessing import Frame

SIDE, GRID = 32, 8


class LinearClassifier:
    """Scores are ``sum(A * weights) + bias`` over the 8 x 8 block means A of a 32 x 32 image.

    Parameters
    ----------
    weights : ndarray, shape (8, 8, 3, C)
        Of block means of pixels in 0..1.
    bias : ndarray, shape (C,)
    class_names : sequence of str
    """

    preprocessing = "0-1"
    preprocessing_guessed = False
    notes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    input = ""
    other_inputs = ()
    output_kind = "softmax"
    output = "scores"
    outputs = ("scores",)
    default_layer = "blocks"
    nbytes = 0
    input_shape = (SIDE, SIDE, 3)
    layers = (Layer("blocks", GRID, GRID, 3, "Blocks"),)

    def __init__(
        self, weights: np.ndarray, bias: Sequence[float], class_names: Sequence[str] = ("a", "b")
    ) -> None:
        self.weights = np.asarray(weights, np.float32)
        self.bias = np.asarray(bias, np.float32)
        self.class_names = tuple(class_names)
        self.name = "linear"
        self.sha256 = hashlib.sha256(self.weights.tobytes() + self.bias.tobytes()).hexdigest()

    def for_throughput(self, bfloat16: bool = False) -> LinearClassifier:
        return self

    def scores(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores = np.einsum("nhwk,hwkc->nc", _blocks(images), self.weights) + self.bias
        exp = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores, exp / exp.sum(axis=1, keepdims=True)

    def forward(self, images: np.ndarray, layer: str) -> Forward:
        return Forward(_blocks(images), *self.scores(images), layer)

    def gradients(
        self, forward: Forward, targets: Sequence[int], of: Explained = "score"
    ) -> np.ndarray:
        return np.moveaxis(self.weights[..., list(targets)], -1, 0)

    def class_weights(self, layer: str) -> ClassWeights | None:
        return None


def _blocks(images: np.ndarray) -> np.ndarray:
    step = SIDE // GRID
    cut = images.reshape(len(images), GRID, step, GRID, step, 3)
    return cut.mean(axis=(2, 4), dtype=np.float32)


def looks_at(*cells: tuple[int, int], gain: float = 40.0) -> LinearClassifier:
    """Says ``a`` where these cells are bright on average, ``b`` where they are dark."""
    weights = np.zeros((GRID, GRID, 3, 2), np.float32)
    for row, column in cells:
        weights[row, column, :, 0] = gain / (3 * len(cells))
    weights[..., 1] = -weights[..., 0]
    return LinearClassifier(weights, (-gain / 2, gain / 2))


def looks_at_brightness(gain: float = 40.0) -> LinearClassifier:
    """Says ``a`` where the whole image is brighter than middle gray."""
    return looks_at(*((r, c) for r in range(GRID) for c in range(GRID)), gain=gain)


class CroppedClassifier(LinearClassifier):
    """The same, but it cuts the upper half of the image off: a map of 4 x 8 cells."""

    layers = (
        Layer("blocks", GRID // 2, GRID, 3, "Blocks", frame=Frame(0.0, 16.0, 32.0, 32.0, 32, 32)),
    )

    def forward(self, images: np.ndarray, layer: str) -> Forward:
        return Forward(_blocks(images)[:, GRID // 2 :], *self.scores(images), layer)

    def gradients(
        self, forward: Forward, targets: Sequence[int], of: Explained = "score"
    ) -> np.ndarray:
        return super().gradients(forward, targets, of)[:, GRID // 2 :]
