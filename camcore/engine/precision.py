"""Float32 or bfloat16 for many images: decided by a short measurement on the machine at hand."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import numpy as np

from camcore.classifier import Classifier
from camcore.errors import InputError, MethodError
from camcore.methods import METHODS
from camcore.methods.applying import raw_maps
from camcore.methods.variant_scores import BATCH, Progress
from camcore.methods.variants import Variants

PrecisionName = Literal["auto", "float32", "bfloat16"]

FASTER = 1.15  # bfloat16 must be worth it, ...
AGREEMENT = 0.98  # ... keep the predictions ...
LIKENESS = 0.99  # ... and keep the maps of a scan, or ...
VARIANT_LIKENESS = 0.999  # ... the one map that variants make
_TRIED = 32  # variants that are run in both precisions
_BATCH = 16


@dataclass(frozen=True)
class Choice:
    """What was measured, and what is used.

    Attributes
    ----------
    bfloat16 : bool
        Whether bfloat16 is used.
    forced : bool
        Whether somebody asked for it, whatever was measured.
    images : int
        How many images were measured.
    seconds_float32, seconds_bfloat16 : float
        For one image: forward pass, backward pass and map.
    ratio : float
        How many times faster bfloat16 is; median over the batches.
    agreement : float
        Share of images with the same predicted class, 0 to 1.
    probability_difference : float
        The largest, over all images and classes.
    likeness, likeness_lowest : float
        Pearson correlation of the two Grad-CAM maps of an image, -1 to 1: median and lowest.
    """

    bfloat16: bool
    forced: bool
    images: int
    seconds_float32: float
    seconds_bfloat16: float
    ratio: float
    agreement: float
    probability_difference: float
    likeness: float
    likeness_lowest: float


def choose_precision(
    classifier: Classifier, images: np.ndarray, layer: str, precision: PrecisionName = "auto"
) -> tuple[Classifier, Choice]:
    """Run some images in both precisions, and keep the one that suits many of them.

    bfloat16 is taken where it is at least 1.15 times as fast, at least 98 % of the predictions
    agree, and the median correlation of the maps is at least 0.99. Batches alternate between the
    two, so that a machine that drifts slows both alike; the first batch also warms both up.

    Parameters
    ----------
    images : ndarray, shape (N, H, W, C), float32
        Preprocessed, of the kind that will be run; 64 make the agreement meaningful.
    layer : str
        Where the maps are made.
    precision : {"auto", "float32", "bfloat16"}
        Anything but ``auto`` is used as it is; the measurement only reports.

    Returns
    -------
    classifier : Classifier
        Prepared for many images, in the precision chosen, and warm.
    choice : Choice

    Raises
    ------
    InputError
        If the precision is unknown or there are no images.

    Examples
    --------
    >>> import keras
    >>> from camcore.models.keras.classifier import KerasClassifier
    >>> model = keras.Sequential([
    ...     keras.Input((8, 8, 3)),
    ...     keras.layers.Conv2D(4, 3, name="conv"),
    ...     keras.layers.GlobalAveragePooling2D(),
    ...     keras.layers.Dense(2, activation="softmax"),
    ... ])
    >>> images = np.zeros((4, 8, 8, 3), np.float32)
    >>> fast, choice = choose_precision(KerasClassifier(model), images, "conv", "float32")
    >>> choice.bfloat16, choice.images
    (False, 4)
    """
    if precision not in ("auto", "float32", "bfloat16"):
        raise InputError(f"precision {precision!r} is not known; choose auto, float32 or bfloat16.")
    if not len(images):
        raise InputError("there are no images to measure the precision on; give some.")
    full, half = (classifier.for_throughput(bfloat16=reduced) for reduced in (False, True))
    warm = images[:_BATCH]
    _run(half, warm, layer, _run(full, warm, layer).predicted)
    pairs = []
    for start in range(0, len(images), _BATCH):
        batch = images[start : start + _BATCH]
        exact = _run(full, batch, layer)
        pairs.append((exact, _run(half, batch, layer, exact.predicted)))
    ratio = float(np.median([exact.seconds / other.seconds for exact, other in pairs]))
    agreement = float(np.concatenate([a.predicted == b.predicted for a, b in pairs]).mean())
    alike = [likeness(*maps) for a, b in pairs for maps in zip(a.maps, b.maps, strict=True)]
    suits = ratio >= FASTER and agreement >= AGREEMENT and float(np.median(alike)) >= LIKENESS
    taken = precision == "bfloat16" or (precision == "auto" and suits)
    return half if taken else full, Choice(
        bfloat16=taken,
        forced=precision != "auto",
        images=len(images),
        seconds_float32=float(np.median([exact.seconds for exact, _ in pairs])),
        seconds_bfloat16=float(np.median([other.seconds for _, other in pairs])),
        ratio=ratio,
        agreement=agreement,
        probability_difference=max(
            float(np.abs(a.probabilities - b.probabilities).max()) for a, b in pairs
        ),
        likeness=float(np.median(alike)),
        likeness_lowest=min(alike),
    )


@dataclass(frozen=True, eq=False)
class _Run:
    """One batch through one classifier; seconds are for one image."""

    seconds: float
    predicted: np.ndarray
    probabilities: np.ndarray
    maps: np.ndarray


def _run(
    classifier: Classifier, images: np.ndarray, layer: str, targets: np.ndarray | None = None
) -> _Run:
    """Predict and make the maps of the given targets, or of the predicted classes."""
    start = perf_counter()
    forward = classifier.forward(images, layer)
    predicted = forward.scores.argmax(axis=1)
    class_indices = [int(target) for target in (predicted if targets is None else targets)]
    try:
        maps = raw_maps(classifier, forward, class_indices, METHODS["grad-cam"])
    except MethodError:  # without gradients any other map tells as well whether two agree
        maps = raw_maps(classifier, forward, class_indices, METHODS["eigen-cam"])
    seconds = (perf_counter() - start) / len(images)
    return _Run(seconds, predicted, forward.probabilities, maps)


def try_precisions(
    full: Classifier,
    half: Classifier,
    variants: Variants,
    base: np.ndarray,
    progress: Progress | None = None,
) -> tuple[Precision, np.ndarray]:
    """Score the first variants in both precisions.

    bfloat16 is taken where it is faster and the maps agree.

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
    for classifier in (full, half):
        if progress is not None:
            progress(0, variants.count)
        classifier.scores(batches[0])  # the first call prepares
    seconds: tuple[list[float], list[float]] = ([], [])
    answers: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for done, batch in enumerate(batches):
        if progress is not None:
            progress(done * BATCH, variants.count)
        for classifier, took, scores in zip((full, half), seconds, answers, strict=True):
            began = perf_counter()
            scores.append(classifier.scores(batch)[0])
            took.append(perf_counter() - began)
    both = [np.concatenate(scores) for scores in answers]
    best = np.argsort(-base)[:5]
    maps = [variants.combine(scores[:, best], base[best]) for scores in both]
    ratio = sum(seconds[0]) / sum(seconds[1])
    alike = min(likeness(exact, other) for exact, other in zip(*maps, strict=True))
    taken = ratio >= FASTER and alike >= VARIANT_LIKENESS
    return Precision(taken, ratio, alike), both[int(taken)]


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


def likeness(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson correlation of two maps, defined for all: flat ones are alike only to flat ones.

    Examples
    --------
    >>> likeness(np.zeros((2, 2)), np.ones((2, 2))), likeness(np.eye(2), np.ones((2, 2)))
    (1.0, 0.0)
    """
    a, b = first - first.mean(dtype=np.float64), second - second.mean(dtype=np.float64)
    scale = float(np.linalg.norm(a) * np.linalg.norm(b))
    if scale == 0:
        return float(np.linalg.norm(a) == np.linalg.norm(b))
    return float((a * b).sum()) / scale
