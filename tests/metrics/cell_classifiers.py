"""Classifiers in NumPy whose maps are known on paper: their feature maps are their pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from camcore.classifier import ClassWeights, Explained, Forward, Layer, LayerRow


class CellClassifier:
    """One gray picture, two feature maps, scores linear in every cell; no softmax.

    ``A = (early_0 * x, early_1 * (1 - x))`` and ``score_c = sum(A * where * head[:, c])``; the
    probabilities are the scores.

    Parameters
    ----------
    early : tuple of float
    head : ndarray, shape (2, C)
    where : ndarray, shape (side, side)
        What each cell counts.
    """

    name = "cells"
    preprocessing = "0-1"
    preprocessing_guessed = False
    fit = "stretch"
    notes: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    input = ""
    other_inputs = ()
    output = "scores"
    outputs = ("scores",)
    default_layer = "maps"
    nbytes = 0
    weighted_layers = ("early", "head")

    def __init__(
        self,
        where: np.ndarray,
        head: Sequence[Sequence[float]] = ((1, 0), (0, 1)),
        early: tuple[float, float] = (1.0, 1.0),
        output_kind: str = "multi-label",
    ) -> None:
        self.where = np.asarray(where, np.float32)
        self.head_weights = np.asarray(head, np.float32)
        self.early = np.asarray(early, np.float32)
        self.output_kind = output_kind
        side = len(self.where)
        self.input_shape = (side, side, 1)
        self.layers = (Layer("maps", side, side, 2, "Maps"),)
        self.class_names = ("bright", "dark")
        self.sha256 = f"{self.where} {self.head_weights} {self.early}"

    def for_throughput(self, bfloat16: bool = False) -> CellClassifier:
        return self

    def scores(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        scores = self._rest(self._maps(images))
        return scores, scores

    def forward(self, images: np.ndarray, layer: str) -> Forward:
        return Forward(self._maps(images), *self.scores(images), layer)

    def gradients(
        self, forward: Forward, targets: Sequence[int], of: Explained = "score"
    ) -> np.ndarray:
        return np.stack([self.where[..., None] * self.head_weights[:, t] for t in targets])

    def head(self, images: np.ndarray, layer: str) -> Callable[[np.ndarray], np.ndarray]:
        return self._rest

    def class_weights(self, layer: str) -> ClassWeights | None:
        return None

    def randomised(self, layers: Sequence[str], seed: int) -> CellClassifier:
        """Turned round instead of shuffled, so that the outcome is known."""
        return CellClassifier(
            self.where,
            self.head_weights[::-1] if "head" in layers else self.head_weights,
            tuple(self.early[::-1]) if "early" in layers else tuple(self.early),
        )

    def parts(self, layer: str) -> tuple[tuple[LayerRow, ...], tuple[LayerRow, ...]]:
        side = len(self.where)
        early = LayerRow("early", "Early", (side, side, 2), 2)
        return (early, LayerRow("maps", "Maps", (side, side, 2), 0)), (
            LayerRow("flat", "Flat", (2 * side * side,), 0),
            LayerRow("head", "Head", (2,), 4),
        )

    def _maps(self, images: np.ndarray) -> np.ndarray:
        x = images[..., :1]
        return np.concatenate([self.early[0] * x, self.early[1] * (1 - x)], axis=-1)

    def _rest(self, maps: np.ndarray) -> np.ndarray:
        return np.einsum("nhwk,hw,kc->nc", maps, self.where, self.head_weights)
