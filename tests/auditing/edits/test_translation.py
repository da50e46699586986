"""Shift: content moves by whole pixels, and the border fills what is uncovered."""

import numpy as np
import pytest

from camcore.auditing.edits import shift

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 20, 30, 3)).astype(np.uint8)


@pytest.mark.parametrize("fill", ["edge", "reflect"])
@pytest.mark.parametrize(("down", "across"), [(3, 5), (-4, 2), (0, -7), (0, 0), (19, -29)])
def test_shift_is_pad_and_crop(fill, down, across):
    padding = ((0, 0), (30, 30), (30, 30), (0, 0))
    if fill == "reflect":
        padding = ((0, 0), (19, 19), (29, 29), (0, 0))
    padded = np.pad(PIXELS, padding, mode=fill)
    top, left = padding[1][0] - down, padding[2][0] - across
    expected = padded[:, top : top + 20, left : left + 30]
    np.testing.assert_array_equal(shift(PIXELS, down, across, fill), expected)


def test_there_and_back_again():
    moved = shift(shift(PIXELS, 3, -4), -3, 4)
    np.testing.assert_array_equal(moved[:, :-3, 4:], PIXELS[:, :-3, 4:])
