"""How alike the pictures of a class are where its cues were proven, kept with the trials."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import ndimage

from camcore.auditing.edits import Images, Probe
from camcore.auditing.edits.probe import StatisticProbe
from camcore.auditing.evidence.likeness import (
    common_ground,
    crops,
    levels,
    repeated_content,
    separation,
)
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.rules import RULES

_LEVELLED = ("brightness", "colour", "vignette")  # what moves black and white
_MAY_SHOW_LESS = 2  # of six
_SIZED = (16, 16)  # cells that a statistic of many numbers is cut to


def likeness_table(
    klass: int, probes: Sequence[Probe], images: pd.DataFrame, pool: Pool
) -> pd.DataFrame:
    """For each proven probe, how much its cue repeats from picture to picture of the class.

    Parameters
    ----------
    klass : int
    probes : sequence of Probe
    images : DataFrame
        Readable images, index id, with ``klass``.
    pool : Pool

    Returns
    -------
    DataFrame
        ``probe``, ``plain``, the share of the place that is the ground of all pictures, and
        ``alike``, 0 to 1. Of a place: the share of it where one content stands in
        the class and not in the others. Of a property of the whole image: how far it sets the
        class apart from every other class, in the whole picture and in each part of it. And
        ``stamped``, the share of a place where one content stands in so many pictures of the
        class that nothing natural does; NaN for a property of the whole image.
    """
    of_class, others = looked_at(klass, images, pool)
    rest = np.concatenate([batch.pixels for batch in others])
    repeated = repeated_content(of_class.pixels, rest)
    ground = common_ground(of_class.pixels, rest)
    alike, plain, stamped = [], [], []
    for probe in probes:
        where = None if probe.region is None else probe.region.mask(*repeated.shape)
        plain.append(0.0 if where is None or not where.any() else float(ground[where].mean()))
        stamped.append(float("nan"))
        if where is not None:
            content = repeated[where] if where.any() else np.zeros(1)
            turns = ndimage.label(where, np.ones((3, 3)))[1] >= RULES.taking_turns
            enough = RULES.repeated / 2 if turns else RULES.repeated
            alike.append(float((content >= enough).mean()))
            stamped[-1] = float((content >= RULES.surely_repeated).mean())
        elif isinstance(probe, StatisticProbe) and probe.everywhere and not probe.pattern:
            alike.append(_evenly(probe, of_class, others))
        else:
            alike.append(float("nan"))
    names = [probe.name for probe in probes]
    return pd.DataFrame({"probe": names, "alike": alike, "plain": plain, "stamped": stamped})


def looked_at(klass: int, images: pd.DataFrame, pool: Pool) -> tuple[Images, list[Images]]:
    """Some pictures of a class, and as many of each other class, of the largest ones."""
    seen = {}
    counts = images.loc[images["klass"] != klass, "klass"].value_counts()
    for other in (klass, *counts.sort_index().nlargest(RULES.alike_classes, keep="first").index):
        ids = images.index[images["klass"] == other].to_numpy()
        ids = ids[np.linspace(0, len(ids) - 1, min(len(ids), RULES.alike_pictures)).astype(int)]
        seen[int(other)] = pool.images(ids[pool.hold(ids)])
    return seen.pop(klass), [batch for batch in seen.values() if len(batch)]


def _evenly(probe: StatisticProbe, of_class: Images, others: Sequence[Images]) -> float:
    """The separation that most of a picture's parts show: content is not everywhere.

    Of the whole picture, its middle and its quarters, two may show less: a plain corner has little
    of any property. A tag changes the whole and its own quarter only.
    """
    parts = zip(crops(of_class.pixels), *(crops(batch.pixels) for batch in others), strict=True)
    apart = sorted(
        separation(_readings(probe, mine), [_readings(probe, batch) for batch in theirs])
        for mine, *theirs in parts
    )
    return apart[_MAY_SHOW_LESS]


def _readings(probe: StatisticProbe, pixels: np.ndarray) -> np.ndarray:
    if probe.family in _LEVELLED:
        return levels(pixels)
    values = np.asarray(probe.measure(Images(np.ascontiguousarray(pixels))), np.float64)
    flat = values.reshape(len(values), -1)
    return flat if flat.shape[1] <= np.prod(_SIZED) else flat.mean(axis=1, keepdims=True)
