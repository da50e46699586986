"""Attention alone: where the maps of a class lie and those of the others do not."""

from __future__ import annotations

import numpy as np

from benchmarks.truth.baselines.reading import class_maps
from benchmarks.truth.verdict import Verdict
from camcore import Run
from camcore.auditing.edits.regions import region_of


def attention_alone(run: Run) -> Verdict:
    """What a user of heatmaps would conclude, with the audit's own statistics.

    The alarm is the audit's level *attended*: cells where a class has significantly and clearly
    more evidence than the others. The p-value cannot order cases, for it ends at 1 in 500; the
    score is the statistic behind it, the correlation of a cell with membership of the class.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Verdict
        Score: the largest correlation of a cell with a class, -1 to 1. Named are the class and the
        region that are attended most, by their highest correlation.
    """
    maps, classes = class_maps(run)
    strength = {klass: correlations(maps, classes == klass) for klass in np.unique(classes)}
    score = max((float(coefficients.max()) for coefficients in strength.values()), default=0.0)
    attended = []
    for row in run.evidence("attention").to_dict("records"):
        hot = np.frombuffer(row["cells"], bool).reshape(run.grid)
        if hot.any():
            attended.append((float(strength[row["class"]][hot].max()), int(row["class"]), hot))
    if not attended:
        return Verdict(score, False)
    _, klass, hot = max(attended, key=lambda candidate: candidate[:2])
    return Verdict(score, True, region_of(hot).family, run.class_names[klass])


def correlations(maps: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Correlation of each cell with membership of a class.

    Parameters
    ----------
    maps : ndarray, shape (n, h, w)
    member : ndarray of bool, shape (n,)

    Returns
    -------
    ndarray, shape (h, w)
        0 for a cell, or a membership, that is the same everywhere.

    Examples
    --------
    >>> maps = np.array([[[1, 0]], [[1, 0]], [[0, 0]], [[0, 0]]], np.float32)
    >>> correlations(maps, np.array([True, True, False, False])).tolist()
    [[1.0, 0.0]]
    """
    cells = maps.astype(np.float64) - maps.mean(axis=0, dtype=np.float64)
    centred = member - member.mean()
    lengths = np.sqrt((cells**2).sum(axis=0) * (centred**2).sum())
    together = np.tensordot(centred, cells, axes=1)
    # What rounding leaves of a cell that is the same everywhere is not divided by.
    return np.divide(together, lengths, out=np.zeros_like(lengths), where=lengths > 1e-9)
