"""What every kind of model must keep to: the conformance test of the protocol of classifiers."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from camcore.classifier import Classifier, Forward
from camcore.errors import CamcoreError, ModelError

_IMAGES = 3  # in a batch: as many as show that they do not mix
_THREADS = 4
_DIRECTIONS = 6  # in which a gradient is compared with differences
_CLOSE = 1e-4  # of the spread of the scores: what float32 may lose between two ways to one number
_SLOPE = 0.02  # of the slope: what a difference over a small step may be off by
_THROUGHPUT = 1e-3  # of the spread: what folding and reordering may change


def check_classifier(classifier: Classifier, *, seed: int = 0) -> tuple[str, ...]:
    """Check that a classifier keeps what the protocol promises, layer by layer.

    Every implementation in this package passes it; run it on your own before you explain or audit
    with it. Pictures are drawn at random, so that no answer is known beforehand.

    Parameters
    ----------
    classifier : Classifier
    seed : int
        Of the pictures, directions and shuffled weights.

    Returns
    -------
    tuple of str
        Names of the checks that were made, in order; ``gradients`` is missing where the classifier
        says that it has none.

    Raises
    ------
    ModelError
        At the first promise that is not kept; the message names it.

    Examples
    --------
    >>> import camcore
    >>> check_classifier(camcore.load_model("cam1"))[:3]
    ('description', 'shapes', 'single')
    """
    return _Conformance(classifier, np.random.default_rng(seed), seed).run()


class _Conformance:
    def __init__(self, classifier: Classifier, rng: np.random.Generator, seed: int) -> None:
        self._classifier, self._rng, self._seed = classifier, rng, seed
        self._images = rng.random((_IMAGES, *classifier.input_shape)).astype(np.float32)
        self._spread = 1.0

    def run(self) -> tuple[str, ...]:
        checks: tuple[Callable[[], bool | None], ...] = (
            self._description,
            self._shapes,
            self._single,
            self._scores,
            self._heads,
            self._class_weights,
            self._gradients,
            self._throughput,
            self._randomised,
            self._names,
            self._threads,
            self._unknown_layer,
        )
        return tuple(
            check.__name__.lstrip("_").replace("_", " ") for check in checks if check() is not False
        )

    def _require(self, kept: bool, promise: str) -> None:
        if not kept:
            raise ModelError(
                f"{self._classifier.name} breaks the protocol of classifiers: {promise}."
            )

    def _forward(self, images: np.ndarray, layer: str) -> Forward:
        return self._classifier.forward(images, layer)

    def _description(self) -> None:
        model = self._classifier
        sides = model.input_shape
        self._require(len(sides) == 3 and min(sides) > 0, "input_shape has three sides")
        self._require(bool(model.layers), "there is at least one layer with a map")
        names = [layer.name for layer in model.layers]
        self._require(len(set(names)) == len(names), "layers have names of their own")
        self._require(model.default_layer in names, "default_layer is one of the layers")
        self._require(model.output in model.outputs, "output is one of the outputs")
        self._require(bool(model.sha256), "sha256 tells the content")
        self._require(model.nbytes > 0, "nbytes is the memory of the weights")

    def _shapes(self) -> None:
        model, names = self._classifier, len(self._classifier.class_names)
        for layer in model.layers:
            forward = self._forward(self._images, layer.name)
            grid = (_IMAGES, layer.height, layer.width, layer.channels)
            self._require(
                forward.activations.shape == grid,
                f"activations of {layer.name!r} have shape {grid}, not {forward.activations.shape}",
            )
            for title, values in (
                ("activations", forward.activations),
                ("scores", forward.scores),
                ("probabilities", forward.probabilities),
            ):
                self._require(values.dtype == np.float32, f"{title} are float32")
                self._require(bool(np.isfinite(values).all()), f"{title} are finite numbers")
            for title, values in (
                ("scores", forward.scores),
                ("probabilities", forward.probabilities),
            ):
                self._require(
                    values.shape == (_IMAGES, names),
                    f"{title} have a row for each image and a column for each class name",
                )
        self._spread = max(float(np.ptp(forward.scores)), 1e-3)

    def _single(self) -> None:
        for layer in self._classifier.layers:
            batch = self._forward(self._images, layer.name)
            for place, image in enumerate(self._images):
                alone = self._forward(image[None], layer.name)
                self._require(
                    self._same(alone.scores[0], batch.scores[place])
                    and self._same(
                        alone.activations[0],
                        batch.activations[place],
                        max(float(np.abs(batch.activations).max()), 1e-3),
                    ),
                    f"an image of a batch is answered at {layer.name!r} as it is alone",
                )

    def _scores(self) -> None:
        scores, probabilities = self._classifier.scores(self._images)
        forward = self._forward(self._images, self._classifier.default_layer)
        self._require(self._same(scores, forward.scores), "scores are those of the forward pass")
        self._require(
            self._same(probabilities, forward.probabilities),
            "probabilities are those of the forward pass",
        )

    def _heads(self) -> None:
        for layer in self._classifier.layers:
            image = self._images[:1]
            forward = self._forward(image, layer.name)
            answered = self._classifier.head(image, layer.name)(forward.activations)
            self._require(
                self._same(answered, forward.scores),
                f"the rest of the network behind {layer.name!r} makes the scores",
            )

    def _class_weights(self) -> None:
        for layer in self._classifier.layers:
            head = self._classifier.class_weights(layer.name)
            self._require((head is not None) == layer.cam, f"{layer.name!r} tells of its CAM")
            if head is not None:
                forward = self._forward(self._images, layer.name)
                pooled = forward.activations.mean(axis=(1, 2), dtype=np.float64)
                self._require(
                    self._same(pooled @ head.weights + head.bias, forward.scores),
                    f"pooled activations of {layer.name!r} times its class weights are the scores",
                )

    def _gradients(self) -> bool | None:
        layer, image = self._classifier.default_layer, self._images[:1]
        forward = self._forward(image, layer)
        target = int(np.argmax(forward.scores[0]))
        try:
            gradients = self._classifier.gradients(forward, [target])
        except CamcoreError:
            return False
        activations = forward.activations
        self._require(
            gradients.shape == activations.shape and gradients.dtype == np.float32,
            "gradients are float32, one map for each target",
        )
        head = self._classifier.head(image, layer)
        step = 1e-2 * max(float(activations.std()), 1e-3)
        errors = []
        for _ in range(_DIRECTIONS):
            direction = self._rng.standard_normal(activations.shape).astype(np.float32)
            ahead, behind = (head(activations + side * step * direction) for side in (1, -1))
            slope = float(ahead[0, target] - behind[0, target]) / (2 * step)
            expected = float((gradients.astype(np.float64) * direction).sum())
            noise = _CLOSE * self._spread / step
            errors.append(max(abs(slope - expected) - noise, 0.0) / max(abs(expected), noise))
        # A kink of ReLU inside the step spoils single directions, never most of them.
        self._require(
            float(np.median(errors)) <= _SLOPE,
            f"gradients at {layer!r} are slopes of the score",
        )
        return None

    def _throughput(self) -> None:
        prepared = self._classifier.for_throughput()
        scores, _ = prepared.scores(self._images)
        expected, _ = self._classifier.scores(self._images)
        self._require(
            bool((np.abs(scores - expected) <= _THROUGHPUT * self._spread).all()),
            "the model prepared for many images answers as the model does",
        )

    def _randomised(self) -> bool | None:
        if not self._classifier.weighted_layers:
            return False
        before, _ = self._classifier.scores(self._images)
        shuffled = self._classifier.randomised(self._classifier.weighted_layers, self._seed)
        after, _ = shuffled.scores(self._images)
        self._require(not self._same(before, after), "shuffled weights change the answers")
        again, _ = self._classifier.scores(self._images)
        self._require(self._same(before, again), "shuffling leaves the model itself as it was")
        return None

    def _names(self) -> None:
        model = self._classifier
        others = tuple(f"another {name}" for name in model.class_names)
        copied = model.named(others)
        self._require(copied.class_names == others, "named gives its classes other names")
        self._require(model.class_names != others, "named leaves the model itself as it was")
        before, _ = model.scores(self._images)
        after, _ = copied.scores(self._images)
        self._require(self._same(before, after), "named changes no answer")

    def _threads(self) -> None:
        alone = [self._classifier.scores(image[None])[0] for image in self._images]
        with ThreadPoolExecutor(_THREADS) as workers:
            places = [place % _IMAGES for place in range(4 * _THREADS)]
            together = workers.map(
                lambda place: self._classifier.scores(self._images[place][None])[0], places
            )
            kept = all(
                self._same(scores, alone[place])
                for scores, place in zip(together, places, strict=True)
            )
        self._require(kept, "answers do not mix between threads")

    def _unknown_layer(self) -> None:
        try:
            self._forward(self._images, "no layer is called so")
        except (CamcoreError, KeyError):
            return
        self._require(False, "a layer that is not there is refused")

    def _same(self, first: np.ndarray, second: np.ndarray, spread: float | None = None) -> bool:
        allowed = _CLOSE * (self._spread if spread is None else spread)
        return first.shape == second.shape and bool((np.abs(first - second) <= allowed).all())
