"""From a forward pass to raw maps: the one place where classifier and formula meet."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from camcore.classifier import Classifier, Explained, Forward
from camcore.errors import InputError, MethodError
from camcore.methods import Method, require
from camcore.methods.noise import noisy_copies
from camcore.methods.weighted import nearest_classes


def raw_maps(
    classifier: Classifier,
    forward: Forward,
    targets: Sequence[int],
    method: Method,
    gradients: np.ndarray | None = None,
    of: Explained = "score",
    images: np.ndarray | None = None,
) -> np.ndarray:
    """Maps before ReLU and scaling, one for each target.

    Parameters
    ----------
    forward : Forward
        Of as many images as there are targets, or of one image for all of them.
    targets : sequence of int
        Columns of the scores.
    method : Method
        One that needs no further passes; for the others see `camcore.methods.variant_scores`.
    gradients : ndarray, shape (len(targets), H, W, K), optional
        Where they are known already.
    of : {"score", "probability"}
        What they are of.
    images : ndarray, shape (N, H, W, C), optional
        The preprocessed pictures of `forward`, for a method that looks at noisy copies of them.

    Returns
    -------
    ndarray, shape (len(targets), H, W), float32

    Raises
    ------
    MethodError
        If the method needs a head that this layer does not have, or many passes.
    InputError
        If the number of targets fits neither the images nor one image.
    """
    if len(forward.scores) not in (1, len(targets)):
        raise InputError(
            f"{len(targets)} targets were given for {len(forward.scores)} images; "
            "give one for each."
        )
    activations = forward.activations
    if method.needs == "class weights":
        head = classifier.class_weights(forward.layer)
        require(method, head is not None, classifier.name, forward.layer)
        assert head is not None
        weighted: np.ndarray = method.formula(activations, head.weights.T[list(targets)])
        return weighted
    if method.needs == "activations":
        same = method.formula(activations)  # for all targets
        return np.broadcast_to(same, (len(targets), *same.shape[1:]))
    if method.many_passes:
        raise MethodError(f"{method.title} needs many forward passes of one image at a time.")
    if method.noisy_copies:
        if images is None:
            raise MethodError(f"{method.title} needs the pictures themselves.")
        passes = (classifier.forward(copy, forward.layer) for copy in noisy_copies(images))
        noisy = [classifier.gradients(each, targets, of) for each in passes]
        smoothed: np.ndarray = method.formula(activations, np.stack(noisy, axis=1))
        return smoothed
    if gradients is None:
        gradients = classifier.gradients(forward, targets, of)
    if method.look_alikes:
        others = nearest_classes(forward.scores, np.asarray(targets), method.look_alikes)
        apart = [classifier.gradients(forward, ranked.tolist(), of) for ranked in others.T]
        beside = np.stack(apart, axis=1) if apart else gradients[:, None][:, :0]
        contrasted: np.ndarray = method.formula(activations, gradients, beside)
        return contrasted
    maps: np.ndarray = method.formula(activations, gradients)
    return maps
