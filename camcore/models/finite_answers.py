"""Answers that are numbers: a model that has diverged is refused in a sentence that says where."""

from __future__ import annotations

import numpy as np

from camcore.classifier import Classifier, Forward
from camcore.errors import ModelError

_ADVICE = (
    "its training has diverged, or its inputs are scaled otherwise than in training: choose "
    "another preprocessing, load an earlier checkpoint, or train anew with a lower learning rate."
)


def finite_rows(forward: Forward) -> np.ndarray:
    """Which images of a forward pass got scores and probabilities that are all finite numbers.

    Returns
    -------
    ndarray, shape (N,), bool

    Examples
    --------
    >>> scores = np.array([[0.0, 1.0], [np.nan, 1.0]], np.float32)
    >>> finite_rows(Forward(np.zeros((2, 1, 1, 1)), scores, scores, "conv", (), 0)).tolist()
    [True, False]
    """
    finite = np.isfinite(forward.scores) & np.isfinite(forward.probabilities)
    rows: np.ndarray = finite.all(axis=1)
    return rows


def check_finite(classifier: Classifier, images: np.ndarray, forward: Forward) -> None:
    """Raise a ModelError where an answer is NaN or infinite.

    Parameters
    ----------
    classifier : Classifier
    images : ndarray, shape (N, H, W, C), float32
        Preprocessed; what `forward` was run on.
    forward : Forward

    Raises
    ------
    ModelError
        It names the first layer, in order of computation, whose activations are not finite.
    """
    rows = finite_rows(forward)
    if not rows.all():
        first = int(np.argmin(rows))
        raise diverged(classifier, images[first : first + 1])


def diverged(classifier: Classifier, image: np.ndarray) -> ModelError:
    """The error for an image, (1, H, W, C), that a model's answer to is not finite.

    What is not finite stays so from layer to layer, mostly; so the first such layer is searched
    for by halving, with a forward pass for each step.
    """
    names = [layer.name for layer in classifier.layers]

    def broken(name: str) -> bool:
        return not np.isfinite(classifier.forward(image, name).activations).all()

    before, after = -1, len(names)  # the last layer known to be whole, the first known to be broken
    while after - before > 1:
        middle = (before + after) // 2
        if broken(names[middle]):
            after = middle
        else:
            before = middle
    if after < len(names):
        where = f"the first are activations of layer {names[after]!r}"
    else:
        where = f"the first come behind layer {names[-1]!r}, on the way to the answer"
    return ModelError(
        f"{classifier.name} answers with numbers that are NaN or infinite; {where}: {_ADVICE}"
    )


def check_map(classifier: Classifier, raw: np.ndarray, layer: str, method: str) -> None:
    """Raise a ModelError for a map that holds NaN.

    Parameters
    ----------
    classifier : Classifier
    raw : ndarray
        The map, of any shape.
    layer, method : str
        What it was made of; the method as people call it.
    """
    if np.isnan(raw).any():
        raise ModelError(
            f"the {method} map of {classifier.name} at layer {layer!r} holds numbers that are NaN, "
            "though its answer is finite: the gradients overflow or are not defined there; choose "
            "a method without gradients, or another layer."
        )
