"""Regions made one colour."""

from __future__ import annotations

import numpy as np

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.regions import Region
from camcore.auditing.interventions.trials import flattened


def test_each_rectangle_of_a_region_is_its_own_mean_in_each_image():
    pixels = np.arange(32, dtype=np.uint8).reshape(2, 4, 4, 1)
    left = Region(2, 2, ((0, 0), (1, 0)))
    made = flattened(Images(pixels), left).pixels
    # Means of 2.5, 10.5, 18.5 and 26.5, rounded to even.
    assert made[:, :, :2].reshape(2, -1).tolist() == [[2] * 4 + [10] * 4, [18] * 4 + [26] * 4]
    np.testing.assert_array_equal(made[:, :, 2:], pixels[:, :, 2:])


def test_a_region_narrower_than_a_pixel_changes_nothing():
    pixels = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1)
    cell = Region(32, 32, ((0, 1),))
    np.testing.assert_array_equal(flattened(Images(pixels), cell).pixels, pixels)
