"""A PyTorch module through the protocol, against sums that are written out beside it."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

import camcore
from tests.extras import extra
from tests.models.exact_maps import assert_identity, raw

extra("torch.nn", "torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from camcore.models.torch.classifier import TorchClassifier  # noqa: E402
from tests.models.torch import networks  # noqa: E402

SMALL = {"input_size": (12, 10)}


@pytest.fixture(scope="module")
def resnet():
    """A ResNet-18 with few channels, and its classifier; nobody changes the network."""
    torch.manual_seed(0)
    module = networks.settled(networks.ResNet())
    return module, TorchClassifier(module, preprocessing="torch", class_names="abcde")


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(1)
    return TorchClassifier(networks.cnn(), preprocessing="0-1", **SMALL)


def built(make, seed=2, **options):
    torch.manual_seed(seed)
    return TorchClassifier(make(), preprocessing="0-1", **SMALL, **options)


def scaled(picture):
    """Pixels as torchvision scales them, (1, 3, H, W)."""
    pixels = torch.from_numpy(picture.pixels.copy()).permute(2, 0, 1) / 255
    mean, spread = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    return ((pixels - mean[:, None, None]) / spread[:, None, None])[None]


def test_the_cam_of_a_resnet_is_that_of_its_last_weights(resnet, picture):
    module, classifier = resnet
    assert classifier.default_layer == "layer4"
    (layer,) = (layer for layer in classifier.layers if layer.name == "layer4")
    assert (layer.height, layer.width, layer.cam) == (7, 7, True)
    explanation = camcore.explain(classifier, picture(224, 224), target="c", method="cam")
    with torch.no_grad():
        maps = module.maps(scaled(picture(224, 224)))[0]
        expected = torch.einsum("kij,k->ij", maps, module.fc.weight[2]).numpy()
        score = module(scaled(picture(224, 224)))[0, 2].item()
    np.testing.assert_allclose(
        explanation.heatmap.raw, expected, atol=1e-4 * np.abs(expected).max()
    )
    assert explanation.target.score == pytest.approx(score, abs=1e-4)
    weights = classifier.class_weights("layer4")
    np.testing.assert_allclose(weights.weights, module.fc.weight.detach().numpy().T, atol=1e-5)
    np.testing.assert_allclose(weights.bias, module.fc.bias.detach().numpy(), atol=1e-5)


def test_grad_cam_of_a_resnet_is_that_of_plain_autograd(resnet, picture):
    module, classifier = resnet
    explanation = camcore.explain(classifier, picture(224, 224), target="b", method="grad-cam")
    maps = module.maps(scaled(picture(224, 224))).detach().requires_grad_()
    score = module.fc(maps.mean(dim=(2, 3)))[0, 1]
    (slope,) = torch.autograd.grad(score, maps)
    expected = (slope.mean(dim=(2, 3), keepdim=True) * maps).sum(1)[0].detach().numpy()
    np.testing.assert_allclose(
        explanation.heatmap.raw, expected, atol=1e-4 * np.abs(expected).max()
    )


def test_cam_is_grad_cam_times_the_cells(resnet, images):
    assert_identity(resnet[1], images)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (networks.cnn, "logits"),
        (networks.Residual, "softmax"),
        (networks.one_sigmoid, "sigmoid"),
        (networks.flattened, "softmax"),
        (networks.multi_label, "multi-label"),
        (networks.regression, "regression"),
    ],
)
def test_modules_keep_the_protocol(make, kind):
    classifier = built(make)
    assert classifier.output_kind == kind
    checks = camcore.check_classifier(classifier)
    assert {"heads", "class weights", "gradients", "randomised"} <= set(checks)


def test_residual_blocks_keep_the_protocol():
    torch.manual_seed(0)
    blocks = networks.BasicBlock(3, 4, 2), networks.BasicBlock(4, 4, 1)
    end = nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 3)
    module = networks.settled(nn.Sequential(*blocks, *end), 12)
    classifier = TorchClassifier(module, preprocessing="0-1", **SMALL)
    assert classifier.default_layer == "1"
    assert {"heads", "gradients", "names"} <= set(camcore.check_classifier(classifier))


def test_layers_have_their_paths_and_a_second_run_its_number(resnet):
    names = [layer.name for layer in resnet[1].layers]
    for name in ("conv1", "layer1.0.relu", "layer1.0.relu:2", "layer2.0.downsample.1", "layer4"):
        assert name in names
    assert not {"avgpool", "fc"} & set(names)


def test_what_is_changed_in_place_later_is_handed_out_as_it_was(resnet, images):
    module, classifier = resnet
    batch = images(1, (224, 224, 3))
    normalised = classifier.forward(batch, "bn1").activations
    with torch.no_grad():
        expected = module.bn1(module.conv1(torch.from_numpy(batch).permute(0, 3, 1, 2)))
    assert normalised.min() < 0
    np.testing.assert_allclose(normalised[0], expected[0].permute(1, 2, 0), atol=1e-5)
    rectified = classifier.forward(batch, "relu").activations
    np.testing.assert_allclose(rectified, np.maximum(normalised, 0), atol=1e-6)


def test_the_layer_before_a_pool_is_the_default():
    pooled = networks.ended_by(nn.ReLU(), nn.MaxPool2d((1, 2)), nn.Flatten(), nn.Linear(12, 2))
    assert TorchClassifier(pooled, **SMALL).default_layer == "4"


def test_only_layers_that_the_scores_read_are_offered():
    class Aside(nn.Module):
        def __init__(self):
            super().__init__()
            self.read, self.unread = nn.Conv2d(3, 2, 3), nn.Conv2d(3, 2, 3)
            self.frozen, self.head = nn.Conv2d(3, 2, 3), nn.Linear(2, 2)

        def forward(self, x):
            self.unread(x)
            with torch.no_grad():
                self.frozen(x)
            return self.head(self.read(x).mean((2, 3)))

    assert [layer.name for layer in TorchClassifier(Aside(), **SMALL).layers] == ["read"]


def test_logits_come_from_before_the_softmax(small, images):
    batch = images(2, (12, 10, 3))
    with_softmax = built(lambda: nn.Sequential(networks.cnn(), nn.Softmax(dim=1)), seed=1)
    scores, probabilities = with_softmax.scores(batch)
    expected, same = small.scores(batch)
    assert with_softmax.output_kind == "softmax"
    np.testing.assert_allclose(scores, expected, atol=1e-6)
    np.testing.assert_allclose(probabilities, same, atol=1e-6)


def test_gradients_of_many_targets_and_of_probabilities(small, images):
    image, layer = images(1, (12, 10, 3)), small.default_layer
    forward = small.forward(image, layer)
    both = small.gradients(forward, [0, 2])
    np.testing.assert_allclose(both[1:], small.gradients(forward, [2]), atol=1e-7)
    p = forward.probabilities[0]
    slopes = small.gradients(forward, [0, 1, 2])
    expected = p[1] * (slopes[1] - np.tensordot(p, slopes, axes=1))
    np.testing.assert_allclose(
        small.gradients(forward, [1], of="probability")[0], expected, atol=1e-6
    )
    with pytest.raises(camcore.InputError, match="give one an image"):
        small.gradients(small.forward(images(2, (12, 10, 3)), layer), [0, 1, 2])


def test_the_rest_of_the_network_keeps_what_goes_around_a_layer(images):
    classifier = built(networks.Residual)
    first, second = (images(1, (12, 10, 3), seed) for seed in (0, 1))
    maps = classifier.forward(first, "second").activations
    many = np.concatenate([maps, 0 * maps, -maps])
    together = classifier.head(first, "second")(many)
    each = [classifier.head(first, "second")(part[None])[0] for part in many]
    np.testing.assert_allclose(together, each, atol=1e-5)
    elsewhere = classifier.head(second, "second")(maps)
    assert np.abs(elsewhere - together[:1]).max() > 1e-3


def test_several_outputs_and_names():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.kind, self.age = nn.Conv2d(3, 4, 3), nn.Linear(4, 2), nn.Linear(4, 1)

        def forward(self, x):
            maps = self.conv(x)
            pooled = maps.mean((2, 3))
            return {"maps": maps, "kind": self.kind(pooled), "age": self.age(pooled)}

    first = TorchClassifier(Two(), **SMALL)
    assert (first.outputs, first.output) == (("maps", "kind", "age"), "kind")
    assert "output 'maps' (4×10×8) is no row of classes and was passed over" in first.notes
    aged = TorchClassifier(Two(), output="age", **SMALL)
    assert aged.class_names == ("age, higher", "age, lower")
    with pytest.raises(camcore.InputError, match="no output 'sex'"):
        TorchClassifier(Two(), output="sex", **SMALL)


def test_one_logit_is_read_as_a_class_where_a_person_says_so(images):
    read = built(networks.regression, output_kind="sigmoid", class_names=["cat"])
    guessed = built(networks.regression)
    assert read.class_names == ("not cat", "cat")
    assert any("output_kind='sigmoid'" in note for note in guessed.notes)
    scores, probabilities = read.scores(images(1, (12, 10, 3)))
    np.testing.assert_allclose(scores[0, 0], -scores[0, 1])
    np.testing.assert_allclose(probabilities[0, 1], 1 / (1 + np.exp(-scores[0, 1])), rtol=1e-5)


def test_a_gate_that_reads_the_mean_is_no_pooled_head(images):
    class Gated(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.gate = nn.Conv2d(3, 6, 3, padding=1), nn.Linear(6, 6)
            self.norm, self.head = nn.BatchNorm2d(6), nn.Linear(6, 2)

        def forward(self, x):
            maps = self.conv(x)
            gate = torch.sigmoid(self.gate(maps.mean((2, 3))))
            return self.head(self.norm(maps * gate[:, :, None, None]).mean((2, 3)))

    classifier = built(Gated)
    assert {layer.name: layer.cam for layer in classifier.layers} == {"conv": False, "norm": True}
    assert classifier.class_weights("conv") is None
    camcore.check_classifier(classifier)


def test_a_branch_beside_others_has_no_class_weights():
    class Branching(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
            self.both, self.head = nn.Identity(), nn.Linear(8, 2)

        def forward(self, x):
            both = torch.cat([self.first(x), self.second(x)], dim=1)
            return self.head(self.both(both).mean((2, 3)))

    pooled = {layer.name: layer.cam for layer in built(Branching).layers}
    assert pooled == {"first": False, "second": False, "both": True}


def test_a_transformer_is_refused_where_its_tokens_lie_in_no_grid():
    class Tokens(nn.Module):
        def __init__(self):
            super().__init__()
            self.patches = nn.Conv2d(3, 8, 4, 4)
            block = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
            self.blocks = nn.TransformerEncoder(block, 2, enable_nested_tensor=False)
            self.head = nn.Linear(8, 2)
            self.order = torch.randperm(9)

        def forward(self, x):
            tokens = self.patches(x).flatten(2).transpose(1, 2)
            return self.head(self.blocks(tokens[:, self.order]).mean(1))

    with pytest.raises(camcore.ModelError, match="transformer whose tokens"):
        TorchClassifier(Tokens(), input_size=(12, 12))


@pytest.mark.parametrize(
    "wrap",
    [nn.DataParallel, pytest.param(lambda module: torch.compile(module), marks=pytest.mark.slow)],
)
def test_what_spreads_or_compiles_a_module_is_taken_off(wrap, images):
    torch.manual_seed(2)
    module = networks.cnn()
    batch = images(1, (12, 10, 3))
    expected = TorchClassifier(module, **SMALL).scores(batch)[0]
    wrapped = TorchClassifier(wrap(module), **SMALL)
    np.testing.assert_allclose(wrapped.scores(batch)[0], expected)
    assert wrapped.default_layer == "4"


def test_channels_are_those_of_the_first_convolution():
    module = nn.Sequential(nn.Conv2d(5, 2, 3), nn.Flatten(), nn.Linear(2 * 8 * 6, 2))
    assert TorchClassifier(module, input_size=(10, 8)).input_shape == (10, 8, 5)


@pytest.mark.parametrize(
    ("module", "options", "said"),
    [
        (networks.flattened, {}, "give input_size="),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(360, 2)), SMALL, "no layer with a spatial"),
        (lambda: nn.Sequential(nn.LazyConv2d(2, 3)), SMALL, "has no weights yet"),
        (lambda: "m.pt", SMALL, "takes a torch.nn.Module, not str"),
        (
            lambda: networks.ended_by(
                nn.BatchNorm2d(4, track_running_stats=False),
                nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2),
            ),
            SMALL,
            "otherwise in a batch than alone",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_explained_is_refused_in_a_sentence(module, options, said):
    with pytest.raises(camcore.CamcoreError, match=said):
        TorchClassifier(module(), **options)


def test_weights_that_are_no_numbers_are_refused():
    module = networks.cnn()
    with torch.no_grad():
        module[3].weight[0, 0, 0, 0] = float("nan")
    with pytest.raises(camcore.ModelError, match=r"3\.weight holds weights that are NaN"):
        TorchClassifier(module, **SMALL)


def test_equal_content_has_equal_hashes():
    first, second, other = (built(networks.cnn, seed) for seed in (2, 2, 3))
    assert first.sha256 == second.sha256 != other.sha256
    shuffled = first.randomised(first.weighted_layers[-1:], 0)
    assert shuffled.sha256 != first.sha256


def test_parts_are_split_at_the_layer(resnet):
    before, behind = resnet[1].parts("layer4")
    assert before[-1].name == "layer4"
    assert [(row.name, row.shape, row.parameters) for row in behind] == [
        ("avgpool", (12, 1, 1), 0),
        ("fc", (5,), 65),
    ]
    before, behind = resnet[1].parts("layer4.1.conv1")
    assert "layer4.1.bn1" in {row.name for row in behind}
    assert not any(row.beside for row in before)


def test_bfloat16_is_another_precision_of_the_same_network(small, images):
    batch = images(3, (12, 10, 3))
    exact, _ = small.scores(batch)
    rounded, _ = small.for_throughput(bfloat16=True).scores(batch)
    assert 0 < np.abs(rounded - exact).max() < 0.05
    assert small.for_throughput() is small


def test_memory_that_is_kept_for_the_way_back_is_told(resnet, images):
    late, early = (
        resnet[1].forward(images(2, (224, 224, 3)), layer) for layer in ("layer4", "conv1")
    )
    assert early.state_bytes > 10 * late.state_bytes > 10 * late.activations.nbytes / 2
    assert raw(resnet[1], images(1, (224, 224, 3)), "conv1", [0], "grad-cam").shape[1:] == (
        112,
        112,
    )


def test_the_overlay_of_a_resnet_is_its_map_resized_bilinearly(resnet, picture):
    """Cell centres lie every 32 pixels from the first pixel on: paddings are (k - 1) / 2."""
    photo = picture(224, 224)
    explanation = camcore.explain(resnet[1], photo, target="a", method="cam")
    where = np.clip(np.arange(224) / 32, 0, 6)
    low = np.minimum(where.astype(int), 5)
    ramp = np.zeros((224, 7))
    ramp[np.arange(224), low] = 1 - (where - low)
    ramp[np.arange(224), low + 1] = where - low
    resized = ramp @ explanation.heatmap.values @ ramp.T
    np.testing.assert_allclose(explanation.heatmap.upsampled("bilinear"), resized, atol=1e-5)
    jet = matplotlib.colormaps["jet"](np.rint(255 * resized).astype(np.uint8), bytes=True)[..., :3]
    expected = 0.5 * photo.pixels + 0.5 * jet
    laid = np.asarray(explanation.overlay(alpha=0.5, colormap="jet").convert("RGB"), np.float64)
    assert np.abs(laid - expected).mean() < 0.5
    assert np.percentile(np.abs(laid - expected), 99) <= 3  # a level of the colour map is 4 steps
