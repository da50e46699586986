"""What a cue works through: the object, its surroundings, or one place of a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import pandas as pd

from camcore.auditing.interventions.effects import differences, matching
from camcore.auditing.interventions.testing import Tested
from camcore.auditing.rules import RULES

Carrier = Literal["the object", "not the object", "perhaps the object", "a place"]
Carriers = dict[tuple[int, str], Carrier]
"""What a cue works through, by class and probe; nothing where no trial tells."""


def carriers_of(
    tested: Iterable[Tested], off_object: pd.DataFrame, in_part: pd.DataFrame, floor: float
) -> Carriers:
    """Whether each cue works through the object, or is only the trace of something in one place.

    Parameters
    ----------
    tested : iterable of Tested
    off_object : DataFrame
        Trials of the stage ``off-object``: the same pairs with every known object left alone, or
        with the middle left alone where nothing is known.
    in_part : DataFrame
        Trials of the stage ``in-part``: the same pairs, the property read off a quarter.
    floor : float
        The effect from which on a cue matters.

    Returns
    -------
    dict
        (class, probe) -> *the object* where most of the effect is gone without it, in flips or in
        log-odds, *not the object* else. A property that any part of an image shows loses flips with
        any part that is left alone: it is the object's only if what is left of its move in log-odds
        is next to nothing, or as that share of the effect would not matter. *Perhaps the object*
        where most of the move in log-odds is gone without the middle. That takes a part of other
        cues too: half a band moves the log-odds half as far, but may flip no answer any more. *A
        place* where a property of the whole image is not found in its quarters: a small bright tag
        makes an image sharper on the whole.
    """
    carriers: dict[tuple[int, str], Carrier] = {}
    for result in tested:
        key = result.klass, result.probe.name
        if result.probe.family in ("object", "background"):
            carriers[key] = "the object" if result.probe.family == "object" else "not the object"
            continue
        rows, parts = (
            matching(trials, klass=result.klass, probe=result.probe.name)
            for trials in (off_object, in_part)
        )
        if len(parts) and share_left(result, parts) < RULES.in_part:
            carriers[key] = "a place"
        elif len(rows):
            if (rows["fill"] == "spared").all():
                carriers[key] = "the object" if _gone(result, rows, floor) else "not the object"
            elif share_left(result, rows) < RULES.in_middle:
                carriers[key] = "perhaps the object"
    return carriers


def _gone(result: Tested, spared: pd.DataFrame, floor: float) -> bool:
    fewer = differences(spared, result.klass).effect < RULES.on_object * result.effect
    left = share_left(result, spared)
    if result.probe.region is not None:
        # A network that is sure flips as often by a third of a cue as by all of it.
        return fewer or left < RULES.on_object
    return left < RULES.by_object or (fewer and left * result.effect < floor)


def share_left(result: Tested, trials: pd.DataFrame) -> float:
    """Share of a cue's move in log-odds that some other trials of it still make, 0 to 1."""
    whole = float(result.differences.margins.mean())
    left = float(differences(trials, result.klass).margins.mean())
    return float(np.clip(left / whole, 0.0, 1.0)) if whole > 0 else 0.0
