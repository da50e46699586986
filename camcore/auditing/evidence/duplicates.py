"""Near-duplicates: pictures of one source, which together are one piece of evidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import linalg

from camcore.auditing.evidence.leader_clustering import leaders_of
from camcore.auditing.rules import RULES
from camcore.errors import InputError

_PASSES = 4
_SETTLED = 0.95  # share of the groups that a pass leaves as they are


def near_duplicates(thumbs: np.ndarray, sha256: Sequence[str]) -> np.ndarray:
    """Group the images that were made from one source.

    Exact copies always share a group. Others do if their thumbs correlate by
    `RULES.duplicates_alike` with the first image of the group, so that a group is never a chain of
    images each like the next. Plain correlation would call most images of a simple data set
    duplicates (of MNIST's ones, or of low-contrast photos with one frame), so thumbs are whitened
    first: along the principal components of all thumbs, each is divided by how much the images
    differ in it. No library clusters so in the memory and time there are for 100,000 images:
    complete linkage needs all distances at once, DBSCAN makes chains, and trees of 256 dimensions
    look at nearly every pair.

    Parameters
    ----------
    thumbs : ndarray, shape (n, p), uint8
        Gray, for example 16 x 16 pixels.
    sha256 : sequence of str
        Of the files.

    Returns
    -------
    ndarray of int, shape (n,)
        Groups numbered by their first image. They do not depend on the order of the images.

    Raises
    ------
    InputError
        If there is not one hash for each thumb.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> thumbs = rng.integers(0, 200, (4, 256), dtype=np.uint8)
    >>> thumbs[3] = thumbs[1] // 2 + 40
    >>> near_duplicates(thumbs, ["a", "b", "a", "d"]).tolist()
    [0, 1, 0, 1]
    """
    if len(thumbs) != len(sha256):
        raise InputError(f"There are {len(thumbs)} thumbs for {len(sha256)} hashes; give as many.")
    if len(thumbs) == 0:
        return np.zeros(0, np.int64)
    # Sorted by hash: the listing's order must not decide who leads a group.
    _, first, file = np.unique(
        np.asarray(sha256, dtype=str), return_index=True, return_inverse=True
    )
    leader = _grouped(thumbs[first])[file]
    _, start, group = np.unique(leader, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(start))[group]


def _grouped(thumbs: np.ndarray) -> np.ndarray:
    """Leader of each thumb; what is common is learned anew from the leaders while groups form.

    Many copies of few sources would else be what the images have in common.
    """
    values = thumbs.astype(np.float64)
    values -= values.mean(axis=1, keepdims=True)
    values /= np.maximum(values.std(axis=1, keepdims=True), RULES.flat_thumbnail)
    groups = np.arange(len(values))
    for _ in range(_PASSES):
        leaders = np.unique(groups)
        groups = leaders_of(_whitened(values, leaders), RULES.duplicates_alike)
        if len(np.unique(groups)) > _SETTLED * len(leaders):
            break
    return groups


def _whitened(values: np.ndarray, leaders: np.ndarray) -> np.ndarray:
    """Unit vectors whose products are correlations apart from what the leaders share."""
    spread, axes = linalg.eigh(values[leaders].T @ values[leaders] / len(leaders))
    white = values @ (
        axes
        / np.sqrt(
            np.maximum(spread, 0) + RULES.thumbnail_ridge + RULES.thumbnails_at_least / len(leaders)
        )
    )
    white /= np.maximum(np.linalg.norm(white, axis=1, keepdims=True), 1e-12)
    unit: np.ndarray = white.astype(np.float32)
    return unit
