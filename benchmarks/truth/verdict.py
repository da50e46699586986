"""What a detector says of one audited data set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """One detector's answer to one case.

    Attributes
    ----------
    score : float
        How suspicious the whole data set or model is; comparable between cases.
    detected : bool
        Whether the detector raises an alarm at its own default threshold.
    family : str or None
        The cue it names first, one of `camcore.auditing.edits.families.FAMILIES`.
    klass : str or None
        The class it names first.
    """

    score: float
    detected: bool
    family: str | None = None
    klass: str | None = None
