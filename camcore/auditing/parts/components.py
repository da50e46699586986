"""Components of activations: what a network itself tells apart in the pictures of a class."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from sklearn.decomposition import NMF, non_negative_factorization
from sklearn.exceptions import ConvergenceWarning

MOST = 10
"""Components of one layer."""

_CELLS = 2500  # activation vectors that components are fitted to
_SIDE = 16  # finer maps are pooled to this
_STEPS = 100
_TOLERANCE = 1e-3


@dataclass(frozen=True, eq=False)
class Components:
    """Directions in the channels of one layer that the pictures of a class are made of.

    Attributes
    ----------
    directions : ndarray, shape (k, C), float32
        None negative.
    """

    directions: np.ndarray

    def presence(self, activations: np.ndarray) -> np.ndarray:
        """How much of each component is in each cell.

        Parameters
        ----------
        activations : ndarray, shape (N, h, w, C)

        Returns
        -------
        ndarray, shape (N, h', w', k), float32
            None negative; at most 16 cells along a side.
        """
        cells = _pooled(activations)
        presence = _solved(cells.reshape(-1, cells.shape[-1]), self.directions)
        return presence.reshape(*cells.shape[:3], -1)


def components(activations: np.ndarray, *, seed: int) -> Components:
    """Factorise the activations of a class's pictures, non-negative, as CRAFT does.

    Parameters
    ----------
    activations : ndarray, shape (N, h, w, C)
        Of one layer; what is negative counts as nothing.
    seed : int

    References
    ----------
    Lee & Seung, Learning the parts of objects by non-negative matrix factorization, Nature 401,
    1999. Fel et al., CRAFT: Concept recursive activation factorization for explainability,
    CVPR 2023.

    Examples
    --------
    >>> activations = np.zeros((4, 2, 2, 3), np.float32)
    >>> activations[:2, 0, 0] = [1, 2, 0]
    >>> activations[2:, 1, 1] = [0, 0, 5]
    >>> found = components(activations, seed=0)
    >>> strongest = found.presence(activations).max(axis=(1, 2)).argmax(axis=1)
    >>> bool(strongest[0] == strongest[1] != strongest[2] == strongest[3])
    True
    """
    cells = _pooled(activations).reshape(-1, activations.shape[-1])
    cells = cells[cells.any(axis=1)]
    if len(cells) == 0:
        return Components(np.zeros((0, activations.shape[-1]), np.float32))
    chosen = np.random.default_rng(seed).permutation(len(cells))[:_CELLS]
    fitted = cells[np.sort(chosen)]
    count = min(MOST, *fitted.shape, np.linalg.matrix_rank(fitted))
    model = NMF(count, init="nndsvda", max_iter=_STEPS, tol=_TOLERANCE, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # the last steps change no peak
        model.fit(fitted)
    directions = model.components_.astype(np.float32)
    return Components(directions[directions.any(axis=1)])


def contributions(presence: np.ndarray, parts: Components, gradients: np.ndarray) -> np.ndarray:
    """What each component adds to a score, on average over pictures: gradient times activation.

    Parameters
    ----------
    presence : ndarray, shape (N, h', w', k)
        Of `Components.presence`.
    parts : Components
    gradients : ndarray, shape (N, h, w, C)
        Of the score with respect to the activations.

    Returns
    -------
    ndarray, shape (k,), float64
    """
    pull = _pooled(gradients, signed=True) @ parts.directions.T
    ratio = gradients.shape[1] * gradients.shape[2] / (pull.shape[1] * pull.shape[2])
    added: np.ndarray = ratio * (presence * pull).sum(axis=(1, 2), dtype=np.float64).mean(axis=0)
    return added


def _solved(cells: np.ndarray, directions: np.ndarray) -> np.ndarray:
    if len(directions) == 0:
        return np.zeros((len(cells), 0), np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        weights, _, _ = non_negative_factorization(
            cells,
            H=directions.astype(cells.dtype),
            n_components=len(directions),
            update_H=False,
            max_iter=_STEPS,
            tol=_TOLERANCE,
        )
    nonnegative: np.ndarray = weights.astype(np.float32)
    return nonnegative


def _pooled(maps: np.ndarray, *, signed: bool = False) -> np.ndarray:
    """Means over blocks, so that no side has more than 16 cells."""
    values: np.ndarray = np.asarray(maps, np.float32)
    if not signed:
        values = np.maximum(np.nan_to_num(values), 0)
    for axis in (1, 2):
        size = values.shape[axis]
        if size > _SIDE:
            starts = np.arange(_SIDE) * size // _SIDE
            counts = np.diff(np.append(starts, size)).astype(np.float32)
            shape = [1] * values.ndim
            shape[axis] = _SIDE
            values = np.add.reduceat(values, starts, axis=axis) / counts.reshape(shape)
    return values
