"""The ways to a new head, cheapest first, and which of them suffices."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from camcore.models.keras.classifier import KerasClassifier
from camcore.models.keras.last_layer import LastLayer
from camcore.repairing.batches import Batch
from camcore.repairing.bench import Bench, Newcomers
from camcore.repairing.heads import balanced, chosen_head
from camcore.repairing.measurement import check_batches
from camcore.repairing.result import Way
from camcore.repairing.rules import RULES

_Judged = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a head learns from: features, columns, weights, and which of them choose nothing."""

    way: Way
    features: np.ndarray
    columns: np.ndarray
    weights: np.ndarray
    inner: np.ndarray


def mended_head(
    bench: Bench, network: LastLayer, name: str, new: Newcomers | None
) -> tuple[Way, float]:
    """Give a network the head of the cheapest way that suffices, and tell how right it was.

    Parameters
    ----------
    bench : Bench
    network : LastLayer
        Gets the head.
    name : str
        Of the network, for what is kept of it.
    new : Newcomers or None

    Returns
    -------
    way : str
    accuracy : float
        Where the cue tells nothing, on pictures that the head of this way was not chosen by.
    """
    background = bench.has_masks
    judged = _judged(bench, network, name, background)
    tried = []
    for lesson in _lessons(bench, network, name, background, new):
        weights, bias, accuracy = chosen_head(
            lesson.features, lesson.columns, lesson.weights, lesson.inner, judged
        )
        tried.append((lesson.way, weights, bias, accuracy))
    best = max(head[3] for head in tried)
    way, weights, bias, accuracy = next(head for head in tried if head[3] >= best - RULES.suffices)
    network.put(weights, bias)
    return way, accuracy


def tuned(
    bench: Bench, classifier: KerasClassifier, share: float, seed: int
) -> tuple[LastLayer, str]:
    """A copy of the network whose last layers were trained on pictures with balanced cues.

    Training is one step: what was killed inside it is done again, to the same weights.
    """
    network = LastLayer(classifier)
    file = bench.store.folder / f"deep-{share:g}.weights.h5"
    trained_from = bench.store.folder / f"deep-{share:g}.json"
    if not file.exists():
        batches = check_batches(bench, 0, RULES.copies, bench.has_masks)
        fits = bench.images.loc[batches[0].ids, "inner"].to_numpy() == 0
        chosen = [_of(batch, fits) for batch in batches]
        pixels = np.concatenate([p for batch in chosen for p in batch.pixels(bench.pool)])
        klass = np.tile(bench.klass(chosen[0].ids), len(chosen))
        bench.watch.begin("training", RULES.epochs)
        layer = network.fine_tune(
            lambda places: bench.inputs(pixels[places]),
            bench.columns[klass],
            balanced(klass),
            share,
            RULES.epochs,
            seed,
            bench.watch.advance,
        )
        partial = file.with_name(f".partial-{os.getpid()}.weights.h5")
        network.network.save_weights(partial)
        bench.store.write_json(trained_from.name, {"layer": layer})
        os.replace(partial, file)
    # Read back in either case, so that a run that was killed goes on from the same numbers.
    network.read_weights(file)
    return network, str(bench.store.read_json(trained_from.name)["layer"])


def _of(batch: Batch, chosen: np.ndarray) -> Batch:
    edits = tuple((probe, donors[chosen]) for probe, donors in batch.edits)
    return Batch(batch.name, batch.ids[chosen], edits, batch.seed)


def _stacked(
    bench: Bench, network: LastLayer, name: str, batches: list[Batch]
) -> tuple[np.ndarray, np.ndarray]:
    """Features of some batches in a row, and the ids that they are of."""
    bench.watch.begin("features", sum(map(len, batches)))
    features = [bench.features(network, name, batch) for batch in batches]
    return np.concatenate(features), np.concatenate([batch.ids for batch in batches])


def _judged(bench: Bench, network: LastLayer, name: str, background: bool) -> _Judged:
    """Pictures that no head is fitted to while its way and its strength are chosen."""
    batches = check_batches(bench, 0, RULES.copies, background)
    features, ids = _stacked(bench, network, name, batches)
    judges = bench.images.loc[ids, "inner"].to_numpy() == 1
    klass = bench.klass(ids)[judges]
    return features[judges], bench.columns[klass], balanced(klass)


def _lessons(
    bench: Bench, network: LastLayer, name: str, background: bool, new: Newcomers | None
) -> list[Lesson]:
    lessons = [_edited(bench, network, name, "edited pictures", False)]
    if background:
        lessons.append(_edited(bench, network, name, "other backgrounds", True))
    ids = bench.ids(0)
    klass = bench.klass(ids)
    bears = [bearing.loc[ids].to_numpy() for bearing in bench.bears]
    cells, counts = np.unique(np.stack([klass, bears[0]], axis=1), axis=0, return_counts=True)
    if len(cells) == 2 * len(bench.columns) and counts.min() >= RULES.trainable:
        features, _ = _stacked(bench, network, name, [Batch("natural-0", ids)])
        inner = bench.images.loc[ids, "inner"].to_numpy() == 0
        weights = balanced(klass, bears[0])
        lessons.append(Lesson("group weights", features, bench.columns[klass], weights, inner))
    if new is not None:
        learns = ~new.held
        if len(np.unique(new.klass[learns])) == len(bench.columns):
            features = network.features(bench.inputs(new.pixels[learns]))
            of_class = new.klass[learns]
            weights = balanced(of_class, new.bears[0][learns])
            everything = np.ones(len(of_class), bool)  # judged by pictures that are not among them
            columns = bench.columns[of_class]
            lessons.append(Lesson("new pictures", features, columns, weights, everything))
    return lessons


def _edited(bench: Bench, network: LastLayer, name: str, way: Way, background: bool) -> Lesson:
    batches = check_batches(bench, 0, RULES.copies, background)
    features, ids = _stacked(bench, network, name, batches)
    klass = bench.klass(ids)
    inner = bench.images.loc[ids, "inner"].to_numpy() == 0
    return Lesson(way, features, bench.columns[klass], balanced(klass), inner)
