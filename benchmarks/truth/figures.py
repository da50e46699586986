"""Numbers with 95 % intervals: shares, areas under ROC curves, medians, rank correlations.

Proportions carry Wilson's interval; everything else a percentile bootstrap over cases, that is over
trained networks, with positives and negatives drawn apart. BCa is not used: it is undefined where
no resample changes the figure, as in a perfect separation, whose percentile interval has no width.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import DegenerateDataWarning, bootstrap, mannwhitneyu, pearsonr, rankdata
from statsmodels.stats.proportion import proportion_confint

FALSE_ALARMS = 0.05
RESAMPLES = 2000


@dataclass(frozen=True)
class Figure:
    """One measured number; NaN where there is nothing to measure.

    Attributes
    ----------
    value, low, high : float
        The estimate and its 95 % interval.
    n : int
        Cases it stands on.
    hits : int or None
        Of these, how many count; None for what is no proportion.
    """

    value: float
    low: float
    high: float
    n: int
    hits: int | None = None


Figures = dict[str, Figure]  # by the name that is printed


def proportion(hits: Any) -> Figure:
    """Share of True with Wilson's interval.

    Parameters
    ----------
    hits : sequence of bool

    Examples
    --------
    >>> silent = proportion([False] * 60)
    >>> silent.value, silent.hits, silent.n, round(silent.high, 3)
    (0.0, 0, 60, 0.06)
    """
    count, n = int(np.sum(hits)), len(hits)
    if not n:
        return Figure(np.nan, np.nan, np.nan, 0, 0)
    low, high = proportion_confint(count, n, method="wilson")
    return Figure(count / n, float(low), float(high), n, count)


def roc_auc(positives: Any, negatives: Any, axis: int = -1) -> Any:
    """Chance that a positive scores above a negative, ties counting half (Mann and Whitney 1947).

    Parameters
    ----------
    positives, negatives : array of float, (..., p) and (..., n)
    axis : int
        The axis of the cases.

    Examples
    --------
    >>> float(roc_auc(np.array([2.0, 3.0]), np.array([1.0, 2.0])))
    0.875
    """
    pairs = positives.shape[axis] * negatives.shape[axis]
    return mannwhitneyu(positives, negatives, axis=axis, method="asymptotic").statistic / pairs


def recall_at(positives: Any, negatives: Any, axis: int = -1) -> Any:
    """Share of positives above the lowest threshold that at most 5 % of the negatives exceed.

    Parameters
    ----------
    positives, negatives : array of float, (..., p) and (..., n)
    axis : int
        The axis of the cases.

    Examples
    --------
    >>> float(recall_at(np.array([18.0, 18.5, 30.0]), np.arange(20.0)))  # one of 20 exceeds 18
    0.6666666666666666
    """
    threshold = np.quantile(
        negatives, 1 - FALSE_ALARMS, axis=axis, method="inverted_cdf", keepdims=True
    )
    return np.mean(positives > threshold, axis=axis)


def interval(
    statistic: Callable[..., Any], samples: tuple[np.ndarray, ...], seed: int, paired: bool = False
) -> Figure:
    """A statistic of samples of cases with its percentile bootstrap interval.

    Parameters
    ----------
    statistic : callable
        Takes arrays like ``samples`` and ``axis``.
    samples : tuple of array, (n,) each
        Resampled each for itself, or all alike if ``paired``. Without any case in one of them
        there is no value, with a single one no interval.
    seed : int

    Examples
    --------
    >>> interval(np.median, (np.array([0.2, 0.2, 0.2]),), seed=0).value
    0.2
    """
    n = len(samples[0]) if paired else sum(map(len, samples))
    fewest = min(map(len, samples))
    if not fewest:
        return Figure(np.nan, np.nan, np.nan, n)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DegenerateDataWarning)  # NaN says it
        value = float(statistic(*samples, axis=-1))
        if fewest == 1:
            return Figure(value, np.nan, np.nan, n)
        low, high = bootstrap(
            samples, statistic, n_resamples=RESAMPLES, method="percentile", paired=paired, rng=seed
        ).confidence_interval
    return Figure(value, float(low), float(high), n)


def rank_correlation(effect: np.ndarray, reliance: np.ndarray, axis: int = -1) -> Any:
    """Spearman's correlation of two arrays (..., n); NaN where either is constant or n is 1.

    Examples
    --------
    >>> round(float(rank_correlation(np.array([0.1, 0.2, 0.9]), np.array([0.0, 0.3, 0.4]))), 6)
    1.0
    """
    if effect.shape[axis] < 2:
        return np.nan
    return pearsonr(rankdata(effect, axis=axis), rankdata(reliance, axis=axis), axis=axis)[0]
