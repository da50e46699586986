"""Any Keras image model as a `camcore.Classifier`."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.classifier import ClassWeights, Forward, Layer, OutputKind
from camcore.errors import InputError, ModelError
from camcore.models.keras_graph import Tap, TracedGraph, as_matrix, before_activation, walk

FREE_SIZE = 224  # side of the input where a model accepts any
_BUILT_IN = {"Rescaling", "Normalization"}
_BEFORE_SCALING = ("Random", "Resizing", "CenterCrop", "Gaussian")
# Layers that repeat or thin out a map rather than make one; the layer that feeds them is shown.
_PASSIVE = (
    "MaxPooling", "AveragePooling", "ZeroPadding", "Cropping", "CenterCrop", "UpSampling",
    "Resizing", "Dropout", "SpatialDropout", "Gaussian", "Random", "Reshape", "Permute",
    "Rescaling", "Normalization",
)  # fmt: skip
_BASIS_BYTES = 64 * 2**20


@dataclass(frozen=True, eq=False)
class _Cut:
    """The two functions of one layer: images -> map and residuals, residuals -> gradients."""

    forward: Any
    backward: Any


class KerasClassifier:
    """See a Keras model through the `camcore.Classifier` protocol.

    The model is traced once and not changed; every method may be called from any thread. Weights
    that are trained further need a new classifier: the hash is taken once.

    Parameters
    ----------
    model : keras.Model
        With one image input, N x H x W x C.
    name : str, optional
        Shown to people; the model's own name by default.
    sha256 : str, optional
        Hash of the content; computed from configuration and weights by default.
    preprocessing : str, optional
        One of `camcore.PREPROCESSINGS`. By default ``none`` where the model begins with Rescaling
        or Normalization, else ``0-1``, which is a guess and says so in `preprocessing_guessed`.
    class_names : sequence of str, optional
        One for each column of the output.
    output : str, optional
        Which of several outputs is explained; the first by default.
    output_kind : str, optional
        How the output is to be read where the model itself does not tell, or tells wrong:
        ``logits``, ``sigmoid`` (one unit), ``multi-label`` or ``regression``.
    input_size : tuple of int, optional
        Height and width where the model accepts any; 224 x 224 by default.

    Raises
    ------
    ModelError
        If the model has several inputs, no image input, or no layer with a spatial map.
    InputError
        If `output` or the number of class names does not fit.

    Examples
    --------
    >>> import keras
    >>> model = keras.Sequential([
    ...     keras.Input((8, 8, 3)),
    ...     keras.layers.Conv2D(4, 3, name="conv"),
    ...     keras.layers.GlobalAveragePooling2D(),
    ...     keras.layers.Dense(2, activation="softmax"),
    ... ])
    >>> classifier = KerasClassifier(model, class_names=["cat", "dog"])
    >>> [str(layer) for layer in classifier.layers], classifier.layers[0].cam
    (['conv · 6×6 · 4'], True)
    """

    def __init__(
        self,
        model: Any,
        *,
        name: str | None = None,
        sha256: str | None = None,
        preprocessing: str | None = None,
        class_names: Sequence[str] | None = None,
        output: str | None = None,
        output_kind: OutputKind | None = None,
        input_size: tuple[int, int] | None = None,
    ) -> None:
        self.name = name or model.name
        self.sha256 = sha256 or content_sha256(model)
        self.preprocessing = preprocessing or "none"
        built_in = _begins_with_preprocessing(model)
        self.preprocessing = preprocessing or ("none" if built_in else "0-1")
        self.preprocessing_guessed = not (preprocessing or built_in)
        self.input_shape = _input_shape(model, self.name, input_size)
        self.nbytes = sum(
            int(np.prod(v.shape)) * tf.as_dtype(v.dtype).size for v in model.variables
        )
        self._lock = threading.RLock()
        self._graph = TracedGraph(model, self.input_shape)
        self._cuts: dict[str, _Cut] = {}
        self._weights: dict[str, ClassWeights | None] = {}

        results = _named_results(model, self._graph.results)
        self.outputs = tuple(results)
        self.output = output or self.outputs[0]
        if self.output not in results:
            raise InputError(
                f"{self.name} has no output {self.output!r}; choose one of "
                f"{', '.join(self.outputs)}."
            )
        self._read_output(results[self.output], output_kind)
        self.class_names = self._names(class_names)

        taps = self._graph.spatial_taps(self._scores)
        if not taps:
            raise ModelError(
                f"{self.name} has no layer with a spatial map (height x width > 1) that its output "
                "depends on, so there is nothing to lay over a picture."
            )
        self._taps = {tap.name: tap for tap in taps}
        self._pooled = self._graph.pooled_affine(taps, self._scores)
        self.layers = tuple(self._layer(tap) for tap in taps)
        active = [tap.name for tap in taps if not tap.kind.startswith(_PASSIVE)]
        self.default_layer = active[-1] if active else taps[-1].name

    def forward(self, images: np.ndarray, layer: str) -> Forward:
        """Run the model on preprocessed images, shape (N, H, W, C) float32.

        Raises
        ------
        InputError
            If there is no such layer or the images have another shape.
        """
        if images.ndim != 4 or images.shape[1:] != self.input_shape:
            raise InputError(
                f"images of shape {images.shape} do not fit {self.name}, which takes "
                f"(N, {', '.join(map(str, self.input_shape))})."
            )
        with self._lock:
            cut = self._cut(layer)
            activations, scores, probabilities, *state = cut.forward(
                tf.constant(images, tf.float32)
            )
        return Forward(
            activations.numpy(),
            scores.numpy(),
            probabilities.numpy(),
            layer,
            tuple(state),
            sum(int(np.prod(t.shape)) * t.dtype.size for t in state),
        )

    def gradients(self, forward: Forward, targets: Sequence[int]) -> np.ndarray:
        """G = d score_target / dA, shape (len(targets), H, W, K), float32.

        Raises
        ------
        InputError
            If the number of targets fits neither the images nor a single image.
        """
        count, wanted = len(forward.scores), len(targets)
        if wanted != count and count != 1:
            raise InputError(f"{wanted} targets were given for {count} images; give one an image.")
        state = forward.state
        if wanted != count:
            state = [tf.broadcast_to(t, (wanted, *t.shape[1:])) for t in state]
        with self._lock:
            (gradients,) = self._cut(forward.layer).backward(tf.constant(targets, tf.int32), *state)
        return gradients.numpy()

    def class_weights(self, layer: str) -> ClassWeights | None:
        """Weights of the global-average-pooling head behind `layer`, or None without one.

        Read off the head itself: it is affine, so its value at zero is the bias and its value at
        each unit map, less the bias, is one row of weights. A random map checks the result.

        Raises
        ------
        InputError
            If there is no such layer.
        """
        with self._lock:
            if layer not in self._weights:
                tap = self._tap(layer)
                self._weights[layer] = self._read_weights(tap) if layer in self._pooled else None
            return self._weights[layer]

    def _read_weights(self, tap: Tap) -> ClassWeights | None:
        head = self._graph.function([tap.tensor], [self._scores])
        height, width, channels = tuple(tap.tensor.shape)[1:]
        dtype = tap.tensor.dtype.as_numpy_dtype

        def scores(maps: np.ndarray) -> np.ndarray:
            return head(tf.constant(maps.astype(dtype)))[0].numpy()

        bias = scores(np.zeros((1, height, width, channels), np.float32))[0]
        step = max(1, _BASIS_BYTES // (4 * height * width * channels))
        rows = []
        for start in range(0, channels, step):
            unit = np.eye(channels, dtype=np.float32)[start : start + step]
            rows.append(scores(np.tile(unit[:, None, None, :], (1, height, width, 1))) - bias)
        weights = np.concatenate(rows)
        probe = np.random.default_rng(0).normal(size=(2, height, width, channels))
        expected = probe.mean(axis=(1, 2)) @ weights + bias
        if not np.allclose(scores(probe), expected, rtol=1e-2, atol=1e-2 * np.abs(weights).max()):
            return None
        return ClassWeights(weights.astype(np.float32), bias.astype(np.float32))

    def _cut(self, layer: str) -> _Cut:
        if layer not in self._cuts:
            tensor, graph = self._tap(layer).tensor, self._graph
            targets, gradients, residuals = graph.differentiate(self._scores, tensor)
            with graph.graph.as_default():
                plain = [tf.cast(t, tf.float32) for t in (tensor, gradients)]
            found = [plain[0], self._scores, self._probabilities, *residuals]
            self._cuts[layer] = _Cut(
                graph.function([graph.images], found),
                graph.function([targets, *residuals], [plain[1]]),
            )
        return self._cuts[layer]

    def _tap(self, layer: str) -> Tap:
        if layer not in self._taps:
            raise InputError(
                f"{self.name} has no layer {layer!r} with a spatial map; the last one is "
                f"{self.default_layer!r}, and `camcore layers` lists all."
            )
        return self._taps[layer]

    def _layer(self, tap: Tap) -> Layer:
        height, width, channels = tuple(tap.tensor.shape)[1:]
        return Layer(tap.name, height, width, channels, tap.kind, tap.name in self._pooled)

    def _read_output(self, result: Any, wanted: OutputKind | None) -> None:
        """Find the class scores before the last activation, and the probabilities after it."""
        with self._graph.graph.as_default():
            output = tf.cast(as_matrix(self.output, result), tf.float32)
            activation, tensor = before_activation(output)
            logits = tf.cast(tf.reshape(tensor, (-1, output.shape[1])), tf.float32)
        if wanted:
            kind = _checked(wanted, int(output.shape[1]))
        elif activation == "Softmax":
            kind = "softmax"
        elif activation == "Sigmoid":
            kind = "sigmoid" if output.shape[1] == 1 else "multi-label"
        elif output.shape[1] == 1:
            kind = "regression"
        else:
            kind = "log-probability" if self._sums_to_one(output) else "logits"
        with self._graph.graph.as_default():
            if kind == "softmax":
                scores, probabilities = logits, output
            elif kind == "logits":
                scores, probabilities = output, tf.nn.softmax(output)
            elif kind == "log-probability":
                scores = tf.math.log(tf.maximum(output, np.finfo(np.float32).tiny))
                probabilities = output
            elif kind == "multi-label":
                scores, probabilities = logits, tf.sigmoid(logits)
            elif kind == "sigmoid":
                scores = tf.concat([-logits, logits], axis=1)
                probabilities = tf.sigmoid(scores)
            else:
                pairs = tf.stack([output, -output], axis=2)
                scores = probabilities = tf.reshape(pairs, (-1, 2 * output.shape[1]))
        self.output_kind = kind
        self._scores, self._probabilities = scores, probabilities

    def _sums_to_one(self, output: Any) -> bool:
        """Whether an output without a visible softmax holds probabilities all the same."""
        run = self._graph.function([self._graph.images], [output])
        noise = np.random.default_rng(0).uniform(0, 1, (4, *self.input_shape))
        rows = run(tf.constant(noise, tf.float32))[0].numpy()
        return bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=1e-3))

    def _names(self, names: Sequence[str] | None) -> tuple[str, ...]:
        columns = int(self._scores.shape[1])
        if self.output_kind == "regression":
            own = columns // 2
            if not names:
                names = [self.output] if own == 1 else [f"{self.output} {i}" for i in range(own)]
            if len(names) == own:
                names = [f"{n}, {way}" for n in names for way in ("higher", "lower")]
        elif not names:
            names = [f"class {i}" for i in range(columns)]
        elif self.output_kind == "sigmoid" and len(names) == 1:
            names = [f"not {names[0]}", names[0]]
        if len(names) != columns:
            raise InputError(
                f"{len(names)} class names were given for {self.name}, whose output "
                f"{self.output!r} has {columns} classes; give one name for each."
            )
        return tuple(names)


def _checked(kind: OutputKind, units: int) -> OutputKind:
    choices = ("logits", "sigmoid", "multi-label", "regression")
    if kind not in choices:
        raise InputError(
            f"output_kind={kind!r} cannot be chosen; take one of {', '.join(choices)}."
        )
    if kind == "sigmoid" and units != 1:
        raise InputError(f"output_kind='sigmoid' means one unit, not {units}; take 'multi-label'.")
    return kind


def _begins_with_preprocessing(model: Any) -> bool:
    """Whether the model itself scales its pixels: it begins with Rescaling or Normalization.

    Augmentation and resizing may come before.
    """
    for _, operation in walk(model):
        kind = type(operation).__name__
        if kind in _BUILT_IN:
            return True
        if not kind.startswith(_BEFORE_SCALING):
            return False
    return False


def content_sha256(model: Any) -> str:
    """Hash of a model's configuration and weights."""
    digest = hashlib.sha256()
    try:
        digest.update(json.dumps(model.get_config(), sort_keys=True, default=str).encode())
    except NotImplementedError:  # a subclassed model without a configuration
        digest.update(type(model).__qualname__.encode())
    for variable in model.variables:
        value = np.ascontiguousarray(variable.value.numpy())
        digest.update(f"{value.dtype}{value.shape}".encode())
        digest.update(value.data)
    return digest.hexdigest()


def _input_shape(model: Any, name: str, size: tuple[int, int] | None) -> tuple[int, int, int]:
    inputs = getattr(model, "inputs", None) or []
    if len(inputs) > 1:
        raise ModelError(
            f"{name} has {len(inputs)} inputs; CAM Audit explains models with one image input."
        )
    shape = tuple(inputs[0].shape)[1:] if inputs else (*(size or ()), 3)
    if len(shape) != 3 or shape[2] is None:
        shown = " x ".join("?" if s is None else str(s) for s in shape)
        raise ModelError(
            f"{name} takes inputs of shape {shown}, not images (height x width x 1 or 3)."
        )
    height, width = size or (FREE_SIZE, FREE_SIZE)
    if size and any(own not in (None, want) for own, want in zip(shape, size, strict=False)):
        raise InputError(
            f"{name} takes {shape[0]} x {shape[1]} images only, not {height} x {width}."
        )
    if shape[2] not in (1, 3):
        raise ModelError(f"{name} takes images of {shape[2]} channels; pictures have 1 or 3.")
    return shape[0] or height, shape[1] or width, shape[2]


def _named_results(model: Any, results: Any) -> dict[str, Any]:
    if isinstance(results, dict):
        return {str(name): tensor for name, tensor in results.items()}
    if isinstance(results, (list, tuple)):
        names = getattr(model, "output_names", None) or range(len(results))
        return {str(name): tensor for name, tensor in zip(names, results, strict=True)}
    names = getattr(model, "output_names", None)
    return {str(names[0]) if names else "output": results}
