"""One network, by Keras and by onnxruntime: the same answers, maps, gradients and places."""

from __future__ import annotations

import numpy as np
import pytest
from onnx_networks import model_of, node

import camcore
from camcore.models.keras.classifier import KerasClassifier
from camcore.models.onnx.classifier import OnnxClassifier


@pytest.fixture(scope="session")
def both(tiny_model):
    """Convolutions with tanh and maximum pooling between, flatten, two dense layers, softmax."""
    kernels = [
        array.transpose(3, 2, 0, 1) if array.ndim == 4 else array
        for array in tiny_model.get_weights()
    ]
    weights = {f"w{place}": array for place, array in enumerate(kernels)}
    nodes = [
        node("Transpose", "picture", "turned", perm=[0, 3, 1, 2]),
        node("Conv", "turned w0 w1", "early_linear"),
        node("Tanh", "early_linear", "early"),
        node("MaxPool", "early", "pool", kernel_shape=[2, 2], strides=[2, 2]),
        node("Conv", "pool w2 w3", "late_linear"),
        node("Tanh", "late_linear", "late"),
        node("Transpose", "late", "rows", perm=[0, 2, 3, 1]),
        node("Flatten", "rows", "flat"),
        node("Gemm", "flat w4 w5", "hidden_linear"),
        node("Tanh", "hidden_linear", "hidden"),
        node("Gemm", "hidden w6 w7", "logits"),
        node("Softmax", "logits", "scores", axis=-1),
    ]
    model = model_of(nodes, weights, ("N", 12, 10, 3))
    converted = OnnxClassifier(model, name="m", sha256="0", preprocessing="0-1")
    return KerasClassifier(tiny_model, preprocessing="0-1"), converted


@pytest.mark.parametrize("layer", ["early", "pool", "late"])
def test_maps_gradients_and_places_are_the_same(both, images, layer):
    batch = images(3, (12, 10, 3))
    first, second = (model.forward(batch, layer) for model in both)
    np.testing.assert_allclose(first.scores, second.scores, atol=1e-5)
    np.testing.assert_allclose(first.probabilities, second.probabilities, atol=1e-5)
    np.testing.assert_allclose(first.activations, second.activations, atol=1e-5)
    for of in ("score", "probability"):
        slopes = (
            model.gradients(forward, [0, 1, 2], of)
            for model, forward in zip(both, (first, second), strict=True)
        )
        np.testing.assert_allclose(*slopes, atol=1e-5)
    frames = [next(place.frame for place in model.layers if place.name == layer) for model in both]
    assert frames[0] == frames[1]


@pytest.mark.parametrize("method", [name for name in camcore.METHODS if name != "cam"])
def test_every_method_makes_the_same_map(both, picture, method):
    first, second = (
        camcore.explain(model, picture(), layer="late", method=method, target=1).heatmap
        for model in both
    )
    assert np.ptp(first.raw) > 0
    np.testing.assert_allclose(first.raw, second.raw, atol=1e-4 * np.abs(first.raw).max())
