"""A linear head fitted to weighted features, and what counts how much."""

from __future__ import annotations

import warnings

import numpy as np
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from camcore.errors import ModelError

_STRENGTHS = np.logspace(-3, 2, 6)


def balanced(*groups: np.ndarray) -> np.ndarray:
    """Weights (N,) by which every combination of groups counts the same; their mean is 1.

    Examples
    --------
    >>> balanced(np.array([0, 0, 0, 1])).round(2).tolist()
    [0.67, 0.67, 0.67, 2.0]
    """
    _, cell = np.unique(np.stack(groups, axis=1), axis=0, return_inverse=True)
    cell = cell.ravel()
    weights = 1.0 / np.bincount(cell)[cell]
    scaled: np.ndarray = weights / weights.mean()
    return scaled


def fit_head(
    features: np.ndarray, columns: np.ndarray, weights: np.ndarray, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Weights (K, C) and bias (C,) of a multinomial logistic regression.

    Parameters
    ----------
    features : ndarray, shape (N, K)
    columns : ndarray, shape (N,)
        Of the classes, from 0 without gaps.
    weights : ndarray, shape (N,)
    strength : float
        Inverse of how strongly large weights are discouraged.

    Raises
    ------
    ModelError
        If all pictures have the same features.
    """
    centre = features.mean(axis=0, dtype=np.float64)
    spread = float(features.std(axis=0, dtype=np.float64).mean())
    if spread == 0:
        raise ModelError("this network gives the same features for every picture.")
    model = LogisticRegression(C=strength, max_iter=500)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # separable classes: judged as it is
        model.fit((features - centre) / spread, columns, sample_weight=weights)
    matrix, bias = model.coef_.T / spread, model.intercept_
    if matrix.shape[1] == 1:  # one column for the difference of the two scores
        matrix, bias = matrix * [-0.5, 0.5], bias * [-0.5, 0.5]
    return matrix.astype(np.float32), (bias - centre @ matrix).astype(np.float32)


def chosen_head(
    features: np.ndarray,
    columns: np.ndarray,
    weights: np.ndarray,
    inner: np.ndarray,
    judged: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> tuple[np.ndarray, np.ndarray, float]:
    """The head whose strength does best on pictures that it was not fitted to, then fitted to all.

    By log-loss: right answers alone would take a head that is hardly sure of any.

    Parameters
    ----------
    features, columns, weights
        As for `fit_head`.
    inner : ndarray of bool, shape (N,)
        The pictures that the strength is chosen with.
    judged : tuple of ndarray
        Features, columns and weights of the others, which need not be among the N.

    Returns
    -------
    weights, bias : ndarray
    accuracy : float
        Weighted, of the best strength on `judged`.
    """
    features_judged, truth, counts = judged
    scored = []
    for strength in _STRENGTHS:
        matrix, bias = fit_head(features[inner], columns[inner], weights[inner], strength)
        chances = log_softmax(features_judged @ matrix + bias, axis=1)
        right = chances.argmax(axis=1) == truth
        loss = -np.average(chances[np.arange(len(truth)), truth], weights=counts)
        scored.append((float(loss), strength, float(np.average(right, weights=counts))))
    _, strength, accuracy = min(scored)
    return *fit_head(features, columns, weights, strength), accuracy
