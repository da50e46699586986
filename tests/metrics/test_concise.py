"""Average drop, increase, coherency, complexity and ADCC by hand."""

import numpy as np
import pytest

from camcore.metrics import adcc, average_drop, coherency, complexity, increase


def test_drop_is_the_share_that_is_lost():
    assert average_drop(0.8, 0.6) == pytest.approx(0.25)
    assert average_drop(0.8, 0.0) == 1
    assert average_drop(0.8, 0.9) == 0
    assert average_drop(0.0, 0.4) == 0


def test_increase_needs_more():
    assert (increase(0.5, 0.6), increase(0.5, 0.5), increase(0.5, 0.4)) == (1, 0, 0)


def test_nothing_known_stays_unknown():
    nan = float("nan")
    assert np.isnan(average_drop(0.5, nan))
    assert np.isnan(average_drop(nan, 0.5))
    assert np.isnan(increase(nan, 0.5))
    assert np.isnan(adcc(nan, 0.5, 0.5))
    assert np.isnan(adcc(0.5, 0.5, nan))


def test_coherency_is_half_of_one_plus_the_correlation():
    a = np.array([1.0, 2, 3])
    assert coherency(a, a) == pytest.approx(1)
    assert coherency(a, -a) == pytest.approx(0)
    assert coherency(a, np.array([0.0, 3, 3])) == pytest.approx((1 + 3 / 12**0.5) / 2)
    assert coherency(a, np.zeros(3)) == 0


def test_complexity_is_the_mean():
    assert complexity(np.array([[1.0, 0.5], [0.0, 0.0]], np.float32)) == 0.375


def test_adcc_is_a_harmonic_mean():
    # 3 / (1/0.5 + 1/(1 - 0.75) + 1/(1 - 0.2)) = 3 / (2 + 4 + 1.25)
    assert adcc(0.5, 0.75, 0.2) == pytest.approx(3 / 7.25)
    assert adcc(1, 0, 0) == 1


@pytest.mark.parametrize("terms", [(0, 0.5, 0.5), (0.5, 1, 0.5), (0.5, 0.5, 1)])
def test_adcc_is_nothing_where_one_term_is(terms):
    assert adcc(*terms) == 0
