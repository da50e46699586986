"""The engine: the only cache, the locks, and the verb `explain`."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from camcore._version import __version__
from camcore.classifier import Classifier, Explained, Forward, Layer, fit_of
from camcore.engine.cache import BoundedCache, Locks
from camcore.engine.remembered import Computed, View, map_key
from camcore.engine.slots import Slots
from camcore.errors import InputError, MethodError
from camcore.explanation import Explanation, Prediction
from camcore.heatmap import Heatmap
from camcore.methods import method_named
from camcore.methods.variant_scores import Progress
from camcore.models.labels import resolve_target
from camcore.pictures.picture import Picture
from camcore.pictures.preprocessing import Frame, preprocessing_named


@dataclass(frozen=True, eq=False)
class Features:
    """What one picture leaves in one layer, and what the model answers.

    Attributes
    ----------
    activations : ndarray, shape (H, W, K), float32
    scores, probabilities : ndarray, shape (C,), float32
    layer : Layer
    frame : Frame
        The rectangle of the picture that the maps cover.
    """

    activations: np.ndarray
    scores: np.ndarray
    probabilities: np.ndarray
    layer: Layer
    frame: Frame


class Engine:
    """Explains pictures, and remembers what was computed under the content it came from.

    Parameters
    ----------
    cache_bytes : int
        Limit of feature maps, gradients and maps kept; 512 MiB by default.
    model_bytes : int
        Limit of the weights of models kept by `load`; 4 GiB by default. The model in use always
        stays.
    slots : int, optional
        How many passes are made at the same time; one for each core by default.
    """

    def __init__(
        self,
        cache_bytes: int = 512 * 2**20,
        model_bytes: int = 4 * 2**30,
        slots: int | None = None,
    ) -> None:
        self._models = BoundedCache(model_bytes)
        self._locks = Locks()
        self._computed = Computed(
            BoundedCache(cache_bytes), self._models, self._locks, Slots(slots)
        )

    @property
    def cache_bytes(self) -> int:
        """Memory that remembered results take now, in bytes."""
        return self._computed.nbytes

    def model(self, key: Hashable, load: Callable[[], Classifier]) -> Classifier:
        """Load a model once, however many sessions ask for it at the same time.

        Parameters
        ----------
        key : hashable
            Everything that `load` depends on.
        load : callable
            Called without arguments when the model is not there.
        """
        with self._locks.of(("model", key)):
            model = self._models.get(key)
            if model is None:
                model = load()
                self._models.put(key, model, model.nbytes)
            return model

    def predict(
        self,
        model: Classifier,
        picture: Picture,
        *,
        layer: str | None = None,
        preprocessing: str | None = None,
        fit: str | None = None,
        top: int | None = 5,
    ) -> tuple[Prediction, ...]:
        """The model's answer, most probable class first; for regression in the outputs' order.

        Parameters
        ----------
        layer : str, optional
            The layer that will be explained next, so that one forward pass serves both.
        top : int or None
            How many classes; None for all.
        """
        view = _view(model, picture, layer, preprocessing, fit)
        return _ranked(model, self._computed.forward(view)[0], top)

    def explain(
        self,
        model: Classifier,
        picture: Picture,
        *,
        target: int | str | None = None,
        **options: Any,
    ) -> Explanation:
        """Where the model looks for one target; see `explain_each` for the options."""
        return self.explain_each(model, picture, (target,), **options)[0]

    def explain_each(
        self,
        model: Classifier,
        picture: Picture,
        targets: Sequence[int | str | None],
        *,
        layer: str | None = None,
        method: str = "grad-cam",
        preprocessing: str | None = None,
        fit: str | None = None,
        scaling: str | None = None,
        of: Explained = "score",
        progress: Progress | None = None,
    ) -> tuple[Explanation, ...]:
        """Where the model looks in one picture, for several targets in one backward pass.

        Parameters
        ----------
        targets : sequence of int, str or None
            Class indices or names; None is the predicted class.
        layer : str, optional
            The model's default layer if not given.
        method : str
            One of `camcore.METHODS`.
        preprocessing : str, optional
            Instead of the model's own; one of `camcore.PREPROCESSINGS`.
        fit : str, optional
            Instead of the model's own; one of `camcore.FITS`, or a resizing that is written out.
        scaling : {"relu", "min-max"}, optional
            The method's own if not given.
        of : {"score", "probability"}
            What is explained: the class score before softmax, or the class probability, whose
            gradient vanishes where the model is sure.
        progress : callable, optional
            Called with the passes done and their number while a method makes many; it may raise
            to stop, and nothing is kept then.

        Raises
        ------
        InputError
            For an unknown layer, target, method or option.
        MethodError
            If the method needs what this model does not have.
        """
        chosen = method_named(method)
        if of == "probability" and chosen.needs != "gradients":
            raise MethodError(
                f"{chosen.title} explains the class score only; methods with gradients, such as "
                "Grad-CAM, explain the probability too."
            )
        view = _view(model, picture, layer, preprocessing, fit)
        forward, _ = self._computed.forward(view)
        columns = [resolve_target(model, target, forward.scores[0]) for target in targets]
        if chosen.many_passes:
            maps = self._computed.maps_of_variants(view, columns, chosen, progress)
        else:
            maps = self._computed.maps(view, columns, chosen, of)
        # A regression has two columns for each output; the answer is the first of them.
        order = _order(model, forward)
        answer = order[::2] if model.output_kind == "regression" else order
        return tuple(
            Explanation(
                picture=picture,
                heatmap=Heatmap(raw, view.frame_of(chosen), scaling or chosen.scaling),
                target=_prediction(model, forward, column),
                predictions=tuple(_prediction(model, forward, c) for c in answer[:5]),
                layer=view.layer,
                method=chosen.name,
                model=model.name,
                model_sha256=model.sha256,
                output=model.output,
                preprocessing=preprocessing or model.preprocessing,
                fit=view.fit,
                of=of,
                cost=cost,
                version=__version__,
                notes=model.notes,
            )
            for column, (raw, cost) in zip(columns, maps, strict=True)
        )

    def features(
        self,
        model: Classifier,
        picture: Picture,
        *,
        layer: str | None = None,
        preprocessing: str | None = None,
        fit: str | None = None,
    ) -> Features:
        """The feature maps of one layer, and the model's answer."""
        view = _view(model, picture, layer, preprocessing, fit)
        forward, _ = self._computed.forward(view)
        return Features(
            forward.activations[0],
            forward.scores[0],
            forward.probabilities[0],
            view.layer,
            view.frame,
        )

    def gradients(
        self,
        model: Classifier,
        picture: Picture,
        target: int,
        *,
        layer: str | None = None,
        preprocessing: str | None = None,
        fit: str | None = None,
        of: Explained = "score",
    ) -> np.ndarray:
        """G = d score_target / dA of one layer, or d probability_target / dA; (H, W, K) float32."""
        view = _view(model, picture, layer, preprocessing, fit)
        gradients: np.ndarray = self._computed.gradients(view, [target], of)[0]
        return gradients

    def seen(
        self,
        model: Classifier,
        picture: Picture,
        *,
        preprocessing: str | None = None,
        fit: str | None = None,
    ) -> np.ndarray:
        """The picture as the model is given it: preprocessed, (H, W, C) float32."""
        return _view(model, picture, None, preprocessing, fit).image

    def key(
        self,
        model: Classifier,
        picture: Picture,
        *,
        method: str,
        of: Explained = "score",
        targets: Sequence[int] = (),
        layer: str | None = None,
        preprocessing: str | None = None,
        fit: str | None = None,
    ) -> Hashable:
        """Everything that the numbers of a method depend on, by content.

        The cache holds results under it, and work that several share is known by it. The many
        passes of a method serve every class, so that its key knows none; nor does it know the
        layer of a method that is the same for all.

        Parameters
        ----------
        targets : sequence of int
            Columns of the scores, in any order.
        """
        view = _view(model, picture, layer, preprocessing, fit)
        return map_key(view, method_named(method), of, targets)

    def estimate(
        self,
        model: Classifier,
        picture: Picture,
        *,
        method: str,
        layer: str | None = None,
        preprocessing: str | None = None,
        fit: str | None = None,
    ) -> float:
        """About how many seconds a method's passes will take here; 0 where few or known."""
        view = _view(model, picture, layer, preprocessing, fit)
        return self._computed.seconds_of_passes(view, method_named(method))

    def probabilities(self, model: Classifier, images: np.ndarray) -> np.ndarray:
        """Class probabilities of preprocessed images (N, H, W, C); shape (N, C), not remembered."""
        return model.scores(images)[1]


def _view(
    model: Classifier,
    picture: Picture,
    layer: str | None,
    preprocessing: str | None,
    fit: str | None,
) -> View:
    layer_name = layer or model.default_layer
    info = next((candidate for candidate in model.layers if candidate.name == layer_name), None)
    if info is None:
        raise InputError(
            f"{model.name} has no layer {layer_name!r} with a spatial map; the last one is "
            f"{model.default_layer!r}, and `camcore layers` lists all."
        )
    name = preprocessing or model.preprocessing
    preprocessing_named(name)
    return View(model, picture, info, name, fit or fit_of(model))


def _ranked(model: Classifier, forward: Forward, top: int | None) -> tuple[Prediction, ...]:
    return tuple(_prediction(model, forward, column) for column in _order(model, forward)[:top])


def _order(model: Classifier, forward: Forward) -> np.ndarray:
    """Columns, most probable class first; for a regression as the outputs are."""
    if model.output_kind == "regression":
        return np.arange(forward.scores.shape[1])
    return np.argsort(-forward.probabilities[0], kind="stable")


def _prediction(model: Classifier, forward: Forward, column: int) -> Prediction:
    score, probability = forward.scores[0, column], forward.probabilities[0, column]
    return Prediction(int(column), model.class_names[column], float(score), float(probability))
