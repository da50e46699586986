"""Noisy copies of a picture, over which gradients are averaged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

COPIES = 8
NOISE = 0.15  # standard deviation, as a share of a picture's range; SmoothGrad advises 0.1 to 0.2


def noisy_copies(images: np.ndarray) -> Iterator[np.ndarray]:
    """Pictures under Gaussian noise, `COPIES` times, always under the same noise.

    Smilkov et al. 2017, arXiv:1706.03825.

    Parameters
    ----------
    images : ndarray, shape (N, H, W, C), float32
        Preprocessed. The noise of each is `NOISE` times the range of its values.

    Yields
    ------
    ndarray, shape (N, H, W, C), float32
        As many pictures, under another noise each time; within a copy all share one noise, so
        that what is added to a picture does not depend on those beside it.

    Examples
    --------
    >>> pictures = np.linspace(0, 1, 48, dtype=np.float32).reshape(1, 4, 4, 3)
    >>> copies = list(noisy_copies(pictures))
    >>> len(copies), copies[0].shape, copies[0].dtype.name
    (8, (1, 4, 4, 3), 'float32')
    """
    spread = np.ptp(images, axis=(1, 2, 3), keepdims=True)
    generator = np.random.default_rng(0)
    for _ in range(COPIES):
        noise = generator.standard_normal(images.shape[1:], dtype=np.float32)
        yield images + np.float32(NOISE) * spread * noise
