"""CAM = H·W · Grad-CAM: where it holds, and what is said where it does not."""

from __future__ import annotations

import math

import pytest
from pooled_classifier import PooledClassifier, one_bright_corner

from camcore import Engine
from camcore.comparing import identity
from camcore.models.keras.classifier import KerasClassifier


def test_on_paper():
    found = identity(Engine(), PooledClassifier(), one_bright_corner(), 0, "last")
    assert (found.holds, found.reason) == (True, "")
    assert (found.height, found.width) == (2, 2)
    assert (found.largest_difference, found.scale) == (0, 4)
    assert (found.mean_cam, found.bias, found.mean_plus_bias, found.class_score) == (1, 1, 2, 2)


def test_where_more_lies_behind_the_layer_it_says_so():
    found = identity(Engine(), PooledClassifier(), one_bright_corner(), 0, "first")
    assert not found.holds
    assert "global average pooling" in found.reason
    assert math.isnan(found.scale)


def test_weights_that_are_not_those_of_the_score_are_found_out():
    found = identity(Engine(), PooledClassifier(told=2.0), one_bright_corner(), 0, "last")
    assert not found.holds
    assert (found.largest_difference, found.scale) == (4, 8)
    assert "differ by up to 4" in found.reason


@pytest.mark.parametrize("target", [0, 3])
def test_on_a_network_with_pooling_and_softmax(gap_model, picture, target):
    model = KerasClassifier(gap_model)
    found = identity(Engine(), model, picture(), target)
    assert found.holds, found.reason
    assert found.class_score == pytest.approx(found.mean_plus_bias, abs=1e-5)


def test_on_a_network_without_pooling(tiny_model, picture):
    found = identity(Engine(), KerasClassifier(tiny_model), picture())
    assert not found.holds
    assert "tiny" in found.reason
