"""Average drop, increase, coherency, complexity, and ADCC, which sums them up.

Poppi et al., "Revisiting the Evaluation of Class Activation Mapping for Explainability", CVPRW
2021, arXiv:2104.10252; drop and increase after Chattopadhay et al., WACV 2018, arXiv:1710.11063.
"""

from __future__ import annotations

import math

import numpy as np

from camcore.metrics.agreement import pearson


def average_drop(whole: float, kept: float) -> float:
    """Share of the class probability that is lost: ``max(0, whole - kept) / whole``.

    Parameters
    ----------
    whole, kept : float, 0 to 1
        Probability of the class in the whole picture, and where only what the map shows is kept.

    Returns
    -------
    float, 0 (nothing lost) to 1; 0 where ``whole`` is 0. Its mean over pictures is the average
    drop.

    Examples
    --------
    >>> average_drop(0.8, 0.4), average_drop(0.5, 0.9), average_drop(0.0, 0.5)
    (0.5, 0.0, 0.0)
    """
    if whole == 0:
        return 0.0
    return float(np.maximum(0.0, whole - kept) / whole)


def increase(whole: float, kept: float) -> float:
    """1 where a class is more probable when only what the map shows is kept, else 0.

    Its mean over pictures is the increase in confidence.

    Examples
    --------
    >>> increase(0.5, 0.9), increase(0.5, 0.5)
    (1.0, 0.0)
    """
    return float("nan") if math.isnan(whole) or math.isnan(kept) else float(kept > whole)


def coherency(a: np.ndarray, b: np.ndarray) -> float:
    r"""How far a map stays itself: :math:`(1 + r) / 2` of their Pearson correlation r.

    Parameters
    ----------
    a, b : ndarray of the same shape
        The map, and the map of the picture of which only what the map shows is kept.

    Returns
    -------
    float, 0 to 1; 0 where one of them is flat, which leaves nothing to correlate.

    Examples
    --------
    >>> coherency(np.array([0.0, 1.0]), np.array([0.0, 0.5]))
    1.0
    >>> coherency(np.array([0.0, 1.0]), np.array([0.0, 0.0]))
    0.0
    """
    r = pearson(a, b)
    return 0.0 if math.isnan(r) else (1 + r) / 2


def complexity(values: np.ndarray) -> float:
    """Mean of a map in 0..1: a map that says the same with less is simpler.

    Examples
    --------
    >>> complexity(np.array([[0.0, 1.0], [0.0, 1.0]]))
    0.5
    """
    return float(np.mean(values, dtype=np.float64))


def adcc(coherency: float, complexity: float, drop: float) -> float:
    r"""ADCC: harmonic mean of coherency, 1 - complexity and 1 - drop, 0 to 1.

    :math:`3 / (1/\mathrm{coherency} + 1/(1 - \mathrm{complexity}) + 1/(1 - \mathrm{drop}))`; 0
    where one of them is 0.

    Examples
    --------
    >>> adcc(0.5, 0.5, 0.5), adcc(1.0, 0.2, 1.0)
    (0.5, 0.0)
    """
    terms = (coherency, 1 - complexity, 1 - drop)
    if min(terms) <= 0:
        return 0.0
    return 3 / sum(1 / term for term in terms)
