"""Class weights of a head behind global average pooling, read off what it answers."""

from __future__ import annotations

import numpy as np

from camcore.classifier import ClassWeights, Head

_BASIS_BYTES = 64 * 2**20


def read_class_weights(head: Head, grid: tuple[int, int, int]) -> ClassWeights | None:
    """Weights of a head that is affine in the mean over the positions of a map.

    Its value at zero is the bias and its value at each unit map, less the bias, is one row of
    weights. A random map checks the result.

    Parameters
    ----------
    head : callable
        Maps (N, H, W, K) -> class scores (N, C).
    grid : tuple of int
        Rows, columns and channels of the map.

    Returns
    -------
    ClassWeights or None
        None where the head is not what it was taken for.

    Examples
    --------
    >>> read = read_class_weights(lambda maps: maps.mean((1, 2)) @ [[2.0], [3.0]] + 1, (2, 2, 2))
    >>> read.weights.ravel().tolist(), read.bias.tolist()
    ([2.0, 3.0], [1.0])
    """
    height, width, channels = grid
    bias = head(np.zeros((1, height, width, channels), np.float32))[0]
    step = max(1, _BASIS_BYTES // (4 * height * width * channels))
    rows = []
    for start in range(0, channels, step):
        unit = np.eye(channels, dtype=np.float32)[start : start + step]
        rows.append(head(np.tile(unit[:, None, None, :], (1, height, width, 1))) - bias)
    weights = np.concatenate(rows)
    probe = np.random.default_rng(0).normal(size=(2, height, width, channels)).astype(np.float32)
    expected = probe.mean(axis=(1, 2), dtype=np.float64) @ weights + bias
    if not np.allclose(head(probe), expected, rtol=1e-2, atol=1e-2 * np.abs(weights).max()):
        return None
    return ClassWeights(weights.astype(np.float32), bias.astype(np.float32))
