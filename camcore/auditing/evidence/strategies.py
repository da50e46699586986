"""Strategies: the different ways in which the maps of one class lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.sparse import csgraph
from scipy.spatial import distance
from sklearn.cluster import KMeans
from sklearn.neighbors import KNeighborsClassifier

from camcore.auditing.rules import RULES


@dataclass(frozen=True, eq=False)
class Strategy:
    """Maps that lie alike.

    Attributes
    ----------
    mean : ndarray, shape (h, w), float64
        Mean map of the members, of sum 1.
    share : float
        Members as a share of all maps, those without evidence included.
    members : ndarray of int
        Rows of the given maps, those with most of their evidence in `cells` first.
    cells : ndarray of bool, shape (h, w)
        Where the mean map is at least half of its maximum.
    """

    mean: np.ndarray
    share: float
    members: np.ndarray
    cells: np.ndarray


@dataclass(frozen=True, eq=False)
class Strategies:
    """All maps of one class.

    Attributes
    ----------
    clusters : tuple of Strategy
        Largest first.
    no_evidence : ndarray of int
        Rows of the maps without any positive evidence.
    """

    clusters: tuple[Strategy, ...]
    no_evidence: np.ndarray


def strategies(maps: np.ndarray, *, seed: int) -> Strategies:
    """Group maps by where their evidence lies: spectral clustering as in SpRAy.

    Each map is joined with its nearest neighbours, after pooling to at most 16 x 16. The number
    of strategies is where the eigenvalues of the graph's normalised Laplacian make their largest
    gap, and 1 if they only grow as those of one continuum do.

    Parameters
    ----------
    maps : ndarray, shape (n, h, w), float32
        Of one class, after ReLU, each of sum 1, or all zero where there is no positive evidence.
    seed : int

    Returns
    -------
    Strategies

    References
    ----------
    Lapuschkin et al., Unmasking Clever Hans predictors and assessing what machines really learn,
    Nature Communications 10, 2019. Ng, Jordan & Weiss, On spectral clustering, 2001.

    Examples
    --------
    >>> maps = np.zeros((41, 4, 4), np.float32)
    >>> maps[:25, 0, 0] = maps[25:40, 2, 3] = 1
    >>> found = strategies(maps, seed=0)
    >>> [len(one.members) for one in found.clusters], found.no_evidence.tolist()
    ([25, 15], [40])
    """
    with_evidence = maps.any(axis=(1, 2))
    rows = np.flatnonzero(with_evidence)
    labels = _labels(_places(maps[rows]), np.random.default_rng(seed))
    clusters = [_strategy(maps, rows[labels == label]) for label in np.unique(labels)]
    clusters.sort(key=lambda cluster: (-cluster.share, cluster.members.min()))
    return Strategies(tuple(clusters), np.flatnonzero(~with_evidence))


def _strategy(maps: np.ndarray, members: np.ndarray) -> Strategy:
    mean = maps[members].mean(axis=0, dtype=np.float64)
    cells = mean >= mean.max() / 2
    inside = maps[members][:, cells].sum(axis=1, dtype=np.float64)
    order = np.argsort(-inside, kind="stable")
    return Strategy(mean, len(members) / len(maps), members[order], cells)


def _places(maps: np.ndarray) -> np.ndarray:
    """Roots of pooled maps: their distances compare shares of evidence (Hellinger)."""
    pooled = maps.astype(np.float64)
    for axis in (1, 2):
        size = pooled.shape[axis]
        starts = (
            np.arange(min(size, RULES.strategies_side)) * size // min(size, RULES.strategies_side)
        )
        pooled = np.add.reduceat(pooled, starts, axis=axis)
    return np.sqrt(pooled).reshape(len(maps), pooled.shape[1] * pooled.shape[2])


def _labels(places: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    labels = np.zeros(len(places), np.int64)
    if len(places) < RULES.least_images:  # one strategy is all that can be said
        return labels
    known = np.sort(rng.permutation(len(places))[: RULES.strategies_images])
    labels[known] = _clustered(places[known], int(rng.integers(2**31)))
    if len(known) < len(places):
        others = np.setdiff1d(np.arange(len(places)), known)
        nearest = KNeighborsClassifier(1).fit(places[known], labels[known])
        labels[others] = nearest.predict(places[others])
    return labels


def _clustered(places: np.ndarray, seed: int) -> np.ndarray:
    # Dense: eigenvalues of 1000 maps take a quarter of a second, and equal maps need no care.
    apart = distance.squareform(distance.pdist(places))
    reach = np.sort(apart, axis=1)[:, RULES.strategies_neighbours]
    near = apart <= reach[:, None] + 1e-9  # all that are equally near
    graph = (near + near.T) / 2.0
    np.fill_diagonal(graph, 0)
    laplacian = np.asarray(csgraph.laplacian(graph, normed=True))
    most = min(RULES.strategies_most, len(places) // RULES.strategies_neighbours)
    values, vectors = linalg.eigh(laplacian, subset_by_index=[0, most])
    values = np.maximum(values, 1e-9)
    gaps = np.diff(values)
    gaps[1:][values[2:] < RULES.strategies_gap * values[1:-1]] = 0  # a single strategy needs no gap
    count = int(gaps.argmax()) + 1
    if count == 1:
        return np.zeros(len(places), np.int64)
    embedded = vectors[:, :count]
    embedded /= np.maximum(np.linalg.norm(embedded, axis=1, keepdims=True), 1e-12)
    clusters: np.ndarray = KMeans(count, n_init=10, random_state=seed).fit_predict(embedded)
    return clusters
