"""Other heads on the same features: what a repair is compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import camcore
from benchmarks.repair.measuring import measured, new_pictures
from benchmarks.truth.data import Data
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.store import Store
from camcore.models.keras.last_layer import LastLayer
from camcore.repairing.bench import Bench
from camcore.repairing.heads import balanced, chosen_head
from camcore.repairing.measurement import check_batches
from camcore.repairing.rules import RULES

RIVALS = {
    "plain": "the head fitted again to the pictures as they are",
    "beside": "edited pictures beside the originals",
    "JTT": "pictures that the network gets wrong count 20 times (Liu et al., ICML 2021)",
    "DFR": "new pictures with the true groups (Kirichenko et al., ICLR 2023): the ceiling",
}
_WRONG_COUNTS = 20.0


def rivals(
    run: camcore.Run, finding: Finding, model: camcore.KerasClassifier, data: Data, folder: Path
) -> dict[str, dict[str, float]]:
    """Each of `RIVALS`, fitted to the half of the run that a repair learns from, as measured."""
    last = LastLayer(model)
    store = Store(folder)
    with store.locked():
        bench = Bench(run, [finding], store, Watch(folder))
        ids = bench.ids(0)
        klass = bench.klass(ids)
        inner = bench.images.loc[ids, "inner"].to_numpy() == 0
        batches = check_batches(bench, 0, RULES.copies, bench.has_masks)
        features = last.features(bench.inputs(bench.pool.images(ids).pixels))
        edited = [
            last.features(bench.inputs(pixels))
            for batch in batches
            for pixels in batch.pixels(bench.pool)
        ]
    ones = np.ones(len(klass))
    wrong = (features @ last.weights + last.bias)[:, bench.columns].argmax(axis=1) != klass
    pixels, labels, values = new_pictures(data)
    half = np.random.default_rng(0).random(len(labels)) < 0.5
    copies = len(batches) + 1
    lessons = {
        "plain": (features, klass, ones, inner),
        "beside": (
            np.concatenate([features, *edited]),
            np.tile(klass, copies),
            np.tile(balanced(klass), copies),
            np.tile(inner, copies),
        ),
        "JTT": (features, klass, np.where(wrong, _WRONG_COUNTS, ones), inner),
        "DFR": (last.features(bench.inputs(pixels)), labels, balanced(labels, values), half),
    }
    found = {}
    for name, (seen, truth, weights, fits) in lessons.items():
        judged = seen[~fits], truth[~fits], weights[~fits]
        matrix, bias, _ = chosen_head(seen, truth, weights, fits, judged)

        def answers(
            pictures: np.ndarray, matrix: np.ndarray = matrix, bias: np.ndarray = bias
        ) -> np.ndarray:
            scores = last.features(bench.inputs(pictures)) @ matrix + bias
            return scores.argmax(axis=1)

        found[name] = measured(data, answers)
    return found
