"""Statistics: enumerated by hand where that is possible, else held to what they promise."""

import numpy as np
import pytest

from camcore.auditing.statistics import (
    bootstrap_interval,
    holm,
    max_t,
    sign_flip_max_t,
    smallest_effect,
)
from camcore.errors import InputError


def flips(*columns):
    return np.array(columns, float).T


def p_of(differences, seed=0, groups=None, **options):
    differences = np.asarray(differences, float)
    groups = np.arange(len(differences)) if groups is None else groups
    return sign_flip_max_t(differences, groups, seed=seed, **options)


def test_max_t_steps_down_from_the_strongest():
    # Columns by strength: 2nd (3), 1st (2), 3rd (0). Maxima of all: 3, 2, 4, 1; of the two weaker
    # ones: 2, 2, 1, 1; of the weakest: 0, 2, -1, 1.
    null = np.array([[2.0, 3, 0], [1, 1, 2], [0, 4, -1], [1, 0, 1]])
    np.testing.assert_array_equal(max_t(null[0], null), [2 / 4, 2 / 4, 3 / 4])


def test_four_pairs_are_enumerated():
    # 3 + 1 + 2 - 1 = 5. A sum of 5 or more keeps 3 and 2 and loses at most one of the ones:
    # 3 of 16 sign patterns.
    assert p_of(flips([3, 1, 2, -1])).tolist() == [3 / 16]


def test_two_columns_of_three_pairs_are_enumerated():
    # z = 3/sqrt(3) and 2/sqrt(2). Only +++ brings any column to sqrt(3): 1 of 8. The weaker one
    # alone is reached by ++ and either third sign: 2 of 8.
    assert p_of(flips([1, 1, 1], [1, 1, 0])).tolist() == [1 / 8, 2 / 8]


def test_one_pair_can_only_be_up_or_down():
    assert p_of(flips([2], [0])).tolist() == [1 / 2, 1]
    assert p_of(flips([-2])).tolist() == [1]


@pytest.mark.parametrize("count", range(1, 11))
def test_flips_one_way_are_the_exact_sign_test(count):
    column = np.zeros(64)
    column[:count] = 1
    assert p_of(column[:, None]).tolist() == [2.0**-count]


def test_equal_differences_are_the_strongest_evidence_and_zeros_none():
    p = p_of(flips([0.3] * 40, [0.0] * 40, [-0.3] * 40), permutations=999)
    assert p[0] == 1 / 1000
    assert p[1] == p[2] == 1


def test_a_group_flips_together():
    ones = np.ones((8, 1))
    assert p_of(ones, groups=np.repeat([7, 3, 9, 5], 2)).tolist() == [1 / 16]
    # +1 and -1 in one group are no difference at all.
    assert p_of([[1.0], [-1.0], [1.0]], groups=np.array([0, 0, 1])).tolist() == [1 / 2]


def test_the_order_of_the_pairs_and_of_the_columns_does_not_matter():
    rng = np.random.default_rng(1)
    differences, groups = rng.normal(0.2, 1, (40, 6)), rng.integers(0, 30, 40)
    order = rng.permutation(40)
    p = p_of(differences, groups=groups)
    np.testing.assert_array_equal(p, p_of(differences[order], groups=groups[order]))
    exact = differences[:9]
    np.testing.assert_array_equal(p_of(exact)[::-1], p_of(exact[:, ::-1]))


def test_the_same_seed_gives_the_same_bits_whatever_was_drawn_before():
    differences = np.random.default_rng(2).normal(0.2, 1, (40, 6))
    first = p_of(differences, seed=5)
    np.random.default_rng(5).normal(size=100)
    np.testing.assert_array_equal(first, p_of(differences, seed=5))
    assert (first != p_of(differences, seed=6)).any()


def test_a_strong_column_is_found_among_noise_and_never_has_p_of_zero():
    differences = np.random.default_rng(3).normal(size=(64, 40))
    differences[:, 17] += 2
    p = p_of(differences, permutations=499)
    assert p[17] == 1 / 500
    assert np.delete(p, 17).min() > 0.05


def test_family_wise_error_stays_at_its_level():
    alarms = 0
    for seed in range(150):
        rng = np.random.default_rng(seed)
        differences = rng.choice([-1.0, 0, 1], p=[0.05, 0.9, 0.05], size=(40, 10))
        differences[:, 1] = differences[:, 0]  # dependent tests
        alarms += p_of(differences, seed=seed, permutations=199).min() <= 0.05
    assert alarms <= 14  # at 5 %: 7.5 expected, 14 is the 99 % quantile


def test_differences_without_meaning_are_refused():
    with pytest.raises(InputError, match="finite"):
        p_of([[1.0], [np.nan]])
    with pytest.raises(InputError, match="one group"):
        sign_flip_max_t(np.ones((3, 1)), np.arange(2), seed=0)


def test_no_pairs_say_nothing():
    assert p_of(np.zeros((0, 2))).tolist() == [1, 1]


# Intervals


def interval(values, groups=None, **options):
    values = np.asarray(values, float)
    groups = np.arange(len(values)) if groups is None else groups
    return bootstrap_interval(values, groups, seed=0, **options)


def test_no_flip_of_twenty_does_not_mean_certainly_none():
    low, high = interval(np.zeros(20))
    # Clopper-Pearson: no event in 20 leaves up to 1 - .025^(1/20) = 16.8 %.
    assert -0.17 < low < -0.10
    assert 0.10 < high < 0.17
    assert interval(np.zeros(200))[1] < 0.02


def test_all_flipped_reaches_one_but_not_from_one():
    low, high = interval(np.ones(20))
    assert high == 1
    assert 0.6 < low < 0.9
    assert interval(-np.ones(20))[0] == -1


@pytest.mark.parametrize(("up", "down"), [(0.02, 0.0), (0.1, 0.05), (0.95, 0.0)])
def test_intervals_cover_what_they_promise(up, down):
    rng = np.random.default_rng(0)
    draws = rng.choice([1, -1, 0], p=[up, down, 1 - up - down], size=(200, 30))
    covered = 0
    for values in draws:
        low, high = interval(values)
        covered += low <= up - down <= high
    assert covered >= 184  # at 95 %: 190 expected, 184 is the 4 % quantile


def test_copies_make_no_interval_narrower():
    values = np.random.default_rng(4).choice([-1, 0, 1], p=[0.1, 0.6, 0.3], size=40)
    copied = interval(np.repeat(values, 8), np.repeat(np.arange(40), 8))
    np.testing.assert_allclose(copied, interval(values), rtol=1e-12)


def test_a_higher_level_is_wider():
    values = np.random.default_rng(5).choice([-1, 0, 1], size=50)
    (low, high), (lower, higher) = interval(values, level=0.8), interval(values, level=0.99)
    assert lower < low < values.mean() < high < higher


def test_values_without_limits_get_nothing_added():
    assert interval(np.full(10, 3.5), limit=None) == (3.5, 3.5)
    assert np.isnan(interval([1.0, 2.0], groups=np.zeros(2), limit=None)).all()
    values = np.random.default_rng(6).normal(2, 1, 100)
    low, high = interval(values, limit=None)
    half = 1.96 * values.std() / 10
    np.testing.assert_allclose([low, high], [values.mean() - half, values.mean() + half], atol=0.03)


def test_no_values_leave_everything_open():
    assert interval([]) == (-1, 1)


# Families


def test_holm_by_hand():
    # .005 x 4, .01 x 3, .03 x 2, .04 x 1 but not below the one before.
    q = holm(np.array([0.01, 0.04, 0.03, 0.005]))
    np.testing.assert_allclose(q, [0.03, 0.06, 0.06, 0.02], rtol=1e-12)


def test_holm_leaves_out_what_was_not_tested():
    q = holm(np.array([[0.01, np.nan], [0.5, 0.8]]))
    np.testing.assert_allclose(q, [[0.03, np.nan], [1.0, 1.0]], rtol=1e-12)
    assert np.isnan(holm(np.array([np.nan, np.nan]))).all()
    assert holm(np.array([])).size == 0


# What a run could see


@pytest.mark.parametrize(
    ("pairs", "tests", "share"),
    [
        (20, 1, 5 / 20),  # 2^-5 = .031
        (64, 10, 8 / 64),  # 10 / 2^8 = .039
        (128, 10, 0.1),  # 8 of 128 are below the floor
        (8, 10, 1.0),
        (7, 10, np.inf),
        (0, 1, np.inf),
    ],
)
def test_smallest_effect(pairs, tests, share):
    assert smallest_effect(pairs, tests) == share


@pytest.mark.parametrize("tests", [1, 3, 10])
def test_smallest_effect_is_what_the_tests_find(tests):
    share = smallest_effect(40, tests)
    for count, detected in [(round(share * 40), True), (round(share * 40) - 1, False)]:
        column = np.zeros((40, 1))
        column[:count] = 1
        family = np.ones(tests)
        family[0] = p_of(column)[0]
        assert (holm(family)[0] < 0.05) == detected
