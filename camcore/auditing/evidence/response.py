"""Response: does the class score move with a property, among images of one class?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from camcore.auditing.evidence.sampling import independent
from camcore.auditing.rules import RULES
from camcore.auditing.statistics import holm
from camcore.errors import InputError


def response(
    margins: np.ndarray,
    properties: pd.DataFrame,
    classes: np.ndarray,
    names: Sequence[str],
    *,
    groups: np.ndarray | None = None,
) -> pd.DataFrame:
    """Rank correlation of each property with the margin, within one true class.

    Within a class the object is the same, so that what moves the score is something else. That is
    a hint: properties move together, and only an intervention shows which of them counts.

    Parameters
    ----------
    margins : ndarray, shape (n,)
        Log-odds of each image's own class; NaN where there is none.
    properties : DataFrame, n rows
        A column a property; NaN or infinite is missing and left out.
    classes : ndarray of int, shape (n,)
        -1 for images without a class; they are left out.
    names : sequence of str
        Names of the classes.
    groups : ndarray, shape (n,), optional
        Near-duplicates share a group, and one image of each counts. Of many images and classes
        only some are looked at: `camcore.auditing.evidence.sampling`.

    Returns
    -------
    DataFrame
        A row for each class with at least `RULES.least_images` and each property; lowest q first,
        then strongest rho. Columns: class (index), name, property, rho (Spearman), p (two-sided),
        slope (log-odds for one unit of the property, least squares), q (Holm over all rows).
        NaN where fewer than `RULES.least_images` have both numbers, or one of them never changes.

    Raises
    ------
    InputError
        If margins, properties and classes are not equally many, or a class has no name.

    Examples
    --------
    >>> light = np.linspace(0, 60, 40)
    >>> table = pd.DataFrame({"light": light, "width": 64})
    >>> found = response(3 - light / 10, table, np.zeros(40, int), ["tank"])
    >>> found[["property", "rho", "slope"]].round(3).values.tolist()
    [['light', -1.0, -0.1], ['width', nan, nan]]
    """
    if not len(margins) == len(properties) == len(classes):
        raise InputError(
            f"There are {len(margins)} margins, {len(properties)} rows of properties and "
            f"{len(classes)} classes; give one of each for every image."
        )
    if len(classes) and classes.max() >= len(names):
        raise InputError(f"Class {classes.max()} has no name; there are {len(names)} names.")
    groups = np.arange(len(classes)) if groups is None else groups
    rows, chosen = independent(classes, groups)
    values = properties.to_numpy(np.float64)
    records = []
    for klass in chosen:
        of_class = rows[classes[rows] == klass]
        margin = np.asarray(margins, np.float64)[of_class]
        for place, name in enumerate(properties.columns):
            rho, p, slope = _moved(values[of_class, place], margin)
            records.append((klass, names[klass], name, rho, p, slope))
    columns = ["class", "name", "property", "rho", "p", "slope"]
    table = pd.DataFrame(records, columns=columns).astype(
        {"class": np.int32, "rho": float, "p": float, "slope": float}
    )
    table["q"] = holm(table["p"].to_numpy())
    order = np.lexsort([-table["rho"].abs(), table["q"]])
    return table.iloc[order].reset_index(drop=True)


def response_curve(
    margin: np.ndarray, values: np.ndarray, bins: int = 8
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Mean margin along a property, for a figure.

    Parameters
    ----------
    margin, values : ndarray, shape (n,)
        Log-odds, and the property of the same images; pairs with NaN or infinity are left out.
    bins : int
        Bins of about equally many images, at most; equal values are never parted, and five images
        are the least on average.

    Returns
    -------
    centres, means, low, high : ndarray
        Mean of the property and of the margin in each bin, and the 95 % interval of the latter
        (Student's t; NaN for a bin of one image).

    Examples
    --------
    >>> centres, means, low, high = response_curve(np.arange(10.0), np.repeat([1.0, 2.0], 5))
    >>> centres.tolist(), means.tolist(), low.round(2).tolist()
    ([1.0, 2.0], [2.0, 7.0], [0.04, 5.04])
    """
    known = np.isfinite(margin) & np.isfinite(values)
    margin, values = np.asarray(margin[known], np.float64), np.asarray(values[known], np.float64)
    bins = max(1, min(bins, len(values) // RULES.response_bin))
    place = np.floor((stats.rankdata(values) - 0.5) / max(len(values), 1) * bins)
    parts = [place == bin_index for bin_index in np.unique(place)]
    centres = np.array([values[part].mean() for part in parts])
    means = np.array([margin[part].mean() for part in parts])
    sizes = np.array([part.sum() for part in parts])
    spread = np.array([margin[part].std(ddof=1) if part.sum() > 1 else np.nan for part in parts])
    reach = stats.t.ppf(0.975, np.maximum(sizes - 1, 1)) * spread / np.sqrt(sizes)
    return centres, means, means - reach, means + reach


def _moved(values: np.ndarray, margin: np.ndarray) -> tuple[float, float, float]:
    known = np.isfinite(values) & np.isfinite(margin)
    x, y = values[known], margin[known]
    if len(x) < RULES.least_images or np.ptp(x) == 0 or np.ptp(y) == 0:
        return np.nan, np.nan, np.nan
    rank = stats.spearmanr(x, y)
    covariance = np.cov(x, y)
    return float(rank.statistic), float(rank.pvalue), float(covariance[0, 1] / covariance[0, 0])
