"""SpRAy: spectral clusters of a class's maps, judged by how well they separate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.sparse import csgraph
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.neighbors import kneighbors_graph
from threadpoolctl import threadpool_limits

from benchmarks.truth.baselines.reading import class_maps
from benchmarks.truth.verdict import Verdict
from camcore import Run
from camcore.auditing.edits.regions import region_of
from camcore.auditing.rules import RULES

THRESHOLD = 0.97
"""Separability from which on there is an alarm. The papers leave it to the eye, so it is taken from
clean data: the 95th percentile over 16 audits, of six fair sets of 200 rendered scenes (seeds 100
to 105) under ``tank-detector``, and of five thousands of MNIST test images (100 of each digit)
under ``cam1`` and ``cam2``. They score .86 to .97."""

MOST = 8
"""Most clusters of a class."""

_SIDE = 16  # finer maps are pooled to this
_NEIGHBOURS = 10  # what the authors' own package, CoRelAy, takes by default
_DIMENSIONS = 16  # principal components in which clusters are compared: fewer than maps
_RIDGE = 1e-6  # of the whole variance: equal maps have none within
_SEED = 0


@dataclass(frozen=True, eq=False)
class Cluster:
    """Maps of one class that lie alike.

    Attributes
    ----------
    separability : float
        Fisher's criterion J as J / (1 + J), 0 to 1; see `separability`.
    hot : ndarray of bool, shape (h, w)
        Where the mean map is at least half of its maximum.
    """

    separability: float
    hot: np.ndarray


def spray(run: Run) -> Verdict:
    """Spectral relevance analysis of the run's maps, class by class.

    After Lapuschkin et al. 2019: maps of one class, pooled; a graph of nearest neighbours;
    eigenvalues of its normalised Laplacian; as many clusters as the largest gap says, but two at
    least, as nothing could be compared else. After Anders et al. 2022: classes are ranked by the
    linear separability of their clusters, Fisher's discriminant criterion; here it is taken of each
    cluster against the others of its class. Both look at the pictures of what ranks first; here an
    alarm is raised from `THRESHOLD` on.

    The maps are the audit's own class activation maps, after ReLU and of sum 1, where the papers
    take layer-wise relevance propagation.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Verdict
        Score: the separability of the cluster that separates best, of any class with enough maps.
        The family is read off the hot region of its mean map.

    References
    ----------
    Lapuschkin et al., Unmasking Clever Hans predictors and assessing what machines really learn,
    Nature Communications 10, 2019. Anders et al., Finding and removing Clever Hans: using
    explanation methods to debug and improve deep models, Information Fusion 77, 2022.
    """
    maps, classes = class_maps(run)
    ranked = [
        (cluster.separability, -int(cluster.hot.sum()), int(klass), cluster)
        for klass in np.unique(classes)
        if (classes == klass).sum() >= RULES.least_images
        for cluster in clusters(maps[classes == klass])
    ]
    if not ranked:
        return Verdict(0.0, False)
    # Two clusters separate equally well from one another: cues are the smaller places.
    score, _, klass, cluster = max(ranked, key=lambda candidate: candidate[:3])
    family = region_of(cluster.hot).family
    return Verdict(score, score >= THRESHOLD, family, run.class_names[klass])


def clusters(maps: np.ndarray) -> list[Cluster]:
    """Group the maps of one class, and say how well each group separates from the others.

    Parameters
    ----------
    maps : ndarray, shape (n, h, w)
        Each of sum 1, more than ten of them.

    Returns
    -------
    list of Cluster
        At least two; none where all maps are the same.

    Examples
    --------
    >>> maps = np.zeros((40, 4, 4), np.float32)
    >>> maps[:25, 0, 0] = maps[25:, 2, 3] = 1
    >>> found = clusters(maps)
    >>> [int(one.hot.sum()) for one in found], round(found[0].separability, 3)
    ([1, 1], 1.0)
    """
    places = _pooled(maps)
    if not np.ptp(places, axis=0).any():
        return []
    with threadpool_limits(1):  # on small matrices threads cost more than they save
        label = _labels(places)
        most = min(_DIMENSIONS, *places.shape)
        reduced = PCA(most, svd_solver="full").fit_transform(places)
    groups = []
    for number in np.unique(label):
        member = label == number
        mean = maps[member].mean(axis=0)
        groups.append(Cluster(separability(reduced, member), mean >= mean.max() / 2))
    return groups


def separability(places: np.ndarray, member: np.ndarray) -> float:
    """Fisher's criterion along the direction in which two groups separate best.

    ``J = (difference of means)^2 / (sum of variances)``, given as ``J / (1 + J)``.

    Parameters
    ----------
    places : ndarray, shape (n, dimensions)
        Fewer dimensions than points, or any two groups separate.
    member : ndarray of bool, shape (n,)
        Both groups have some.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> points = np.array([[-1.0], [1.0], [1.0], [3.0]])
    >>> round(separability(points, np.array([False, False, True, True])), 3)  # 4 / (4 + 2)
    0.667
    """
    apart = places[member].mean(axis=0) - places[~member].mean(axis=0)
    within = sum(
        np.atleast_2d(np.cov(points.T, ddof=0)) for points in (places[member], places[~member])
    )
    ridge = _RIDGE * float(places.var(axis=0).sum())
    direction = linalg.solve(within + ridge * np.eye(len(apart)), apart, assume_a="pos")
    between = float(direction @ apart) ** 2
    return between / (between + float(direction @ within @ direction))


def _pooled(maps: np.ndarray) -> np.ndarray:
    pooled = maps.astype(np.float64)
    for axis in (1, 2):
        size = pooled.shape[axis]
        starts = np.arange(min(size, _SIDE)) * size // min(size, _SIDE)
        pooled = np.add.reduceat(pooled, starts, axis=axis)
    return pooled.reshape(len(maps), -1)


def _labels(places: np.ndarray) -> np.ndarray:
    near = kneighbors_graph(places, _NEIGHBOURS)
    graph = (near + near.T).toarray() / 2
    laplacian = np.asarray(csgraph.laplacian(graph, normed=True))
    values, vectors = linalg.eigh(laplacian, subset_by_index=[0, MOST])
    number = int(np.diff(values)[1:].argmax()) + 2
    embedded = vectors[:, :number]
    embedded /= np.maximum(np.linalg.norm(embedded, axis=1, keepdims=True), 1e-12)
    return KMeans(number, n_init=3, random_state=_SEED).fit_predict(embedded)
