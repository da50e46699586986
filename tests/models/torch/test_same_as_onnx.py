"""The same transformer as a PyTorch module and as the ONNX file exported from it."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import camcore
from tests.extras import extra

extra("torch.nn", "torch")

import onnx  # noqa: E402
import torch  # noqa: E402

from camcore.models.onnx.classifier import OnnxClassifier  # noqa: E402
from camcore.models.torch.classifier import TorchClassifier  # noqa: E402
from tests.models.torch import token_networks  # noqa: E402
from tests.models.torch.token_networks import SHAPE  # noqa: E402


@pytest.fixture(scope="module", params=["class token", "pooled with registers"])
def both(request, tmp_path_factory):
    module = token_networks.transformer(request.param)
    path = tmp_path_factory.mktemp("exported") / "vit.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter without onnxscript is an old one
        torch.onnx.export(
            module,
            (torch.zeros(1, 3, *SHAPE[:2]),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["picture"],
            dynamic_axes={"picture": {0: "N"}},
        )
    exported = OnnxClassifier(onnx.load(path), name="vit", sha256="0", preprocessing="0-1")
    return TorchClassifier(module, preprocessing="0-1", input_size=SHAPE[:2]), exported


def test_the_default_is_the_same_layer_with_the_same_maps(both, images):
    module, exported = both
    assert exported.default_layer == f"{module.default_layer.replace('1.norm1', '1/norm1')}" + (
        "/LayerNormalization"
    )
    layers = [
        next(layer for layer in model.layers if layer.name == model.default_layer) for model in both
    ]
    assert len({(a.height, a.width, a.channels, a.beside, a.frame) for a in layers}) == 1
    passes = [model.forward(images(2, SHAPE), model.default_layer) for model in both]
    np.testing.assert_allclose(passes[0].activations, passes[1].activations, atol=1e-5)
    slopes = [model.gradients(done, [0, 3]) for model, done in zip(both, passes, strict=True)]
    np.testing.assert_allclose(*slopes, atol=1e-6)
    assert np.abs(slopes[0]).max() > 1e-3


def test_grad_cam_and_recipro_cam_give_the_same_maps(both, picture):
    for method in ("grad-cam", "recipro-cam"):
        maps = [
            camcore.explain(model, picture(*SHAPE[:2]), target=1, method=method).heatmap.raw
            for model in both
        ]
        np.testing.assert_allclose(*maps, atol=1e-5 * max(1.0, float(np.abs(maps[0]).max())))


def test_patches_that_nobody_reads_are_named_by_both(both):
    named = ["do not reach the scores" in " ".join(model.notes) for model in both]
    reads_class_token = both[0].default_layer != "norm"
    assert named == [reads_class_token] * 2


def test_the_exported_file_keeps_the_protocol(both):
    assert {"heads", "gradients"} <= set(camcore.check_classifier(both[1]))
