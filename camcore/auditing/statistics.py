"""The audit's statistics: paired tests, families of tests, intervals, and what a run could see."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

from camcore.auditing.rules import RULES
from camcore.errors import InputError

_BATCH = 100  # arrangements held at once
_ROUNDING = 1e-9  # arrangements that tie with the observed one must count as ties


def max_t(observed: np.ndarray, null: np.ndarray) -> np.ndarray:
    """Adjust for many tests at once: the step-down max-T procedure.

    Keeps the family-wise error rate whatever the dependence between the tests, because every
    arrangement is applied to all of them together.

    Parameters
    ----------
    observed : ndarray, shape (m,)
        One statistic a test, large against the null hypothesis, on one scale (studentised).
    null : ndarray, shape (arrangements, m)
        The same statistics under each arrangement, **the observed one among them**, so that no p
        is 0.

    Returns
    -------
    ndarray, shape (m,)
        Adjusted one-sided p.

    References
    ----------
    Westfall & Young, Resampling-Based Multiple Testing, 1993, algorithm 2.8.

    Examples
    --------
    >>> null = np.array([[3.0, 1.0], [1.0, 2.0], [0.0, 0.0], [2.0, -1.0]])
    >>> max_t(null[0], null).tolist()  # 3 is beaten once in 4 (by itself), 1 twice
    [0.25, 0.5]
    """
    order = np.argsort(-observed, kind="stable")
    # Each test is compared with the largest of the tests that are not stronger than itself.
    largest = np.maximum.accumulate(null[:, order[::-1]], axis=1)[:, ::-1]
    p = np.empty(len(observed))
    p[order] = np.maximum.accumulate((largest >= observed[order] - _ROUNDING).mean(axis=0))
    return p


def sign_flip_max_t(
    differences: np.ndarray,
    groups: np.ndarray,
    *,
    permutations: int = RULES.resamples,
    seed: int,
) -> np.ndarray:
    """Test whether paired differences are above zero, for many columns at once.

    Under the null hypothesis a pair's difference is as likely to be negative as positive. The
    statistic of a column is ``sum(d) / sqrt(sum(d^2))``: it orders the arrangements as Student's
    t does, and stays finite where all differences are equal. All arrangements of the signs are
    taken where there are at most `permutations`, random ones else.

    Parameters
    ----------
    differences : ndarray, shape (n, m)
        A row a pair, a column a test, for example excess flips (-1, 0 or 1) or margins.
    groups : ndarray, shape (n,)
        Pairs with one group (near-duplicates) are added up and flip together.
    permutations : int
        Random arrangements; the smallest p is then 1 / (permutations + 1).
    seed : int

    Returns
    -------
    ndarray, shape (m,)
        One-sided p, adjusted over the columns by `max_t`; 1 for a column of zeros.

    Raises
    ------
    InputError
        If a difference is not a finite number, or there is not one group a row.

    Examples
    --------
    >>> differences = np.array([[1, 1], [1, 0], [1, 0], [1, 0]])
    >>> sign_flip_max_t(differences, np.arange(4), seed=0).tolist()  # 1 of 16; 8 of 16
    [0.0625, 0.5]
    """
    values = np.asarray(differences, np.float64)
    if len(groups) != len(values) or not np.isfinite(values).all():
        raise InputError("Differences must be finite numbers, with one group for each row.")
    _, group = np.unique(groups, return_inverse=True)
    sums = np.zeros((group.max(initial=-1) + 1, values.shape[1]))
    np.add.at(sums, group, values)
    sums = sums[np.lexsort(sums.T)]  # the order of the images must not choose their signs
    sums = sums[sums.any(axis=1)]  # what is zero stays zero, and fewer rows are enumerated sooner
    lengths = np.sqrt((sums**2).sum(axis=0))
    moved = lengths > 0
    p = np.ones(values.shape[1])
    if not moved.any():
        return p
    units = sums[:, moved] / lengths[moved]
    if len(units) == 1:  # the library wants two rows; a zero changes nothing
        units = np.vstack([units, np.zeros_like(units)])
    test = stats.permutation_test(
        (units.T,),
        _sum,
        permutation_type="samples",
        vectorized=True,
        axis=-1,
        n_resamples=permutations,
        batch=_BATCH,
        rng=np.random.default_rng(seed),
    )
    null = test.null_distribution
    if 2 ** len(units) > permutations:  # an enumeration holds the observed arrangement already
        null = np.vstack([test.statistic, null])
    p[moved] = max_t(test.statistic, null)
    return p


def bootstrap_interval(
    values: np.ndarray,
    groups: np.ndarray,
    *,
    level: float = 0.95,
    seed: int,
    limit: float | None = 1.0,
) -> tuple[float, float]:
    """Confidence interval of a mean when near-duplicates are drawn together.

    A plain bootstrap of excess flips says [0, 0] after 0 flips of 20 and covers a small true share
    far too seldom. So one more group is added at either limit before resampling, as Agresti and
    Min add to the counts of matched pairs: 0 of 20 gives about -.14 to .14, and the interval holds
    what it promises (coverage .94 to 1 for 20 to 128 pairs and any shares of flips).

    Parameters
    ----------
    values : ndarray, shape (n,)
        For example excess flips: -1, 0 or 1 for each pair.
    groups : ndarray, shape (n,)
        Values with one group are drawn together (cluster bootstrap, percentile intervals).
    level : float
        Probability that the interval covers the mean, between 0 and 1.
    seed : int
    limit : float or None
        Values lie between minus and plus this. None for values without limits (margins): nothing
        is added, and equal values give an interval without width.

    Returns
    -------
    tuple of float
        Low and high end; (nan, nan) without limits and with fewer than two groups.

    References
    ----------
    Agresti & Min, Effects and non-effects of paired identical observations in comparing
    proportions with binary matched-pairs data, Statistics in Medicine 24, 2005.

    Examples
    --------
    >>> low, high = bootstrap_interval(np.zeros(20), np.arange(20), seed=0)
    >>> round(low, 2), round(high, 2)
    (-0.14, 0.14)
    """
    _, group = np.unique(groups, return_inverse=True)
    sums = np.bincount(group, np.asarray(values, np.float64))
    sizes = np.bincount(group).astype(np.float64)
    if limit is None and len(sizes) < 2:
        return float("nan"), float("nan")
    if limit is not None:
        size = sizes.mean() if len(sizes) else 1.0
        sums = np.append(sums, [size * limit, -size * limit])
        sizes = np.append(sizes, [size, size])
    interval = stats.bootstrap(
        (sums, sizes),
        _ratio,
        paired=True,
        vectorized=True,
        axis=-1,
        confidence_level=level,
        method="percentile",
        n_resamples=RULES.resamples,
        batch=_BATCH,
        rng=np.random.default_rng(seed),
    ).confidence_interval
    return float(interval.low), float(interval.high)


def share_interval(
    parts: np.ndarray, wholes: np.ndarray, groups: np.ndarray, *, level: float = 0.95, seed: int
) -> tuple[float, float]:
    """Confidence interval of the share that parts make of their wholes, over groups of pairs.

    Parameters
    ----------
    parts, wholes : ndarray, shape (n,)
        What a part of a cue does to each pair, and what all of it does.
    groups : ndarray, shape (n,)
        Values with one group are drawn together (cluster bootstrap, percentile intervals).
    level : float
        Probability that the interval covers the share, between 0 and 1.
    seed : int

    Returns
    -------
    tuple of float
        Low and high end; (-inf, inf) where the wholes are not surely above zero, so that there is
        nothing to have a share of.

    Examples
    --------
    >>> wholes = np.array([2.0, 4.0, 2.0, 4.0])
    >>> share_interval(wholes / 4, wholes, np.arange(4), seed=0)
    (0.25, 0.25)
    >>> share_interval(wholes, wholes - 3, np.arange(4), seed=0)
    (-inf, inf)
    """
    _, group = np.unique(groups, return_inverse=True)
    sums = np.stack([np.bincount(group, values) for values in (parts, wholes)], axis=1)
    rng = np.random.default_rng(seed)
    drawn = rng.integers(len(sums), size=(RULES.resamples, len(sums)))
    part, whole = sums[drawn].sum(axis=1).T
    outside = (1 - level) / 2
    if np.quantile(whole, outside) <= 0:
        return float("-inf"), float("inf")
    shares = part[whole > 0] / whole[whole > 0]
    low, high = np.quantile(shares, (outside, 1 - outside))
    return float(low), float(high)


def holm(p: np.ndarray) -> np.ndarray:
    """Adjust p for several families of tests: Holm's step-down procedure.

    Parameters
    ----------
    p : ndarray, any shape
        NaN where there was no test; it stays NaN and costs the others nothing.

    Returns
    -------
    ndarray, same shape
        q, from p to 1.

    Examples
    --------
    >>> holm(np.array([0.01, np.nan, 0.04, 0.03])).tolist()
    [0.03, nan, 0.06, 0.06]
    """
    q = np.array(p, np.float64)
    tested = np.isfinite(q)
    if tested.any():
        q[tested] = multipletests(q[tested], method="holm")[1]
    return q


def smallest_effect(
    pairs: int, tests: int, *, alpha: float = RULES.significance, floor: float = RULES.floor
) -> float:
    """The smallest share of excess flips that so many pairs could have shown to be real.

    With k pairs that flip towards the class and none the other way, the exact sign test gives
    p = 2^-k; after Holm over `tests` it must reach alpha.

    Parameters
    ----------
    pairs : int
        Independent pairs (groups of near-duplicates count once).
    tests : int
        Families that are tested together, at least 1.
    alpha, floor : float
        The two conditions of a finding: significance, and the share that counts in practice.

    Returns
    -------
    float
        Share from `floor` to 1; ``inf`` where even flips in every pair would not be enough.

    Examples
    --------
    >>> smallest_effect(64, 10)  # 8 flips: 10 / 2^8 = .039
    0.125
    >>> smallest_effect(1000, 10), smallest_effect(7, 10)
    (0.1, inf)
    """
    flips = next(k for k in itertools.count() if tests * 2.0**-k <= alpha)
    return max(floor, flips / pairs) if flips <= pairs else float("inf")


def _sum(values: np.ndarray, axis: int) -> Any:
    return values.sum(axis=axis)


def _ratio(sums: np.ndarray, sizes: np.ndarray, axis: int) -> Any:
    return sums.sum(axis=axis) / sizes.sum(axis=axis)
