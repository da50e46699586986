"""Any PyTorch image model as a `camcore.Classifier`."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Mapping, Sequence

import numpy as np
import torch

from camcore.classifier import (
    ClassWeights,
    Explained,
    Forward,
    Head,
    Layer,
    LayerRow,
    OtherInput,
    OutputKind,
)
from camcore.errors import InputError, ModelError
from camcore.models.affine_head import read_class_weights
from camcore.models.default_layer import unread_note
from camcore.models.held_inputs import Held, values_held
from camcore.models.outputs import column_names, renamed, slopes
from camcore.models.torch.grids import upright
from camcore.models.torch.inputs import check_answers, input_shape, plain_module
from camcore.models.torch.layers import (
    default_tap,
    has_unread_tokens,
    pooled_taps,
    spatial_taps,
    split_tables,
)
from camcore.models.torch.outputs import choose_output, require_fit
from camcore.models.torch.passes import Passes, Tap, as_pictures
from camcore.models.torch.trace import Trace
from camcore.models.torch.weights import check_weights, content_sha256, shuffled, weights_of
from camcore.pictures.preprocessing import check_fit, preprocess, preprocessing_named


class TorchClassifier:
    """See a PyTorch module through the `camcore.Classifier` protocol.

    The module is run in evaluation mode and left as it was: modes, hooks, gradients and random
    numbers. Every method may be called from any thread. Weights that are trained further need a
    new classifier: the hash is taken once.

    Parameters
    ----------
    module : torch.nn.Module
        That takes pictures N x C x H x W alone and answers with a tensor, or with several by name
        or in order.
    name : str, optional
        Shown to people; the module's class by default.
    preprocessing : str, optional
        One of `camcore.PREPROCESSINGS`; ``torch`` for the mean and spread of ImageNet that
        networks of torchvision are trained with; or written out, like ``scale=0.00392
        mean=0.5,0.5,0.5 std=0.5,0.5,0.5``. By default ``0-1``, which is a guess and says so in
        `preprocessing_guessed`.
    fit : str, optional
        How a picture becomes the input: one of `camcore.FITS`, ``stretch`` by default, or a
        resizing that is written out, like ``resize=256 filter=bicubic crop=224x224``.
    class_names : sequence of str, optional
        One for each column of the output.
    output : str or int, optional
        Which of several outputs is explained, by name or position; by default the first that is
        one row of numbers.
    output_kind : str, optional
        How the output is to be read where the module itself does not tell, or tells wrong:
        ``logits``, ``sigmoid`` (one unit), ``multi-label`` or ``regression``.
    input_size : tuple of int, optional
        Height and width; 224 x 224 by default.

    Raises
    ------
    ModelError
        If the module does not run on pictures alone, or has no layer with a spatial map.
    InputError
        If `output` or the number of class names does not fit.

    Examples
    --------
    >>> from torch import nn
    >>> module = nn.Sequential(
    ...     nn.Conv2d(3, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)
    ... )
    >>> classifier = TorchClassifier(module, class_names=["cat", "dog"], input_size=(8, 8))
    >>> [str(layer) for layer in classifier.layers], classifier.default_layer
    (['0 · 6×6 · 4', '1 · 6×6 · 4'], '1')
    """

    inputs: tuple[str, ...] = ()
    input = ""
    other_inputs: tuple[OtherInput, ...] = ()

    def __init__(
        self,
        module: torch.nn.Module,
        *,
        name: str | None = None,
        preprocessing: str | None = None,
        fit: str | None = None,
        class_names: Sequence[str] | None = None,
        output: str | int | None = None,
        output_kind: OutputKind | None = None,
        input_size: tuple[int, int] | None = None,
    ) -> None:
        module = plain_module(module)
        self.name = name or type(module).__name__
        if preprocessing is not None:
            preprocessing_named(preprocessing)
        self.preprocessing = preprocessing or "0-1"
        self.preprocessing_guessed = preprocessing is None
        self.fit = fit or "stretch"
        check_fit(self.fit)
        check_weights(module, self.name)
        self.sha256 = content_sha256(module)
        self.nbytes = sum(t.nbytes for t in (*module.parameters(), *module.buffers()))
        self.input_shape = input_shape(module, self.name, input_size)

        noise = np.random.default_rng(0).uniform(0, 255, (2, *self.input_shape))
        images = preprocess(noise.astype(np.float32), self.preprocessing)
        self._trace = Trace(module, as_pictures(module, images))
        read, passed_over = choose_output(self._trace, self.name, output, output_kind)
        self.outputs, self.output = tuple(self._trace.results), read.name
        self.output_kind: OutputKind = read.kind
        self.class_names = column_names(read.name, read.kind, read.columns, class_names, self.name)
        self._node = self._trace.results[read.name].node
        self._passes = Passes(module, read)
        check_answers(
            self._passes.scores(images)[0][0], self._passes.scores(images[:1])[0][0], self.name
        )
        taps, unlike = spatial_taps(self._trace, self._node, self.input_shape[:2])
        if not taps:
            raise ModelError(
                f"{self.name} has no layer with a spatial map (height x width > 1) that its output "
                "depends on, so there is nothing to lay over a picture."
            )
        if has_unread_tokens(self._trace, self._node, taps):
            raise ModelError(
                f"{self.name} is a transformer whose tokens lie in no grid over the picture; what "
                f"comes before them ({taps[-1].name}) knows nothing of its classes yet."
            )

        def reads(tap: Tap, held: Tap | None) -> bool:
            return self._passes.reads(images, tap, held)

        partial = [tap for tap in taps if tap.grid.beside]
        unread = tuple(tap.name for tap in partial if not reads(tap, None))
        taps = tuple(tap for tap in taps if tap.name not in unread)
        self._taps = {tap.name: tap for tap in taps}
        pooled = pooled_taps(
            self._trace, self._node, taps, lambda tap: self._passes.head(images[:1], tap)
        )
        self._class_weights = {
            layer: weights
            for layer in pooled
            if (weights := self._read_class_weights(images[:1], self._taps[layer])) is not None
        }
        self._weights = weights_of(module, self._trace, self._node)
        self.weighted_layers = tuple(self._weights)
        self.layers = tuple(
            Layer(
                tap.name,
                *tap.shape,
                tap.kind,
                tap.name in self._class_weights,
                tap.grid.frame,
                tap.grid.beside,
            )
            for tap in taps
        )
        self.default_layer = default_tap(self._trace, self._node, taps, reads).name
        unread_notes = (unread_note(unread),) if unread else ()
        self.notes = (*passed_over, *_notes(read.kind, output_kind, unlike), *unread_notes)

    def forward(self, images: np.ndarray, layer: str) -> Forward:
        """Run the model on preprocessed images, shape (N, H, W, C) float32.

        Raises
        ------
        InputError
            If there is no such layer or the images have another shape.
        """
        tap = self._tap(layer)
        require_fit(images, self.input_shape, self.name)
        leaf, scores, probabilities = self._passes.forward(images, tap)
        return Forward(
            _numpy(upright(leaf, tap.grid)),
            _numpy(scores),
            _numpy(probabilities),
            layer,
            (leaf, scores),
            leaf.nbytes + len(images) * self._passes.state_bytes(tap),
        )

    def scores(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Class scores and probabilities alone, each of shape (N, C), float32.

        Raises
        ------
        InputError
            If the images have another shape.
        """
        require_fit(images, self.input_shape, self.name)
        scores, probabilities = self._passes.scores(images)
        return _numpy(scores), _numpy(probabilities)

    def for_throughput(self, *, bfloat16: bool = False) -> TorchClassifier:
        """The same model, prepared for many images.

        Parameters
        ----------
        bfloat16 : bool
            Whether convolutions and matrix products run in bfloat16, with two or three digits:
            faster on processors that have it, slower on others. Without it nothing changes.
        """
        return self._like(self._passes.like(bfloat16=True)) if bfloat16 else self

    def gradients(
        self, forward: Forward, targets: Sequence[int], of: Explained = "score"
    ) -> np.ndarray:
        """G = d score_target / dA, or d probability_target / dA; (len(targets), H, W, K) float32.

        Raises
        ------
        InputError
            If the number of targets fits neither the images nor a single image, or there is no
            probability.
        ModelError
            If the module calculates behind the layer without gradients.
        """
        count, wanted = len(forward.scores), len(targets)
        if wanted != count and count != 1:
            raise InputError(f"{wanted} targets were given for {count} images; give one an image.")
        counted = torch.from_numpy(slopes(self.output_kind, forward.probabilities, targets, of))
        leaf, scores = forward.state
        if not scores.requires_grad:
            raise ModelError(
                f"{self.name} calculates without gradients behind its layer {forward.layer!r}; "
                "choose a later layer, or a method that needs none, such as Recipro-CAM."
            )
        rows = [counted] if wanted == count else [counted[i : i + 1] for i in range(wanted)]
        slope = torch.cat([self._passes.gradient(leaf, scores, row) for row in rows])
        return _numpy(upright(slope, self._tap(forward.layer).grid))

    def head(self, images: np.ndarray, layer: str) -> Head:
        """The rest of the network behind a layer, for one preprocessed image, (1, H, W, C).

        What reaches the scores by other ways than through the layer stays as the image has it.

        Raises
        ------
        InputError
            If there is no such layer or the image has another shape.
        """
        tap = self._tap(layer)
        require_fit(images, self.input_shape, self.name)
        return self._passes.head(images[:1], tap)

    def class_weights(self, layer: str) -> ClassWeights | None:
        """Weights of the global-average-pooling head behind `layer`, or None without one.

        Raises
        ------
        InputError
            If there is no such layer.
        """
        tap = self._tap(layer)
        if layer not in self._class_weights or not self._passes.weights:
            return self._class_weights.get(layer)
        return self._read_class_weights(np.zeros((1, *self.input_shape), np.float32), tap)

    def randomised(self, layers: Sequence[str], seed: int) -> TorchClassifier:
        """The same model with the weights of some layers shuffled, each within itself.

        Raises
        ------
        InputError
            If one of them is not in `weighted_layers`.
        """
        for path in layers:
            if path not in self._weights:
                raise InputError(
                    f"{self.name} has no layer {path!r} with weights; the last one is "
                    f"{self.weighted_layers[-1]!r}."
                )
        values = shuffled(self._passes.module, self._weights, layers, seed)
        randomised = self._like(self._passes.like(weights={**self._passes.weights, **values}))
        identity = json.dumps([self.sha256, list(layers), seed], allow_nan=False)
        randomised.sha256 = hashlib.sha256(identity.encode()).hexdigest()
        return randomised

    def holding(self, others: Mapping[str, Held]) -> TorchClassifier:
        """The same model; it takes a picture alone.

        Raises
        ------
        InputError
            If a value is given.
        """
        values_held(self.other_inputs, others, self.preprocessing, self.name)
        return self

    def named(self, class_names: Sequence[str], note: str = "") -> TorchClassifier:
        """The same model with its classes called otherwise, and a note on that where it needs one.

        Raises
        ------
        InputError
            If their number does not fit.
        """
        return renamed(self, class_names, note)

    def parts(self, layer: str) -> tuple[tuple[LayerRow, ...], tuple[LayerRow, ...]]:
        """The model as two networks, from the image to `layer` and from there to the output.

        Raises
        ------
        InputError
            If there is no such layer.
        """
        return split_tables(self._trace, self._tap(layer).name, self._node)

    def _read_class_weights(self, image: np.ndarray, tap: Tap) -> ClassWeights | None:
        return read_class_weights(self._passes.head(image, tap), tap.shape)

    def _like(self, passes: Passes) -> TorchClassifier:
        """The same model with functions that calculate otherwise."""
        copied = copy.copy(self)
        copied._passes = passes
        return copied

    def _tap(self, layer: str) -> Tap:
        if layer not in self._taps:
            raise InputError(
                f"{self.name} has no layer {layer!r} with a spatial map; the last one is "
                f"{self.default_layer!r}, and `layers` lists all."
            )
        return self._taps[layer]


def _notes(kind: OutputKind, wanted: OutputKind | None, unlike: Sequence[str]) -> tuple[str, ...]:
    notes = []
    if kind == "regression" and wanted is None:
        notes.append(
            "one number without a sigmoid is read as a regression; output_kind='sigmoid' reads it "
            "as the score of a class"
        )
    if unlike:
        others = f" and {len(unlike) - 3} more" if len(unlike) > 3 else ""
        notes.append(
            f"{', '.join(unlike[:3])}{others} hold no rows and columns of the picture in an "
            "even grid, so these layers are not offered"
        )
    return tuple(notes)


def _numpy(tensor: torch.Tensor) -> np.ndarray:
    values: np.ndarray = tensor.detach().float().cpu().contiguous().numpy()
    return values
