"""The numbers of one row of a comparison."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import numpy as np

from camcore.classifier import Classifier
from camcore.engine.cache import BoundedCache
from camcore.engine.engine import Engine
from camcore.explanation import Explanation
from camcore.localization import Box, best_iou
from camcore.methods import METHODS
from camcore.metrics import agreement, energy_pointing, faithfulness, pointing_game
from camcore.metrics.faithfulness import STEPS

FAITHFULNESS_PASSES = 1 + 2 * STEPS
"""Forward passes of drop, deletion and insertion; coherency takes those of the method again."""


@dataclass(frozen=True)
class Measuring:
    """Measures maps of one model.

    Attributes
    ----------
    engine : Engine
    model : Classifier
    boxes : tuple of (x0, y0, x1, y1)
        Where the object truly is; empty where nobody said.
    faithful : bool
        Whether to measure faithfulness, which takes forward passes.
    kept : BoundedCache
        Timings and faithfulness of maps measured before.
    """

    engine: Engine
    model: Classifier
    boxes: tuple[Box, ...]
    faithful: bool
    kept: BoundedCache

    def numbers(
        self,
        explanation: Explanation,
        references: Mapping[str, Explanation],
        progress: Callable[[int, int], None] | None = None,
    ) -> dict[str, float]:
        """Everything that can be measured of a map, by the names of `COLUMNS`.

        Parameters
        ----------
        explanation : Explanation
        references : mapping of str to Explanation
            CAM, where there is one, and Grad-CAM for the same layer and target, by method.
        progress : callable, optional
        """
        numbers: dict[str, float] = {}
        for name, other in references.items():
            same, key = agreement(explanation.heatmap, other.heatmap), name.replace("-", "_")
            numbers |= {
                f"pearson_{key}": same.pearson,
                f"spearman_{key}": same.spearman,
                f"iou_{key}": same.iou,
            }
        if self.faithful:
            numbers |= self._once(
                "faithfulness", explanation, lambda: self._faithfulness(explanation, progress)
            )
            if progress is not None:
                progress(1, 1)
        if self.boxes:
            numbers |= self._in_boxes(explanation)
        return numbers | self._cost(explanation)

    def _faithfulness(
        self, explanation: Explanation, progress: Callable[[int, int], None] | None
    ) -> dict[str, float]:
        scores = faithfulness(self.engine, self.model, explanation, progress=progress)
        names = (
            "drop", "increase", "coherency", "complexity", "adcc", "deletion", "insertion"
        )  # fmt: skip
        return {name: float(getattr(scores, name)) for name in names}

    def _in_boxes(self, explanation: Explanation) -> dict[str, float]:
        frame = explanation.heatmap.frame
        mask = np.zeros((frame.height, frame.width), bool)
        for x0, y0, x1, y1 in self.boxes:
            mask[round(y0) : round(y1), round(x0) : round(x1)] = True
        where = self.boxes[0] if len(self.boxes) == 1 else mask
        energy, drawn = energy_pointing(explanation.heatmap, where), explanation.heatmap.box()
        best = best_iou(drawn, self.boxes)[0] if drawn else 0.0
        return {
            "share": energy.share,
            "area": energy.area,
            "lift": energy.lift,
            "pointing": float(pointing_game(explanation.heatmap, where)),
            "box_iou": best,
        }

    def _cost(self, explanation: Explanation) -> dict[str, float]:
        passes = {"passes": float(explanation.cost.passes)}
        if METHODS[explanation.method].costly(explanation.layer, self.model.input_shape):
            return passes | {"seconds": explanation.cost.seconds}
        return passes | self._once(
            "seconds", explanation, lambda: {"seconds": self._timed(explanation)}
        )

    def _timed(self, explanation: Explanation) -> float:
        """The better of two answers that remember nothing; the model has answered before."""
        seconds = []
        for _ in range(2):
            fresh = Engine()
            began = time.perf_counter()
            fresh.explain(
                self.model,
                explanation.picture,
                target=explanation.target.index,
                layer=explanation.layer.name,
                method=explanation.method,
                preprocessing=explanation.preprocessing,
                fit=explanation.fit,
            )
            seconds.append(time.perf_counter() - began)
        return min(seconds)

    def _once(
        self, what: str, explanation: Explanation, measure: Callable[[], dict[str, float]]
    ) -> dict[str, float]:
        key = (what, *_identity(self.model, explanation))
        numbers = self.kept.get(key)
        if numbers is None:
            numbers = measure()
            self.kept.put(key, numbers, 64 * len(numbers))
        return numbers


def _identity(model: Classifier, explanation: Explanation) -> tuple[Hashable, ...]:
    """Everything that a map of the default kind depends on."""
    return (
        model.sha256, model.output, model.output_kind, model.input_shape,
        explanation.picture.sha256, explanation.picture.stretch, explanation.preprocessing,
        explanation.fit, explanation.layer.name, explanation.method, explanation.target.index,
    )  # fmt: skip
