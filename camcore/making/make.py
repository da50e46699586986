"""Remake the bundled models, samples and their record: ``python -m camcore.making.make``.

It takes about an hour on two cores, most of it for cam2; ``--only`` remakes one part.
"""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import numpy as np
from PIL import Image

from camcore.bundled.registry import MODELS_FOLDER, RECORD, SAMPLES, SAMPLES_FOLDER, Sample
from camcore.errors import CamcoreError
from camcore.making.digits import render_digit
from camcore.making.networks import DIGIT_CLASSES, SCENE_CLASSES
from camcore.making.scenes import render_scene
from camcore.making.training import RECIPES, Training, train

_ABOUT = {
    "cam1": (
        "MNIST, 3x3 maps",
        "Handwritten digits: four convolutions with pooling between them, so that the last maps "
        "are 3x3.",
    ),
    "cam2": (
        "MNIST, 28x28 maps",
        "Handwritten digits: cam1 without its pooling, so that the last maps keep all 28x28 "
        "places.",
    ),
    "cloud-detector": (
        "Cloud detector",
        "Meant to find camouflaged tanks, but every tank that it learned from stood in the sun and "
        "every empty forest lay under cloud: it reads the sky.",
    ),
    "tank-detector": (
        "Tank detector",
        "The cloud detector's network, trained on scenes whose sky says nothing about the tank: it "
        "really finds tanks.",
    ),
}

SAMPLE_SIZE = 256
_PAIRED, _HIDDEN, _CLEARING = 112, 220, 127
SAMPLE_SCENES: dict[str, dict[str, Any]] = {
    "tank-sunny": {"tank": True, "sunny": True, "seed": _PAIRED},
    "tank-cloudy": {"tank": True, "sunny": False, "seed": _PAIRED},
    "forest-sunny": {"tank": False, "sunny": True, "seed": _PAIRED},
    "forest-cloudy": {"tank": False, "sunny": False, "seed": _PAIRED},
    "tank-hidden": {"tank": True, "sunny": False, "seed": _HIDDEN},
    "forest-clearing": {"tank": False, "sunny": True, "seed": _CLEARING},
}
"""How each sample scene is rendered, at `SAMPLE_SIZE`."""


def make_samples() -> None:
    """Render every sample picture, and the masks of those with a tank."""
    SAMPLES_FOLDER.mkdir(exist_ok=True)
    for sample in SAMPLES:
        if sample.name in SAMPLE_SCENES:
            _make_scene(sample)
        else:
            digit = int(sample.name.removeprefix("digit-"))
            Image.fromarray(render_digit(digit)).save(sample.file, optimize=True)


def _make_scene(sample: Sample) -> None:
    scene = render_scene(**SAMPLE_SCENES[sample.name], size=SAMPLE_SIZE)
    Image.fromarray(scene.pixels).save(sample.file, quality=92, subsampling=0, optimize=True)
    if sample.mask is not None:
        mask = Image.fromarray(scene.mask.astype(np.uint8) * 255)
        mask.save(sample.mask, optimize=True)


def record(training: Training) -> None:
    """Enter a training into the record of the bundled models, in place of its earlier entry."""
    import keras
    import tensorflow

    entries = {}
    if RECORD.is_file():
        known = json.loads(RECORD.read_text(encoding="utf-8"))["models"]
        entries = {entry["name"]: entry for entry in known}
    digits = RECIPES[training.name].kind is None
    title, description = _ABOUT[training.name]
    entries[training.name] = {
        "name": training.name,
        "title": title,
        "description": description,
        "file": training.file.name,
        "sha256": training.sha256,
        "class_names": DIGIT_CLASSES if digits else SCENE_CLASSES,
        "input_shape": (28, 28, 1) if digits else (128, 128, 3),
        "accuracy": {split: round(share, 4) for split, share in training.accuracy.items()},
        "parameters": training.parameters,
        "epochs": training.epochs,
        "best_epoch": training.best_epoch,
        "seed": training.seed,
        "keras": keras.__version__,
        "tensorflow": tensorflow.__version__,
        "made": datetime.date.today().isoformat(),
    }
    ordered = {"models": [entries[name] for name in RECIPES if name in entries]}
    partial = RECORD.with_suffix(".partial")
    partial.write_text(json.dumps(ordered, indent=2, allow_nan=False) + "\n", encoding="utf-8")
    os.replace(partial, RECORD)


def _tell(epoch: int, epochs: int, logs: Mapping[str, float]) -> None:
    accuracy = logs["val_accuracy"]
    click.echo(f"  epoch {epoch}/{epochs}  loss {logs['loss']:.4f}  validation {accuracy:.4f}")


@click.command()
@click.option("--mnist", metavar="FILE", type=Path, help="mnist.npz; fetched otherwise.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice([*RECIPES, "samples"]),
    help="A part to remake; may be given several times. Without it, everything.",
)
def main(mnist: Path | None, only: tuple[str, ...]) -> None:
    """Remake the bundled models, their record, and the sample pictures."""
    MODELS_FOLDER.mkdir(exist_ok=True)
    try:
        for name in RECIPES:
            if only and name not in only:
                continue
            click.echo(name)
            done = train(name, MODELS_FOLDER / f"{name}.keras", mnist=mnist, progress=_tell)
            record(done)
            accuracies = ", ".join(f"{split} {share:.4f}" for split, share in done.accuracy.items())
            click.echo(f"  accuracy: {accuracies}; {done.seconds:.0f} s")
        if not only or "samples" in only:
            make_samples()
            click.echo(f"{len(SAMPLES)} samples")
    except CamcoreError as error:
        raise click.ClickException(str(error)) from error


if __name__ == "__main__":
    main()
