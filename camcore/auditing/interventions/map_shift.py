"""Does the hot spot follow the content, or does it stay at its place?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.edits import shift
from camcore.auditing.held_columns import held_at
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.rules import RULES
from camcore.auditing.runs.plan import Plan
from camcore.classifier import Classifier
from camcore.methods import method_named
from camcore.methods.applying import raw_maps
from camcore.pictures.preprocessing import preprocess

Window = tuple[slice, slice]

_MOVES = ((0, 1), (0, -1), (1, 0), (-1, 0))  # down and right


def shift_table(
    klass: int, images: pd.DataFrame, pool: Pool, plan: Plan, classifier: Classifier
) -> pd.DataFrame:
    """Maps of shifted images against the map of the unshifted one.

    Returns
    -------
    DataFrame
        ``recipient``, ``content`` and ``place``: correlation of the new map with the old one moved
        along, and with the old one where it was, on the cells that both have; the mean over moves.
    """
    recognised = images[(images["klass"] == klass) & (images["predicted"] == klass)]
    ids = recognised.index.to_numpy()[: RULES.shift_images]
    ids = ids[pool.hold(ids)]
    if not len(ids):
        return pd.DataFrame({"recipient": ids, "content": [], "place": []})
    pixels = pool.images(ids).pixels
    classifier = held_at(classifier, pool.others(ids))
    (rows, columns), lies = plan.grid, plan.frame
    high, wide = (lies.y1 - lies.y0) / rows, (lies.x1 - lies.x0) / columns  # pixels of a cell
    before = _maps(pixels, klass, plan, classifier)
    content, place = np.zeros((2, len(_MOVES), len(ids)))
    for number, move in enumerate(_MOVES):
        down, right = (
            k * max(1, round(RULES.shift_step * n)) for k, n in zip(move, plan.grid, strict=True)
        )
        moved = shift(pixels, round(down * high), round(right * wide))
        after = _maps(moved, klass, plan, classifier)
        here, there = _window(down, right, rows, columns)
        new = after[(slice(None), *there)]
        content[number] = _correlations(new, before[(slice(None), *here)])
        place[number] = _correlations(new, before[(slice(None), *there)])
    return pd.DataFrame({"recipient": ids, "content": content.mean(0), "place": place.mean(0)})


def _window(down: int, right: int, rows: int, columns: int) -> tuple[Window, Window]:
    """Cells that a move leaves inside: where they were, and where they are."""

    def span(step: int, size: int) -> tuple[slice, slice]:
        if size < 2:
            return slice(0, size), slice(0, size)
        return slice(max(0, -step), size - max(0, step)), slice(max(0, step), size - max(0, -step))

    (was_down, is_down), (was_right, is_right) = span(down, rows), span(right, columns)
    return (was_down, was_right), (is_down, is_right)


def _maps(pixels: np.ndarray, klass: int, plan: Plan, classifier: Classifier) -> np.ndarray:
    forward = classifier.forward(
        preprocess(pixels.astype(np.float32), plan.preprocessing), plan.layer
    )
    columns = np.array(plan.classes.classes[klass].columns)
    targets = columns[np.argmax(forward.scores[:, columns], axis=1)]
    maps = raw_maps(classifier, forward, targets.tolist(), method_named(plan.settings.method))
    positive: np.ndarray = np.maximum(np.nan_to_num(maps), 0)
    return positive


def _correlations(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Pearson correlation of each pair of maps; 0 where one is constant."""
    a, b = (m.reshape(len(m), -1).astype(np.float64) for m in (a, b))
    a, b = a - a.mean(1, keepdims=True), b - b.mean(1, keepdims=True)
    scale = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    cosines: np.ndarray = np.divide((a * b).sum(1), scale, out=np.zeros(len(a)), where=scale > 0)
    return cosines
