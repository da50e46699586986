"""Association: which properties of the images tell the classes apart, whatever the model does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from camcore.auditing.evidence.sampling import independent
from camcore.auditing.rules import RULES
from camcore.auditing.statistics import max_t
from camcore.errors import InputError


def association(
    properties: pd.DataFrame,
    classes: np.ndarray,
    names: Sequence[str],
    *,
    groups: np.ndarray,
    seed: int,
) -> pd.DataFrame:
    """How well each property alone tells each class from the rest.

    The score is the cross-validated area under the ROC curve: on four fifths of the images the
    share of the class is learned in bins of the property, so that any shape counts (more, less,
    both extremes, missing), and the other fifth is ranked by it. Against it stand the same areas
    with shuffled labels, of all properties at once. Nothing is compared with the rate of the
    commonest class, which would flag noise where classes are uneven and miss a perfect cue of one
    class in ten.

    Parameters
    ----------
    properties : DataFrame, n rows
        A column a property; NaN or infinite is missing, which may be a cue itself.
    classes : ndarray of int, shape (n,)
        -1 for images without a class; they are left out.
    names : sequence of str
        Names of the classes.
    groups : ndarray, shape (n,)
        Near-duplicates share a group, and one image of each counts. Of many images and classes
        only some are looked at: `camcore.auditing.evidence.sampling`.
    seed : int

    Returns
    -------
    DataFrame
        A row for each class that has, like all others together, `RULES.least_images`, and each
        property; lowest q first, then highest auc. Columns: class (index), name, property, auc (0
        to 1, .5 tells nothing), direction (1 if the class has more of it, -1 if less, 0 if it is no
        matter of more or less), p (max-T over the properties of the class), q (max-T over all
        classes and properties).

    Raises
    ------
    InputError
        If properties, classes and groups are not equally many, or a class has no name.

    Notes
    -----
    All that an area needs are counts of images by property, bin, fold and class, so that 500
    shuffles of 1300 pairs of class and property take three seconds. scikit-learn has the parts
    (`KBinsDiscretizer`, `TargetEncoder`, `roc_auc_score`) for one pair at a time.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> classes = np.repeat([0, 1, 2], 40)
    >>> table = pd.DataFrame({"noise": rng.normal(size=120), "light": rng.normal(size=120)})
    >>> table.loc[classes == 2, "light"] += 9
    >>> found = association(table, classes, ["cat", "dog", "owl"], groups=np.arange(120), seed=0)
    >>> found.loc[0, ["name", "property"]].tolist(), float(found.loc[0, "q"])
    (['owl', 'light'], 0.002)
    """
    if not len(properties) == len(classes) == len(groups):
        raise InputError(
            f"There are {len(properties)} rows of properties, {len(classes)} classes and "
            f"{len(groups)} groups; give one of each for every image."
        )
    if len(classes) and classes.max() >= len(names):
        raise InputError(f"Class {classes.max()} has no name; there are {len(names)} names.")
    rows, chosen = independent(classes, groups)
    sizes = np.array([(classes[rows] == klass).sum() for klass in chosen])
    chosen = chosen[len(rows) - sizes >= RULES.least_images]
    shape = (len(chosen), properties.shape[1])
    auc, direction, p, q = np.zeros(shape), np.zeros(shape, np.int8), np.ones(shape), np.ones(shape)
    if auc.size:
        labels = classes[rows]
        target = np.full(len(rows), len(chosen))  # all other classes are one, the rest
        for place, klass in enumerate(chosen):
            target[labels == klass] = place
        ranks = properties.iloc[rows].replace([np.inf, -np.inf], np.nan).rank()
        auc, p, q = _tested(ranks, target, len(chosen), np.random.default_rng(seed))
        direction = _directions(ranks.to_numpy(), target, auc)
    table = pd.DataFrame(
        {
            "class": np.repeat(chosen, shape[1]).astype(np.int32),
            "name": np.repeat(np.array([names[klass] for klass in chosen], object), shape[1]),
            "property": np.tile(properties.columns.to_numpy(object), len(chosen)),
            "auc": auc.ravel(),
            "direction": direction.ravel(),
            "p": p.ravel(),
            "q": q.ravel(),
        }
    )
    return table.sort_values(
        ["q", "auc"], ascending=[True, False], kind="stable", ignore_index=True
    )


def _tested(
    ranks: pd.DataFrame, target: np.ndarray, count: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Areas, p and q, each of shape (classes, properties)."""
    fold = np.empty(len(target), np.int64)
    order = rng.permutation(len(target))
    fold[order] = (
        pd.Series(target[order]).groupby(target[order]).cumcount() % RULES.association_folds
    )
    areas = _Areas(ranks, fold, count)
    observed = areas.of(target)
    null = np.empty((RULES.shuffles + 1, *observed.shape))
    null[0] = observed
    members = [np.flatnonzero(fold == number) for number in range(RULES.association_folds)]
    shuffled = np.empty_like(target)
    for turn in range(1, RULES.shuffles + 1):
        for rows in members:
            shuffled[rows] = target[rng.permutation(rows)]
        null[turn] = areas.of(shuffled)
    spread = null.std(axis=0)
    null -= null.mean(axis=0)
    null /= np.where(spread > 0, spread, 1)
    p = np.stack([max_t(null[0, klass], null[:, klass]) for klass in range(count)])
    q = max_t(null[0].ravel(), null.reshape(len(null), -1)).reshape(p.shape)
    return observed, p, q


class _Areas:
    """Cross-validated areas under the ROC curve of all classes and properties, from counts."""

    def __init__(self, ranks: pd.DataFrame, fold: np.ndarray, count: int) -> None:
        # A bin by the mean rank of ties: a rare value among equal ones keeps a bin of its own.
        place = (ranks - 0.5) / ranks.count() * RULES.association_bins
        bins = place.fillna(RULES.association_bins).to_numpy().T.astype(np.int64)
        self.shape = (len(bins), RULES.association_bins + 1, RULES.association_folds, count + 1)
        cell = np.arange(len(bins))[:, None] * (RULES.association_bins + 1) + bins
        self.cell = (cell * RULES.association_folds + fold) * (count + 1)

    def of(self, target: np.ndarray) -> np.ndarray:
        """Areas of shape (classes, properties) if these were the labels."""
        cells = (self.cell + target).ravel()
        counts = np.bincount(cells, minlength=int(np.prod(self.shape))).reshape(self.shape)
        images = counts.sum(axis=3, keepdims=True, dtype=np.float32)
        of_class = counts[..., :-1].astype(np.float32)
        others = images - of_class
        taught, all_taught = (part.sum(axis=2, keepdims=True) - part for part in (of_class, images))
        base = taught.sum(axis=1, keepdims=True) / all_taught.sum(axis=1, keepdims=True)
        rate = (_smoothed(taught) + RULES.association_prior * base) / (
            _smoothed(all_taught) + RULES.association_prior
        )
        order = np.argsort(rate, axis=1, kind="stable")
        of_class, others = (np.take_along_axis(part, order, axis=1) for part in (of_class, others))
        below = np.cumsum(others, axis=1) - others / 2
        area = (of_class * below).sum(axis=1) / (of_class.sum(axis=1) * others.sum(axis=1))
        areas: np.ndarray = area.mean(axis=1).T
        return areas


def _smoothed(counts: np.ndarray) -> np.ndarray:
    """Each bin with half of its neighbours; missing values, the last bin, have none."""
    smooth = counts.copy()
    smooth[:, 1:-1] += counts[:, :-2] / 2
    smooth[:, :-2] += counts[:, 1:-1] / 2
    return smooth


def _directions(ranks: np.ndarray, target: np.ndarray, auc: np.ndarray) -> np.ndarray:
    """1 or -1 where more or less alone gives at least half of what the area gives, else 0."""
    directions = np.zeros(auc.shape, np.int8)
    known = np.isfinite(ranks)
    for place in range(len(auc)):
        mine = known & (target == place)[:, None]
        of_class, others = mine.sum(axis=0), (known & ~mine).sum(axis=0)
        wins = np.where(mine, ranks, 0).sum(axis=0) - of_class * (of_class + 1) / 2
        area = wins / np.maximum(of_class * others, 1) - 0.5
        clear = (
            (of_class * others > 0) & (auc[place] > 0.5) & (2 * np.abs(area) >= auc[place] - 0.5)
        )
        directions[place] = np.where(clear, np.sign(area), 0)
    return directions
