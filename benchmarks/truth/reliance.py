"""The truth of a case: what the cue does to the network, on pairs that the audit never sees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RELIED, UNRELIED = 0.10, 0.03
"""Reliance, and pull of a class, from which it counts; and below which there is none."""


@dataclass(frozen=True)
class Reliance:
    """What a network owes to a cue.

    Attributes
    ----------
    lost : float
        Accuracy where the cue agrees with the label minus accuracy on the same renders with the
        cue drawn at random, -1 to 1; the values of the cue weigh equally.
    pulls : tuple of float
        For each class, the share of other classes' pictures that its value of the cue brings over
        to it, beyond those that other values bring.
    """

    lost: float
    pulls: tuple[float, ...]


def reliance(
    predicted: Sequence[np.ndarray], labels: np.ndarray, value_of_class: np.ndarray
) -> Reliance:
    """Measure reliance on held-out pictures rendered under each value of the cue.

    Parameters
    ----------
    predicted : sequence of ndarray, each shape (N,), int
        Predicted classes of the same N pictures, one array a value of the cue.
    labels : ndarray, shape (N,), int
    value_of_class : ndarray, shape (classes,), int
        The value that speaks for each class.

    Examples
    --------
    >>> labels = np.array([0, 0, 1, 1])
    >>> follows_the_cue = [np.zeros(4, int), np.ones(4, int)]
    >>> reliance(follows_the_cue, labels, np.array([0, 1]))
    Reliance(lost=0.5, pulls=(1.0, 1.0))
    >>> reliance([labels, labels], labels, np.array([0, 1]))
    Reliance(lost=0.0, pulls=(0.0, 0.0))
    """
    under = np.stack(predicted)
    value_of_image = value_of_class[labels]
    right = under == labels
    agreeing = right[value_of_image, np.arange(len(labels))].astype(float) - right.mean(axis=0)
    values = range(len(under))
    lost = np.mean(
        [agreeing[value_of_image == v].mean() for v in values if (value_of_image == v).any()]
    )
    pulls = []
    for klass, value in enumerate(value_of_class):
        others = labels != klass
        brought = (under[:, others] == klass).mean(axis=1)
        pulls.append(float(brought[value] - np.delete(brought, value).mean()))
    return Reliance(float(lost), tuple(pulls))
