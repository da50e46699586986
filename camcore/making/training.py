"""Train a bundled model from scratch: plain Keras, fixed seeds, the best epoch kept."""

from __future__ import annotations

import hashlib
import itertools
import math
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from camcore.errors import InputError
from camcore.making.mnist import load_mnist
from camcore.making.networks import NETWORKS, SCENE_CLASSES
from camcore.making.scenes import KINDS, Scene, scenes

if TYPE_CHECKING:
    import keras

Progress = Callable[[int, int, Mapping[str, float]], None]
"""Called at each epoch's end with the epoch (from 1), the number of epochs and Keras' logs."""

Watch = Callable[[str, int, int], None]
"""Called after each step with what is being done, the number of steps done and of all steps."""


@dataclass(frozen=True)
class Recipe:
    """How a bundled model is trained.

    Attributes
    ----------
    epochs, batch : int
        Passes over the training images, and images in a step.
    rate : float
        Learning rate of Adam after the warm-up; it falls to zero on a cosine.
    kind : str or None
        The kind of rendered scenes to train on; None for MNIST.
    count : int
        How many scenes to render for training; one ninth of it more is rendered for validation.
    """

    epochs: int
    batch: int
    rate: float
    kind: str | None = None
    count: int = 0


RECIPES = {
    "cam1": Recipe(epochs=30, batch=100, rate=4e-3),
    "cam2": Recipe(epochs=14, batch=100, rate=5e-3),
    "cloud-detector": Recipe(epochs=6, batch=32, rate=1e-3, kind="laboratory", count=2400),
    "tank-detector": Recipe(epochs=12, batch=32, rate=2e-3, kind="fair", count=5000),
}

TEST_SCENES = 600
"""Scenes of each kind that a scene model is tested on after training."""

# Seeds that nobody types by chance: scenes made for an audit are not those of the training.
_TRAIN_SEED, _VALIDATION_SEED, _TEST_SEED = 2_000_000_011, 2_000_000_033, 2_000_000_063


@dataclass(frozen=True)
class Training:
    """What a training run made, and how.

    Attributes
    ----------
    name : str
        The bundled model's name.
    file : Path
        The saved ``.keras`` file, without an optimizer.
    accuracy : dict of str to float
        Accuracy 0..1 by test split: ``test`` for MNIST; ``laboratory``, ``field`` and ``fair`` for
        scenes that were not used in training.
    best_epoch : int
        The epoch that was kept, from 1: the best by validation accuracy, then by validation loss.
    """

    name: str
    file: Path
    accuracy: dict[str, float]
    best_epoch: int
    epochs: int
    seed: int
    parameters: int
    seconds: float
    sha256: str = field(repr=False)


@dataclass(frozen=True)
class _Data:
    train: tuple[np.ndarray, np.ndarray]
    validation: tuple[np.ndarray, np.ndarray]
    tests: dict[str, tuple[np.ndarray, np.ndarray]]


def train(
    name: str,
    out: str | Path,
    *,
    mnist: str | Path | None = None,
    epochs: int | None = None,
    scene_count: int | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> Training:
    """Train one bundled model and save it.

    Parameters
    ----------
    name : str
        ``cam1``, ``cam2``, ``cloud-detector`` or ``tank-detector``.
    out : str or Path
        The ``.keras`` file to write. It appears only once it is complete, and an older file of
        that name is replaced then.
    mnist : str or Path, optional
        An ``mnist.npz`` for cam1 and cam2; without it Keras fetches MNIST.
    epochs, scene_count : int, optional
        In place of the recipe's numbers in `RECIPES`.
    seed : int
        Seed of the weights, the split and the order of the images.
    progress : callable, optional
        Called at the end of each epoch with the epoch from 1, the number of epochs, and the logs.
    watch : callable, optional
        Called after each scene with ``rendering``, and after each batch of images with
        ``training``, and how many of how many are done.

    Returns
    -------
    Training

    Raises
    ------
    InputError
        If the name is unknown, `out` is not a ``.keras`` path in an existing folder, a number is
        below 1, or MNIST cannot be had.
    """
    out = Path(out)
    recipe = _checked(name, out, epochs, scene_count)
    epochs = epochs or recipe.epochs
    if recipe.kind is None:
        data = _digit_data(mnist, seed)
    else:
        data = _scene_data(recipe.kind, scene_count or recipe.count, watch)

    import keras

    started = time.monotonic()
    keras.utils.set_random_seed(seed)
    network = NETWORKS[name]()
    keep = _fit(network, data, recipe, epochs, progress, watch)
    accuracy = {split: _accuracy(network, *pair) for split, pair in data.tests.items()}
    _save(network, name, out)
    return Training(
        name=name,
        file=out,
        accuracy=accuracy,
        best_epoch=keep.best_epoch,
        epochs=epochs,
        seed=seed,
        parameters=network.count_params(),
        seconds=time.monotonic() - started,
        sha256=hashlib.sha256(out.read_bytes()).hexdigest(),
    )


def scene_arrays(items: Iterable[Scene]) -> tuple[np.ndarray, np.ndarray]:
    """Gather scenes into pixels uint8 (N, H, W, 3) and labels int32 (N,), 1 for a tank."""
    items = list(items)
    pixels = np.stack([scene.pixels for scene in items])
    tank = SCENE_CLASSES.index("tank")
    return pixels, np.array([tank if scene.tank else 1 - tank for scene in items], np.int32)


def held_out_scenes(kind: str, count: int = TEST_SCENES) -> Iterable[Scene]:
    """Scenes that no bundled model was trained on, always the same ones."""
    return scenes(kind, count, seed=_TEST_SEED)


def _checked(name: str, out: Path, epochs: int | None, scene_count: int | None) -> Recipe:
    if name not in RECIPES:
        raise InputError(f"Unknown bundled model {name!r}; choose one of {', '.join(RECIPES)}.")
    if out.suffix != ".keras":
        raise InputError(f"Output {str(out)!r} must end in .keras.")
    if not out.parent.is_dir():
        raise InputError(f"Folder {str(out.parent)!r} does not exist; make it first.")
    for what, number in (("epochs", epochs), ("scene_count", scene_count)):
        if number is not None and number < 1:
            raise InputError(f"{what} is {number}; it must be at least 1.")
    return RECIPES[name]


def _digit_data(mnist: str | Path | None, seed: int) -> _Data:
    digits = load_mnist(mnist)
    pixels, labels = digits.train_pixels[..., None], digits.train_labels.astype(np.int32)
    order = np.random.default_rng(seed).permutation(len(labels))
    held = max(1, len(labels) // 10)
    validation, rest = order[:held], order[held:]
    return _Data(
        train=(pixels[rest], labels[rest]),
        validation=(pixels[validation], labels[validation]),
        tests={"test": (digits.test_pixels[..., None], digits.test_labels.astype(np.int32))},
    )


def _scene_data(kind: str, count: int, watch: Watch | None = None) -> _Data:
    held = max(4, count // 9)
    done = itertools.count(1)

    def rendered(items: Iterable[Scene]) -> Iterator[Scene]:
        for scene in items:
            yield scene
            if watch is not None:
                watch("rendering", next(done), count + held + len(KINDS) * TEST_SCENES)

    return _Data(
        train=scene_arrays(rendered(scenes(kind, count, seed=_TRAIN_SEED))),
        validation=scene_arrays(rendered(scenes(kind, held, seed=_VALIDATION_SEED))),
        tests={split: scene_arrays(rendered(held_out_scenes(split))) for split in KINDS},
    )


def compile_network(network: keras.Model, rate: float, steps: int, epochs: int) -> None:
    """Give a network the optimizer of all bundled ones: Adam, warmed up, falling on a cosine.

    Parameters
    ----------
    rate : float
        Learning rate after the warm-up.
    steps, epochs : int
        Batches in an epoch, and epochs.
    """
    import keras

    # A network that ends in an average starts slowly; a warm-up keeps the fast rate stable.
    warm_up = min(2 * steps, steps * epochs // 4)
    falling = keras.optimizers.schedules.CosineDecay(
        rate * 0.1,
        max(1, steps * epochs - warm_up),
        warmup_target=rate if warm_up else None,
        warmup_steps=warm_up,
    )
    network.compile(
        keras.optimizers.Adam(falling, clipnorm=1.0),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _fit(
    network: keras.Model,
    data: _Data,
    recipe: Recipe,
    epochs: int,
    progress: Progress | None,
    watch: Watch | None,
) -> Any:
    """The callback that kept the best epoch."""
    import keras

    batch = min(recipe.batch, len(data.train[1]))
    steps = math.ceil(len(data.train[1]) / batch)
    compile_network(network, recipe.rate, steps, epochs)
    keep = _best_epoch_callback(epochs, progress)
    callbacks = [keep]
    if watch is not None:
        done = itertools.count(1)
        callbacks.append(
            keras.callbacks.LambdaCallback(
                on_train_batch_end=lambda batch, logs: watch("training", next(done), steps * epochs)
            )
        )
    pixels, labels = data.train
    network.fit(
        pixels,
        labels,
        batch_size=batch,
        epochs=epochs,
        validation_data=data.validation,
        callbacks=callbacks,
        verbose=0,
    )
    return keep


def _best_epoch_callback(epochs: int, progress: Progress | None) -> Any:
    import keras

    class KeepBest(keras.callbacks.Callback):  # type: ignore[misc]
        """Keep the weights of the best epoch, in memory, and tell how far training is."""

        best_epoch = 0

        def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
            self.best = (-np.inf, -np.inf)

        def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
            now = (logs["val_accuracy"], -logs["val_loss"])
            if now > self.best:
                self.best, self.best_epoch = now, epoch + 1
                self.weights = self.model.get_weights()
            if progress is not None:
                progress(epoch + 1, epochs, logs)

        def on_train_end(self, logs: dict[str, float] | None = None) -> None:
            if self.best_epoch:
                self.model.set_weights(self.weights)

    return KeepBest()


def _accuracy(network: keras.Model, pixels: np.ndarray, labels: np.ndarray) -> float:
    predicted = network.predict(pixels, batch_size=200, verbose=0).argmax(axis=1)
    return float((predicted == labels).mean())


def _save(network: keras.Model, name: str, out: Path) -> None:
    # A network that was never compiled has a file without an optimizer.
    bare = NETWORKS[name]()
    bare.set_weights(network.get_weights())
    partial = out.with_name(f".{out.stem}.{os.getpid()}.keras")
    try:
        bare.save(partial)
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)
