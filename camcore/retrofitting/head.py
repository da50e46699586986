"""The linear head of a retrofitted network: multinomial logistic regression on pooled features."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split

from camcore.errors import ModelError

FEWEST = 5
"""Pictures that every class must have: one to validate on, and two for each of two folds."""

_STRENGTHS = np.logspace(-4, 2, 7)
_FOLDS = 3


@dataclass(frozen=True, eq=False)
class Head:
    """A linear head, and how often it is right.

    Attributes
    ----------
    weights : ndarray, shape (K, C), float32
    bias : ndarray, shape (C,), float32
    train_accuracy, validation_accuracy : float
        0 to 1, on the pictures that it was fitted to and on those that it has never seen.
    """

    weights: np.ndarray
    bias: np.ndarray
    train_accuracy: float
    validation_accuracy: float


def fit_head(
    features: np.ndarray, labels: np.ndarray, validation: float | np.ndarray, seed: int
) -> Head:
    """Fit a head on one part of the pictures and count its right answers on the other.

    Where the parts are drawn here, they hold the classes in the same proportions. How strongly
    large weights are discouraged is chosen by cross-validation inside the first part, by log-loss,
    so that the second part decides nothing.

    Parameters
    ----------
    features : ndarray, shape (N, K)
    labels : ndarray, shape (N,)
        Class indices from 0 without gaps, at least `FEWEST` pictures of each.
    validation : float or ndarray of bool, shape (N,)
        Share of the second part, of which each class gets at least one picture, as far as the
        proportions allow; or which pictures it consists of.
    seed : int

    Raises
    ------
    ModelError
        If all pictures have the same features.

    Examples
    --------
    >>> labels = np.repeat([0, 1], 10)
    >>> head = fit_head(np.column_stack([labels, -labels, 0 * labels]), labels, 0.2, seed=0)
    >>> head.validation_accuracy, head.weights.shape, bool(head.weights[0, 1] > 0)
    (1.0, (3, 2), True)
    """
    classes = int(labels.max()) + 1
    places = np.arange(len(labels))
    if isinstance(validation, np.ndarray):
        train, test = places[~validation], places[validation]
    else:
        held = max(math.ceil(validation * len(labels)), classes)
        train, test = train_test_split(places, test_size=held, stratify=labels, random_state=seed)
    # One scale for all channels: a channel that hardly varies is not blown up to a large weight.
    centre = features[train].mean(axis=0, dtype=np.float64)
    spread = float(features[train].std(axis=0, dtype=np.float64).mean())
    if spread == 0:
        raise ModelError(
            "this network gives the same features for every picture, so nothing can be learned "
            "from them; choose another layer or another preprocessing."
        )
    folds = min(_FOLDS, int(np.bincount(labels[train]).min()))
    search = GridSearchCV(
        LogisticRegression(max_iter=1000),
        {"C": _STRENGTHS},
        scoring="neg_log_loss",
        cv=StratifiedKFold(folds, shuffle=True, random_state=seed),
    )
    with warnings.catch_warnings():
        # The largest strengths may stop early where classes are separable; they are scored so.
        warnings.simplefilter("ignore", ConvergenceWarning)
        search.fit((features[train] - centre) / spread, labels[train])
    weights, bias = search.best_estimator_.coef_.T / spread, search.best_estimator_.intercept_
    if classes == 2:  # one column for the difference of the two scores
        weights, bias = weights * [-0.5, 0.5], bias * [-0.5, 0.5]
    bias = (bias - centre @ weights).astype(np.float32)
    weights = weights.astype(np.float32)

    def accuracy(part: np.ndarray) -> float:
        predicted = (features[part] @ weights + bias).argmax(axis=1)
        return float((predicted == labels[part]).mean())

    return Head(weights, bias, accuracy(train), accuracy(test))
