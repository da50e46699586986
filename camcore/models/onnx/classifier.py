"""Any ONNX image model as a `camcore.Classifier`."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from camcore.classifier import (
    ClassWeights,
    Explained,
    Forward,
    Head,
    Layer,
    LayerRow,
    OutputKind,
)
from camcore.errors import InputError, MethodError
from camcore.models.affine_head import read_class_weights
from camcore.models.default_layer import unread_note
from camcore.models.held_inputs import Held, values_held, zeros
from camcore.models.onnx.backward import Backward
from camcore.models.onnx.functions import Functions
from camcore.models.onnx.graph import Graph
from camcore.models.onnx.inputs import Inputs, read_inputs
from camcore.models.onnx.layers import (
    Tap,
    default_tap,
    only_embeds,
    pooled_affine,
    spatial_taps,
    split_tables,
)
from camcore.models.onnx.outputs import choose_output
from camcore.models.onnx.places import places
from camcore.models.onnx.reading import Reading
from camcore.models.onnx.scaling import scaling_ends
from camcore.models.onnx.slope_nodes import NoDerivativeError
from camcore.models.onnx.weight_shuffling import check_weights, shuffled, weights_of
from camcore.models.outputs import column_names, constant_notes, renamed, slopes
from camcore.models.scaling import LEVELS, told_by
from camcore.pictures.preprocessing import preprocessing_named

_PROBES = 4  # pictures of noise that tell whether an output is probabilities


class OnnxClassifier:
    """See an ONNX model through the `camcore.Classifier` protocol.

    Layers are tensors that hold a map of the picture, whether channels come first in them or
    last. Gradients are exact: the backward pass is built as ONNX nodes from the derivative of
    each operation behind a layer. Every method may be called from any thread.

    Parameters
    ----------
    model : onnx.ModelProto
        That has come through the quarantine, with an image input, N x C x H x W or N x H x W x C.
    name : str
        Shown to people.
    sha256 : str
        Hash of the content.
    preprocessing : str, optional
        One of `camcore.PREPROCESSINGS`. By default what the beginning of the model tells, such as
        ``none`` where it scales pixels itself or takes whole numbers, else ``0-1``, which is a
        guess and says so in `preprocessing_guessed`.
    class_names : sequence of str, optional
        One for each column of the output.
    output : str or int, optional
        Which of several outputs is explained, by name or position; by default the first that is
        one row of numbers and depends on a map.
    output_kind : str, optional
        How the output is to be read where the model itself does not tell, or tells wrong.
    input_size : tuple of int, optional
        Height and width where the model accepts any; 224 x 224 by default.
    input : str, optional
        Which of several inputs takes the picture; by default the first that can.
    others : dict, optional
        What its other inputs are held at, by name; zeros where nothing is given.

    Raises
    ------
    ModelError
        If the model has no image input or no layer with a spatial map.
    InputError
        If `output`, `input`, `others` or the number of class names does not fit.
    """

    fit = "stretch"

    def __init__(
        self,
        model: Any,
        *,
        name: str,
        sha256: str,
        preprocessing: str | None = None,
        class_names: Sequence[str] | None = None,
        output: str | int | None = None,
        output_kind: OutputKind | None = None,
        input_size: tuple[int, int] | None = None,
        input: str | None = None,
        others: Mapping[str, Held] | None = None,
    ) -> None:
        self.name = name
        if preprocessing is not None:
            preprocessing_named(preprocessing)
        self._inputs = read_inputs(model, name, input_size, input)
        self.input, self.inputs = self._inputs.name, self._inputs.pictures
        self.input_shape, self.other_inputs = self._inputs.shape, self._inputs.others
        self._graph = Graph(model, self._inputs.sizes())
        self._functions = Functions(self._graph)
        self._identity = sha256
        self._values = {other.name: zeros(other) for other in self.other_inputs}
        self.nbytes = sum(int(array.nbytes) for array in self._graph.constants.values())

        ends = scaling_ends(self._graph, self.input)
        self.preprocessing_told = self._told(ends)
        self.preprocessing = preprocessing or self.preprocessing_told or "0-1"
        self.preprocessing_guessed = not (preprocessing or self.preprocessing_told)
        lying = places(self._graph, self.input, self._inputs.axes)
        height, width, _ = self.input_shape

        def taps_of(tensor: str) -> tuple[Tap, ...]:
            batch = self._inputs.batch or 1
            return spatial_taps(self._graph, lying, tensor, (height, width), batch)

        self._output, passed_over = choose_output(
            self._graph,
            name,
            lambda tensor: bool(taps_of(tensor)),
            self._sums_to_one,
            output,
            output_kind,
        )
        self.output, self.outputs = self._output.name, self._graph.outputs
        self.output_kind = self._output.kind
        constant = constant_notes(self.output_kind, self._output.columns)
        self._decided = (*self._inputs.notes, *passed_over, *constant)
        self._hold(others or {})
        target = self._output.tensor
        self.class_names = column_names(
            self.output, self.output_kind, self._output.columns, class_names, name
        )
        self._weights = weights_of(self._graph, target, ends)
        check_weights(self._graph, self._weights, name)
        self.weighted_layers = tuple(self._weights)
        reading = Reading(self._graph, target, self._fed(_noise(1, self._inputs)))
        taps = taps_of(target)
        unread = reading.unread(taps)
        taps = tuple(tap for tap in taps if tap.name not in unread)
        self._taps = {tap.name: tap for tap in taps}
        self._blocked = Backward(self._graph, self.input).blocked(target)
        self._pooled = pooled_affine(self._graph, taps, target)
        self._class_weights: dict[str, ClassWeights | None] = {}
        self.layers = tuple(self._layer(tap) for tap in taps)
        default = default_tap(self._graph, taps, target, reading.reads)
        self.default_layer = default.name
        if unread:
            self._decided = (*self._decided, unread_note(unread))
        if only_embeds(self._graph, default, target):
            self._decided = (
                *self._decided,
                f"layer {default.name!r} embeds patches of pixels and is linear in them; the "
                "tokens of the transformer behind it lie in no grid over the picture",
            )
        self._hold(self._given)

    def forward(self, images: np.ndarray, layer: str) -> Forward:
        """Run the model on preprocessed images, shape (N, H, W, C) float32.

        Raises
        ------
        InputError
            If there is no such layer or the images have another shape.
        """
        tap = self._tap(layer)
        beside = self._graph.beside(tap.tensor, self._output.tensor)
        wanted = (tap.tensor, self._output.tensor, self._output.answer, *beside)
        made = self._run(images, wanted, tap)
        scores, probabilities = self._answers(made)
        kept = (*beside, tap.tensor) if tap.grid.beside else beside
        state = {name: made[name] for name in kept}
        size = sum(array.nbytes for array in state.values())
        maps = tap.upright(made[tap.tensor])
        return Forward(maps, scores, probabilities, layer, state, size)

    def scores(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class scores and probabilities alone, each of shape (N, C), float32.

        Raises
        ------
        InputError
            If the images have another shape.
        """
        return self._answers(self._run(images, (self._output.tensor, self._output.answer)))

    def for_throughput(self, *, bfloat16: bool = False) -> OnnxClassifier:
        """The model itself: onnxruntime has prepared it, and has no faster arithmetic here."""
        return self

    def gradients(
        self, forward: Forward, targets: Sequence[int], of: Explained = "score"
    ) -> np.ndarray:
        """G = d score_target / dA, or d probability_target / dA; (len(targets), H, W, K) float32.

        Raises
        ------
        InputError
            If the number of targets fits neither the images nor a single image, or there is no
            probability.
        MethodError
            If the derivative of an operation behind the layer is not known.
        """
        count, wanted = len(forward.scores), len(targets)
        if wanted != count and count != 1:
            raise InputError(f"{wanted} targets were given for {count} images; give one an image.")
        tap, target = self._tap(forward.layer), self._output.tensor
        counted = slopes(self.output_kind, forward.probabilities, targets, of)
        beside = self._graph.beside(tap.tensor, target)
        try:
            backward = self._functions.backward(tap.tensor, target, beside)
        except NoDerivativeError as error:
            raise MethodError(
                f"gradients at {tap.name!r} would pass through {error}, whose derivative CAM Audit "
                "does not know; Recipro-CAM, Ablation-CAM, Score-CAM and occlusion need none."
            ) from None
        same = self._same(beside)
        repeated = {
            name: np.repeat(array, wanted // len(array), axis=0)
            for name, array in forward.state.items()
            if name not in same
        }
        whole = repeated.pop(tap.tensor, None)
        maps = np.repeat(forward.activations, wanted // count, axis=0)
        sides = tuple(int(side or 1) for side in self._graph.shapes[target][1:])
        shape = (wanted, *sides)
        rows = {
            **repeated,
            tap.tensor: tap.restored(maps, whole),
            Backward.slopes: self._output.slopes(counted, forward.scores).reshape(shape),
        }
        shared = {name: forward.state[name] for name in same}
        made = backward(rows, shared, self._batch(bool(same)))
        return tap.upright(made[Backward.gradient])

    def head(self, images: np.ndarray, layer: str) -> Head:
        """The rest of the network behind a layer, for one preprocessed image, (1, H, W, C).

        What reaches the scores by other ways than through the layer stays as the image has it.

        Raises
        ------
        InputError
            If there is no such layer or the image has another shape.
        """
        tap, target = self._tap(layer), self._output.tensor
        beside = self._graph.beside(tap.tensor, target)
        needed = (*beside, tap.tensor) if tap.grid.beside else beside
        kept = self._run(images[:1], needed, tap) if needed else {}
        same = self._same(beside)
        function = self._functions.function((tap.tensor, *beside), (target,))

        def scores_of(maps: np.ndarray) -> np.ndarray:
            rows = {
                name: np.repeat(kept[name], len(maps), axis=0)
                for name in beside
                if name not in same
            }
            rows[tap.tensor] = tap.restored(maps, kept.get(tap.tensor))
            shared = {name: kept[name] for name in same}
            made = function(rows, shared, self._batch(bool(same)))
            return self._output.scores(made[target])

        return scores_of

    def class_weights(self, layer: str) -> ClassWeights | None:
        """Weights of the global-average-pooling head behind `layer`, or None without one.

        Raises
        ------
        InputError
            If there is no such layer.
        """
        tap = self._tap(layer)
        if layer not in self._pooled:
            return None
        if layer not in self._class_weights:
            height, width, channels = self.input_shape
            image = np.zeros((1, height, width, channels), np.float32)
            self._class_weights[layer] = read_class_weights(self.head(image, layer), tap.cells)
        return self._class_weights[layer]

    def randomised(self, layers: Sequence[str], seed: int) -> OnnxClassifier:
        """The same model with the weights of some layers shuffled, each within itself.

        Raises
        ------
        InputError
            If one of them is not in `weighted_layers`.
        """
        for path in layers:
            if path not in self._weights:
                last = self.weighted_layers[-1] if self._weights else "none"
                raise InputError(
                    f"{self.name} has no layer {path!r} with weights; the last one is {last!r}."
                )
        copied = copy.copy(self)
        changed = shuffled(self._graph, self._weights, layers, seed)
        copied._graph = self._graph.with_constants(changed)
        copied._functions = Functions(copied._graph)
        copied._class_weights = {}
        identity = json.dumps([self._identity, list(layers), seed], allow_nan=False)
        copied._identity = hashlib.sha256(identity.encode()).hexdigest()
        copied.sha256 = copied._hash()
        return copied

    def holding(self, others: Mapping[str, Held]) -> OnnxClassifier:
        """The same model with its other inputs held at other values; those not named stay.

        Raises
        ------
        InputError
            If there is no such input, or a value does not fit it.
        """
        copied = copy.copy(self)
        copied._hold(self._given | dict(others))
        copied._class_weights = {}
        return copied

    def named(self, class_names: Sequence[str], note: str = "") -> OnnxClassifier:
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
        return split_tables(self._graph, self._tap(layer), self._output.answer)

    def _layer(self, tap: Tap) -> Layer:
        return Layer(
            tap.name,
            *tap.cells,
            tap.kind,
            tap.name in self._pooled,
            tap.grid.frame,
            tap.grid.beside,
            differentiable=tap.tensor not in self._blocked,
        )

    def _told(self, ends: tuple[str, ...]) -> str | None:
        """The preprocessing that the model itself tells, or None."""
        if np.issubdtype(self._inputs.types[self.input], np.integer):
            return "none"  # whole numbers can only be 0 to 255
        if not ends:
            return None
        shape = (len(LEVELS), *self.input_shape)
        flat = np.broadcast_to(LEVELS[:, None, None, None], shape).astype(np.float32)
        made = self._run(flat, ends)
        return told_by(made[name] for name in ends if len(made[name]) == len(LEVELS))

    def _sums_to_one(self, tensor: str) -> bool:
        """Whether an output without a visible softmax holds probabilities all the same."""
        noise = _noise(_PROBES, self._inputs)
        rows = self._run(noise, (tensor,))[tensor].reshape(len(noise), -1)
        return bool((rows >= 0).all() and np.allclose(rows.sum(axis=1), 1, atol=1e-3))

    def _answers(self, made: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
        scores = self._output.scores(made[self._output.tensor])
        return scores, self._output.probabilities(scores, made[self._output.answer])

    def _run(
        self, images: np.ndarray, wanted: tuple[str, ...], tap: Tap | None = None
    ) -> dict[str, np.ndarray]:
        """Values of tensors for preprocessed images; one by one where a layer asks for it."""
        rows = self._fed(images)
        function = self._functions.function(tuple(rows), wanted)
        same = self._same(wanted) if tap is not None else set()
        return function(rows, batch=self._batch(bool(same)), same=same)

    def _fed(self, images: np.ndarray) -> dict[str, np.ndarray]:
        """Values of all inputs, a row for each of the images."""
        if images.ndim != 4 or images.shape[1:] != self.input_shape:
            raise InputError(
                f"images of shape {images.shape} do not fit {self.name}, which takes "
                f"(N, {', '.join(map(str, self.input_shape))})."
            )
        count = len(images)
        turned = images.transpose(0, 3, 1, 2) if self._inputs.channels_first else images
        rows = {self.input: np.ascontiguousarray(turned)}
        for name, value in self._values.items():
            if len(value) not in (1, count):
                raise InputError(
                    f"input {name!r} is held at values for {len(value)} pictures, not for {count}."
                )
            rows[name] = np.repeat(value, count // len(value), axis=0)
        return rows

    def _same(self, tensors: Sequence[str]) -> set[str]:
        """Those that have no row for each picture: shapes, mostly, which know the batch."""
        batch = self._inputs.batch or 1
        return {
            name
            for name in tensors
            if not self._graph.is_floating(name)
            or (self._graph.shapes.get(name) or (None,))[0] != batch
        }

    def _batch(self, one_by_one: bool) -> int | None:
        return self._inputs.batch or (1 if one_by_one else None)

    def _hold(self, others: Mapping[str, Held]) -> None:
        """Hold the other inputs at what is given, and at zeros without."""
        self._given = dict(others)
        self._values, held_notes = values_held(
            self.other_inputs, self._given, self.preprocessing, self.name
        )
        self.sha256 = self._hash()
        self.notes = (*self._decided, *held_notes)

    def _hash(self) -> str:
        """Of the model, and of what its other inputs are held at."""
        if not self._values:
            return self._identity
        digest = hashlib.sha256(f"{self._identity} {self.input}".encode())
        for name in sorted(self._values):
            value = self._values[name]
            digest.update(f" {name} {value.shape} ".encode() + value.tobytes())
        return digest.hexdigest()

    def _tap(self, layer: str) -> Tap:
        if layer not in self._taps:
            raise InputError(
                f"{self.name} has no layer {layer!r} with a spatial map; the last one is "
                f"{self.default_layer!r}, and `camcore layers` lists all."
            )
        return self._taps[layer]


def _noise(count: int, inputs: Inputs) -> np.ndarray:
    """Pictures of noise, as many as a model takes at a time where that is fixed."""
    size = (inputs.batch or count, *inputs.shape)
    return np.random.default_rng(0).uniform(0, 1, size).astype(np.float32)
