"""The parts of one class and where they lie: a table of windows, from one pass over some images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from camcore.auditing.edits.part import apart, crops
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.parts.alikeness import alikeness
from camcore.auditing.parts.components import components, contributions
from camcore.auditing.parts.windows import FINE, SHARE, Windows, windows
from camcore.auditing.runs.plan import Plan
from camcore.classifier import Classifier, Layer
from camcore.pictures.preprocessing import preprocess, whole_frame

CROPS = 16
"""Pictures with most of a part, which its numbers are read from."""

_FINER = 1.5  # times the cells along a side: a layer with so many is a finer one
_FEWEST = 4  # cells along a side: with fewer, a window is most of the picture
_PULLED = 16  # pictures that a component's contribution is averaged over
_BY_CONTRIBUTION = 4  # components tried because they add most to the class's score
_BY_ALIKENESS = 3  # and because their crops are most alike
_BATCH = 32
_BOX = ["top", "left", "bottom", "right"]


@dataclass(frozen=True, eq=False)
class _Candidate:
    layer: str
    contribution: float
    alike: float
    places: Windows


def parts_file(klass: int) -> str:
    """Name of a class's table of parts in the store.

    Examples
    --------
    >>> parts_file(3)
    'parts/0003.parquet'
    """
    return f"parts/{klass:04d}.parquet"


def place_parts(
    klass: int,
    images: pd.DataFrame,
    hot: np.ndarray,
    pool: Pool,
    plan: Plan,
    classifier: Classifier,
) -> pd.DataFrame:
    """Find parts of a class in its own images, and look for them in all others given.

    Each component of the activations is a candidate, at the audited layer and at a finer one, and
    so is the hottest window of each image's own map. Those that add most to the class's score
    are kept, and those whose crops are most alike.

    Parameters
    ----------
    klass : int
    images : DataFrame
        Those to place parts in, index id, with ``klass`` and ``half``: some of the class, whose
        discovery half the components are factorised from, and some of the others.
    hot : ndarray, shape (n, h, w), float32
        Their own maps, none negative.
    pool, plan, classifier

    Returns
    -------
    DataFrame
        A row an image and part: ``id``, ``number``, ``layer`` (empty for the map's window),
        ``contribution`` (mean gradient times activation, in units of the score), ``alike`` (0 to
        1; `alikeness`), ``scatter`` (0 to 1; `camcore.auditing.parts.windows.scatter`),
        ``presence``, ``top``, ``left``, ``bottom``, ``right`` (pixels). Without rows where maps
        are too coarse for a window to be a place.
    """
    there = pool.hold(images.index.to_numpy())
    images, hot = images[there], hot[there]
    fitted = ((images["klass"] == klass) & (images["half"] == 0)).to_numpy()
    candidates: list[_Candidate] = []
    if fitted.any() and min(plan.grid) >= _FEWEST:
        pixels = pool.images(images.index.to_numpy()).pixels
        candidates = _candidates(klass, images, pixels, hot, fitted, plan, classifier)
    return _table(images.index.to_numpy(), candidates)


def layers_of(classifier: Classifier, layer: str) -> tuple[Layer, ...]:
    """The audited layer, and the last one before it with clearly more cells, if there is one.

    Without gradients a layer tells of no contributions, and is left out.

    Of several only one that divides the picture evenly is taken: padding shifts the others.
    """
    by_name = {candidate.name: candidate for candidate in classifier.layers}
    audited = by_name[layer]
    height, width = classifier.input_shape[:2]
    finer = [
        candidate
        for candidate in classifier.layers[: classifier.layers.index(audited)]
        if candidate.height >= _FINER * audited.height
        and candidate.width >= _FINER * audited.width
        and height % candidate.height == width % candidate.width == 0
    ]
    return tuple(candidate for candidate in (audited, *finer[-1:]) if candidate.differentiable)


def _candidates(
    klass: int,
    images: pd.DataFrame,
    pixels: np.ndarray,
    hot: np.ndarray,
    fitted: np.ndarray,
    plan: Plan,
    classifier: Classifier,
) -> list[_Candidate]:
    inputs = preprocess(pixels.astype(np.float32), plan.preprocessing)
    height, width = pixels.shape[1:3]
    places = windows(hot, plan.frame, SHARE)
    of_class = (images["klass"] == klass).to_numpy()
    others = ~of_class
    first = _Candidate("", np.inf, _alike(pixels, places, fitted, others), places)
    candidates: list[_Candidate] = []
    for layer in layers_of(classifier, plan.layer):
        activations = np.concatenate(
            [
                np.maximum(classifier.forward(inputs[k : k + _BATCH], layer.name).activations, 0)
                for k in range(0, len(inputs), _BATCH)
            ]
        )
        parts = components(activations[fitted], seed=plan.settings.seed)
        presence = parts.presence(activations)
        pulled = np.flatnonzero(fitted)[:_PULLED]
        pull = _gradients(klass, inputs[pulled], layer.name, plan, classifier)
        added = contributions(presence[pulled], parts, pull)
        share = SHARE if layer.name == plan.layer else FINE
        frame = layer.frame or whole_frame(width, height)
        for number, contribution in enumerate(added):
            places = windows(presence[..., number], frame, share)
            if contribution > 0 and places.presence[of_class].any():
                alike = _alike(pixels, places, fitted, others)
                candidates.append(_Candidate(layer.name, float(contribution), alike, places))
    by_contribution = sorted(candidates, key=lambda candidate: -candidate.contribution)[
        :_BY_CONTRIBUTION
    ]
    by_alikeness = sorted(candidates, key=lambda candidate: -candidate.alike)[:_BY_ALIKENESS]
    return [first, *dict.fromkeys([*by_contribution, *by_alikeness])]


def _gradients(
    klass: int, inputs: np.ndarray, layer: str, plan: Plan, classifier: Classifier
) -> np.ndarray:
    """Of the class's score over that of the strongest class beside it, in each image."""
    forward = classifier.forward(inputs, layer)
    columns = np.array(plan.classes.classes[klass].columns)
    target = columns[np.argmax(forward.scores[:, columns], axis=1)]
    others = forward.scores.copy()
    others[:, columns] = -np.inf
    rival = others.argmax(axis=1)
    up, down = (classifier.gradients(forward, outputs.tolist()) for outputs in (target, rival))
    pull: np.ndarray = up - down
    return pull


def detail_file(klass: int) -> str:
    """Name of what is kept of the detail of a class's proven part.

    Examples
    --------
    >>> detail_file(3)
    'parts/0003-detail.json'
    """
    return f"parts/{klass:04d}-detail.json"


def detail_of(klass: int, rows: pd.DataFrame, images: pd.DataFrame, pool: Pool) -> float:
    """How much a proven part recurs in its fine detail alone, 0 to 1; see `alikeness`.

    Parameters
    ----------
    klass : int
    rows : DataFrame
        Of `place_parts`, of one part.
    images : DataFrame
        With ``klass`` and ``half``, index id.
    pool : Pool
    """
    rows = rows[pool.hold(rows["id"].to_numpy())]
    of_class = (images["klass"].loc[rows["id"]] == klass).to_numpy()
    fitted = of_class & (images["half"].loc[rows["id"]] == 0).to_numpy()
    places = Windows(rows[_BOX].to_numpy(np.int64), rows["presence"].to_numpy())
    pixels = pool.images(rows["id"].to_numpy()).pixels
    return _alike(pixels, places, fitted, ~of_class, detail=True)


def _alike(
    pixels: np.ndarray, places: Windows, of: np.ndarray, others: np.ndarray, *, detail: bool = False
) -> float:
    """How much a part recurs, over what recurs beside it and in the other classes.

    Where objects are alike (digits, garments), their strokes recur as a stamp does, but so do those
    of every class.
    """
    chosen = _strongest(places.presence, of)
    boxes = places.boxes[chosen]
    controls = [crops(pixels[chosen], apart(boxes, *pixels.shape[1:3]))]
    if others.any():
        elsewhere = _strongest(places.presence, others)
        controls.append(crops(pixels[elsewhere], places.boxes[elsewhere]))
    return alikeness(crops(pixels[chosen], boxes), *controls, detail=detail)


def _strongest(presence: np.ndarray, of: np.ndarray) -> np.ndarray:
    rows = np.flatnonzero(of)
    return rows[np.argsort(-presence[rows], kind="stable")][:CROPS]


def _table(ids: np.ndarray, candidates: Sequence[_Candidate]) -> pd.DataFrame:
    tables = [
        pd.DataFrame(
            {
                "id": ids.astype(np.int32),
                "number": np.int32(number),
                "layer": candidate.layer,
                "contribution": np.float32(candidate.contribution),
                "alike": np.float32(candidate.alike),
                "presence": candidate.places.presence,
                **dict(zip(_BOX, candidate.places.boxes.T.astype(np.int32), strict=True)),
            }
        )
        for number, candidate in enumerate(candidates)
    ]
    if tables:
        return pd.concat(tables, ignore_index=True)
    names = ["id", "number", "layer", "contribution", "alike", "presence", *_BOX]
    kinds = dict.fromkeys(("id", "number", *_BOX), np.int32) | {"layer": str}
    return pd.DataFrame({name: np.array([], kinds.get(name, np.float32)) for name in names})
