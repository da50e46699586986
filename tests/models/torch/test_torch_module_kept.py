"""A module is left as it was: modes, hooks, gradients, random numbers."""

from __future__ import annotations

import numpy as np
import pytest

from tests.extras import extra

extra("torch.nn", "torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from camcore.models.torch.classifier import TorchClassifier  # noqa: E402
from tests.models.torch import networks  # noqa: E402


def state_of(module):
    return {
        "modes": [part.training for part in module.modules()],
        "hooks": [
            (len(part._forward_hooks), len(part._forward_pre_hooks), len(part._backward_hooks))
            for part in module.modules()
        ],
        "asked": [parameter.requires_grad for parameter in module.parameters()],
        "slopes": [
            None if parameter.grad is None else parameter.grad.tolist()
            for parameter in module.parameters()
        ],
        "kinds": [(tensor.dtype, tensor.device) for tensor in module.state_dict().values()],
        "places": [tensor.data_ptr() for tensor in module.state_dict().values()],
        "values": [tensor.tolist() for tensor in module.state_dict().values()],
        "random": torch.get_rng_state().tolist(),
        "gradients": torch.is_grad_enabled(),
    }


def everything(classifier, batch):
    layer = classifier.default_layer
    forward = classifier.forward(batch, layer)
    classifier.gradients(forward, [0] * len(batch))
    classifier.scores(batch)
    classifier.head(batch[:1], layer)(forward.activations)
    classifier.class_weights(layer)
    classifier.parts(layer)
    classifier.for_throughput(bfloat16=True).scores(batch)
    classifier.randomised(classifier.weighted_layers, 0).scores(batch)


@pytest.fixture
def used():
    """A module in the midst of training: mixed modes, a frozen part, gradients, a dropout."""
    torch.manual_seed(3)
    module = nn.Sequential(networks.ResNet((4, 4, 4, 4), 3), nn.Dropout(0.5))
    module.train()
    module[0].bn1.eval()
    module[0].conv1.weight.requires_grad_(False)
    module[0].fc.register_forward_hook(lambda part, given, result: None)
    module[0].fc(torch.ones(1, 4)).sum().backward()
    return module


def test_everything_leaves_a_module_as_it_was(used, images):
    before = state_of(used)
    everything(TorchClassifier(used, input_size=(33, 33)), images(2, (33, 33, 3)))
    after = state_of(used)
    for name, value in before.items():
        assert after[name] == value, name


def test_an_error_inside_the_module_leaves_it_as_it_was(used):
    module = nn.Sequential(used, nn.Linear(7, 2))
    before = state_of(module)
    with pytest.raises(Exception, match="does not run on one picture"):
        TorchClassifier(module, input_size=(33, 33))
    assert state_of(module) == before


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode, torch.enable_grad])
def test_a_caller_without_gradients_gets_them_all_the_same(images, mode):
    torch.manual_seed(0)
    module = networks.cnn()
    batch = images(1, (12, 10, 3))
    with mode():
        classifier = TorchClassifier(module, input_size=(12, 10))
        forward = classifier.forward(batch, classifier.default_layer)
        gradients = classifier.gradients(forward, [1])
    expected = module[-1].weight[1].detach().numpy() / (3 * 2)
    np.testing.assert_allclose(gradients[0, 0, 0], expected, atol=1e-6)


def test_double_precision_stays_and_answers_are_float32(images):
    module = networks.cnn().double()
    classifier = TorchClassifier(module, input_size=(12, 10))
    forward = classifier.forward(images(1, (12, 10, 3)), classifier.default_layer)
    assert forward.activations.dtype == forward.scores.dtype == np.float32
    assert classifier.gradients(forward, [0]).dtype == np.float32
    assert {parameter.dtype for parameter in module.parameters()} == {torch.float64}
