"""Colours for numbers with a sign: blue below zero, white at zero, red above."""

from __future__ import annotations

from functools import cache

import numpy as np
from matplotlib import colormaps


@cache
def signed_palette() -> bytes:
    """256 colours, RGB; the middle is zero. Safe for colour-blind eyes.

    Examples
    --------
    >>> table = np.frombuffer(signed_palette(), np.uint8).reshape(256, 3)
    >>> blue, white, red = table[0], table[127], table[255]
    >>> bool(blue[2] > blue[0]), bool(white.min() > 240), bool(red[0] > red[2])
    (True, True, True)
    """
    table = colormaps["RdBu_r"](np.arange(256))[:, :3]
    return np.rint(table * 255).astype(np.uint8).tobytes()
