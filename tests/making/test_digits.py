"""Rendered digits: MNIST's look, and the right digit to both MNIST networks."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.making.digits import render_digit


@pytest.mark.parametrize("digit", range(10))
def test_a_digit_has_mnist_s_frame(digit):
    picture = render_digit(digit, seed=digit)
    assert picture.dtype == np.uint8
    assert picture.shape == (28, 28)
    assert picture.max() > 240
    assert 0.03 < (picture > 127).mean() < 0.3
    assert ((picture > 20) & (picture < 235)).sum() > 20, "edges are soft"
    rows, columns = np.nonzero(picture > 127)
    assert 18 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 21
    center = (np.indices(picture.shape) * picture).sum(axis=(1, 2)) / picture.sum()
    np.testing.assert_allclose(center, 13.5, atol=0.6)
    assert not picture[0].any()
    assert not picture[:, 0].any()


def test_a_seed_is_a_hand():
    np.testing.assert_array_equal(render_digit(4, seed=9), render_digit(4, seed=9))
    hands = [render_digit(4, seed=seed).astype(int) for seed in range(5)]
    for i, hand in enumerate(hands):
        for other in hands[:i]:
            assert np.abs(hand - other).mean() > 4


def test_size_scales_the_same_digit():
    large = render_digit(5, seed=2, size=56)
    shrunk = large.reshape(28, 2, 28, 2).mean(axis=(1, 3))
    assert np.corrcoef(shrunk.ravel(), render_digit(5, seed=2).ravel())[0, 1] > 0.95


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"digit": 10}, "digit is 10"),
        ({"digit": -1}, "digit is -1"),
        ({"digit": 3, "seed": -1}, "seed is -1"),
        ({"digit": 3, "size": 8}, "size is 8"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(InputError, match=named):
        render_digit(**arguments)
