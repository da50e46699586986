"""cam1 trained while a class watches: after each epoch its map of one digit, and its curve."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from camcore.errors import InputError
from camcore.making.digits import render_digit
from camcore.making.mnist import fetched_file, load_mnist
from camcore.making.networks import DIGIT_CLASSES, digit_network
from camcore.making.training import compile_network
from camcore.pictures.picture import Picture, read_image
from camcore.pictures.preprocessing import fit_pixels

if TYPE_CHECKING:
    from pathlib import Path

    from camcore.models.keras.classifier import KerasClassifier

Source = Literal["MNIST", "drawn digits"]

TRAINING, VALIDATION = 8000, 1000
"""Digits of MNIST that are learned from, and that are held out."""
DRAWN_TRAINING, DRAWN_VALIDATION = 1000, 300
_RATE, _BATCH = 4e-3, 50


@dataclass(frozen=True, eq=False)
class EpochView:
    """The network at the end of one epoch.

    Attributes
    ----------
    epoch, epochs : int
        From 1, and how many there will be.
    loss, accuracy : float
        Mean cross-entropy and share of right answers on the training digits, during the epoch.
    validation_accuracy : float
        Share of right answers on the digits held out, at its end.
    target : int
        The class that the map is of.
    raw : ndarray, shape (3, 3), float32
        Class activation map of the shown digit: the features weighted with the target's weights.
    scores, probabilities : ndarray, shape (10,), float32
        Of the shown digit, before and after softmax.
    """

    epoch: int
    epochs: int
    loss: float
    accuracy: float
    validation_accuracy: float
    target: int
    raw: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray


@dataclass(frozen=True, eq=False)
class LiveTraining:
    """A short training, epoch by epoch, and the network at its end.

    Attributes
    ----------
    epochs : tuple of EpochView
    source : {"MNIST", "drawn digits"}
        What it learned from.
    digit : ndarray, shape (28, 28), uint8
        The shown digit as the network sees it.
    classifier : KerasClassifier
    """

    epochs: tuple[EpochView, ...]
    source: Source
    digit: np.ndarray
    classifier: KerasClassifier


def train_live(
    epochs: int = 8,
    *,
    mnist: str | Path | None = None,
    seed: int = 0,
    digit: Picture | np.ndarray | None = None,
    target: int | None = None,
    progress: Callable[[EpochView], None] | None = None,
) -> LiveTraining:
    """Train cam1 on a part of its data, in well under a minute on two cores.

    May run in any thread, several at a time. Equal arguments give equal networks up to rounding.

    Parameters
    ----------
    epochs : int
        1 to 100.
    mnist : str or Path, optional
        An ``mnist.npz``. Without it, the one that Keras keeps; where there is none, digits drawn
        by `render_digit`. Nothing is fetched.
    seed : int
        From 0; of the weights, of which digits are used and of their order.
    digit : Picture or ndarray, optional
        The digit to show, white ink on black; by default one of those held out.
    target : int, optional
        The class to map, 0 to 9; by default the shown digit's own, or, for a digit given, the one
        that the network takes it for at the time.
    progress : callable, optional
        Called after each epoch; an exception that it raises ends the training and is passed on.

    Raises
    ------
    InputError
        If a number is out of range, or `mnist` is not MNIST.
    ImageError
        If `digit` is no picture.

    Examples
    --------
    >>> train_live(0)
    Traceback (most recent call last):
    ...
    camcore.errors.InputError: epochs is 0; it must be from 1 to 100.
    """
    if not 1 <= epochs <= 100:
        raise InputError(f"epochs is {epochs}; it must be from 1 to 100.")
    if seed < 0:
        raise InputError(f"seed is {seed}; it must be 0 or more.")
    if target is not None and not 0 <= target <= 9:
        raise InputError(f"target is {target}; it must be a digit from 0 to 9.")
    chosen_digit = None if digit is None else _seen(digit)
    source, pixels, labels, held = _digits(mnist, seed)
    held_out, learned = pixels[:held], pixels[held:]
    held_answers, answers = labels[:held], labels[held:]
    if chosen_digit is None:
        target = int(held_answers[0]) if target is None else target
        chosen_digit = held_out[(held_answers == target).argmax()]

    from camcore.models.keras.loading import import_keras

    import_keras()

    from camcore.models.keras.classifier import KerasClassifier

    network = _network(seed)
    compile_network(network, _RATE, math.ceil(len(answers) / _BATCH), epochs)
    look = _looking_at(network, chosen_digit)
    order = np.random.default_rng(seed)
    views = []
    for epoch in range(1, epochs + 1):
        turn = order.permutation(len(answers))
        logs = network.fit(
            learned[turn], answers[turn], batch_size=_BATCH, shuffle=False, verbose=0
        ).history
        _, right = network.evaluate(held_out, held_answers, batch_size=250, verbose=0)
        view = EpochView(
            epoch, epochs, logs["loss"][0], logs["accuracy"][0], float(right), *look(target)
        )
        views.append(view)
        if progress is not None:
            progress(view)
    classifier = KerasClassifier(
        network, name=f"cam1 after {epochs} epochs", class_names=DIGIT_CLASSES
    )
    return LiveTraining(tuple(views), source, chosen_digit[..., 0].astype(np.uint8), classifier)


def _seen(digit: Picture | np.ndarray) -> np.ndarray:
    picture = digit if isinstance(digit, Picture) else read_image(digit, name="digit")
    seen: np.ndarray = fit_pixels(picture.pixels, (28, 28, 1))[0]
    return seen


def _digits(mnist: str | Path | None, seed: int) -> tuple[Source, np.ndarray, np.ndarray, int]:
    """Pixels (N, 28, 28, 1) uint8 and labels (N,) in random order; how many are to be held out."""
    if mnist is None and fetched_file().is_file():
        try:
            return _part_of_mnist(fetched_file(), seed)
        except InputError:  # broken: it was nobody's choice
            pass
    elif mnist is not None:
        return _part_of_mnist(mnist, seed)
    pixels, labels = _drawn()
    order = np.random.default_rng(seed).permutation(len(labels))
    return "drawn digits", pixels[order], labels[order], DRAWN_VALIDATION


def _part_of_mnist(file: str | Path, seed: int) -> tuple[Source, np.ndarray, np.ndarray, int]:
    digits = load_mnist(file)
    order = np.random.default_rng(seed).permutation(len(digits.train_labels))
    order = order[: TRAINING + VALIDATION]
    held = max(1, len(order) * VALIDATION // (TRAINING + VALIDATION))
    labels = digits.train_labels[order].astype(np.int32)
    return "MNIST", digits.train_pixels[order][..., None], labels, held


@lru_cache(maxsize=1)
def _drawn() -> tuple[np.ndarray, np.ndarray]:
    """Digits as many hands write them; kept, since they take longer to draw than to learn."""
    labels = np.arange(DRAWN_TRAINING + DRAWN_VALIDATION, dtype=np.int32) % 10
    drawn = [render_digit(int(digit), seed) for seed, digit in enumerate(labels)]
    return np.stack(drawn)[..., None], labels


def _network(seed: int) -> Any:
    """cam1 with weights drawn from a seed of its own: the generators of the process stay."""
    import keras

    network = digit_network("cam1", pooling=True)
    layers = [layer for layer in network.layers if layer.weights]
    seeds = np.random.SeedSequence(seed).generate_state(len(layers))
    for layer, layer_seed in zip(layers, seeds, strict=True):
        draw = keras.initializers.HeNormal(seed=int(layer_seed))
        layer.kernel.assign(draw(layer.kernel.shape))
    return network


def _looking_at(
    network: Any, pixels: np.ndarray
) -> Callable[..., tuple[int, np.ndarray, np.ndarray, np.ndarray]]:
    """What the network makes of one digit with its weights of the moment."""
    import keras

    features = keras.Model(network.inputs[0], network.get_layer("conv4").output)
    head = network.get_layer("scores")
    fed = np.asarray(pixels, np.float32)[None]

    def look(target: int | None) -> tuple[int, np.ndarray, np.ndarray, np.ndarray]:
        maps = features(fed, training=False).numpy()[0]
        weights, bias = head.get_weights()
        scores = maps.mean(axis=(0, 1)) @ weights + bias
        powers = np.exp(scores - scores.max())
        klass = int(scores.argmax()) if target is None else target
        return klass, maps @ weights[:, klass], scores, powers / powers.sum()

    return look
