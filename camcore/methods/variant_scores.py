"""Many variants of one picture through a model, a few at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from camcore.methods.variants import Variants

Progress = Callable[[int, int], None]
"""Called with the passes done and their number; may raise to stop."""

BATCH = 16  # pictures in a batch
MANY = 128  # passes for which a model is worth preparing
_HELD = 48 * 2**20  # bytes of feature maps in a batch


def variant_scores(
    score: Callable[[np.ndarray], np.ndarray],
    variants: Variants,
    progress: Progress | None = None,
    start: int = 0,
) -> np.ndarray:
    """Class scores of variants, made and scored a few at a time.

    Parameters
    ----------
    score : callable
        Pictures or feature maps (N, H, W, C) -> class scores (N, C).
    progress : callable, optional
        Called after each batch.
    start : int
        The first variant to be scored.

    Returns
    -------
    ndarray, shape (variants.count - start, C), float32

    Examples
    --------
    >>> variants = Variants("image", 3, lambda a, b: np.ones((b - a, 1, 1, 1)), lambda s, b: s)
    >>> variant_scores(lambda images: 2 * images[:, 0, 0], variants).tolist()
    [[2.0], [2.0], [2.0]]
    """
    scores = []
    size = BATCH
    while start < variants.count:
        stop = min(variants.count, start + size)
        batch = variants.make(start, stop)
        if variants.of == "activations":
            size = max(1, _HELD // (batch.nbytes // len(batch)))
        scores.append(score(batch))
        start = stop
        if progress is not None:
            progress(stop, variants.count)
    return np.concatenate(scores) if scores else np.empty((0, 0), np.float32)
