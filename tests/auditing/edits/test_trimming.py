"""Regions cut from their sides."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.auditing.edits.regions import NAMED, Region, region_of
from camcore.auditing.edits.trimming import SIDES, TRIMS, cut, finely, parts, trimmed


def cuts(region, step):
    return [left for left in (cut(region, side, step) for side in SIDES) if left is not None]


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
    assert cuts(finely(NAMED["ring 1/8"]), 1) == []


def test_the_last_cell_is_not_cut_away():
    assert cuts(Region(32, 32, ((5, 5),)), 4) == []


@pytest.mark.parametrize(("top", "left", "side"), [(1, 1, 4), (0, 0, 4), (3, 2, 4), (2, 4, 2)])
def test_a_corner_is_trimmed_to_the_tag_in_it(top, left, side):
    tag = square(top, left, side).mask(96, 96)
    kept = trimmed(
        finely(NAMED["corners 1/4"].children()[0]),
        lambda region, trim: covers(region.mask(96, 96), tag, 1.0),
    ).mask(96, 96)
    assert (kept & tag).sum() / (kept | tag).sum() >= 0.5
    assert (kept & tag).sum() == tag.sum()


def covers(kept, tag, share):
    return (kept & tag).sum() >= share * tag.sum()


def test_sides_that_cannot_both_go_keep_one_of_them():
    """Half of the cue suffices, whichever: both cuts hold alone, and together they do not."""
    tag = square(0, 0, 8).mask(96, 96)
    corner = finely(NAMED["corners 1/4"].children()[0])
    kept = trimmed(corner, lambda region, trim: covers(region.mask(96, 96), tag, 0.5))
    assert 0.5 <= kept.area / corner.area < 0.6


def test_no_trim_is_asked_twice_nor_the_same_rest_again():
    calls = []

    def never(region, trim):
        calls.append((trim, region))
        return False

    region = square(8, 8, 8)
    assert trimmed(region, never) == region
    trims, rests = zip(*calls, strict=True)
    assert trims == TRIMS[: len(trims)]  # strips of 2 cells, then of 1, then nothing new
    assert len(set(rests)) == len(rests) == 8


def test_separate_parts_stand_alone():
    assert parts(NAMED["corners 1/4"]) == NAMED["corners 1/4"].children()
    assert parts(square(0, 0, 4)) == ()
