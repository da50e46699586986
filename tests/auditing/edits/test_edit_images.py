"""Quarters of images."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.auditing.edits import Images


@pytest.mark.parametrize("size", [(4, 6), (5, 7)])
def test_quarters_are_corners(size):
    height, width = size
    pixels = np.arange(40 * height * width, dtype=np.int64).reshape(40, height, width, 1) % 251
    images = Images(pixels.astype(np.uint8), quality=np.arange(40, dtype=np.float32))
    quarters = images.quarters(np.random.default_rng(0))
    rows, columns = (height + 1) // 2, (width + 1) // 2
    assert quarters.pixels.shape == (40, rows, columns, 1)
    assert (quarters.quality == images.quality).all()
    corners = set()
    for image, quarter in zip(images.pixels, quarters.pixels, strict=True):
        places = [
            (top, left)
            for top in (0, height - rows)
            for left in (0, width - columns)
            if (image[top : top + rows, left : left + columns] == quarter).all()
        ]
        assert len(places) == 1
        corners.add(places[0])
    assert len(corners) == 4


def test_the_same_generator_takes_the_same_quarters():
    images = Images(np.random.default_rng(1).integers(0, 256, (9, 8, 8, 3)).astype(np.uint8))
    first, second = (images.quarters(np.random.default_rng(5)).pixels for _ in range(2))
    assert (first == second).all()
