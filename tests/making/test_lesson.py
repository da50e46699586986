"""The live training: its views are what its network computes, and it disturbs nobody."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import camcore
from camcore.errors import ImageError, InputError
from camcore.making import lesson
from camcore.making.digits import render_digit
from camcore.making.lesson import train_live


@pytest.fixture(scope="module")
def mnist_file(tmp_path_factory):
    pixels = np.stack([render_digit(k % 10, k) for k in range(450)])
    labels = np.arange(450, dtype=np.uint8) % 10
    path = tmp_path_factory.mktemp("mnist") / "mnist.npz"
    np.savez(path, x_train=pixels, y_train=labels, x_test=pixels[:10], y_test=labels[:10])
    return path


@pytest.fixture(autouse=True)
def _no_download(monkeypatch, keras, tmp_path):
    def fail():
        raise AssertionError("MNIST is not to be fetched here")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", fail)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))


@pytest.fixture(scope="module")
def live(mnist_file):
    views = []
    done = train_live(3, mnist=mnist_file, target=4, progress=views.append)
    return done, views


def losses(done):
    return [view.loss for view in done.epochs]


def test_one_view_an_epoch_as_it_goes(live):
    done, views = live
    assert tuple(views) == done.epochs
    assert [(view.epoch, view.epochs) for view in views] == [(1, 3), (2, 3), (3, 3)]
    assert losses(done)[2] < losses(done)[0]
    held = 450 // 9
    for view in views:
        assert (view.validation_accuracy * held) == pytest.approx(
            round(view.validation_accuracy * held), abs=1e-4
        )
        assert view.raw.shape == (3, 3)
        assert view.target == 4
        assert view.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert not np.allclose(views[0].raw, views[1].raw)


def test_the_last_view_is_what_the_network_says(live):
    done, views = live
    assert done.source == "MNIST"
    assert done.classifier.class_names == tuple("0123456789")
    seen = done.digit[None, ..., None].astype(np.float32)
    scores, probabilities = done.classifier.scores(seen)
    np.testing.assert_allclose(views[-1].scores, scores[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(views[-1].probabilities, probabilities[0], rtol=1e-4, atol=1e-5)
    picture = camcore.read_image(done.digit, name="digit")
    explanation = camcore.explain(done.classifier, picture, method="cam", target=4)
    np.testing.assert_allclose(views[-1].raw, explanation.heatmap.raw, rtol=1e-4, atol=1e-4)


def test_the_digit_is_one_of_the_target_and_held_out(live, mnist_file):
    done, _ = live
    with np.load(mnist_file) as arrays:
        same = (arrays["x_train"] == done.digit).all(axis=(1, 2))
        assert arrays["y_train"][same].tolist() == [4]


def test_a_given_digit_is_mapped_for_the_class_that_it_is_taken_for(mnist_file):
    drawn = render_digit(8, 7, size=280)
    done = train_live(1, mnist=mnist_file, digit=drawn)
    (view,) = done.epochs
    assert view.target == view.scores.argmax()
    assert done.digit.shape == (28, 28)
    same = train_live(1, mnist=mnist_file, digit=camcore.read_image(drawn, name="eight"), target=3)
    assert same.epochs[0].target == 3
    np.testing.assert_array_equal(same.digit, done.digit)


def test_an_exception_of_progress_ends_it(mnist_file):
    class Stopped(Exception):
        pass

    epochs = []

    def stop(view):
        epochs.append(view.epoch)
        if len(epochs) == 2:
            raise Stopped

    with pytest.raises(Stopped):
        train_live(5, mnist=mnist_file, progress=stop)
    assert epochs == [1, 2]


def test_two_at_a_time_are_as_two_alone_and_no_generator_is_set(mnist_file):
    def run(seed):
        return losses(train_live(2, mnist=mnist_file, seed=seed))

    random.seed(1)
    alone = [run(0), run(1)]
    random.seed(2)
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    with ThreadPoolExecutor(2) as workers:
        together = list(workers.map(run, (0, 1)))
    np.testing.assert_allclose(together, alone, rtol=1e-2)
    assert abs(alone[0][0] - alone[1][0]) > 0.02
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002


def test_without_mnist_digits_are_drawn(monkeypatch, mnist_file, tmp_path):
    monkeypatch.setattr(lesson, "DRAWN_TRAINING", 50)
    monkeypatch.setattr(lesson, "DRAWN_VALIDATION", 10)
    lesson._drawn.cache_clear()
    assert train_live(1).source == "drawn digits"

    kept = tmp_path / "keras" / "datasets" / "mnist.npz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(mnist_file.read_bytes())
    assert train_live(1).source == "MNIST"

    kept.write_bytes(b"half a download")
    assert train_live(1).source == "drawn digits"
    lesson._drawn.cache_clear()


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"epochs": 0}, InputError, "epochs is 0"),
        ({"epochs": 101}, InputError, "epochs is 101"),
        ({"seed": -1}, InputError, "seed is -1"),
        ({"target": 10}, InputError, "target is 10"),
        ({"mnist": "nowhere.npz"}, InputError, "nowhere.npz"),
        ({"digit": np.zeros((2, 2, 2, 2))}, ImageError, "digit"),
    ],
)
def test_what_does_not_fit_is_refused(options, error, said):
    with pytest.raises(error, match=said):
        train_live(**options)
