"""Responses: what moves the score inside a class, and only there."""

import numpy as np
import pandas as pd
import pytest

from camcore.auditing.evidence.response import response, response_curve
from camcore.errors import InputError

NAMES = ["cat", "dog"]


def normal(count, seed=0):
    return np.random.default_rng(seed).normal(size=count)


def test_a_property_that_moves_the_score_of_one_class_is_on_top():
    classes = np.repeat([0, 1], 60)
    light = normal(120)
    margins = np.where(classes == 1, 2 - 0.5 * light, normal(120, 1))
    result = response(
        margins, pd.DataFrame({"light": light, "width": normal(120, 2)}), classes, NAMES
    )
    first = result.iloc[0]
    assert (first["class"], first["name"], first["property"]) == (1, "dog", "light")
    assert first["rho"] == -1
    assert first["slope"] == pytest.approx(-0.5)
    assert (result["q"][1:] > 0.05).all()
    assert len(result) == 4


def test_a_difference_between_classes_is_no_response():
    classes = np.repeat([0, 1], 100)
    light = 5 * classes + normal(200)  # dogs are brighter and recognised better
    margins = 3 * classes + normal(200, 1)
    result = response(margins, pd.DataFrame({"light": light}), classes, NAMES)
    assert (result["q"] > 0.05).all()


def test_spearman_by_hand():
    # Ranks 1..30 with the first two exchanged: rho = 1 - 6 (1 + 1) / (30 (900 - 1)).
    values = np.arange(30.0)
    margins = np.exp(values / 9)
    margins[[0, 1]] = margins[[1, 0]]
    result = response(margins, pd.DataFrame({"x": values}), np.zeros(30, int), NAMES)
    assert result.loc[0, "rho"] == pytest.approx(1 - 12 / 26970, rel=1e-12)


def test_holm_is_over_all_rows_that_were_tested():
    classes = np.repeat([0, 1], 50)
    table = pd.DataFrame({"a": normal(100), "b": normal(100, 1), "constant": 1.0})
    result = response(normal(100, 2), table, classes, NAMES)
    assert result["p"].notna().sum() == 4
    assert result.loc[0, "q"] == pytest.approx(min(1, 4 * result["p"].min()))
    assert result.tail(2)["property"].tolist() == ["constant", "constant"]
    assert result.tail(2)[["rho", "p", "slope", "q"]].isna().all().all()


def test_missing_numbers_are_left_out():
    margins, values = normal(60), normal(60, 1)
    expected = response(margins, pd.DataFrame({"x": values}), np.zeros(60, int), NAMES)
    margins = np.append(margins, [np.nan, 1.0, 2.0])
    values = np.append(values, [0.0, np.nan, np.inf])
    result = response(margins, pd.DataFrame({"x": values}), np.zeros(63, int), NAMES)
    pd.testing.assert_frame_equal(result, expected)
    margins[20:] = np.nan  # too few are left
    result = response(margins, pd.DataFrame({"x": values}), np.zeros(63, int), NAMES)
    assert result[["rho", "q"]].isna().all().all()


def test_copies_are_no_evidence():
    margins, table = normal(40), pd.DataFrame({"x": normal(40, 1)})
    copies = np.repeat(np.arange(40), 20)
    result = response(margins[copies], table.iloc[copies], np.zeros(800, int), NAMES, groups=copies)
    pd.testing.assert_frame_equal(result, response(margins, table, np.zeros(40, int), NAMES))


def test_noise_is_not_flagged():
    values = np.random.default_rng(0).normal(size=(1600, 26))
    names = [str(number) for number in range(40)]
    result = response(values[:, 0], pd.DataFrame(values[:, 1:]), np.arange(1600) % 40, names)
    assert len(result) == 1000
    assert 30 <= (result["p"] <= 0.05).sum() <= 72  # at 5 %: 50 expected, from .1 to 99.9 %
    assert result["q"].min() > 0.05


def test_classes_that_are_too_small_or_unknown_are_left_out():
    classes = np.repeat([0, 1, -1], [29, 30, 50])
    result = response(normal(109), pd.DataFrame({"x": normal(109, 1)}), classes, NAMES)
    assert result["class"].tolist() == [1]
    result = response(np.zeros(0), pd.DataFrame({"x": np.zeros(0)}), np.zeros(0, int), NAMES)
    assert result.empty
    assert list(result.columns) == ["class", "name", "property", "rho", "p", "slope", "q"]


def test_what_does_not_fit_is_refused():
    with pytest.raises(InputError, match="2 margins, 3 rows of properties and 3 classes"):
        response(np.zeros(2), pd.DataFrame({"x": np.zeros(3)}), np.zeros(3, int), NAMES)
    with pytest.raises(InputError, match="Class 2 has no name"):
        response(np.zeros(1), pd.DataFrame({"x": np.zeros(1)}), np.array([2]), NAMES)


def test_a_curve_by_hand():
    # Two bins of five; the interval is 2.776 (t, 4 degrees) x 1.581 / sqrt(5) to either side.
    margin = np.array([1.0, 2, 3, 4, 5, 11, 12, 13, 14, 15])
    centres, means, low, high = response_curve(margin, np.arange(10.0), bins=8)
    assert centres.tolist() == [2, 7]
    assert means.tolist() == [3, 13]
    np.testing.assert_allclose(means - low, 1.96324, atol=1e-5)
    np.testing.assert_allclose(high - means, 1.96324, atol=1e-5)


def test_a_curve_follows_what_is_planted():
    values = np.random.default_rng(0).uniform(-3, 3, 4000)
    margin = values**2 + normal(4000, 1)
    centres, means, low, high = response_curve(margin, values)
    assert len(centres) == 8
    assert (np.diff(centres) > 0).all()
    width = 6 / 8
    truth = centres**2 + width**2 / 12  # the mean of a square over a bin
    np.testing.assert_allclose(means, truth, atol=0.3)
    assert (low < means).all()
    assert (means < high).all()


def test_intervals_of_a_curve_cover_what_they_promise():
    covered = []
    for seed in range(60):
        margin, values = np.random.default_rng(seed).normal(size=(2, 80))
        _, _, low, high = response_curve(margin, values)
        covered += list((low < 0) & (high > 0))
    assert len(covered) == 480
    assert sum(covered) >= 448  # at 95 %: 456 expected, 448 is the 5 % quantile


def test_equal_values_share_a_bin():
    centres, means, _, _ = response_curve(np.arange(40.0), np.repeat([0.0, 1.0], [35, 5]))
    assert centres.tolist() == [0, 1]
    assert means.tolist() == [17, 37]


def test_curves_of_next_to_nothing():
    for part in response_curve(np.zeros(0), np.zeros(0)):
        assert part.size == 0
    _, means, low, high = response_curve(np.array([2.0, np.nan]), np.array([1.0, 3.0]))
    assert means.tolist() == [2]
    assert np.isnan([low, high]).all()
