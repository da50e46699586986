"""The engine: right answers for everyone at once, from a cache that stays bounded."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import numpy as np
import pytest

from camcore import Engine, read_image
from camcore.engine.engine import BoundedCache
from camcore.errors import InputError, MethodError
from camcore.models.keras.classifier import KerasClassifier

METHODS = ["cam", "grad-cam", "hirescam", "layer-cam"]


class Counting:
    """A classifier that counts how often it really computes."""

    def __init__(self, inner):
        self.inner, self.passes = inner, []

    def __getattr__(self, name):
        return getattr(self.inner, name)

    def forward(self, images, layer):
        self.passes.append(("forward", layer))
        return self.inner.forward(images, layer)

    def gradients(self, forward, targets, of="score"):
        self.passes.append(("gradients", tuple(targets)))
        return self.inner.gradients(forward, targets, of)


@pytest.fixture(scope="module")
def classifier(gap_model):
    return KerasClassifier(gap_model, class_names=["cat", "dog", "cow", "hen"])


def test_explain_holds_everything_needed_to_redo_it(classifier, picture):
    explanation = Engine().explain(
        classifier, picture(), target="dog", method="GradCAM", layer="early"
    )
    assert (explanation.target.index, explanation.target.name) == (1, "dog")
    assert explanation.method == "grad-cam"
    assert explanation.layer.name == "early"
    assert explanation.model_sha256 == classifier.sha256
    assert explanation.heatmap.values.shape == (10, 10)
    assert len(explanation.predictions) == 4
    chances = [p.probability for p in explanation.predictions]
    assert chances == sorted(chances, reverse=True)
    assert sum(chances) == pytest.approx(1, abs=1e-5)


def test_without_a_target_the_predicted_class_is_explained(classifier, picture):
    explanation = Engine().explain(classifier, picture())
    assert explanation.target == explanation.predictions[0]


def test_the_answer_of_a_regression_is_its_outputs(keras, picture):
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Flatten()(keras.layers.Conv2D(2, 3, name="conv")(inputs))
    model = keras.Model(inputs, keras.layers.Dense(3, name="grade")(x))
    classifier = KerasClassifier(model, output_kind="regression")
    explanation = Engine().explain(classifier, picture(), target="grade 1, lower")
    assert [p.name for p in explanation.predictions] == [f"grade {i}, higher" for i in range(3)]
    assert explanation.target.index == 3
    assert explanation.target.score == -explanation.predictions[1].score


def test_the_same_question_is_computed_once(classifier, picture):
    counting, engine = Counting(classifier), Engine()
    engine.predict(counting, picture())
    for _ in range(3):
        engine.explain(counting, picture(), target=2)
    assert counting.passes == [("forward", "late"), ("gradients", (2,))]


def test_methods_share_passes_and_only_new_classes_go_backward(classifier, picture):
    counting, engine = Counting(classifier), Engine()
    engine.explain(counting, picture(), target=0, method="grad-cam")
    engine.explain(counting, picture(), target=0, method="layer-cam")
    engine.explain_each(counting, picture(), [0, 3, 1], method="grad-cam")
    assert counting.passes == [("forward", "late"), ("gradients", (0,)), ("gradients", (3, 1))]


@pytest.mark.parametrize(
    "change",
    [
        {"layer": "early"},
        {"preprocessing": "-1..1"},
        {"fit": "crop"},
    ],
)
def test_what_changes_the_answer_changes_the_key(classifier, picture, change):
    counting, engine = Counting(classifier), Engine()
    engine.explain(counting, picture(), target=0)
    engine.explain(counting, picture(), target=0, **change)
    assert len([kind for kind, _ in counting.passes if kind == "forward"]) == 2


def test_pictures_of_the_same_name_are_told_apart_by_content(classifier, picture):
    engine = Engine()
    first, second = picture(seed=1), picture(seed=2)
    object.__setattr__(second, "name", first.name)
    one, two = (engine.explain(classifier, p, target=0) for p in (first, second))
    assert not np.array_equal(one.heatmap.raw, two.heatmap.raw)


@pytest.mark.parametrize("method", METHODS)
def test_several_targets_equal_each_alone(classifier, picture, method):
    together = Engine().explain_each(classifier, picture(), ["hen", 0, "cow"], method=method)
    for explanation, target in zip(together, [3, 0, 2], strict=True):
        alone = Engine().explain(classifier, picture(), target=target, method=method)
        assert explanation.target.index == target
        np.testing.assert_allclose(explanation.heatmap.raw, alone.heatmap.raw, rtol=1e-4, atol=1e-6)


def test_eight_sessions_at_once_each_get_their_own_right_map(classifier, tiny_model, picture):
    other = KerasClassifier(tiny_model, class_names=["a", "b", "c"])
    questions = [
        (model, picture(seed=seed), target, method)
        for seed in range(4)
        for model in (classifier, other)
        for target in (0, 2)
        for method in ("grad-cam", "layer-cam")
    ]
    expected = [Engine().explain(m, p, target=t, method=how) for m, p, t, how in questions]
    shared, barrier = Engine(), Barrier(8)

    def session(number: int):
        barrier.wait()
        order = np.random.default_rng(number).permutation(len(questions))
        maps_of = {}
        for index in order:
            m, p, t, how = questions[index]
            maps_of[index] = shared.explain(m, p, target=t, method=how)
        return maps_of

    with ThreadPoolExecutor(8) as pool:
        sessions = list(pool.map(session, range(8)))
    for session_maps in sessions:
        for index, right in enumerate(expected):
            explanation = session_maps[index]
            assert explanation.target == right.target
            assert explanation.picture.sha256 == right.picture.sha256
            np.testing.assert_allclose(
                explanation.heatmap.raw, right.heatmap.raw, rtol=1e-4, atol=1e-6
            )


def test_a_model_is_loaded_once_for_all_who_ask_together(classifier):
    engine, loads, barrier = Engine(), [], Barrier(8)

    def load():
        loads.append(1)
        return classifier

    def ask(_):
        barrier.wait()
        return engine.model("gap", load)

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(ask, range(8))) == {classifier}
    assert loads == [1]


def test_a_failed_load_is_tried_again(classifier):
    engine = Engine()
    with pytest.raises(ZeroDivisionError):
        engine.model("gap", lambda: 1 / 0)
    assert engine.model("gap", lambda: classifier) is classifier


def test_memory_stays_bounded_and_answers_stay_right(classifier, picture):
    engine = Engine(cache_bytes=40_000)
    for seed in range(60):
        explanation = engine.explain(classifier, picture(seed=seed), target=1, layer="early")
        assert engine.cache_bytes <= 40_000
    fresh = Engine().explain(classifier, picture(seed=59), target=1, layer="early")
    np.testing.assert_array_equal(explanation.heatmap.raw, fresh.heatmap.raw)


def test_a_value_over_the_limit_is_not_kept():
    cache = BoundedCache(1000)
    cache.put("small", 1, 100)
    cache.put("huge", 2, 5000)
    assert (cache.get("small"), cache.get("huge")) == (1, None)


def test_a_value_put_again_counts_once():
    cache = BoundedCache(2000)
    for _ in range(10):
        cache.put("a", 1, 1000)
    assert cache.nbytes == 1512


def test_no_positive_evidence_is_said(keras, picture):
    """A head of zero weights: no class score depends on the picture."""
    inputs = keras.Input((8, 8, 3))
    x = keras.layers.Conv2D(4, 3, name="conv")(inputs)
    x = keras.layers.GlobalAveragePooling2D()(x)
    x = keras.layers.Dense(3, kernel_initializer="zeros", activation="softmax")(x)
    classifier = KerasClassifier(keras.Model(inputs, x))
    for method in METHODS:
        explanation = Engine().explain(classifier, picture(), target=0, method=method)
        assert explanation.evidence == "none"
        assert explanation.statement == "No positive evidence for class 0 at layer conv."
        assert explanation.to_json()["box"] is None
        np.testing.assert_array_equal(np.asarray(explanation.overlay()), picture().pixels)


def test_black_and_white_never_make_nan(classifier):
    engine = Engine()
    for value in (0, 255):
        flat = read_image(np.full((9, 9, 3), value, np.uint8))
        for method in METHODS:
            explanation = engine.explain(classifier, flat, target=0, method=method)
            assert np.isfinite(explanation.heatmap.raw).all()
            assert np.isfinite(explanation.heatmap.values).all()


def test_refusals_are_sentences(classifier, tiny_model, picture):
    engine = Engine()
    flat = KerasClassifier(tiny_model)
    with pytest.raises(MethodError, match=r"CAM needs global average pooling.*tiny has none there"):
        engine.explain(flat, picture(), method="cam")
    with pytest.raises(InputError, match="mouse"):
        engine.explain(classifier, picture(), target="mouse")
    with pytest.raises(InputError, match="4"):
        engine.explain(classifier, picture(), target=4)
    with pytest.raises(InputError, match="no layer 'top'"):
        engine.explain(classifier, picture(), layer="top")


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is read from /proc")
def test_memory_levels_off_over_ten_thousand_pictures(classifier):
    """Different pictures, so that everything cached must also be let go again."""

    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    rng, engine = np.random.default_rng(0), Engine(cache_bytes=4 * 2**20)
    marks = {}
    for number in range(1, 10_001):
        pixels = rng.integers(0, 255, (16, 16, 3), np.uint8)
        engine.explain(classifier, read_image(pixels), target=number % 4)
        if number in (2_000, 10_000):
            marks[number] = resident()
    assert marks[10_000] - marks[2_000] < 16 * 2**20
