"""Which pictures bear a cue: by what it does when it is handed on."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from sklearn.cluster import KMeans

from camcore.auditing.edits import Images, Probe
from camcore.auditing.edits.probe import CommonProbe


def cue_strength(
    probe: Probe,
    donors: Images,
    recipients: Images,
    margins: Callable[[np.ndarray], np.ndarray],
    seed: int,
) -> np.ndarray:
    """How far the cue of each picture moves the same recipients towards the class.

    Parameters
    ----------
    probe : Probe
    donors : Images
        N pictures of any class.
    recipients : Images
        R pictures, the same for every donor, so that donors can be compared.
    margins : callable
        Pixels (n, H, W, C) -> log-odds of the finding's class, (n,).
    seed : int

    Returns
    -------
    ndarray, shape (N,), float64
        Mean log-odds of the edited recipients; NaN where a single picture does not show the cue.
    """
    if isinstance(probe, CommonProbe):
        return np.full(len(donors), np.nan)
    moved = np.zeros(len(donors))
    for place in range(len(donors)):
        donor = donors.take([place])
        edited = [
            # One pair at a time: statistics are handed from batch to batch by rank.
            probe.transfer(recipients.take([k]), donor, np.random.default_rng([seed, k]))
            for k in range(len(recipients))
        ]
        moved[place] = margins(np.concatenate(edited)).mean()
    return moved


def present(strength: np.ndarray, of_class: np.ndarray) -> np.ndarray:
    """Which pictures bear the cue: the upper of two clusters of its strength.

    Parameters
    ----------
    strength : ndarray, shape (N,)
        Of `cue_strength`.
    of_class : ndarray of bool, shape (N,)
        Which pictures are of the finding's class; they bear a cue that no single picture shows.

    Examples
    --------
    >>> present(np.array([0.1, 5.0, 0.2, 5.1]), np.zeros(4, bool)).tolist()
    [False, True, False, True]
    """
    if not np.isfinite(strength).all() or np.ptp(strength) == 0:
        return of_class.copy()
    clusters = KMeans(2, n_init=5, random_state=0).fit(strength[:, None])
    bears: np.ndarray = clusters.labels_ == int(np.argmax(clusters.cluster_centers_[:, 0]))
    return bears
