"""Any Keras image model as a `camcore.Classifier`."""

from __future__ import annotations

import copy
import hashlib
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from camcore.classifier import (
    ClassWeights,
    Explained,
    Forward,
    Head,
    Layer,
    LayerRow,
    OutputKind,
)
from camcore.errors import InputError, ModelError
from camcore.models.default_layer import unread_note
from camcore.models.held_inputs import Held, values_held
from camcore.models.keras.batchnorm_folding import merged_function
from camcore.models.keras.content_hash import content_sha256
from camcore.models.keras.default_layer import default_tap, other_parts, reaching
from camcore.models.keras.feeding import Feed
from camcore.models.keras.functions import Pieces
from camcore.models.keras.gap_head import pooled_affine
from camcore.models.keras.geometry.layer_maps import LayerMap
from camcore.models.keras.geometry.token_maps import TokenMap
from camcore.models.keras.inputs import known_preprocessing, read_inputs
from camcore.models.keras.layer_tables import split_tables
from camcore.models.keras.outputs import choose_output, named_results
from camcore.models.keras.traced_graph import Tap, TracedGraph
from camcore.models.keras.weight_shuffling import captured_weights, check_weights, shuffled
from camcore.models.outputs import column_names, constant_notes, renamed, slopes
from camcore.pictures.preprocessing import preprocessing_named


class KerasClassifier:
    """See a Keras model through the `camcore.Classifier` protocol.

    The model is traced once and not changed; every method may be called from any thread. Weights
    that are trained further need a new classifier: the hash is taken once.

    Parameters
    ----------
    model : keras.Model
        With an image input, N x H x W x C, N x H x W, or N x (H * W) where the picture is square.
    name : str, optional
        Shown to people; the model's own name by default.
    sha256 : str, optional
        Hash of the content; computed from configuration and weights by default.
    preprocessing : str, optional
        One of `camcore.PREPROCESSINGS`. By default what the beginning of the model tells, such as
        ``none`` where it scales pixels itself or takes whole numbers, or that of the network of
        Keras Applications that it is by its convolutions. Else that of the network that it
        begins with, or ``0-1``: a guess, which `preprocessing_guessed` says.
    class_names : sequence of str, optional
        One for each column of the output.
    output : str or int, optional
        Which of several outputs is explained, by name or position; by default the first that is
        one row of numbers and depends on a map.
    output_kind : str, optional
        How the output is to be read where the model itself does not tell, or tells wrong:
        ``logits``, ``sigmoid`` (one unit), ``multi-label`` or ``regression``.
    input_size : tuple of int, optional
        Height and width where the model accepts any; 224 x 224 by default.
    input : str, optional
        Which of several inputs takes the picture; by default the first that can.
    others : dict, optional
        What its other inputs are held at, by name: a number, numbers, an array, a picture, or
        text as on the command line (a comma list, or the path of a .npy file or picture). Zeros
        where nothing is given, which `notes` says.

    Raises
    ------
    ModelError
        If the model has no image input or no layer with a spatial map.
    InputError
        If `output`, `input`, `others` or the number of class names does not fit.

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

    fit = "stretch"

    def __init__(
        self,
        model: Any,
        *,
        name: str | None = None,
        sha256: str | None = None,
        preprocessing: str | None = None,
        class_names: Sequence[str] | None = None,
        output: str | int | None = None,
        output_kind: OutputKind | None = None,
        input_size: tuple[int, int] | None = None,
        input: str | None = None,
        others: Mapping[str, Held] | None = None,
    ) -> None:
        self.name = name or model.name
        self.sha256 = sha256 or content_sha256(model)
        if preprocessing is not None:
            preprocessing_named(preprocessing)
        inputs = read_inputs(model, self.name, input_size, input)
        self.input, self.inputs = inputs.name, inputs.pictures
        self.input_shape, self.other_inputs = inputs.shape, inputs.others
        self.nbytes = sum(
            int(np.prod(v.shape)) * tf.as_dtype(v.dtype).size for v in model.variables
        )
        self._lock = threading.RLock()
        self._feed = Feed(inputs)
        self._graph = TracedGraph(model, self.input_shape, self._feed.call_with)
        self.keras_model = model
        self._identity = self.sha256

        results = named_results(model, self._graph.results)
        self.outputs = tuple(results)
        read, passed_over = choose_output(self._graph, results, self.name, output, output_kind)
        self.output, self.output_kind = read.name, read.kind
        known = known_preprocessing(inputs, self._graph, read.scores)
        self.preprocessing_told = known.certain
        self.preprocessing = preprocessing or known.certain or known.likely
        self.preprocessing_guessed = not (preprocessing or known.certain)
        reasons = () if preprocessing else known.notes
        constant = constant_notes(read.kind, int(read.scores.shape[1]))
        self._decided = (*inputs.notes, *passed_over, *reasons, *constant)
        self._hold(others or {})
        self.class_names = column_names(
            read.name, read.kind, int(read.scores.shape[1]), class_names, self.name
        )
        self._results = read.scores, read.probabilities
        self._pieces = Pieces(self._graph, *self._results, self._graph.function)

        taps = self._graph.spatial_taps(read.scores)
        if not taps:  # of an output that was asked for
            raise ModelError(
                f"{self.name} has no layer with a spatial map (height x width > 1, in an even grid "
                "over the picture) that its output depends on, so there is nothing to lay over a "
                "picture."
            )
        taps = self._reaching(taps, read.scores)
        self._taps = {tap.name: tap for tap in taps}
        self._captured = captured_weights(model, self._graph, read.scores)
        check_weights(self._captured, self.name)
        self.weighted_layers = tuple(self._captured)
        self._pooled = pooled_affine(self._graph, taps, read.scores)
        self.layers = tuple(self._layer(tap) for tap in taps)
        default = default_tap(self._graph, taps, read.scores)
        self.default_layer = default.name
        if apart := other_parts(self._graph, taps, default):
            self._decided = (*self._decided, apart)
            self._hold(self._given)

    def forward(self, images: np.ndarray, layer: str) -> Forward:
        """Run the model on preprocessed images, shape (N, H, W, C) float32.

        Raises
        ------
        InputError
            If there is no such layer or the images have another shape.
        """
        fed, tap = self._fed(images), self._tap(layer)
        with self._held(len(images)):
            results = self._pieces.passes(tap).forward(fed)
        activations, scores, probabilities, *state = results
        return Forward(
            activations.numpy(),
            scores.numpy(),
            probabilities.numpy(),
            layer,
            tuple(state),
            sum(int(np.prod(t.shape)) * t.dtype.size for t in state),
        )

    def scores(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class scores and probabilities alone, each of shape (N, C), float32.

        Raises
        ------
        InputError
            If the images have another shape.
        """
        fed = self._fed(images)
        with self._held(len(images)):
            scores, probabilities = self._pieces.scoring()(fed)
        return scores.numpy(), probabilities.numpy()

    def for_throughput(self, *, bfloat16: bool = False) -> KerasClassifier:
        """The same model, prepared for many images: it rounds otherwise, and is faster.

        Batch normalisation becomes part of the convolutions, in a second copy of their weights.

        Parameters
        ----------
        bfloat16 : bool
            Whether convolutions and matrix products run in bfloat16, with two or three digits:
            faster on processors that have it, slower on others. See
            `camcore.engine.precision.choose_precision`.
        """
        make = partial(merged_function, self._graph, bfloat16=bfloat16)
        return self._like(self._pieces.made_by(make))

    def gradients(
        self, forward: Forward, targets: Sequence[int], of: Explained = "score"
    ) -> np.ndarray:
        """G = d score_target / dA, or d probability_target / dA; (len(targets), H, W, K) float32.

        Raises
        ------
        InputError
            If the number of targets fits neither the images nor a single image, or there is no
            probability.
        """
        count, wanted = len(forward.scores), len(targets)
        if wanted != count and count != 1:
            raise InputError(f"{wanted} targets were given for {count} images; give one an image.")
        counted = slopes(self.output_kind, forward.probabilities, targets, of)
        state = forward.state
        if wanted != count:
            state = [tf.broadcast_to(t, (wanted, *t.shape[1:])) for t in state]
        with self._held(wanted):
            backward = self._pieces.passes(self._tap(forward.layer)).backward
            (gradients,) = backward(tf.constant(counted), *state)
        values: np.ndarray = gradients.numpy()
        return values

    def head(self, images: np.ndarray, layer: str) -> Head:
        """The rest of the network behind a layer, for one preprocessed image, (1, H, W, C).

        What reaches the scores by other ways than through the layer stays as the image has it.

        Raises
        ------
        InputError
            If there is no such layer or the image has another shape.
        """
        fed, tap = self._fed(images[:1]), self._tap(layer)
        with self._held(1):
            scores_of = self._pieces.rest(tap).behind(fed)

        def locked(maps: np.ndarray) -> np.ndarray:
            with self._held(len(maps)):
                return scores_of(maps)

        return locked

    def class_weights(self, layer: str) -> ClassWeights | None:
        """Weights of the global-average-pooling head behind `layer`, or None without one.

        The bias holds what other inputs add, for the first picture where each has its own.

        Raises
        ------
        InputError
            If there is no such layer.
        """
        tap = self._tap(layer)
        with self._lock:
            self._hold_first()
            return self._pieces.class_weights(tap) if layer in self._pooled else None

    def randomised(self, layers: Sequence[str], seed: int) -> KerasClassifier:
        """The same model with the weights of some layers shuffled, each within itself.

        Raises
        ------
        InputError
            If one of them is not in `weighted_layers`.
        """
        for path in layers:
            if path not in self._captured:
                raise InputError(
                    f"{self.name} has no layer {path!r} with weights; the last one is "
                    f"{self.weighted_layers[-1]!r}."
                )
        randomised = self._like(self._pieces.with_variables(shuffled(self._captured, layers, seed)))
        identity = json.dumps([self._identity, list(layers), seed], allow_nan=False)
        randomised._identity = hashlib.sha256(identity.encode()).hexdigest()
        randomised.sha256 = randomised._feed.identity(randomised._identity, randomised._values)
        return randomised

    def holding(self, others: Mapping[str, Held]) -> KerasClassifier:
        """The same model with its other inputs held at other values; those not named stay.

        Parameters
        ----------
        others : dict
            By the names of the inputs. An array with a row for each picture of the batches to
            come is taken row by row.

        Raises
        ------
        InputError
            If there is no such input, or a value does not fit it.
        """
        copied = self._like(self._pieces.with_other_values())
        copied._hold(self._given | dict(others))
        return copied

    def named(self, class_names: Sequence[str], note: str = "") -> KerasClassifier:
        """The same model with its classes called otherwise, and a note on that where it needs one.

        Raises
        ------
        InputError
            If their number does not fit.
        """
        copied = renamed(self, class_names, note)
        if note:
            copied._decided = (*self._decided, note)
        return copied

    def parts(self, layer: str) -> tuple[tuple[LayerRow, ...], tuple[LayerRow, ...]]:
        """The model as two networks, from the image to `layer` and from there to the output.

        Raises
        ------
        InputError
            If there is no such layer.
        """
        return split_tables(self.keras_model, self._graph, self._tap(layer), list(self._results))

    def map_of(self, layer: str) -> LayerMap | TokenMap | None:
        """How the tensor of a layer holds its map; None where rows and columns come first.

        Raises
        ------
        InputError
            If there is no such layer.
        """
        return self._tap(layer).map

    def _hold(self, others: Mapping[str, Held]) -> None:
        """Hold the other inputs at what is given, and at zeros without."""
        self._given = dict(others)
        self._values, held_notes = values_held(
            self.other_inputs, self._given, self.preprocessing, self.name
        )
        self.sha256 = self._feed.identity(self._identity, self._values)
        self.notes = (*self._decided, *held_notes)

    @contextmanager
    def _held(self, count: int) -> Iterator[None]:
        """The lock, with the other inputs at their values for so many pictures."""
        with self._lock:
            self._feed.hold(self._values, count)
            yield

    def _reaching(self, taps: tuple[Tap, ...], scores: Any) -> tuple[Tap, ...]:
        """The taps whose maps the scores read; the others are named in `notes`."""
        self._hold_first()
        read, unread = reaching(self._graph, taps, scores)
        if unread:
            self._decided = (
                *self._decided,
                unread_note(unread),
            )
            self._hold(self._given)
        return read

    def _hold_first(self) -> None:
        """The other inputs at their values for one picture, the first where each has its own."""
        self._feed.hold({name: value[:1] for name, value in self._values.items()}, 1)

    def _like(self, pieces: Pieces) -> KerasClassifier:
        """The same model with functions that are cut otherwise."""
        copied = copy.copy(self)
        copied._pieces = pieces
        return copied

    def _fed(self, images: np.ndarray) -> Any:
        if images.ndim != 4 or images.shape[1:] != self.input_shape:
            raise InputError(
                f"images of shape {images.shape} do not fit {self.name}, which takes "
                f"(N, {', '.join(map(str, self.input_shape))})."
            )
        return tf.constant(images, tf.float32)

    def _tap(self, layer: str) -> Tap:
        if layer not in self._taps:
            raise InputError(
                f"{self.name} has no layer {layer!r} with a spatial map; the last one is "
                f"{self.default_layer!r}, and `camcore layers` lists all."
            )
        return self._taps[layer]

    def _layer(self, tap: Tap) -> Layer:
        frame, beside = (tap.map.frame, tap.map.beside) if tap.map else (None, 0)
        return Layer(tap.name, *tap.grid, tap.kind, tap.name in self._pooled, frame, beside)
