"""Grad-CAM against a plain forward pass and against the common recipe.

``python -m benchmarks.explain`` prints, for each network with random weights, the time of

* Grad-CAM for one image and for a batch of 16, over one compiled forward pass of the same model
  on the same images, NumPy in and NumPy out on both sides;
* another class, and the five most probable classes together, on an image already seen, over
  that forward pass;
* the common recipe (a two-output model and a gradient tape built on each call), over Grad-CAM.

All pieces run in turn within each round; the median ratio over the rounds is printed with its
range. ``--frameworks`` sets one network in Keras, PyTorch and ONNX each against that framework's
own forward pass and loop instead (`benchmarks.frameworks`).
"""

from __future__ import annotations

import click
import numpy as np

from benchmarks.frameworks import measure_frameworks
from benchmarks.pairs import Ratio, in_turn, ratio
from camcore.engine.engine import Engine
from camcore.methods import METHODS
from camcore.methods.applying import raw_maps
from camcore.models.keras.classifier import KerasClassifier
from camcore.models.keras.loading import import_keras, seeded
from camcore.pictures.picture import read_image

LIMITS = {  # what the project promises: network -> (one, batch, another class, five, recipe)
    "VGG16": (1.25, 1.10, 0.30, 0.55, 3.0),
    "ResNet50": (1.25, 1.10, 0.10, 0.12, None),
    "Xception": (1.25, 1.10, 0.10, 0.12, None),
    "MobileNetV2": (1.25, 1.10, 0.10, 0.12, 10.0),
}
BATCH = 16


def recipe(keras, model, layer: str, images: np.ndarray, target: int) -> np.ndarray:
    """Grad-CAM as tutorials write it: everything built on every call."""
    import tensorflow as tf

    two = keras.Model(model.inputs, [model.get_layer(layer).output, model.outputs[0]])
    with tf.GradientTape() as tape:
        activations, predictions = two([images])
        score = predictions[:, target]
    gradients = tape.gradient(score, activations)
    weights = tf.reduce_mean(gradients, axis=(0, 1, 2))
    return tf.nn.relu(tf.reduce_sum(activations[0] * weights, axis=-1)).numpy()


def measure(name: str, rounds: int) -> dict[str, Ratio]:
    """All ratios of one network."""
    keras = import_keras()
    import tensorflow as tf

    with seeded(0):
        model = getattr(keras.applications, name)(weights=None)
    classifier = KerasClassifier(model, name=name, preprocessing="none")
    layer, method = classifier.default_layer, METHODS["grad-cam"]
    rng = np.random.default_rng(0)
    compiled = tf.function(lambda x: model(x, training=False))

    def plain(images: np.ndarray) -> np.ndarray:
        return compiled(tf.constant(images)).numpy()

    def grad_cam(images: np.ndarray) -> np.ndarray:
        forward = classifier.forward(images, layer)
        return raw_maps(classifier, forward, forward.scores.argmax(axis=1), method)

    image = rng.uniform(-1, 1, (1, *classifier.input_shape)).astype(np.float32)
    seen = classifier.forward(image, layer)
    ranked = [int(c) for c in np.argsort(-seen.scores[0])[: 5 + rounds + 2]]
    others = iter(ranked[1:] * 2)
    top5 = ranked[:5]
    single = {
        "plain": lambda: plain(image),
        "grad-cam": lambda: grad_cam(image),
        "another": lambda: raw_maps(classifier, seen, [next(others)], method),
        "five": lambda: raw_maps(classifier, seen, top5, method),
        "recipe": lambda: recipe(keras, model, layer, image, ranked[0]),
    }
    times = in_turn(single, rounds)
    ratios = {
        "one image": ratio(times, "grad-cam", "plain"),
        "another class": ratio(times, "another", "plain"),
        "five classes": ratio(times, "five", "plain"),
        "recipe / ours": ratio(times, "recipe", "grad-cam"),
    }
    many = rng.uniform(-1, 1, (BATCH, *classifier.input_shape)).astype(np.float32)
    batch = {"plain": lambda: plain(many), "grad-cam": lambda: grad_cam(many)}
    ratios["batch of 16"] = ratio(in_turn(batch, max(5, rounds // 3)), "grad-cam", "plain")

    engine = Engine()
    picture = read_image(rng.integers(0, 255, (*classifier.input_shape[:2], 3), np.uint8))
    engine.explain(classifier, picture, target=ranked[0])
    again = {
        "plain": lambda: plain(image),
        "engine": lambda: engine.explain(classifier, picture, target=ranked[0]),
    }
    ratios["seen before"] = ratio(in_turn(again, rounds), "engine", "plain")
    return ratios


@click.command()
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(3))
@click.option("--frameworks", is_flag=True, help="One network in Keras, PyTorch and ONNX instead.")
@click.option(
    "--images", default=128, show_default=True, type=click.IntRange(64), help="For their scans."
)
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...], rounds: int, frameworks: bool, images: int) -> None:
    """Measure NAMES, by default all four networks, and print the ratios."""
    print(f"median over {rounds} rounds (lowest-highest); promised figure behind each")
    if frameworks:
        measure_frameworks(rounds, images)
        return
    for name in names or LIMITS:
        ratios = measure(name, rounds)
        single, batch, another, five, faster = LIMITS[name]
        print(f"\n{name}, random weights")
        print(f"  Grad-CAM / forward pass, one image      {ratios['one image']}  <= {single}")
        print(f"  Grad-CAM / forward pass, batch of {BATCH}    {ratios['batch of 16']}  <= {batch}")
        print(f"  another class, image seen / forward     {ratios['another class']}  <= {another}")
        print(f"  five classes, image seen / forward      {ratios['five classes']}  <= {five}")
        promise = f"  >= {faster}" if faster else ""
        print(f"  common recipe / Grad-CAM                {ratios['recipe / ours']}{promise}")
        print(f"  same map again, from the cache / forward {ratios['seen before']}", flush=True)


if __name__ == "__main__":
    main()
