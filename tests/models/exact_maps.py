"""Raw maps, and the identity that CAM and Grad-CAM keep on a pooled head."""

from __future__ import annotations

import numpy as np

from camcore import methods
from camcore.methods.applying import raw_maps


def raw(classifier, batch, layer, targets, method):
    forward = classifier.forward(batch, layer)
    return raw_maps(classifier, forward, targets, methods.METHODS[method])


def assert_identity(classifier, images):
    """CAM = H*W * Grad-CAM, and mean(CAM) + bias = logit, to float precision."""
    layer = classifier.default_layer
    batch = images(2, classifier.input_shape)
    forward = classifier.forward(batch, layer)
    targets = [0, len(classifier.class_names) - 1]
    cam = raw_maps(classifier, forward, targets, methods.METHODS["cam"])
    grad = raw_maps(classifier, forward, targets, methods.METHODS["grad-cam"])
    cells = cam.shape[1] * cam.shape[2]
    scale = np.abs(cam).max()
    np.testing.assert_allclose(cam, cells * grad, atol=1e-5 * scale, rtol=1e-4)
    logits = forward.scores[[0, 1], targets]
    bias = classifier.class_weights(layer).bias[targets]
    np.testing.assert_allclose(cam.mean(axis=(1, 2)) + bias, logits, atol=1e-5 * scale, rtol=1e-4)
    hires = raw_maps(classifier, forward, targets, methods.METHODS["hirescam"])
    np.testing.assert_allclose(hires, grad, atol=1e-5 * scale, rtol=1e-4)
