"""PyTorch networks of tokens: their layers are maps of the picture all the same."""

from __future__ import annotations

import numpy as np
import pytest

import camcore
from camcore import methods
from camcore.methods.applying import raw_maps
from camcore.methods.weighted import CONTRAST
from tests.extras import extra

extra("torch.nn", "torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from camcore.models.torch.classifier import TorchClassifier  # noqa: E402
from tests.models.torch import token_networks  # noqa: E402
from tests.models.torch.token_networks import (  # noqa: E402
    CHANNELS,
    COLUMNS,
    KINDS,
    PATCH,
    ROWS,
    SHAPE,
)


@pytest.fixture(scope="module")
def classifiers():
    return {
        kind: TorchClassifier(
            token_networks.transformer(kind), preprocessing="0-1", input_size=SHAPE[:2]
        )
        for kind in KINDS
    }


@pytest.mark.parametrize(
    ("kind", "layer", "text"),
    [
        ("pooled", "norm", "norm · 4×6 · 8"),
        ("written out", "norm", "norm · 4×6 · 8"),
        ("class token", "blocks.1.norm1", "blocks.1.norm1 · 4×6 (+1) · 8"),
        ("class token and registers", "blocks.1.norm1", "blocks.1.norm1 · 4×6 (+5) · 8"),
        ("pooled with registers", "norm", "norm · 4×6 (+3) · 8"),
    ],
)
def test_the_default_is_the_last_map_that_is_read(classifiers, kind, layer, text):
    classifier = classifiers[kind]
    assert classifier.default_layer == layer
    assert text in [str(layer) for layer in classifier.layers]
    assert {(layer.height, layer.width) for layer in classifier.layers} == {(ROWS, COLUMNS)}


def test_patches_that_nobody_reads_are_named(classifiers):
    classifier, control = classifiers["class token"], classifiers["pooled with registers"]
    assert "norm" not in {layer.name for layer in classifier.layers}
    assert any("norm" in note and "do not reach the scores" in note for note in classifier.notes)
    assert "norm" in {layer.name for layer in control.layers}
    assert not any("do not reach" in note for note in control.notes)


def test_transformers_keep_the_protocol(classifiers):
    checks = camcore.check_classifier(classifiers["class token"])
    assert {"heads", "gradients", "randomised"} <= set(checks)


def test_gradients_of_the_patches_are_those_of_plain_autograd(classifiers, images):
    module = token_networks.transformer("class token")
    batch = images(1, SHAPE)
    with torch.no_grad():
        tokens = module.patches(torch.from_numpy(batch).permute(0, 3, 1, 2)).flatten(2)
        tokens = torch.cat([module.prefix, tokens.transpose(1, 2)], dim=1) + module.positions
    leaf = module.blocks[0](tokens).detach().requires_grad_()
    score = module.head(module.norm(module.blocks[1](leaf))[:, 0])[0, 2]
    (slope,) = torch.autograd.grad(score, leaf)
    classifier = classifiers["class token"]
    forward = classifier.forward(batch, "blocks.0")
    expected = leaf.detach()[:, 1:].reshape(1, ROWS, COLUMNS, CHANNELS)
    np.testing.assert_allclose(forward.activations, expected, atol=1e-5)
    np.testing.assert_allclose(
        classifier.gradients(forward, [2]),
        slope[:, 1:].reshape(1, ROWS, COLUMNS, CHANNELS),
        atol=1e-6,
    )


def test_recipro_cam_keeps_the_class_token_and_one_patch(classifiers, picture):
    module, classifier = token_networks.transformer("class token"), classifiers["class token"]
    seen = picture(*SHAPE[:2])
    raw = camcore.explain(classifier, seen, target=1, method="recipro-cam").heatmap.raw
    block = module.blocks[1]
    scores = []
    with torch.no_grad():
        pixels = torch.from_numpy(seen.pixels.copy()).permute(2, 0, 1)[None] / 255
        tokens = module.patches(pixels).flatten(2).transpose(1, 2)
        tokens = torch.cat([module.prefix, tokens], dim=1) + module.positions
        tokens = module.blocks[0](tokens)
        normed = block.norm1(tokens)
        for place in range(ROWS * COLUMNS + 1):
            kept = torch.zeros_like(normed)
            kept[:, 0] = normed[:, 0]
            kept[:, place] = normed[:, place]
            after = tokens + block.attended(kept)
            after = after + block.mlp(block.norm2(after))
            scores.append(module.head(module.norm(after)[:, 0])[0, 1].item())
    expected = (np.array(scores[1:]) - scores[0]).reshape(ROWS, COLUMNS)
    np.testing.assert_allclose(raw, expected, atol=1e-5)
    assert np.ptp(expected) > 1e-3


def test_finer_cam_is_grad_cam_of_a_difference_of_scores(classifiers, picture):
    def raw(method, target):
        options = {"target": target, "method": method}
        return camcore.explain(classifiers["pooled"], picture(*SHAPE[:2]), **options).heatmap.raw

    others = sum(raw("grad-cam", other) for other in (0, 2, 3))
    np.testing.assert_allclose(
        raw("finer-cam", 1), raw("grad-cam", 1) - CONTRAST * others / 3, atol=1e-5
    )


def test_plain_cam_only_where_the_patches_alone_are_pooled(classifiers, images):
    layers = {kind: classifiers[kind].layers[-1] for kind in KINDS}
    assert layers["pooled"].cam
    assert layers["written out"].cam
    assert not layers["pooled with registers"].cam
    assert not layers["class token"].cam
    forward = classifiers["pooled"].forward(images(1, SHAPE), "norm")
    cam = raw_maps(classifiers["pooled"], forward, [1], methods.METHODS["cam"])[0]
    bias = classifiers["pooled"].class_weights("norm").bias[1]
    assert cam.mean() + bias == pytest.approx(forward.scores[0, 1], abs=1e-5)
    gradcam = raw_maps(classifiers["pooled"], forward, [1], methods.METHODS["grad-cam"])[0]
    np.testing.assert_allclose(gradcam * ROWS * COLUMNS, cam, atol=1e-5)


def test_windows_that_move_keep_their_place(images):
    torch.manual_seed(0)
    module = token_networks.Windows()
    classifier = TorchClassifier(module, preprocessing="0-1", input_size=SHAPE[:2])
    layers = {layer.name: layer for layer in classifier.layers}
    assert (layers["back"].height, layers["merge"].height) == (ROWS, ROWS // 2)
    assert layers["back"].frame == layers["patches"].frame
    batch = images(1, SHAPE)
    forward = classifier.forward(batch, "back")
    inner = module.inner(module.norm(module.patches(
        torch.from_numpy(batch).permute(0, 3, 1, 2)).permute(0, 2, 3, 1)))  # fmt: skip
    np.testing.assert_allclose(forward.activations, inner.detach(), atol=1e-5)


def sequences(name):
    order = torch.from_numpy(np.random.default_rng(1).permutation(ROWS * COLUMNS))
    return {
        "row by row": lambda x: x.flatten(2).transpose(1, 2),
        "column by column": lambda x: x.permute(0, 3, 2, 1).flatten(1, 2),
        "channels first": lambda x: x.flatten(2),
        "backwards": lambda x: x.flatten(2).transpose(1, 2).flip(1),
        "mean in front": lambda x: torch.cat(
            [x.mean((2, 3))[:, None], x.flatten(2).transpose(1, 2)], dim=1
        ),
        "in disorder": lambda x: x.flatten(2).transpose(1, 2)[:, order],
        "some patches": lambda x: x.flatten(2).transpose(1, 2)[:, :7],
        "rows alone": lambda x: x.mean(3).transpose(1, 2),
    }[name]


class Sequence(nn.Module):
    def __init__(self, made):
        super().__init__()
        self.patches, self.tokens = nn.Conv2d(3, CHANNELS, PATCH, PATCH), nn.Identity()
        self.made, self.head = made, nn.LazyLinear(3)

    def forward(self, x):
        return self.head(self.tokens(self.made(self.patches(x))).flatten(1))


def of_sequence(name):
    torch.manual_seed(0)
    module = Sequence(sequences(name))
    module(torch.zeros(1, 3, *SHAPE[:2]))
    return TorchClassifier(module, preprocessing="0-1", input_size=SHAPE[:2])


@pytest.mark.parametrize(
    "name", ["row by row", "column by column", "channels first", "backwards", "mean in front"]
)
def test_the_map_of_the_tokens_is_that_of_the_convolution(name, images):
    classifier = of_sequence(name)
    maps, expected = (classifier.forward(images(2, SHAPE), n) for n in ("tokens", "patches"))
    np.testing.assert_array_equal(maps.activations, expected.activations)
    frames = {layer.name: layer.frame for layer in classifier.layers}
    assert frames["tokens"] == frames["patches"]


@pytest.mark.parametrize("name", ["in disorder", "some patches", "rows alone"])
def test_what_is_no_grid_over_the_picture_is_no_map(name):
    assert [layer.name for layer in of_sequence(name).layers] == ["patches"]
