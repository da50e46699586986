"""The sanity check: does a map change when what the model has learned is destroyed?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from camcore.classifier import Classifier
from camcore.engine.engine import Engine
from camcore.errors import MethodError
from camcore.explanation import Explanation
from camcore.heatmap import Heatmap
from camcore.methods import METHODS, method_named
from camcore.methods.variant_scores import Progress
from camcore.metrics.agreement import agreement
from camcore.pictures.picture import Picture

UNCHANGED = 0.99
"""Pearson correlation at or above which a map counts as unchanged."""
LITTLE = 0.9
"""Pearson correlation at or above which it is said to have hardly changed."""


@dataclass(frozen=True, eq=False)
class SanityStage:
    """The map of a model of which some layers are randomised.

    Attributes
    ----------
    layers : int
        How many layers with weights are randomised, counted from the class scores down.
    name : str
        The lowest of them.
    behind : bool
        Whether every layer with weights behind the map's own is among them.
    pearson, spearman : float
        Correlation with the map of the trained model, the median over the shuffles; nan where one
        of the two is flat in most of them.
    evidence : {"positive", "none"}
        Of the first shuffle.
    heatmaps : tuple of Heatmap
        One for each shuffle.
    pearsons : tuple of float
        The correlation of each.
    """

    layers: int
    name: str
    behind: bool
    pearson: float
    spearman: float
    evidence: str
    heatmaps: tuple[Heatmap, ...]
    pearsons: tuple[float, ...]

    @property
    def heatmap(self) -> Heatmap:
        """The map of the first shuffle."""
        return self.heatmaps[0]


@dataclass(frozen=True, eq=False)
class Sanity:
    """What randomising a model from the top down does to a map.

    Attributes
    ----------
    original : Explanation
        Of the trained model.
    stages : tuple of SanityStage
        From the top layer alone to all of them.
    insensitive : bool
        True where the map is unchanged (Pearson at least `UNCHANGED`) though all weights behind
        its layer, or all weights of the model, are randomised.
    statement : str
        The same in a plain sentence or two.
    """

    original: Explanation
    stages: tuple[SanityStage, ...]
    insensitive: bool
    statement: str


def sanity_check(
    engine: Engine,
    model: Classifier,
    picture: Picture,
    *,
    layer: str | None = None,
    target: int | str | None = None,
    method: str = "grad-cam",
    preprocessing: str | None = None,
    fit: str | None = None,
    stages: int = 5,
    seed: int = 0,
    shuffles: int = 1,
    progress: Progress | None = None,
) -> Sanity:
    """Randomise a model's weights from the class scores down, and watch the map.

    Cascading randomisation (Adebayo et al., NeurIPS 2018, arXiv:1810.03292): a map that stays the
    same shows what any network of this build would show, not what this one has learned. Each
    weight is shuffled within itself, which keeps the size of the numbers in the network. The
    class stays that of the trained model. A map of which the randomised model gives no evidence
    has changed.

    Parameters
    ----------
    layer, target, method, preprocessing, fit
        As for `camcore.Engine.explain`.
    stages : int
        How many, evenly spread from the top layer alone to all of them; one more, where just the
        layers behind the map's own are randomised, if that is not among them.
    seed : int
        Of the first shuffling; each further one has the next.
    shuffles : int
        How often each stage is shuffled anew: one shuffle may leave a map alike by chance.
    progress : callable, optional
        Called with the passes done and their number (maps, where a method makes no passes of
        its own); may raise to stop.

    Raises
    ------
    InputError
        For an unknown layer, target or option.
    MethodError
        If the method needs what this model does not have, or the model has no weights.

    Examples
    --------
    >>> import camcore
    >>> model, engine = camcore.load_model("cam1"), camcore.Engine()
    >>> seven = camcore.read_image(camcore.sample("digit-7").file)
    >>> found = sanity_check(engine, model, seven, method="eigen-cam", stages=2)
    >>> [(stage.layers, stage.name) for stage in found.stages], found.insensitive
    ([(1, 'scores'), (5, 'conv1')], True)
    """
    seen: dict[str, Any] = {"preprocessing": preprocessing, "fit": fit}
    place = engine.features(model, picture, layer=layer, **seen).layer
    paths = model.weighted_layers
    if not paths:
        raise MethodError(
            f"{model.name} has no weights that its scores depend on, so there is nothing to "
            "randomise; the sanity check needs a trained model."
        )
    behind = _behind(model, place.name)
    counts = _counts(len(paths), behind, stages)
    passes = max(1, method_named(method).passes(place, model.input_shape))
    total, done = passes * (1 + shuffles * len(counts)), 0

    def reached(further: int) -> None:
        if progress is not None:
            progress(done + further, total)

    options = seen | {
        "layer": place.name,
        "method": method,
        "progress": lambda further, _: reached(further),
    }
    original = engine.explain(model, picture, target=target, **options)
    reached(passes)
    results = []
    for count in counts:
        explanations, alike = [], []
        for shuffle in range(shuffles):
            done += passes
            randomised = model.randomised(paths[-count:], seed + shuffle)
            # An engine of its own: what a broken model says is not worth remembering.
            explanations.append(
                Engine().explain(randomised, picture, target=original.target.index, **options)
            )
            alike.append(agreement(original.heatmap, explanations[-1].heatmap))
            reached(passes)
        results.append(
            SanityStage(
                layers=count,
                name=paths[-count],
                behind=count >= behind,
                pearson=float(np.median([likeness.pearson for likeness in alike])),
                spearman=float(np.median([likeness.spearman for likeness in alike])),
                evidence=explanations[0].evidence,
                heatmaps=tuple(explanation.heatmap for explanation in explanations),
                pearsons=tuple(likeness.pearson for likeness in alike),
            )
        )
    return Sanity(original, tuple(results), *_verdict(original, results, behind))


def _behind(model: Classifier, layer: str) -> int:
    """How many weighted layers, from the last one back, hold all those behind a layer."""
    names = {row.name for row in model.parts(layer)[1]}
    first = [place for place, path in enumerate(model.weighted_layers) if path in names]
    return len(model.weighted_layers) - first[0] if first else 0


def _counts(layers: int, behind: int, stages: int) -> list[int]:
    """How many layers each stage randomises."""
    spread = np.rint(np.linspace(1, layers, stages)).astype(int).tolist()
    return sorted({1, *spread, max(1, behind), layers})


def _verdict(original: Explanation, stages: list[SanityStage], behind: int) -> tuple[bool, str]:
    title, layer = METHODS[original.method].title, original.layer.name
    if original.evidence == "none":
        return False, f"{original.statement} There is no map to check."
    cases = [(stages[-1], "all weights of the model")]
    if behind and behind < stages[-1].layers:
        head = next(stage for stage in stages if stage.layers == behind)
        cases.insert(0, (head, f"all weights behind {layer}"))
    for least, change, so in (
        (UNCHANGED, "does not change", "it does not show what was learned there"),
        (LITTLE, "hardly changes", "little of it comes from what was learned there"),
    ):
        for stage, what in cases:
            if stage.pearson >= least:
                return least == UNCHANGED, (
                    f"The {title} map {change} with {what} shuffled ({_alike(stage)}): {so}."
                )
    rest = ", ".join(f"{_alike(stage)} with {what} shuffled" for stage, what in cases)
    return False, f"The {title} map depends on what was learned: {rest}."


def _alike(stage: SanityStage) -> str:
    if stage.evidence == "none":
        return "no evidence any more"
    if np.isnan(stage.pearson):
        return "a flat map"
    summary = f"correlation {round(stage.pearson, 2) + 0:.2f}"  # + 0: never -0.00
    if len(stage.pearsons) > 1:
        low, high = np.nanmin(stage.pearsons) + 0, np.nanmax(stage.pearsons) + 0
        summary += f", {low:.2f} to {high:.2f} over {len(stage.pearsons)} shuffles"
    return summary
