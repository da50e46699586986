"""How faithful a map is to its model, measured on the picture that the model was given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage

from camcore.classifier import Classifier, Forward
from camcore.engine.engine import Engine
from camcore.errors import InputError
from camcore.explanation import Explanation
from camcore.heatmap import Heatmap
from camcore.methods import METHODS
from camcore.methods.applying import raw_maps
from camcore.methods.variant_scores import Progress, variant_scores
from camcore.metrics.concise import adcc, average_drop, coherency, complexity, increase
from camcore.metrics.erasing import area_under, pixel_order, probability_curve

STEPS = 32
"""Steps in which deletion and insertion change the pixels, where there are as many."""
BLUR = 1 / 16
"""Standard deviation of the blur that insertion begins with, as a share of the mean side."""
_UNKNOWN = float("nan")


@dataclass(frozen=True)
class Faithfulness:
    """What a map is worth as an account of its model, by seven numbers.

    Attributes
    ----------
    drop : float
        Share of the class probability that is lost when only what the map shows is kept, 0 to 1;
        lower is better.
    increase : float
        1 where the class becomes more probable by that, else 0.
    coherency : float
        How alike the map of what is kept is to the map, 0 to 1; higher is better.
    complexity : float
        Mean of the 0-1 map on its own grid; lower is better.
    adcc : float
        Harmonic mean of coherency, 1 - complexity and 1 - drop, 0 to 1; higher is better.
    deletion, insertion : float
        Area under the class probability while pixels go or come, the map's highest first, 0 to 1;
        lower is better for deletion, higher for insertion.
    steps : int
        Points of these curves beside the first.
    """

    drop: float
    increase: float
    coherency: float
    complexity: float
    adcc: float
    deletion: float
    insertion: float
    steps: int


def faithfulness(
    engine: Engine,
    model: Classifier,
    explanation: Explanation,
    *,
    explain_masked: bool = True,
    progress: Progress | None = None,
) -> Faithfulness:
    """Measure how faithful a map is to the class probability.

    All is done to the preprocessed input, exactly as the model is given it. What the map shows is
    kept by multiplying it with the 0-1 map, enlarged bilinearly, so that what goes tends to 0 in
    the model's own numbers: black, or the colour that its preprocessing turns into 0. Deletion
    puts this 0 in place of pixels. Insertion begins with a blurred copy, since sharp edges on an
    even ground are evidence themselves (RISE, Petsiuk et al., BMVC 2018, arXiv:1806.07421); the
    blur is stronger than the 5 pixels of 224 there, so that small pictures lose their class too.
    A model that finds the class in the even ground, or in the blur, makes that curve say little:
    read both.

    A map without evidence shows nothing: drop 1, increase, coherency, complexity and ADCC 0, and
    no order of the pixels, so that deletion and insertion are nan. A regression has no class
    probability: all but coherency and complexity are nan.

    Parameters
    ----------
    engine : Engine
    model : Classifier
        The one that made the explanation.
    explanation : Explanation
    explain_masked : bool
        Whether to make the map of what is kept, with the same method, for coherency and ADCC; it
        takes the method's passes once more. They are nan without.
    progress : callable, optional
        Called with the passes done and their number; may raise to stop.

    Raises
    ------
    InputError
        If another model made the explanation.

    Examples
    --------
    >>> import camcore
    >>> model, engine = camcore.load_model("tank-detector"), camcore.Engine()
    >>> sunny = camcore.read_image(camcore.sample("tank-sunny").file)
    >>> found = faithfulness(engine, model, engine.explain(model, sunny, target="tank"))
    >>> found.steps, found.insertion > 0.8
    (32, True)
    """
    if explanation.model_sha256 != model.sha256 or explanation.output != model.output:
        raise InputError(
            f"the explanation was made with {explanation.model}, output {explanation.output!r}, "
            f"not with this {model.name}; measure it with the model that made it."
        )
    known = model.output_kind != "regression"
    if explanation.evidence == "none":
        drop, more, whole = (1.0, 0.0, 0.0) if known else (_UNKNOWN,) * 3
        return Faithfulness(drop, more, 0.0, 0.0, whole, _UNKNOWN, _UNKNOWN, 0)

    heatmap, target = explanation.heatmap, explanation.target.index
    image = engine.seen(
        model, explanation.picture, preprocessing=explanation.preprocessing, fit=explanation.fit
    )
    height, width = image.shape[:2]
    steps = min(STEPS, height * width) if known else 0
    points = steps + 1 if known else 0
    again = METHODS[explanation.method].passes(explanation.layer, model.input_shape)
    total = 1 + 2 * points + (again if explain_masked else 0)

    def reached(done: int) -> None:
        if progress is not None:
            progress(done, total)

    lies = METHODS[explanation.method].frame(explanation.layer, model.input_shape)
    on_input = replace(heatmap, frame=lies)
    masked = image * on_input.upsampled("bilinear", (height, width))[..., None]
    forward = model.forward(masked[None], explanation.layer.name)
    reached(1)
    coherent = _UNKNOWN
    if explain_masked:
        other = _map_of(model, masked, forward, explanation, lambda done, _: reached(1 + done))
        coherent = coherency(heatmap.values, other.values)
    simple = complexity(heatmap.values)
    if not known:
        return Faithfulness(_UNKNOWN, _UNKNOWN, coherent, simple, *(_UNKNOWN,) * 3, steps)

    order = pixel_order(on_input, height, width)
    counts = np.rint(np.linspace(0, height * width, points)).astype(int)

    def probability(images: np.ndarray) -> np.ndarray:
        return engine.probabilities(model, images)[:, target]

    def area(start: np.ndarray, finish: np.ndarray, before: int) -> float:
        curve = probability_curve(
            probability, start, finish, order, counts, lambda done: reached(before + done)
        )
        return area_under(counts / counts[-1], curve)

    sigma = BLUR * (height + width) / 2
    blurred = ndimage.gaussian_filter(image, (sigma, sigma, 0), mode="nearest")
    deletion = area(image, np.zeros_like(image), total - 2 * points)
    insertion = area(blurred, image, total - points)
    p_whole, p_kept = explanation.target.probability, float(forward.probabilities[0, target])
    drop = average_drop(p_whole, p_kept)
    whole = adcc(coherent, simple, drop)
    return Faithfulness(
        drop, increase(p_whole, p_kept), coherent, simple, whole, deletion, insertion, steps
    )


def _map_of(
    model: Classifier,
    image: np.ndarray,
    forward: Forward,
    explanation: Explanation,
    progress: Callable[[int, int], None],
) -> Heatmap:
    """The map of another input, (H, W, C), made as an explanation was made."""
    method, target = METHODS[explanation.method], explanation.target.index
    if method.many_passes:
        variants = method.formula(image, forward.activations[0], explanation.layer.frame)
        if variants.of == "activations":
            score = model.head(image[None], forward.layer)
        else:

            def score(images: np.ndarray) -> np.ndarray:
                return model.scores(images)[0]

        scores = variant_scores(score, variants, progress)[:, [target]]
        raw = variants.combine(scores, forward.scores[0, [target]])[0]
    else:
        of, images = explanation.of, image[None]
        raw = raw_maps(model, forward, [target], method, of=of, images=images)[0]
    return Heatmap(raw, explanation.heatmap.frame, explanation.heatmap.scaling)
