"""Which scaling a few pictures speak for, on a network whose answers are known exactly."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from camcore.auditing.audited_classes import match_classes
from camcore.auditing.preflight.reading import (
    Answers,
    ask,
    better_scaling,
    named_rightly,
    scalings_of,
)
from camcore.errors import InputError
from camcore.sources.source import Source, read_source
from tests.auditing.linear_classifier import GRID, SIDE, LinearClassifier


def levels(folder, **levels: int) -> Source:
    """Ten even pictures a label, each label at its own gray level."""
    for label, level in levels.items():
        (folder / label).mkdir()
        for number in range(10):
            pixels = np.full((SIDE, SIDE, 3), level, np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")
    return read_source(folder, unpack_to=folder / "unpacked")


def brighter(threshold: float) -> LinearClassifier:
    """Says b where a picture's mean is above a threshold, as a number that the network gets."""
    weights = np.zeros((GRID, GRID, 3, 2), np.float32)
    weights[..., 1] = 1 / (GRID * GRID * 3)
    return LinearClassifier(weights, (threshold, 0.0))


def test_the_scaling_of_training_names_them_all(tmp_path):
    source = levels(tmp_path, a=100, b=150)
    model = brighter(0.0)  # trained on -1..1: 100 is below zero, 150 above
    answers = ask(source, model, ("0-1", "-1..1"))
    assert answers.labels == ("a",) * 10 + ("b",) * 10
    right = named_rightly(answers, match_classes({"a": 10, "b": 10}, ("a", "b")), "softmax")
    assert {name: int(correct.sum()) for name, correct in right.items()} == {"0-1": 10, "-1..1": 20}
    assert better_scaling(right, "0-1") == "-1..1"
    assert better_scaling(right, "-1..1") == "-1..1"


def test_a_scaling_that_tells_nothing_apart_changes_nothing(tmp_path):
    source = levels(tmp_path, a=100, b=150)
    answers = ask(source, brighter(0.5), ("0-1", "none"))
    right = named_rightly(answers, match_classes({"a": 10, "b": 10}, ("a", "b")), "softmax")
    assert {name: int(correct.sum()) for name, correct in right.items()} == {"0-1": 20, "none": 10}
    assert better_scaling(right, "0-1") == "0-1"


@pytest.mark.parametrize(("gained", "lost", "best"), [(5, 0, "y"), (4, 0, "x"), (8, 2, "x")])
def test_a_sign_test_decides(gained, lost, best):
    x = np.array([False] * gained + [True] * lost + [True] * 5)
    y = np.array([True] * gained + [False] * lost + [True] * 5)
    assert better_scaling({"x": x, "y": y}, "x") == best


def test_labels_that_are_left_out_do_not_count():
    classes = match_classes({"a": 1, "b": 1, "z": 1}, ("a", "b"))
    scores = np.array([[2, 1], [2, 1], [1, 2]], np.float32)
    right = named_rightly(Answers({"0-1": scores}, ("a", "z", "b"), 0.1), classes, "softmax")
    assert right["0-1"].tolist() == [True, True]


def test_unreadable_pictures_are_passed_over(tmp_path):
    source = levels(tmp_path, a=100, b=150)
    for number in range(10):
        (tmp_path / "b" / f"{number}.png").write_bytes(b"broken")
    assert ask(source, brighter(0.5)).labels == ("a",) * 10
    for number in range(10):
        (tmp_path / "a" / f"{number}.png").write_bytes(b"broken")
    with pytest.raises(InputError, match="none of the 20 pictures looked at"):
        ask(source, brighter(0.5))


def test_gray_models_have_no_colour_scalings():
    model = brighter(0.5)
    assert scalings_of(model) == ("0-1", "none", "-1..1", "caffe", "torch")
    model.input_shape = (SIDE, SIDE, 1)
    assert scalings_of(model) == ("0-1", "none", "-1..1")
