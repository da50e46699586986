"""Many variants of one picture through a model, a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np

from camcore.classifier import Classifier
from camcore.methods.variants import Variants

Progress = Callable[[int, int], None]
"""Called with the passes done and their number; may raise to stop."""

BATCH = 16  # pictures in a batch
MANY = 128  # passes for which a model is worth preparing
FASTER = 1.15  # bfloat16 must be worth it ...
LIKENESS = 0.999  # ... and keep the maps
_TRIED = 32  # passes that are run in both precisions
_HELD = 48 * 2**20  # bytes of feature maps in a batch


@dataclass(frozen=True)
class Precision:
    """Float32 or bfloat16, by what was measured on this machine.

    Attributes
    ----------
    bfloat16 : bool
        Whether bfloat16 is used.
    ratio : float
        How many times faster it is.
    likeness : float
        Lowest Pearson correlation between the maps of the two, over the most probable classes.
    """

    bfloat16: bool
    ratio: float
    likeness: float

    def __str__(self) -> str:
        name = "bfloat16" if self.bfloat16 else "float32"
        return f"{name} (bfloat16 {self.ratio:.2f}x as fast, Pearson {self.likeness:.5f})"


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
    found = []
    size = BATCH
    while start < variants.count:
        stop = min(variants.count, start + size)
        batch = variants.make(start, stop)
        if variants.of == "activations":
            size = max(1, _HELD // (batch.nbytes // len(batch)))
        found.append(score(batch))
        start = stop
        if progress is not None:
            progress(stop, variants.count)
    return np.concatenate(found) if found else np.empty((0, 0), np.float32)


def try_precisions(
    full: Classifier,
    half: Classifier,
    variants: Variants,
    base: np.ndarray,
    progress: Progress | None = None,
) -> tuple[Precision, np.ndarray]:
    """Score the first variants in both precisions; bfloat16 is taken where it is faster and the
    maps agree.

    Parameters
    ----------
    full, half : Classifier
        The same model, prepared for many images in float32 and in bfloat16.
    variants : Variants
        Whose first few scores make a map: `Variants.partial`.
    base : ndarray, shape (C,)
        Class scores of the unchanged picture.
    progress : callable, optional
        Called as in `variant_scores`.

    Returns
    -------
    precision : Precision
    scores : ndarray
        Of the variants that were tried, in the precision that is taken.
    """
    count = min(_TRIED, variants.count)
    batches = [variants.make(at, min(count, at + BATCH)) for at in range(0, count, BATCH)]
    for own in (full, half):
        if progress is not None:
            progress(0, variants.count)
        own.scores(batches[0])  # the first call prepares
    seconds: tuple[list[float], list[float]] = ([], [])
    found: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for done, batch in enumerate(batches):
        if progress is not None:
            progress(done * BATCH, variants.count)
        for own, took, scores in zip((full, half), seconds, found, strict=True):
            began = perf_counter()
            scores.append(own.scores(batch)[0])
            took.append(perf_counter() - began)
    both = [np.concatenate(scores) for scores in found]
    best = np.argsort(-base)[:5]
    maps = [variants.combine(scores[:, best], base[best]) for scores in both]
    ratio = sum(seconds[0]) / sum(seconds[1])
    alike = min(likeness(one, other) for one, other in zip(*maps, strict=True))
    taken = ratio >= FASTER and alike >= LIKENESS
    return Precision(taken, ratio, alike), both[int(taken)]


def likeness(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson correlation of two maps, defined for all: flat ones are alike only to flat ones.

    Examples
    --------
    >>> likeness(np.zeros((2, 2)), np.ones((2, 2))), likeness(np.eye(2), np.ones((2, 2)))
    (1.0, 0.0)
    """
    a, b = one - one.mean(dtype=np.float64), other - other.mean(dtype=np.float64)
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    if scale == 0:
        return float(np.linalg.norm(a) == np.linalg.norm(b))
    return float((a * b).sum()) / scale
