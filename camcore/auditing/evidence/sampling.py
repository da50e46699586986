"""Which images the evidence is taken from, and about which classes something can be said."""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.rules import RULES


def sampled(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Readable images of the largest classes, at most `RULES.most_images`, in proportion.

    Parameters
    ----------
    rows : DataFrame
        A row for each image, with ``error`` and ``klass``, -1 where an image has no class.
    seed : int

    Returns
    -------
    DataFrame
        The rows taken, in the order of the index.

    Examples
    --------
    >>> rows = pd.DataFrame({"klass": [0, 0, -1, 1], "error": ["", "broken", "", ""]})
    >>> sampled(rows, seed=0).index.tolist()
    [0, 3]
    """
    rows = rows[(rows["error"] == "") & (rows["klass"] >= 0)]
    sizes = rows["klass"].value_counts().sort_index()
    rows = rows[rows["klass"].isin(sizes.nlargest(RULES.most_classes, keep="first").index)]
    if len(rows) <= RULES.most_images:
        return rows
    rng = np.random.default_rng([seed, 3])
    shuffled = rows.iloc[rng.permutation(len(rows))]
    # The share of its class that comes before an image: small classes stay as whole as large ones.
    size = shuffled.groupby("klass")["klass"].transform("size")
    place = shuffled.groupby("klass").cumcount() / size
    taken = np.argsort(place.to_numpy(), kind="stable")[: RULES.most_images]
    return shuffled.iloc[taken].sort_index()


def independent(classes: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Choose one image a group and class, and the classes that have enough of them.

    Parameters
    ----------
    classes : ndarray of int, shape (n,)
        Class of each image; images of class -1 are left out.
    groups : ndarray, shape (n,)
        Near-duplicates share a group: together they are one piece of evidence.

    Returns
    -------
    rows : ndarray of int
        Chosen images, ascending.
    chosen : ndarray of int
        Classes with at least `RULES.least_images`, ascending.

    Examples
    --------
    >>> classes = np.repeat([0, 1, 2, -1], [40, 29, 60, 9])
    >>> groups = np.arange(138)
    >>> groups[69:99] = 69  # 31 images of class 2 are independent
    >>> rows, chosen = independent(classes, groups)
    >>> len(rows), chosen.tolist()
    (100, [0, 2])
    """
    _, first = np.unique(np.stack([groups, classes]), axis=1, return_index=True)
    rows = np.sort(first[classes[first] >= 0])
    present, counts = np.unique(classes[rows], return_counts=True)
    return rows, present[counts >= RULES.least_images]
