"""Streaming many variants, and the precision that they are scored in."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.engine import precision
from camcore.engine.engine import Engine
from camcore.engine.precision import try_precisions
from camcore.methods import METHODS
from camcore.methods.variant_scores import BATCH, MANY, variant_scores
from camcore.methods.variants import Variants
from camcore.models.keras.classifier import KerasClassifier

RNG = np.random.default_rng(0)


def numbered(count, of="image", size=4):
    """Variants whose every value is their own number."""

    def make(start, stop):
        return np.arange(start, stop, dtype=np.float32)[:, None, None, None] + np.zeros(
            (1, size, size, 1), np.float32
        )

    return Variants(of, count, make, lambda scores, base: scores)


def test_variants_are_scored_in_order_in_small_batches():
    sizes, progress = [], []

    def score(batch):
        sizes.append(len(batch))
        return batch[:, 0, 0]

    scores = variant_scores(score, numbered(40), lambda *now: progress.append(now))
    np.testing.assert_array_equal(scores[:, 0], np.arange(40))
    assert sizes == [BATCH, BATCH, 40 - 2 * BATCH]
    assert progress == [(16, 40), (32, 40), (40, 40)]
    np.testing.assert_array_equal(
        variant_scores(score, numbered(40), start=32)[:, 0], range(32, 40)
    )


def test_batches_of_large_feature_maps_stay_small():
    """Maps of 4 MiB: never more than 48 MiB at once."""
    sizes = []

    def score(batch):
        sizes.append(batch.nbytes)
        return batch[:, 0, 0]

    variant_scores(score, numbered(60, "activations", size=1024))
    assert max(sizes[1:]) <= 48 * 2**20
    assert max(sizes) <= BATCH * 4 * 2**20


class Clocked:
    """A model that answers with small errors, and a clock that it moves on."""

    def __init__(self, clock, seconds, error=0.0):
        self.clock, self.seconds, self.error = clock, seconds, error

    def scores(self, images):
        self.clock[0] += self.seconds
        exact = images.mean(axis=(1, 2)) @ np.array([[3.0, -2.0]])
        return exact + self.error * np.sin(1e3 * exact), None


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(precision, "perf_counter", lambda: now[0])
    return now


IMAGE = np.ones((8, 8, 1), np.float32)
MAPS = RNG.uniform(0, 1, (4, 4, 50)).astype(np.float32)


@pytest.mark.parametrize(
    ("seconds", "error", "taken"),
    [(0.5, 0.0, True), (0.9, 0.0, False), (0.5, 0.8, False)],
    ids=["faster and alike", "hardly faster", "faster and other maps"],
)
def test_bfloat16_is_taken_where_it_is_faster_and_the_maps_agree(clock, seconds, error, taken):
    variants = METHODS["score-cam"].formula(IMAGE, MAPS)
    full, half = Clocked(clock, 1.0), Clocked(clock, seconds, error)
    precision, scores = try_precisions(full, half, variants, np.array([1.0, 0.0]))
    assert precision.bfloat16 is taken
    assert precision.ratio == pytest.approx(1 / seconds)
    assert (precision.likeness > 0.9999) == (error == 0)
    expected = (half if taken else full).scores(variants.make(0, 32))[0]
    np.testing.assert_allclose(scores, expected)


def test_many_channels_through_the_prepared_model(keras, picture):
    """200 channels take the prepared model: the map is that of all passes made one by one."""
    keras.utils.set_random_seed(6)
    images = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(200, 3, activation="tanh", name="conv")(images)
    x = keras.layers.Flatten()(x)
    model = keras.Model(images, keras.layers.Dense(3, activation="softmax")(x))
    classifier, engine, noise = (
        KerasClassifier(model, preprocessing="0-1"),
        Engine(),
        picture(12, 12),
    )
    features, image = engine.features(classifier, noise), engine.seen(classifier, noise)
    frame = classifier.layers[-1].frame
    variants = METHODS["score-cam"].formula(image, features.activations, frame)
    scores = variant_scores(lambda batch: classifier.scores(batch)[0], variants)
    expected = variants.combine(scores, features.scores)
    explanations = engine.explain_each(classifier, noise, [0, 1, 2], method="score-cam")
    for explanation, raw in zip(explanations, expected, strict=True):
        np.testing.assert_allclose(explanation.heatmap.raw, raw, rtol=0.02, atol=1e-3)
        assert explanation.cost.passes == variants.count >= MANY
        assert "as fast, Pearson" in explanation.cost.precision
        assert explanation.made["Passes"].startswith(f"{variants.count} in ")
