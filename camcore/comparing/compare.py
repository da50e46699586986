"""The verb `compare`: methods, layers and classes on one picture, with their numbers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterable, Sequence
from typing import Any

from camcore.classifier import Classifier, Layer
from camcore.comparing.comparison import Comparison, Row
from camcore.comparing.measuring import FAITHFULNESS_PASSES, Measuring
from camcore.comparing.steps import Steps
from camcore.engine.cache import BoundedCache
from camcore.engine.engine import Engine
from camcore.errors import InputError
from camcore.explanation import Explanation
from camcore.localization import Box
from camcore.localization.boxes import checked
from camcore.methods import METHODS, Method, method_named
from camcore.pictures.picture import Picture

_KEPT_BYTES = 2**20


def compare(
    engine: Engine,
    model: Classifier,
    picture: Picture,
    *,
    methods: Sequence[str],
    layers: Sequence[str],
    targets: Sequence[int | str | None] = (None,),
    preprocessing: str | None = None,
    fit: str | None = None,
    boxes: Sequence[Box] = (),
    faithfulness: bool = True,
    left_out: Collection[tuple[str, str]] = (),
    kept: BoundedCache | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Explain one picture in many ways and measure each.

    Agreement is with CAM (where the layer allows it) and with Grad-CAM of the same layer and
    class, which are computed whether they are among the methods or not.

    Parameters
    ----------
    methods : sequence of str
        Of `camcore.METHODS`. Where one is impossible, its row says why.
    layers : sequence of str
        Names of layers.
    targets : sequence of int, str or None
        Class indices or names; None is the predicted class.
    boxes : sequence of (x0, y0, x1, y1)
        Where the object truly is, in source pixels, ends exclusive.
    faithfulness : bool
        Also drop, increase, coherency, complexity, ADCC, deletion and insertion.
    left_out : collection of (method, layer)
        Pairs that are not computed; their rows say what they would cost.
    kept : BoundedCache, optional
        Where timings and faithfulness are looked up and left, so that measuring the same map
        again is free.
    progress : callable, optional
        Called with forward passes done and to do, both estimates; it may raise to stop.

    Raises
    ------
    InputError
        For an unknown method, layer, target or option, or a box that is empty or outside.

    Examples
    --------
    >>> import camcore
    >>> tank = camcore.read_image(camcore.sample("tank-sunny").file)
    >>> made = compare(
    ...     camcore.Engine(), camcore.load_model("tank-detector"), tank,
    ...     methods=["cam", "grad-cam"], layers=["conv5"], boxes=[(30, 60, 90, 110)],
    ...     faithfulness=False,
    ... )
    >>> made.table()["method"].tolist(), made.rows[0].numbers["pearson_grad_cam"] > 0.999
    (['CAM', 'Grad-CAM'], True)
    """
    chosen = [method_named(name) for name in methods]
    places = [_layer(model, name) for name in layers]
    true = tuple(checked(box, (picture.width, picture.height)) for box in boxes)
    if not (chosen and places and targets):
        raise InputError("a comparison needs at least one method, one layer and one class.")
    options: dict[str, Any] = {"preprocessing": preprocessing, "fit": fit}
    # Where there are no gradients, any other map tells the classes and predictions as well.
    plain = "grad-cam" if places[0].differentiable else "eigen-cam"
    options_of_first = {**options, "layer": places[0].name, "method": plain}
    named = engine.explain_each(model, picture, targets, **options_of_first)
    columns = tuple(dict.fromkeys(explanation.target.index for explanation in named))
    first = engine.explain_each(model, picture, columns, **options_of_first)
    references = {
        place.name: _references(engine, model, picture, columns, place, options) for place in places
    }
    plan = [
        (method, place, _reason(method, place, model, left_out), _passes(method, place, model))
        for method in chosen
        for place in places
    ]
    steps = Steps(progress)
    for _, _, reason, passes in plan:
        if not reason:
            steps.add(1 + passes)
            steps.add(len(columns) * (FAITHFULNESS_PASSES + passes) if faithfulness else 0)
    kept = kept if kept is not None else BoundedCache(_KEPT_BYTES)
    measuring = Measuring(engine, model, true, faithfulness, kept)
    rows: list[Row] = []
    for method, place, reason, passes in plan:
        known = references[place.name]
        if reason:
            rows += [
                Row(method.name, place, explanation.target, reason=reason) for explanation in first
            ]
            continue
        watch = steps.part(1 + passes)
        maps = engine.explain_each(
            model,
            picture,
            columns,
            layer=place.name,
            method=method.name,
            progress=watch,
            **options,
        )
        watch(1, 1)
        for number, explanation in enumerate(maps):
            likes = {name: explanations[number] for name, explanations in known.items()}
            watched = steps.part(FAITHFULNESS_PASSES + passes) if faithfulness else None
            numbers = measuring.numbers(explanation, likes, watched)
            rows.append(Row(method.name, place, explanation.target, explanation, numbers=numbers))
    return Comparison(
        picture=picture,
        methods=tuple(method.name for method in chosen),
        layers=tuple(places),
        targets=tuple(explanation.target for explanation in first),
        rows=tuple(rows),
        boxes=true,
        predictions=first[0].predictions,
        model=model.name,
        made=_made(first[0], chosen, places, first),
    )


def _references(
    engine: Engine,
    model: Classifier,
    picture: Picture,
    targets: Sequence[int],
    place: Layer,
    options: dict[str, Any],
) -> dict[str, tuple[Explanation, ...]]:
    return {
        name: engine.explain_each(
            model, picture, targets, layer=place.name, method=name, **options
        )
        for name in ("cam", "grad-cam")
        if METHODS[name].possible(place)
    }  # fmt: skip


def _passes(method: Method, place: Layer, model: Classifier) -> int:
    """What counts for progress; passes of a pooled head are next to nothing."""
    costly = method.costly(place, model.input_shape)
    return method.passes(place, model.input_shape) if costly else 0


def _reason(
    method: Method, place: Layer, model: Classifier, left_out: Container[tuple[str, str]]
) -> str:
    if not method.possible(place):
        return method.why_not(model.name, place.name)
    if (method.name, place.name) in left_out:
        passes = method.passes(place, model.input_shape)
        return f"{method.title} takes {passes:,} forward passes here; it was not asked for."
    return ""


def _layer(model: Classifier, name: str) -> Layer:
    for layer in model.layers:
        if layer.name == name:
            return layer
    names = ", ".join(layer.name for layer in model.layers)
    raise InputError(f"{model.name} has no layer {name!r} with a map; choose one of {names}.")


def _made(
    first: Explanation,
    methods: Iterable[Method],
    places: Iterable[Layer],
    targets: Iterable[Explanation],
) -> dict[str, str]:
    varying = {"Layer", "Method", "Target", "Scaling", "Evidence", "Score"}
    made = {key: value for key, value in first.made.items() if key not in varying}
    return made | {
        "Methods": ", ".join(method.title for method in methods),
        "Layers": ", ".join(map(str, places)),
        "Targets": ", ".join(
            f"{explanation.target.index}: {explanation.target.name}" for explanation in targets
        ),
    }
