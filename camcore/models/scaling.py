"""What a model does to its pixels before it looks at them, read off three levels of gray."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

LEVELS = np.array([0.0, 127.5, 255.0], np.float32)
"""Black, middle and white: the pictures that the scaling is measured on."""
SMALL = 20.0
"""Width of the range of inputs that 0..255 must come down to; networks take about 1 to 5."""
_PIXELS = 16.0, 240.0
"""Where the zero of centred pixels lies; published means are 104 to 128."""
_UNIT = 0.1, 0.9
"""Where the zero of centred inputs of 0..1 lies; published means are .4 to .5."""
_FULL = 100.0
"""Gain from which on 0..1 is meant to become 0..255."""


def told_by(ends: Iterable[np.ndarray]) -> str | None:
    """The preprocessing that the scaling at the beginning of a model asks for.

    Parameters
    ----------
    ends : iterable of ndarray, shape (3, ...)
        What its scaling makes of a picture of each of the `LEVELS`.

    Returns
    -------
    str or None
        None where it does not tell.

    Examples
    --------
    >>> told_by([LEVELS / 255]), told_by([LEVELS / 2])
    ('none', None)
    """
    meanings = set()
    for values in ends:
        black, middle, white = np.asarray(values, np.float64).reshape(3, -1)
        gain = (white - black) / 255
        moved = np.abs(gain) > 1e-9
        if not np.isfinite(gain).all() or not moved.any():
            continue
        gain, offset = gain[moved], black[moved]
        bent = np.abs(middle[moved] - (offset + 127.5 * gain))
        if (bent <= 1e-3 * 255 * np.abs(gain)).all():
            meanings.add(_meaning(gain, offset))
    meanings -= {None}
    return meanings.pop() if len(meanings) == 1 else None


def _meaning(gain: np.ndarray, offset: np.ndarray) -> str | None:
    zero = -offset / gain  # the input that becomes zero

    def amid(low: float, high: float) -> bool:
        return bool(((zero >= low) & (zero <= high)).all())

    if (gain == 1).all() and (offset == 0).all():
        return "none"
    if (255 * np.abs(gain) <= SMALL).all() or amid(*_PIXELS):
        return "none"
    if amid(*_UNIT) or ((np.abs(gain) >= _FULL).all() and amid(-0.01, 0.01)):
        return "0-1"
    # One is added to numbers above zero as well, before their logarithm is taken.
    return "-1..1" if amid(-1.05, -0.95) and (gain != 1).all() else None
