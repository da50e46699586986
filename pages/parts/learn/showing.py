"""Explanations as figures of a row: over the picture, or cell by cell."""

from __future__ import annotations

import numpy as np

import camcore
from pages.components.map_row import MapFigure
from pages.languages.catalogues import gettext as _


def over(
    explanation: camcore.Explanation, title: str, sub: str, interpolation: str = "bilinear"
) -> MapFigure:
    """The map over the picture, on its own scale from 0 to 1."""
    if explanation.evidence != "positive":
        sub = _("{described}: no positive evidence", described=sub)
    heatmap = explanation.heatmap
    return MapFigure(
        heatmap.values, heatmap.frame, title, sub, 0, 1, over=True, interpolation=interpolation
    )


def agreement(first: np.ndarray, other: np.ndarray) -> float | None:
    """Pearson's correlation of two maps; None where one of them is the same everywhere.

    Examples
    --------
    >>> a = np.array([[0.0, 1.0], [2.0, 3.0]])
    >>> agreement(a, -2 * a), agreement(a, a * 0) is None
    (-1.0, True)
    """
    a, b = (np.asarray(map, np.float64).ravel() for map in (first, other))
    a, b = a - a.mean(), b - b.mean()
    # Gradients near the end of float32's range: their squares would be 0.
    a, b = (map / (np.abs(map).max() or 1.0) for map in (a, b))
    size = np.sqrt((a @ a) * (b @ b))
    return float(np.round(a @ b / size, 12)) if size > 0 else None
