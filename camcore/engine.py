"""The engine: the only cache, the locks, and the verb `explain`."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

from camcore._version import __version__
from camcore.classifier import Classifier, Forward
from camcore.explanation import Explanation, Prediction
from camcore.fitting import fit_pixels, preprocess
from camcore.heatmap import Heatmap
from camcore.images import Picture
from camcore.mapping import raw_maps, resolve_target
from camcore.methods import method_named

_OVERHEAD = 512  # bytes counted for an entry beside its arrays


class BoundedCache:
    """Least recently used values, bounded in bytes, safe for threads.

    Examples
    --------
    >>> cache = BoundedCache(limit=2048)
    >>> cache.put("a", 1, 1000)
    >>> cache.put("b", 2, 1000)
    >>> cache.get("a"), cache.get("b")
    (None, 2)
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """Bytes held now."""
        return self._bytes

    def get(self, key: Hashable) -> Any | None:
        """The value of a key, or None; a hit becomes the most recent entry."""
        with self._lock:
            if key not in self._entries:
                return None
            self._entries.move_to_end(key)
            return self._entries[key][0]

    def put(self, key: Hashable, value: Any, nbytes: int) -> None:
        """Keep a value; the least recent ones go. A value over the limit is not kept."""
        size = nbytes + _OVERHEAD
        with self._lock:
            if key in self._entries:
                self._bytes -= self._entries.pop(key)[1]
            if size > self.limit:
                return
            self._entries[key] = (value, size)
            self._bytes += size
            while self._bytes > self.limit:
                self._bytes -= self._entries.popitem(last=False)[1][1]


class Engine:
    """Explains pictures, and remembers what was computed under the content it came from.

    Parameters
    ----------
    cache_bytes : int
        Limit of feature maps, gradients and maps kept; 512 MiB by default.
    model_bytes : int
        Limit of the weights of models kept by `load`; 4 GiB by default. The model in use always
        stays.
    """

    def __init__(self, cache_bytes: int = 512 * 2**20, model_bytes: int = 4 * 2**30) -> None:
        self._cache = BoundedCache(cache_bytes)
        self._models = BoundedCache(model_bytes)
        self._locks: dict[Hashable, threading.RLock] = {}
        self._guard = threading.Lock()

    @property
    def cache_bytes(self) -> int:
        """Memory that remembered results take now, in bytes."""
        return self._cache.nbytes

    def model(self, key: Hashable, load: Callable[[], Classifier]) -> Classifier:
        """Load a model once, however many sessions ask for it at the same time.

        Parameters
        ----------
        key : hashable
            Everything that `load` depends on.
        load : callable
            Called without arguments when the model is not there.
        """
        with self._lock(("model", key)):
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
        fit: str = "stretch",
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
        forward, _ = self._forward(model, picture, layer, preprocessing, fit)
        return _ranked(model, forward, top)

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
        fit: str = "stretch",
        scaling: str = "relu",
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
        fit : {"stretch", "crop", "pad"}
        scaling : {"relu", "min-max"}

        Raises
        ------
        InputError
            For an unknown layer, target, method or option.
        MethodError
            If the method needs what this model does not have.
        """
        chosen = method_named(method)
        layer = layer or model.default_layer
        forward, (key, frame) = self._forward(model, picture, layer, preprocessing, fit)
        columns = [resolve_target(model, target, forward.scores[0]) for target in targets]
        maps = self._maps(model, key, forward, columns, chosen)
        ranked = {p.index: p for p in _ranked(model, forward, None)}
        # A regression has two columns for each output; the answer is the first of them.
        answer = [
            p for p in ranked.values() if model.output_kind != "regression" or p.index % 2 == 0
        ]
        info = next(own for own in model.layers if own.name == layer)
        return tuple(
            Explanation(
                picture=picture,
                heatmap=Heatmap(maps[column], frame, scaling),
                target=ranked[column],
                predictions=tuple(answer[:5]),
                layer=info,
                method=chosen.name,
                model=model.name,
                model_sha256=model.sha256,
                output=model.output,
                preprocessing=preprocessing or model.preprocessing,
                fit=fit,
                version=__version__,
            )
            for column in columns
        )

    def _forward(
        self,
        model: Classifier,
        picture: Picture,
        layer: str | None,
        preprocessing: str | None,
        fit: str,
    ):
        layer = layer or model.default_layer
        name = preprocessing or model.preprocessing
        identity = (model.sha256, model.output, model.output_kind, model.input_shape)
        key = (*identity, picture.sha256, name, fit, layer)
        with self._lock(("forward", model.sha256)):
            found = self._cache.get(("forward", key))
            if found is None:
                seen, frame = fit_pixels(picture.pixels, model.input_shape, fit)
                forward = model.forward(preprocess(seen, name)[None], layer)
                found = forward, frame
                self._cache.put(("forward", key), found, forward.nbytes)
        forward, frame = found
        return forward, (key, frame)

    def _maps(self, model: Classifier, key, forward: Forward, columns: list[int], method):
        """Raw maps by column; one backward pass for all the columns not seen before."""
        found = {c: self._cache.get((method.name, key, c)) for c in columns}
        missing = [c for c, raw in found.items() if raw is None]
        if missing:
            gradients = (
                self._gradients(model, key, forward, missing)
                if (method.needs == "gradients")
                else None
            )
            for column, raw in zip(
                missing, raw_maps(model, forward, missing, method, gradients), strict=True
            ):
                found[column] = raw
                self._cache.put((method.name, key, column), raw, raw.nbytes)
        return found

    def _gradients(self, model: Classifier, key, forward: Forward, columns: list[int]):
        with self._lock(("forward", model.sha256)):
            found: dict[int, Any] = {c: self._cache.get(("gradients", key, c)) for c in columns}
            missing = [c for c, value in found.items() if value is None]
            if missing:
                for column, value in zip(missing, model.gradients(forward, missing), strict=True):
                    found[column] = value
                    self._cache.put(("gradients", key, column), value, value.nbytes)
        return np.stack([found[c] for c in columns])

    def _lock(self, key: Hashable) -> threading.RLock:
        with self._guard:
            return self._locks.setdefault(key, threading.RLock())


def _ranked(model: Classifier, forward: Forward, top: int | None) -> tuple[Prediction, ...]:
    scores, probabilities = forward.scores[0], forward.probabilities[0]
    order = (
        np.arange(len(scores))
        if model.output_kind == "regression"
        else np.argsort(-probabilities, kind="stable")
    )
    return tuple(
        Prediction(int(i), model.class_names[i], float(scores[i]), float(probabilities[i]))
        for i in order[:top]
    )
