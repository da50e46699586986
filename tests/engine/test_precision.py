"""Choosing a precision: what was measured is counted right, and the rule is the one stated."""

from __future__ import annotations

import json
from dataclasses import asdict

import numpy as np
import pytest

from camcore.classifier import Forward
from camcore.engine import precision
from camcore.engine.precision import choose_precision, likeness
from camcore.errors import InputError
from camcore.models.keras.classifier import KerasClassifier

EXACT = np.array([[4.0, 1.0], [2.0, 3.0]])  # a map of 2 x 2 cells


class Clock:
    """Time that passes only where somebody says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Planted:
    """A classifier whose images are numbers: predictions, maps and seconds are known.

    In bfloat16 the first `wrong` images get another class, the first `turned` images another map,
    and an image takes `speed` times less than 1 s.
    """

    def __init__(self, clock, speed=2.0, wrong=0, turned=0, half=False):
        self.clock, self.speed, self.wrong, self.turned = clock, speed, wrong, turned
        self.half = half

    def for_throughput(self, *, bfloat16=False):
        return Planted(self.clock, self.speed, self.wrong, self.turned, bfloat16)

    def forward(self, images, layer):
        numbers = images[:, 0, 0, 0]
        self.clock.now += len(images) / (self.speed if self.half else 1.0)
        probabilities = np.tile(np.float32([0.75, 0.25]), (len(images), 1))
        maps = np.tile(EXACT, (len(images), 1, 1))
        if self.half:
            probabilities[numbers < self.wrong] = [0.375, 0.625]
            maps[numbers < self.turned] = EXACT.T[::-1]
        return Forward(maps[..., None].astype(np.float32), probabilities, probabilities, layer)

    def gradients(self, forward, targets, of="score"):
        assert list(targets) == [0] * len(targets)  # both maps speak for the same class
        return np.ones_like(forward.activations)


@pytest.fixture
def clock(monkeypatch):
    timer = Clock()
    monkeypatch.setattr(precision, "perf_counter", timer)
    return timer


NUMBERED = np.arange(50, dtype=np.float32)[:, None, None, None]


@pytest.mark.parametrize(
    ("planted", "taken"),
    [
        ({"speed": 1.16}, True),
        ({"speed": 1.14}, False),
        ({"speed": 0.5}, False),
        ({"wrong": 1}, True),
        ({"wrong": 2}, False),
        ({"turned": 24}, True),
        ({"turned": 26}, False),
    ],
)
def test_the_rule(clock, planted, taken):
    chosen, choice = choose_precision(Planted(clock, **planted), NUMBERED, "map")
    assert choice.bfloat16 is chosen.half is taken
    assert choice.forced is False
    assert choice.ratio == pytest.approx(planted.get("speed", 2.0))


def test_what_was_measured_is_reported(clock):
    _, choice = choose_precision(Planted(clock, speed=4.0, wrong=5, turned=3), NUMBERED, "map")
    assert json.loads(json.dumps(asdict(choice))) == {
        "bfloat16": False,
        "forced": False,
        "images": 50,
        "seconds_float32": 1.0,
        "seconds_bfloat16": 0.25,
        "ratio": 4.0,
        "agreement": 0.9,
        "probability_difference": 0.375,
        "likeness": pytest.approx(1.0),
        "likeness_lowest": pytest.approx(np.corrcoef(EXACT.ravel(), EXACT.T[::-1].ravel())[0, 1]),
    }


@pytest.mark.parametrize(("wanted", "half"), [("float32", False), ("bfloat16", True)])
def test_a_precision_that_is_asked_for_is_used_whatever_was_measured(clock, wanted, half):
    worst = Planted(clock, speed=0.5, wrong=50) if half else Planted(clock)
    chosen, choice = choose_precision(worst, NUMBERED, "map", wanted)
    assert choice.bfloat16 is chosen.half is half
    assert choice.forced


def test_flat_maps_are_alike_only_to_each_other():
    flat = np.full((2, 2), 3.0)
    assert likeness(flat, flat - 1) == 1.0
    assert likeness(flat, EXACT) == 0.0
    assert likeness(EXACT, 2 * EXACT + 1) == pytest.approx(1.0)


def test_a_real_network_comes_back_in_the_precision_chosen(gap_model, images):
    classifier = KerasClassifier(gap_model, preprocessing="none")
    batch = images(20, classifier.input_shape)
    fast, choice = choose_precision(classifier, batch, "late", "float32")
    np.testing.assert_allclose(fast.scores(batch)[0], classifier.scores(batch)[0], rtol=1e-4)
    assert choice.images == 20
    assert choice.likeness > 0.9


def test_wrong_calls_are_refused_in_words(gap_model, images):
    classifier = KerasClassifier(gap_model)
    with pytest.raises(InputError, match="'float16' is not known; choose auto"):
        choose_precision(classifier, images(1, (12, 12, 3)), "late", "float16")
    with pytest.raises(InputError, match="no images"):
        choose_precision(classifier, images(0, (12, 12, 3)), "late")
