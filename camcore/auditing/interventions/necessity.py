"""What a class loses without a cue, by trials that took it out of the class's own pictures."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from camcore.auditing.interventions.effects import Differences, differences


@dataclass(frozen=True, eq=False)
class Removal:
    """Trials of the probe that takes most of a cue out of the class.

    Attributes
    ----------
    transfer, neutral : DataFrame
        A row for each of the class's pictures: another class's content, or nothing, in its place.
    differences : Differences
        Of the first, against the control: what leaves the class, and how far its log-odds fall.
    """

    transfer: pd.DataFrame
    neutral: pd.DataFrame
    differences: Differences


def removal_of(rows: pd.DataFrame, klass: int) -> Removal | None:
    """The removal that a class misses most; None without trials.

    Parameters
    ----------
    rows : DataFrame
        Of the stage ``necessity``, of one family, with both fills.
    klass : int
    """
    removals = [
        Removal(
            transfer := trials[trials["fill"] == "transfer"],
            trials[trials["fill"] == "neutral"],
            differences(transfer, klass, leaving=True),
        )
        for _, trials in (rows.groupby("probe", sort=True) if len(rows) else ())
    ]
    return max(
        removals,
        key=lambda removal: (removal.differences.effect, removal.differences.move),
        default=None,
    )


def needed(share: float | None, fall: float | None, swing: float | None) -> float:
    """What a class loses without a cue, 0 to 1.

    The larger of the share of its pictures that leave and of the fall of their log-odds in units
    of the natural swing: a picture that shows two cues stays in the class without one, but falls.

    Parameters
    ----------
    share : float or None
        Of the class's pictures.
    fall, swing : float or None
        Log-odds.

    Examples
    --------
    >>> needed(0.1, 2.0, 4.0), needed(None, -1.0, 4.0)
    (0.5, 0.0)
    """
    by_fall = fall / swing if fall is not None and swing else 0.0
    return round(min(max(share or 0.0, by_fall, 0.0), 1.0), 6)
