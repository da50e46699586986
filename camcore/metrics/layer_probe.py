"""What a layer knows of the classes: a probe that learns from a few examples of each."""

from __future__ import annotations

import numpy as np

from camcore.classifier import Classifier

_AT_ONCE = 32  # images in a forward pass


def probe_accuracy(
    model: Classifier,
    layer: str,
    learnt: tuple[np.ndarray, np.ndarray],
    held: tuple[np.ndarray, np.ndarray],
) -> float:
    """How often the nearest class mean is the right one, on images that it was not learnt from.

    A probe (Alain and Bengio 2016, arXiv:1610.01644) of the simplest kind: each feature map is
    averaged over its cells and divided by its spread, and an image goes to the class whose mean is
    nearest. With few examples it is right only where the layer keeps the classes well apart.

    Parameters
    ----------
    model : Classifier
    layer : str
    learnt, held : pair of ndarray
        Images as the model takes them, (n, height, width, channels), and their classes, int (n,).

    Returns
    -------
    float
        0 to 1.
    """
    features, classes = _means(model, layer, learnt[0]), learnt[1]
    held_features, right = _means(model, layer, held[0]), held[1]
    spread = features.std(axis=0)
    scale = np.divide(1.0, spread, out=np.zeros_like(spread), where=spread > 0)
    names = np.unique(classes)
    centres = np.stack([features[classes == name].mean(axis=0) for name in names])
    distances = np.linalg.norm((held_features[:, None] - centres) * scale, axis=2)
    return float((names[distances.argmin(axis=1)] == right).mean())


def _means(model: Classifier, layer: str, images: np.ndarray) -> np.ndarray:
    parts = [
        model.forward(images[start : start + _AT_ONCE], layer).activations.mean(axis=(1, 2))
        for start in range(0, len(images), _AT_ONCE)
    ]
    return np.concatenate(parts).astype(np.float64)
