"""The same calls with a PyTorch module as with a Keras model, and the same maps."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import camcore
from tests.extras import extra

extra("torch.nn", "torch")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from tests.models.exact_maps import raw  # noqa: E402


@pytest.fixture(scope="module")
def red_or_blue():
    """Says ``red`` where a picture is more red than blue: colours as maps, pooled and weighed."""
    module = nn.Sequential(
        nn.Conv2d(3, 3, 4, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)
    )
    with torch.no_grad():
        module[0].weight.copy_(torch.eye(3)[:, :, None, None].expand(3, 3, 4, 4) / 16)
        module[0].bias.zero_()
        module[4].weight.copy_(torch.tensor([[9.0, 0.0, -9.0], [-9.0, 0.5, 9.0]]))
        module[4].bias.zero_()
    return camcore.TorchClassifier(
        module, preprocessing="0-1", class_names=["red", "blue"], input_size=(32, 32)
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for name, channel in (("red", 0), ("blue", 2)):
        (folder / name).mkdir()
        for number in range(32):
            pixels = rng.integers(60, 90, (32, 32, 3), dtype=np.uint8)
            pixels[8:24, 8:24, channel] += 60
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def test_every_method_explains(red_or_blue, photos):
    picture = camcore.read_image(photos / "red" / "0.png")
    for name in camcore.METHODS:
        explanation = camcore.explain(red_or_blue, picture, target="red", method=name)
        assert explanation.heatmap.raw.ndim == 2
        assert explanation.evidence == "positive", name


def test_methods_are_compared(red_or_blue, photos):
    picture = camcore.read_image(photos / "blue" / "3.png")
    compared = camcore.compare_methods(
        red_or_blue, picture, methods=["cam", "grad-cam"], layers=["0", "1"]
    )
    assert len(compared.table()) == 4


def test_objects_are_found(red_or_blue, photos, tmp_path):
    boxes = tmp_path / "boxes.csv"
    boxes.write_text(
        "path,label,x0,y0,x1,y1\n"
        + "".join(f"red/{number}.png,red,8,8,24,24\n" for number in range(4))
    )
    located = camcore.localize(red_or_blue, photos, boxes, method="cam")
    assert (located.judged, located.accuracy, len(located.rows)) == (4, 1.0, 4)


@pytest.mark.slow
def test_a_whole_audit_is_made(red_or_blue, photos, tmp_path):
    run = camcore.audit(photos, red_or_blue, out=tmp_path / "run", budget=6000)
    assert run.state == "complete"
    assert (len(run.images), len(run.bad), run.grid) == (64, 0, (8, 8))
    assert np.isfinite(run.summary["score"])


def test_the_same_weights_give_the_same_maps_in_keras(keras, images):
    """Every layer, three methods; convolutions without padding, which both pad alike."""
    keras.utils.set_random_seed(9)
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((20, 18, 3)),
            layers.Conv2D(6, 3, activation="relu", name="first"),
            layers.MaxPooling2D(2, name="pool"),
            layers.Conv2D(8, 3, strides=2, activation="relu", name="second"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(4, activation="softmax", name="scores"),
        ]
    )
    module = nn.Sequential()
    module.add_module("conv1", nn.Conv2d(3, 6, 3))
    module.add_module("first", nn.ReLU())
    module.add_module("pool", nn.MaxPool2d(2))
    module.add_module("conv2", nn.Conv2d(6, 8, 3, 2))
    module.add_module("second", nn.ReLU())
    module.add_module("mean", nn.AdaptiveAvgPool2d(1))
    module.add_module("flat", nn.Flatten())
    module.add_module("scores", nn.Linear(8, 4))
    module.add_module("softmax", nn.Softmax(dim=1))
    with torch.no_grad():
        for name, part in (("first", "conv1"), ("second", "conv2"), ("scores", "scores")):
            kernel, bias = network.get_layer(name).get_weights()
            order = (3, 2, 0, 1) if kernel.ndim == 4 else (1, 0)
            module.get_submodule(part).weight.copy_(torch.from_numpy(kernel.transpose(order)))
            module.get_submodule(part).bias.copy_(torch.from_numpy(bias))
    first = camcore.KerasClassifier(network, preprocessing="0-1")
    second = camcore.TorchClassifier(module, preprocessing="0-1", input_size=(20, 18))
    batch = images(2, (20, 18, 3))
    assert first.output_kind == second.output_kind == "softmax"
    np.testing.assert_allclose(first.scores(batch), second.scores(batch), atol=1e-5)
    frames = [
        {layer.name: layer.frame for layer in classifier.layers} for classifier in (first, second)
    ]
    for name in ("first", "pool", "second"):
        for method in ("grad-cam", "hirescam", "layer-cam"):
            maps = [raw(classifier, batch, name, [1, 3], method) for classifier in (first, second)]
            assert np.corrcoef(*(each.ravel() for each in maps))[0, 1] >= 0.9999
        assert frames[0][name] == frames[1][name]
    assert first.default_layer == second.default_layer == "second"
    cams = [raw(classifier, batch, "second", [1, 3], "cam") for classifier in (first, second)]
    np.testing.assert_allclose(*cams, atol=1e-5)


_LATE = """
import sys
from click.testing import CliRunner
import camcore
from camcore.cli.app import cli

assert CliRunner().invoke(cli, ["models"]).exit_code == 0
assert not {"torch", "tensorflow"} & set(sys.modules)
sys.modules["torch"] = None  # as where it is not installed
try:
    camcore.TorchClassifier
except camcore.ModelError as error:
    print(error)
"""


def test_torch_is_imported_late_and_named_where_it_is_missing():
    done = subprocess.run(
        [sys.executable, "-c", _LATE],
        capture_output=True,
        text=True,
        cwd=Path(camcore.__file__).parents[1],
    )
    assert done.stdout.strip() == (
        "TorchClassifier needs PyTorch, which is an extra: pip install '.[torch]'."
    ), done.stderr
