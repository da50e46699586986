"""The last dense layer of a network: what it reads, and the same network with other weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np

from camcore.errors import ModelError
from camcore.models.keras.classifier import KerasClassifier

_KINDS = ("softmax", "logits", "log-probability", "sigmoid")
_BATCH = 32
_AGREES = 1e-2  # of the largest score: what two ways of rounding may differ by


class LastLayer:
    """A copy of a classifier's network, open at its last dense layer.

    The network that is given stays as it is.

    Parameters
    ----------
    classifier : KerasClassifier

    Attributes
    ----------
    layer : str
        Name of the dense layer.
    weights : ndarray, shape (K, C), float32
    bias : ndarray, shape (C,), float32
        One column for each class score; of a single sigmoid unit, minus and plus half its own.

    Raises
    ------
    ModelError
        If the class scores are not what one dense layer makes of the features before it, or the
        network takes more than a picture.

    Examples
    --------
    >>> model = keras.Sequential([
    ...     keras.Input((6, 6, 3)),
    ...     keras.layers.Conv2D(4, 3, name="conv"),
    ...     keras.layers.GlobalAveragePooling2D(),
    ...     keras.layers.Dense(2, activation="softmax", name="scores"),
    ... ])
    >>> last = LastLayer(KerasClassifier(model))
    >>> last.layer, last.features(np.zeros((5, 6, 6, 3), np.float32)).shape
    ('scores', (5, 4))
    """

    def __init__(self, classifier: KerasClassifier) -> None:
        if not isinstance(classifier, KerasClassifier):
            raise ModelError(
                f"{classifier.name} is no Keras network; only a .keras or .h5 model can be given "
                "a new head and saved."
            )
        self._classifier = classifier
        if classifier.other_inputs or classifier.output_kind not in _KINDS:
            raise self._refused("it takes one picture and tells classes apart that exclude another")
        model = classifier.keras_model
        if tuple(model.inputs[0].shape)[3:] != classifier.input_shape[2:]:
            raise self._refused("it takes pictures as height x width x channels")
        dense = [layer for layer in model.layers if isinstance(layer, keras.layers.Dense)]
        if not dense or not dense[-1].use_bias:
            raise self._refused("its last layer with weights is a Dense layer with a bias")
        self.layer: str = dense[-1].name
        self.network: Any = keras.models.clone_model(model)
        self.network.set_weights(model.get_weights())
        last = self.network.get_layer(self.layer)
        self._reads = keras.Model(self.network.inputs[0], last.input)
        if len(self._reads.output_shape) != 2:
            raise self._refused("its last Dense layer reads one vector for each picture")
        self._read()
        self._check()

    def features(self, inputs: np.ndarray) -> np.ndarray:
        """What the dense layer reads of preprocessed images (N, H, W, C): float32 (N, K)."""
        parts = [
            keras.ops.convert_to_numpy(
                self._reads(inputs[start : start + _BATCH].astype(np.float32), training=False)
            )
            for start in range(0, len(inputs), _BATCH)
        ]
        return np.concatenate(parts).astype(np.float32)

    def put(self, weights: np.ndarray, bias: np.ndarray) -> None:
        """Give the dense layer other weights (K, C) and bias (C,), a column for each class."""
        self.weights, self.bias = weights.astype(np.float32), bias.astype(np.float32)
        if self._classifier.output_kind == "sigmoid":
            weights, bias = weights[:, 1:] - weights[:, :1], bias[1:] - bias[:1]
        self.network.get_layer(self.layer).set_weights([weights, bias])

    def read_weights(self, file: Path) -> None:
        """Take the weights of the whole network from a file of ``network.save_weights``."""
        self.network.load_weights(file)
        self._read()

    def save(self, file: Path) -> None:
        """Write the network as a ``.keras`` file."""
        self.network.save(file)

    def fine_tune(
        self,
        inputs: Callable[[np.ndarray], np.ndarray],
        labels: np.ndarray,
        weights: np.ndarray,
        share: float,
        epochs: int,
        seed: int,
        progress: Callable[[int], None],
    ) -> str:
        """Train the layers from one on, and the dense layer with them.

        Batch normalisation keeps its statistics: those of a few pictures are worse.

        Parameters
        ----------
        inputs : callable
            Places (n,) -> preprocessed images (n, H, W, C).
        labels : ndarray of int, shape (N,)
            Column of each picture.
        weights : ndarray, shape (N,)
            What each counts.
        share : float
            Of the layers with weights, counted from the end; 1 trains all.
        epochs, seed : int
        progress : callable
            Called with 1 after each epoch.

        Returns
        -------
        str
            Name of the first layer that was trained.
        """
        keras.utils.set_random_seed(seed)
        weighted = [layer for layer in self.network.layers if layer.count_params()]
        trained = weighted[-max(1, round(share * len(weighted))) :]
        for layer in self.network.layers:
            layer.trainable = layer in trained and not isinstance(
                layer, keras.layers.BatchNormalization
            )
        steps = epochs * -(-len(labels) // _BATCH)
        rate = keras.optimizers.schedules.CosineDecay(2e-3, steps)
        dense = keras.layers.Dense(self.weights.shape[1], name="fine_tuned_scores")
        reads = self.network.get_layer(self.layer).input
        tuned = keras.Model(self.network.inputs[0], dense(reads))
        dense.set_weights([self.weights, self.bias])
        tuned.compile(
            keras.optimizers.Adam(rate),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        rng = np.random.default_rng([seed, 5])
        for _ in range(epochs):
            order = rng.permutation(len(labels))
            for start in range(0, len(order), _BATCH):
                places = order[start : start + _BATCH]
                tuned.train_on_batch(inputs(places), labels[places], sample_weight=weights[places])
            progress(1)
        for layer in self.network.layers:
            layer.trainable = True
        self.put(*dense.get_weights())
        return str(trained[0].name)

    def _read(self) -> None:
        dense = self.network.get_layer(self.layer)
        weights, bias = dense.get_weights()
        if self._classifier.output_kind == "sigmoid":
            weights, bias = weights * [-0.5, 0.5], bias * [-0.5, 0.5]
        self.weights, self.bias = weights.astype(np.float32), bias.astype(np.float32)

    def _check(self) -> None:
        """The dense layer alone makes the class scores, but for what all of them share."""
        rng = np.random.default_rng(0)
        inputs = rng.random((4, *self._classifier.input_shape), np.float32)
        features = self.features(inputs)
        made = features @ self.weights + self.bias
        scores, _ = self._classifier.scores(inputs)
        if made.shape != scores.shape:
            raise self._refused("its last Dense layer has one unit for each class")
        if self._classifier.output_kind == "sigmoid":
            scores = scores / 2
        made, scores = (values - values.mean(axis=1, keepdims=True) for values in (made, scores))
        if np.abs(made - scores).max() > _AGREES * max(1.0, float(np.abs(scores).max())):
            raise self._refused("its class scores are the output of its last Dense layer")

    def _refused(self, needed: str) -> ModelError:
        return ModelError(
            f"{self._classifier.name} has no head that can be refitted: that needs a network of "
            f"which it holds that {needed}. `camcore retrofit` gives any backbone such a head."
        )
