"""Regions cut from their sides."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.auditing.edits.regions import NAMED, Region, region_of
from camcore.auditing.edits.trimming import cuts, finely, shared


def square(top: int, left: int, side: int, grid: int = 32) -> Region:
    cells = np.zeros((grid, grid), bool)
    cells[top : top + side, left : left + side] = True
    return region_of(cells)


@pytest.mark.parametrize("name", ["corners 1/4", "ring 1/8", "top 1/3", "left 1/4"])
def test_a_finer_grid_is_the_same_place(name):
    fine = finely(NAMED[name])
    assert fine.area == pytest.approx(NAMED[name].area)
    assert (fine.mask(96, 96) == NAMED[name].mask(96, 96)).all()


def test_a_grid_that_nothing_finer_divides_stays():
    odd = Region(7, 7, ((0, 0),))
    assert finely(odd) == odd


def test_the_first_step_takes_a_quarter_the_next_ones_half_as_much():
    region = square(8, 16, 16)
    for step, strip in ((1, 4), (2, 2), (3, 1), (4, 1)):
        assert [left.area * 32**2 for left in cuts(region, step)] == 4 * [16 * (16 - strip)]


def test_each_side_is_cut_once():
    boxes = {left.box for left in cuts(square(8, 8, 8, grid=16), 1)}
    half, side = 0.5, 0.125
    assert boxes == {
        (half, half + side, 1.0, 1.0),
        (half, half, 1.0, 1.0 - side),
        (half + side, half, 1.0, 1.0),
        (half, half, 1.0 - side, 1.0),
    }


def test_four_corners_lose_the_same_side_together():
    outer, inner, *_ = cuts(finely(NAMED["corners 1/4"]), 1)
    taken = outer.mask(96, 96)
    assert not taken[:6].any()
    assert not taken[-6:].any()
    assert taken[6:24, :24].all()
    taken = inner.mask(96, 96)
    assert taken[:18, :24].all()
    assert not taken[18:78].any()


def test_a_frame_is_not_cut():
    assert cuts(finely(NAMED["ring 1/8"]), 1) == ()


def test_the_last_cell_is_not_cut_away():
    assert cuts(Region(32, 32, ((5, 5),)), 4) == ()


def test_two_cuts_together_or_none():
    first, second = cuts(square(0, 0, 8), 1)[:2]
    both = shared(first, second)
    assert both is not None
    assert set(both.cells) == set(first.cells) & set(second.cells)
    assert shared(square(0, 0, 2), square(8, 8, 2)) is None
