"""What the evidence is taken from."""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.evidence.stage import normalised


def test_maps_sum_to_one_or_are_empty():
    grid = np.array([[2.0, -1.0], [0.0, 6.0]], np.float16)
    nothing = np.array([[-1.0, -2.0], [0.0, 0.0]], np.float16)
    maps = normalised(pd.Series([grid.tobytes(), nothing.tobytes(), None]), (2, 2))
    assert maps.tolist() == [[[0.25, 0.0], [0.0, 0.75]], [[0, 0], [0, 0]], [[0, 0], [0, 0]]]
