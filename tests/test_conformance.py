"""Every kind of model keeps the protocol, and a classifier that breaks it is told where."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import camcore
from camcore.conformance import check_classifier
from camcore.errors import ModelError
from camcore.models.keras.classifier import KerasClassifier
from tests.block_classifier import BlockClassifier, red_or_blue


def functional(keras):
    images = keras.Input((12, 10, 3))
    x = keras.layers.Conv2D(4, 3, activation="tanh")(images)
    x = keras.layers.Conv2D(5, 3, activation="relu")(x)
    x = keras.layers.Flatten()(x)
    return keras.Model(images, keras.layers.Dense(3, activation="softmax")(x))


def sequential(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(4, 3, activation="relu"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ]
    )


def nested(keras):
    inner = keras.Sequential(
        [keras.Input((12, 12, 3)), keras.layers.Conv2D(4, 3, activation="relu")], name="inner"
    )
    images = keras.Input((12, 12, 3))
    x = keras.layers.GlobalAveragePooling2D()(inner(images))
    return keras.Model(images, keras.layers.Dense(3, activation="softmax")(x))


def several_outputs(keras):
    images = keras.Input((12, 12, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu")(images)
    pooled = keras.layers.GlobalAveragePooling2D()(x)
    first = keras.layers.Dense(3, activation="softmax", name="kind")(pooled)
    return keras.Model(images, [first, keras.layers.Dense(1, name="age")(pooled)])


def ending_in(units, activation):
    def build(keras):
        images = keras.Input((12, 12, 3))
        x = keras.layers.Conv2D(4, 3, activation="relu")(images)
        x = keras.layers.GlobalAveragePooling2D()(x)
        return keras.Model(images, keras.layers.Dense(units, activation=activation)(x))

    return build


@pytest.mark.parametrize(
    ("build", "options"),
    [
        (functional, {}),
        (sequential, {}),
        (nested, {}),
        (several_outputs, {"output": "age", "output_kind": "regression"}),
        (ending_in(1, None), {"output_kind": "regression"}),
        (ending_in(1, "sigmoid"), {}),
        (ending_in(3, "sigmoid"), {"output_kind": "multi-label"}),
        (ending_in(3, None), {"output_kind": "logits"}),
    ],
)
def test_keras_models_keep_the_protocol(keras, build, options):
    keras.utils.set_random_seed(7)
    checks = check_classifier(KerasClassifier(build(keras), preprocessing="0-1", **options))
    assert "gradients" in checks
    assert "class weights" in checks


def test_a_classifier_in_numpy_keeps_it():
    assert "heads" in check_classifier(red_or_blue())


class Mixing(BlockClassifier):
    def forward(self, images, layer):
        forward = super().forward(images, layer)
        forward.activations[:] = forward.activations.mean(axis=0)
        return forward


class Doubling(BlockClassifier):
    def gradients(self, forward, targets, of="score"):
        return 2 * super().gradients(forward, targets, of)


class Anything(BlockClassifier):
    def forward(self, images, layer):
        return super().forward(images, "blocks")


class Fixed(BlockClassifier):
    def randomised(self, layers, seed):
        return self


class OtherHead(BlockClassifier):
    def head(self, images, layer):
        return lambda blocks: super(OtherHead, self).head(images, layer)(blocks) + 1


@pytest.mark.parametrize(
    ("broken", "promise"),
    [
        (Mixing, "an image of a batch is answered"),
        (Doubling, "are slopes of the score"),
        (Anything, "a layer that is not there is refused"),
        (Fixed, "shuffled weights change the answers"),
        (OtherHead, "makes the scores"),
    ],
)
def test_a_broken_promise_is_named(broken, promise):
    with pytest.raises(ModelError, match=promise):
        check_classifier(broken(red_or_blue().weights))


def test_a_wrong_number_of_names_is_named():
    with pytest.raises(ModelError, match="a column for each class name"):
        check_classifier(BlockClassifier(red_or_blue().weights, ("red", "blue", "green")))


_WITHOUT_TENSORFLOW = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("tensorflow", "keras"):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
import numpy as np
from pathlib import Path
from PIL import Image
import camcore
from tests.block_classifier import red_or_blue

folder = Path(sys.argv[1])
rng = np.random.default_rng(0)
for name, channel in (("red", 0), ("blue", 2)):
    (folder / "photos" / name).mkdir(parents=True)
    for number in range(32):
        pixels = rng.integers(60, 90, (32, 32, 3), dtype=np.uint8)
        pixels[8:24, 8:24, channel] += 60
        Image.fromarray(pixels).save(folder / "photos" / name / f"{number}.png")
model = red_or_blue()
picture = camcore.read_image(folder / "photos" / "red" / "0.png")
assert camcore.explain(model, picture, method="cam").target.name == "red"
compared = camcore.compare_methods(
    model, picture, methods=["cam", "grad-cam"], layers=["blocks"]
)
assert len(compared.table()) == 2
boxes = folder / "boxes.csv"
boxes.write_text("path,label,x0,y0,x1,y1\\nred/0.png,red,8,8,24,24\\n")
camcore.localize(model, folder / "photos", boxes)
run = camcore.audit(folder / "photos", model, out=folder / "run", budget=6000)
assert run.state == "complete", run.state
print("complete")
"""


def test_everything_runs_without_tensorflow(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", _WITHOUT_TENSORFLOW, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(camcore.__file__).parents[1],
    )
    assert done.stdout.strip().splitlines()[-1:] == ["complete"], done.stderr
    assert np.isfinite(camcore.Run(tmp_path / "run").summary["score"])
