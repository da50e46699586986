"""Pictures tell the outline of what is the same in most of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.edits.regions import Region, ring
from camcore.auditing.interventions.stamped_places import stamped_places
from tests.auditing.interventions.test_likeness_table import Shelf

_EACH = 40


def noise() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (2 * _EACH, 32, 32, 3), np.uint8)


def places(pixels: np.ndarray, each: int = _EACH) -> tuple[Region, ...]:
    images = pd.DataFrame({"klass": np.repeat([0, 1], each)})
    return stamped_places(0, images, Shelf(pixels))


def test_a_mark_is_outlined_as_it_lies():
    marked = noise()
    marked[: _EACH * 9 // 10, 2:6, 20:28] = (250, 240, 10)
    (place,) = places(marked)
    mark = np.zeros((32, 32), bool)
    mark[2:6, 20:28] = True
    np.testing.assert_array_equal(place.mask(32, 32), mark)
    assert places(noise()) == ()


def test_a_border_is_no_box():
    framed = noise()
    border = ring(32).mask(32, 32)
    framed[:_EACH, border] = (190, 30, 30)
    (place,) = places(framed)
    assert place == ring(32)
    assert place.family == "frame"


def test_what_all_classes_show_is_no_mark_of_one():
    marked = noise()
    marked[:, 2:6, 20:28] = (250, 240, 10)
    assert places(marked) == ()


def test_a_few_pictures_tell_nothing():
    marked = noise()
    marked[:10, 2:6, 20:28] = 255
    assert places(np.concatenate([marked[:10], marked[_EACH : _EACH + 10]]), 10) == ()
