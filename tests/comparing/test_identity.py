"""CAM = H·W · Grad-CAM: where it holds, and what is said where it does not."""

from __future__ import annotations

import math

import pytest
from pooled_classifier import PooledClassifier, one_bright_corner

from camcore import Engine
from camcore.comparing import identity
from camcore.models.keras.classifier import KerasClassifier


def test_on_paper():
    result = identity(Engine(), PooledClassifier(), one_bright_corner(), 0, "last")
    assert (result.holds, result.reason) == (True, "")
    assert (result.height, result.width) == (2, 2)
    assert (result.largest_difference, result.scale) == (0, 4)
    assert (result.mean_cam, result.bias, result.mean_plus_bias, result.class_score) == (1, 1, 2, 2)


def test_where_more_lies_behind_the_layer_it_says_so():
    result = identity(Engine(), PooledClassifier(), one_bright_corner(), 0, "first")
    assert not result.holds
    assert "global average pooling" in result.reason
    assert math.isnan(result.scale)


def test_weights_that_are_not_those_of_the_score_are_found_out():
    result = identity(Engine(), PooledClassifier(told=2.0), one_bright_corner(), 0, "last")
    assert not result.holds
    assert (result.largest_difference, result.scale) == (4, 8)
    assert "differ by up to 4" in result.reason


@pytest.mark.parametrize("target", [0, 3])
def test_on_a_network_with_pooling_and_softmax(gap_model, picture, target):
    model = KerasClassifier(gap_model)
    result = identity(Engine(), model, picture(), target)
    assert result.holds, result.reason
    assert result.class_score == pytest.approx(result.mean_plus_bias, abs=1e-5)


def test_on_a_network_without_pooling(tiny_model, picture):
    result = identity(Engine(), KerasClassifier(tiny_model), picture())
    assert not result.holds
    assert "tiny" in result.reason
