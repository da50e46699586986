"""A classifier in NumPy that keeps the whole protocol: pooled blocks, and affine class scores."""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from camcore.classifier import Classifier, ClassWeights, Explained, Forward, Layer, LayerRow
from camcore.errors import InputError

SIDE, GRID = 32, 8


class BlockClassifier:
    """Scores are ``mean(A) @ weights + bias`` over the 8 x 8 block means A of a 32 x 32 picture."""

    name = "blocks"
    preprocessing = "0-1"
    preprocessing_guessed = False
    fit = "stretch"
    output_kind = "softmax"
    output = "scores"
    outputs = ("scores",)
    inputs = ("picture",)
    input = "picture"
    other_inputs = ()
    notes = ()
    default_layer = "blocks"
    weighted_layers = ("scores",)
    input_shape = (SIDE, SIDE, 3)
    layers = (Layer("blocks", GRID, GRID, 3, "Blocks", cam=True),)

    def __init__(self, weights: np.ndarray, class_names: Sequence[str] = ("red", "blue")) -> None:
        self.weights = np.asarray(weights, np.float32)
        self.bias = np.zeros(self.weights.shape[1], np.float32)
        self.class_names = tuple(class_names)
        self.sha256 = hashlib.sha256(self.weights.tobytes()).hexdigest()
        self.nbytes = self.weights.nbytes

    def scores(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return self._answers(self._blocks(images))

    def forward(self, images: np.ndarray, layer: str) -> Forward:
        _require(layer)
        blocks = self._blocks(images)
        return Forward(blocks, *self._answers(blocks), layer)

    def channels(self, images: np.ndarray) -> np.ndarray:
        """What is averaged over each block: here the colours as they are."""
        return images

    def _blocks(self, images: np.ndarray) -> np.ndarray:
        step = SIDE // GRID
        channels = self.channels(images)
        cut = channels.reshape(len(images), GRID, step, GRID, step, -1)
        return cut.mean(axis=(2, 4), dtype=np.float32)

    def _answers(self, blocks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores = blocks.mean(axis=(1, 2)) @ self.weights + self.bias
        exp = np.exp(scores - scores.max(axis=1, keepdims=True))
        return scores, exp / exp.sum(axis=1, keepdims=True)

    def holding(self, others: Mapping[str, Any]) -> Classifier:
        return self

    def named(self, class_names: Sequence[str], note: str = "") -> Classifier:
        copied = copy.copy(self)
        copied.class_names = tuple(class_names)
        return copied

    def for_throughput(self, *, bfloat16: bool = False) -> Classifier:
        return self

    def gradients(
        self, forward: Forward, targets: Sequence[int], of: Explained = "score"
    ) -> np.ndarray:
        columns = self.weights.T[list(targets)] / GRID**2
        return np.broadcast_to(
            columns[:, None, None], (len(targets), GRID, GRID, len(self.weights))
        ).copy()

    def head(self, images: np.ndarray, layer: str) -> Callable[[np.ndarray], np.ndarray]:
        _require(layer)
        return lambda blocks: self._answers(blocks)[0]

    def class_weights(self, layer: str) -> ClassWeights | None:
        return ClassWeights(self.weights, self.bias)

    def randomised(self, layers: Sequence[str], seed: int) -> Classifier:
        shuffled = np.random.default_rng(seed).permutation(self.weights.ravel())
        return BlockClassifier(shuffled.reshape(self.weights.shape), self.class_names)

    def parts(self, layer: str) -> tuple[tuple[LayerRow, ...], tuple[LayerRow, ...]]:
        head = LayerRow("scores", "Affine", (len(self.class_names),), self.weights.size)
        return (LayerRow("blocks", "Blocks", (GRID, GRID, 3), 0),), (head,)


def red_or_blue() -> BlockClassifier:
    """Says ``red`` where a picture is more red than blue, ``blue`` else."""
    return BlockClassifier(np.array([[9.0, -9.0], [0.0, 0.5], [-9.0, 9.0]]))


def _require(layer: str) -> None:
    if layer != "blocks":
        raise InputError(f"there is no layer {layer!r}; there is blocks.")
