"""A probe on feature maps that are known on paper."""

import numpy as np
import pytest
from cell_classifiers import CellClassifier

from camcore.metrics.layer_probe import probe_accuracy


def flat(*values):
    """One picture for each value, the same everywhere."""
    return np.float32(values)[:, None, None, None] * np.ones((1, 3, 3, 1), np.float32)


@pytest.fixture
def model():
    return CellClassifier(np.ones((3, 3)))


def test_the_nearest_class_mean_answers(model):
    # Class means of x are 0.1 and 0.7: the border is at 0.4.
    learnt = flat(0.0, 0.2, 0.6, 0.8), np.array([0, 0, 1, 1])
    held = flat(0.1, 0.39, 0.41, 0.9), np.array([0, 0, 1, 1])
    assert probe_accuracy(model, "maps", learnt, held) == 1.0
    wrong = flat(0.41, 0.39, 0.41, 0.9), np.array([0, 0, 1, 1])
    assert probe_accuracy(model, "maps", learnt, wrong) == 0.75


def test_a_layer_that_says_nothing_is_right_by_chance(model):
    learnt = flat(0.5, 0.5), np.array([0, 1])
    held = flat(0.0, 0.2, 0.6, 1.0), np.array([0, 0, 1, 1])
    assert probe_accuracy(model, "maps", learnt, held) == 0.5


def test_labels_are_names_and_not_places(model):
    learnt = flat(0.0, 1.0), np.array([7, 3])
    held = flat(0.1, 0.9), np.array([7, 3])
    assert probe_accuracy(model, "maps", learnt, held) == 1.0
