"""What was computed for pictures under models, remembered under the content it came from."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property
from time import perf_counter
from typing import Any

import numpy as np

from camcore.classifier import Classifier, Explained, Forward, Layer
from camcore.engine.cache import BoundedCache, Locks
from camcore.engine.precision import Precision, try_precisions
from camcore.engine.slots import Slots
from camcore.explanation import Cost
from camcore.methods import Method
from camcore.methods.applying import raw_maps
from camcore.methods.variant_scores import MANY, Progress, variant_scores
from camcore.methods.variants import Variants
from camcore.models.finite_answers import check_finite, check_map
from camcore.pictures.picture import Picture
from camcore.pictures.preprocessing import Frame, fit_pixels, frame_of, preprocess

_FEW = 4  # passes that an estimate is made from


@dataclass(frozen=True, eq=False)
class View:
    """One picture under one model at one layer."""

    model: Classifier
    picture: Picture
    layer: Layer
    preprocessing: str
    fit: str

    @property
    def key(self) -> Hashable:
        """What the numbers depend on."""
        return self.input_key, self.layer.name

    @property
    def input_key(self) -> Hashable:
        """What they depend on beside the layer."""
        model = self.model
        identity = (model.sha256, model.output, model.output_kind, model.input_shape)
        picture = self.picture
        return (*identity, picture.sha256, picture.stretch, self.preprocessing, self.fit)

    @property
    def frame(self) -> Frame:
        """Where the layer's grid lies in the picture."""
        input_frame = self._input_frame
        return input_frame if self.layer.frame is None else self.layer.frame.within(input_frame)

    def frame_of(self, method: Method) -> Frame:
        """Where the maps of a method lie in the picture."""
        return method.frame(self.layer, self.model.input_shape).within(self._input_frame)

    @property
    def _input_frame(self) -> Frame:
        """The part of the picture that the model's input shows."""
        height, width, _ = self.model.input_shape
        return frame_of(self.picture.width, self.picture.height, width, height, self.fit)

    @cached_property
    def image(self) -> np.ndarray:
        """The picture as the model is given it: preprocessed, (H, W, C) float32."""
        shape = self.model.input_shape
        pixels, _ = fit_pixels(self.picture.of_channels(shape[2]), shape, self.fit)
        return preprocess(pixels, self.preprocessing)


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model said of all the variants of a picture, for every class."""

    variants: Variants
    scores: np.ndarray
    cost: Cost


class Computed:
    """Forward passes, gradients, maps and answers, each computed once while it is remembered.

    Parameters
    ----------
    cache : BoundedCache
        Of results.
    models : BoundedCache
        Of models prepared for many pictures.
    locks : Locks
    slots : Slots
        Where forward and backward passes are made. They are taken last: who has one waits for no
        lock that another may hold meanwhile, but for the model's own.
    """

    def __init__(
        self, cache: BoundedCache, models: BoundedCache, locks: Locks, slots: Slots
    ) -> None:
        self._cache, self._models, self._locks, self._slots = cache, models, locks, slots

    @property
    def nbytes(self) -> int:
        """Memory of the results, in bytes."""
        return self._cache.nbytes

    def forward(self, view: View) -> tuple[Forward, float]:
        """The forward pass, and the seconds that it took."""
        with self._locks.of(("forward", view.model.sha256)):
            timed = self._cache.get(("forward", view.key))
            if timed is None:
                with self._slots.taken():
                    began = perf_counter()
                    forward = view.model.forward(view.image[None], view.layer.name)
                    check_finite(view.model, view.image[None], forward)
                timed = forward, perf_counter() - began
                self._cache.put(("forward", view.key), timed, forward.nbytes)
        return timed

    def maps(
        self, view: View, columns: list[int], method: Method, of: Explained
    ) -> list[tuple[np.ndarray, Cost]]:
        """Raw maps; one backward pass for all the columns not seen before."""
        made: dict[int, Any] = {
            c: self._cache.get(map_key(view, method, of, (c,))) for c in columns
        }
        missing = [c for c, value in made.items() if value is None]
        if missing:
            forward, seconds = self.forward(view)
            began = perf_counter()
            backward = method.needs == "gradients" and not method.noisy_copies
            gradients = self.gradients(view, missing, of) if backward else None
            with self._slots.taken():
                images = view.image[None]
                maps = raw_maps(view.model, forward, missing, method, gradients, of, images)
            passes = method.passes(view.layer, view.model.input_shape)
            cost = Cost(passes, seconds + perf_counter() - began, "float32")
            check_map(view.model, maps, view.layer.name, method.title)
            for column, raw in zip(missing, maps, strict=True):
                made[column] = raw, cost
                self._cache.put(map_key(view, method, of, (column,)), (raw, cost), raw.nbytes)
        return [made[c] for c in columns]

    def maps_of_variants(
        self, view: View, columns: list[int], method: Method, progress: Progress | None
    ) -> list[tuple[np.ndarray, Cost]]:
        """Raw maps of a method that makes many passes; they serve every class."""
        key = map_key(view, method, "score", ())
        forward, seconds = self.forward(view)
        with self._locks.of(key):  # whoever asks for the same waits, and has it then
            answers = self._cache.get(key)
            if answers is None:
                answers = self._answers(view, method, forward, seconds, progress)
                held = answers.scores.nbytes + forward.activations.nbytes
                self._cache.put(key, answers, held)
        maps = answers.variants.combine(answers.scores[:, columns], forward.scores[0, columns])
        check_map(view.model, np.asarray(maps), view.layer.name, method.title)
        return [(raw, answers.cost) for raw in maps]

    def _answers(
        self,
        view: View,
        method: Method,
        forward: Forward,
        seconds: float,
        progress: Progress | None,
    ) -> Answers:
        began = perf_counter()
        variants = method.formula(view.image, forward.activations[0], view.layer.frame)
        known, precision = np.empty((0, forward.scores.shape[1]), np.float32), "float32"
        if variants.of == "activations":
            with self._slots.taken():
                score = view.model.head(view.image[None], view.layer.name)
        else:
            model = view.model
            if variants.count >= MANY:
                model, half = self._prepared(model)
                if variants.partial:
                    model, precision, known = self._measured(
                        view, variants, model, half, forward, progress
                    )

            def score(images: np.ndarray) -> np.ndarray:
                return model.scores(images)[0]

        def in_turn(images: np.ndarray) -> np.ndarray:
            with self._slots.taken():  # for one batch at a time: others come in between
                return score(images)

        rest = variant_scores(in_turn, variants, progress, start=len(known))
        scores = np.concatenate([known, rest.reshape(-1, known.shape[1])])
        took = seconds + perf_counter() - began
        return Answers(variants, scores, Cost(variants.count, took, precision))

    def seconds_of_passes(self, view: View, method: Method) -> float:
        """About how long a method's passes take, from a few of them; 0 where they are known."""
        if (
            not method.many_passes
            or self._cache.get(map_key(view, method, "score", ())) is not None
        ):
            return 0.0
        model = view.model
        key = ("seconds", method.needs, model.sha256, model.output, view.layer.name)
        each = self._cache.get(key)
        if each is None:
            forward, _ = self.forward(view)
            variants = method.formula(view.image, forward.activations[0], view.layer.frame)
            few = variants.make(0, min(_FEW, variants.count))
            if not len(few):
                return 0.0
            whole = variants.of == "image"
            score: Any = model.scores if whole else model.head(view.image[None], view.layer.name)
            with self._slots.taken():
                score(few)  # the first call prepares
                began = perf_counter()
                score(few)
                each = (perf_counter() - began) / len(few)
            self._cache.put(key, each, 0)
        return each * method.passes(view.layer, model.input_shape)

    def _prepared(self, model: Classifier) -> tuple[Classifier, Classifier]:
        """The model made ready for many pictures, in float32 and in bfloat16."""
        key = ("throughput", model.sha256, model.output, model.output_kind, model.input_shape)
        with self._locks.of(key):
            both = self._models.get(key)
            if both is None:
                both = model.for_throughput(), model.for_throughput(bfloat16=True)
                self._models.put(key, both, 2 * model.nbytes)
            return both

    def _measured(
        self,
        view: View,
        variants: Variants,
        full: Classifier,
        half: Classifier,
        forward: Forward,
        progress: Progress | None,
    ) -> tuple[Classifier, str, np.ndarray]:
        """The precision for a model and layer, measured on the first picture that needs it."""
        key = ("precision", view.model.sha256, view.model.output, view.layer.name)
        known = np.empty((0, forward.scores.shape[1]), np.float32)
        precision: Precision | None = self._cache.get(key)
        if precision is None:
            precision, known = try_precisions(full, half, variants, forward.scores[0], progress)
            self._cache.put(key, precision, 0)
        return half if precision.bfloat16 else full, str(precision), known

    def gradients(self, view: View, columns: list[int], of: Explained) -> np.ndarray:
        with self._locks.of(("forward", view.model.sha256)):
            keys = {c: ("gradients", of, view.key, c) for c in columns}
            gradients: dict[int, Any] = {c: self._cache.get(keys[c]) for c in columns}
            missing = [c for c, value in gradients.items() if value is None]
            if missing:
                forward, _ = self.forward(view)
                with self._slots.taken():
                    values = view.model.gradients(forward, missing, of)
                for column, value in zip(missing, values, strict=True):
                    gradients[column] = value
                    self._cache.put(keys[column], value, value.nbytes)
        return np.stack([gradients[c] for c in columns])


def map_key(view: View, method: Method, of: Explained, targets: Sequence[int]) -> Hashable:
    """What the numbers of a method depend on; see `camcore.Engine.key`."""
    if method.many_passes:
        return method.name, view.input_key if method.layer_free else view.key
    return method.name, of, view.key, tuple(sorted(set(targets)))
