"""Every method against one forward pass, on one image.

``python -m benchmarks.methods`` prints, for networks with random weights,

* each gradient method over Grad-CAM, forward and backward pass in both;
* Recipro-CAM over one forward pass, its first pass counted;
* Score-CAM over as many forward passes of the model in batches, as its authors count the cost;
  and, where bfloat16 is faster on this processor, the same in bfloat16 with the correlation of
  the two maps;
* the memory that Score-CAM adds with 64 channels and with all of them.

Pieces that are compared run in turn within each round; medians and ranges of the ratios.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import click
import numpy as np

from benchmarks.pairs import Ratio, in_turn, ratio
from camcore.methods import METHODS
from camcore.methods.applying import raw_maps
from camcore.methods.variant_scores import BATCH, variant_scores
from camcore.metrics import pearson
from camcore.models.keras.classifier import KerasClassifier
from camcore.models.keras.loading import import_keras, seeded

_CHUNK = 8 * BATCH
NETWORKS = ("ResNet50", "VGG16")
GRADIENTS = [  # of one backward pass
    method.name
    for method in METHODS.values()
    if method.needs == "gradients" and not (method.look_alikes or method.noisy_copies)
]
"""Methods held to 1.3 times Grad-CAM."""


def _classifier(name: str):
    keras = import_keras()
    import tensorflow as tf

    with seeded(0):
        model = getattr(keras.applications, name)(weights=None)
    compiled = tf.function(lambda x: model(x, training=False))

    def plain(images: np.ndarray) -> np.ndarray:
        return compiled(tf.constant(images)).numpy()

    return KerasClassifier(model, name=name, preprocessing="none"), plain


def cheap(classifier, plain, image: np.ndarray, rounds: int) -> dict[str, Ratio]:
    """Ratios of the methods of one backward pass or less, and of Recipro-CAM."""
    layer = classifier.default_layer

    def one_pass(name: str):
        def run() -> np.ndarray:
            forward = classifier.forward(image, layer)
            return raw_maps(classifier, forward, [int(forward.scores.argmax())], METHODS[name])

        return run

    def recipro() -> np.ndarray:
        forward = classifier.forward(image, layer)
        variants = METHODS["recipro-cam"].formula(image[0], forward.activations[0])
        scores = variant_scores(classifier.head(image, layer), variants)
        best = [int(forward.scores.argmax())]
        return variants.combine(scores[:, best], forward.scores[0, best])

    works = {"forward": lambda: plain(image)}
    works |= {name: one_pass(name) for name in (*GRADIENTS, "eigen-cam")}
    works["recipro-cam"] = recipro
    times = in_turn(works, rounds)
    ratios = {f"{name} / grad-cam": ratio(times, name, "grad-cam") for name in GRADIENTS[1:]}
    ratios["eigen-cam / grad-cam"] = ratio(times, "eigen-cam", "grad-cam")
    ratios["recipro-cam / forward pass"] = ratio(times, "recipro-cam", "forward")
    return ratios


def score_cam(classifier, plain, image: np.ndarray) -> list[str]:
    """All of Score-CAM's passes, chunk by chunk in turn with plain ones."""
    forward = classifier.forward(image, classifier.default_layer)
    frame = next(layer.frame for layer in classifier.layers if layer.name == forward.layer)
    variants = METHODS["score-cam"].formula(image[0], forward.activations[0], frame)
    best = [int(forward.scores.argmax())]
    full, half = classifier.for_throughput(), classifier.for_throughput(bfloat16=True)
    chunks = [(at, min(variants.count, at + _CHUNK)) for at in range(0, variants.count, _CHUNK)]
    scores: dict[str, list[np.ndarray]] = {"float32": [], "bfloat16": []}

    def run(name: str, model, start: int, stop: int):
        part = replace(variants, count=stop)

        def work() -> None:
            scores[name].append(variant_scores(lambda x: model.scores(x)[0], part, start=start))

        return work

    times: dict[str, list[float]] = {}
    for prepared in (full, half):
        prepared.scores(variants.make(0, BATCH))
    plain(variants.make(0, BATCH))
    for start, stop in chunks:
        ready = [variants.make(at, min(stop, at + BATCH)) for at in range(start, stop, BATCH)]
        works = {
            "plain": lambda ready=ready: [plain(batch) for batch in ready],
            "float32": run("float32", full, start, stop),
            "bfloat16": run("bfloat16", half, start, stop),
        }
        for name, took in in_turn(works, rounds=1, warm=0).items():
            times.setdefault(name, []).extend(took)
    maps = {
        name: variants.combine(np.concatenate(parts)[:, best], forward.scores[0, best])[0]
        for name, parts in scores.items()
    }
    faster = ratio(times, "float32", "bfloat16").median
    return [
        f"  Score-CAM, {variants.count} channels / as many passes    "
        f"{ratio(times, 'float32', 'plain')}  <= 1.15",
        f"  the same in bfloat16                       {ratio(times, 'bfloat16', 'plain')}  <= 0.6",
        f"    bfloat16 {faster:.2f}x as fast, Pearson of the maps "
        f"{pearson(maps['float32'], maps['bfloat16']):.6f}  >= 0.999",
    ]


_MEMORY = """
import resource, sys, numpy as np, camcore
peaks = {}
def progress(done, total):
    peaks[done] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
model = camcore.load_model(f"{sys.argv[1]}:weights=random")
pixels = np.random.default_rng(0).integers(0, 255, (224, 224, 3), np.uint8)
shown = camcore.explain(model, camcore.read_image(pixels), method="score-cam", progress=progress)
early = next(done for done in peaks if done >= 128)
print(f"{early} {peaks[early]:.0f} {max(peaks)} {peaks[max(peaks)]:.0f} {shown.cost.precision}")
"""


def memory(name: str) -> str:
    """Peak memory of a process early in Score-CAM and at its end."""
    process = subprocess.run(
        [sys.executable, "-c", _MEMORY, name], capture_output=True, text=True, check=True
    )
    early, before, last, after, precision = process.stdout.split(maxsplit=4)
    return (
        f"  peak memory after {early} passes {before} MB, after all {last} {after} MB "
        f"({int(after) / int(before):.2f}x), {precision.strip()}"
    )


@click.command()
@click.option("--rounds", default=15, show_default=True, type=click.IntRange(3))
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...], rounds: int) -> None:
    """Measure NAMES, by default ResNet50 and VGG16, and print the ratios."""
    limits = dict.fromkeys((f"{name} / grad-cam" for name in GRADIENTS), "  <= 1.3")
    print(f"median over {rounds} rounds (lowest-highest); promised figure behind each")
    for name in names or NETWORKS:
        classifier, plain = _classifier(name)
        rng = np.random.default_rng(0)
        image = rng.uniform(-1, 1, (1, *classifier.input_shape)).astype(np.float32)
        grid = next(layer for layer in classifier.layers if layer.name == classifier.default_layer)
        print(f"\n{name}, random weights, {grid}")
        promised = limits | ({"recipro-cam / forward pass": "  <= 3"} if grid.cam else {})
        for what, measured in cheap(classifier, plain, image, rounds).items():
            print(f"  {what:<40} {measured}{promised.get(what, '')}", flush=True)
        for line in score_cam(classifier, plain, image):
            print(line, flush=True)
        print(memory(name), flush=True)


if __name__ == "__main__":
    main()
