"""Regions: exact cover at any size, names that come back, families by geometry."""

import numpy as np
import pytest

from camcore.auditing.edits.regions import (
    NAMED,
    Region,
    corners,
    region_named,
    region_of,
    region_of_map,
    ring,
)
from camcore.errors import InputError
from camcore.pictures.preprocessing import Frame, whole_frame

SIZES = [(28, 28), (224, 224), (299, 299), (31, 50)]


def cell(grid: int, row: int, column: int) -> Region:
    return Region(grid, grid, ((row, column),))


def whole(region: Region) -> Region:
    every = np.ones((region.rows, region.columns), bool)
    return region_of(every)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("grid", [(4, 4), (8, 8), (16, 16), (3, 1), (1, 4), (7, 7)])
def test_cells_cover_an_image_once(size, grid):
    covered = np.zeros(size, int)
    for r, c in np.ndindex(grid):
        covered += Region(*grid, ((r, c),)).mask(*size)
    assert (covered == 1).all()


def test_masks_by_hand():
    assert np.argwhere(cell(4, 1, 3).mask(8, 12)).tolist() == [
        [r, c] for r in (2, 3) for c in (9, 10, 11)
    ]
    frame = np.ones((16, 16), bool)
    frame[2:-2, 2:-2] = False
    np.testing.assert_array_equal(ring(8).mask(16, 16), frame)
    top = np.zeros((28, 28), bool)
    top[:9] = True
    np.testing.assert_array_equal(NAMED["top 1/3"].mask(28, 28), top)
    assert NAMED["corners 1/4"].mask(224, 224).sum() == 4 * 56 * 56


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("region", [*NAMED.values(), cell(4, 2, 1), region_of(np.tri(7) > 0)])
def test_boxes_are_disjoint_and_make_up_the_mask(size, region):
    covered = np.zeros(size, int)
    for box in region.boxes(*size):
        covered[box] += 1
    np.testing.assert_array_equal(covered, region.mask(*size).astype(int))


@pytest.mark.parametrize("name", list(NAMED))
def test_area_and_box(name):
    region = NAMED[name]
    mask = region.mask(96, 96)
    assert region.area == pytest.approx(mask.mean())
    x0, y0, x1, y1 = region.box
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    assert (96 * x0, 96 * y0) == (columns[0], rows[0])
    assert (96 * x1, 96 * y1) == pytest.approx((columns[-1] + 1, rows[-1] + 1))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("region", [*NAMED.values(), cell(4, 2, 1), region_of(np.eye(14) > 0)])
def test_children_cover_their_parent_and_nothing_else(size, region):
    parts = region.children()
    assert len(parts) > 1
    together = np.any([part.mask(*size) for part in parts], axis=0)
    np.testing.assert_array_equal(together, region.mask(*size))


def test_children_of_children_end():
    level = [ring(8)]
    for _ in range(12):
        level = [part for region in level for part in region.children()]
    assert level == []
    assert cell(16, 3, 3).children() == ()


def test_children_of_a_ring_are_its_sides():
    sides = ring(8).children()
    families = [side.family for side in sides]
    assert families == ["sky/top-band", "side-band", "side-band", "bottom-band"]
    assert [side.area for side in sides] == [1 / 8] * 4


@pytest.mark.parametrize(
    ("region", "family", "words"),
    [
        (cell(4, 0, 0), "tag", "top left corner"),
        (cell(4, 3, 3), "tag", "bottom right corner"),
        (cell(8, 7, 0), "tag", "bottom left corner, row 8, column 1 of 8×8"),
        (cell(16, 1, 2), "tag", "top left corner, row 2, column 3 of 16×16"),
        (Region(6, 2, ((5, 1),)), "tag", "bottom right corner, row 6, column 2 of 6×2"),
        (Region(6, 3, ((5, 1),)), "region", "lower centre, row 6, column 2 of 6×3"),
        (corners(4), "tag", "four corners"),
        (corners(8), "tag", "four small corners"),
        (corners(16), "tag", "corners, 2% of the image"),
        (ring(8), "frame", "frame"),
        (ring(16), "frame", "thin frame"),
        (ring(32), "frame", "frame, 12% of the image"),
        (ring(7), "frame", "frame, 49% of the image"),
        (NAMED["top 1/3"], "sky/top-band", "top band"),
        (NAMED["bottom 1/3"], "bottom-band", "bottom band"),
        (NAMED["left 1/4"], "side-band", "left band"),
        (NAMED["right 1/4"], "side-band", "right band"),
        (region_of(np.arange(7)[:, None] + np.zeros(7) < 1), "sky/top-band", "top band, 14%"),
        (region_of(np.arange(7) + np.zeros((7, 1)) > 5), "side-band", "right band, 14%"),
        (cell(4, 0, 1), "region", "upper centre, row 1, column 2 of 4×4"),
        (Region(4, 4, ((1, 1), (1, 2), (2, 1), (2, 2))), "region", "centre, 25% of the image"),
        (Region(4, 4, ((2, 0), (2, 1))), "region", "middle left, 12% of the image"),
        (Region(1, 1, ((0, 0),)), "region", "centre, row 1, column 1 of 1×1"),
    ],
)
def test_family_and_words_by_geometry(region, family, words):
    assert region.family == family
    assert region.words.startswith(words)


def test_names_come_back():
    rng = np.random.default_rng(0)
    masks = [rng.random((r, c)) < 0.3 for r, c in rng.integers(2, 15, (20, 2))]
    regions = [region_of(mask) for mask in masks if mask.any()]
    for region in [*regions, *NAMED.values(), cell(8, 2, 3), whole(cell(4, 0, 0))]:
        assert region_named(region.name) == region
    assert region_named("cells 4x4: 3,3 0,0 0,3 3,0").name == "corners 1/4"
    assert region_named("cells 8x8: 0,1 0,0 0,1").name == "cells 8x8: 0,0 0,1"


@pytest.mark.parametrize(
    "name", ["", "middle", "cells 4x4:", "cells 4x4: 4,0", "cells 0x4: 0,0", "cells 4x4: 0,-1"]
)
def test_what_is_no_region_is_refused(name):
    with pytest.raises(InputError):
        region_named(name)


def test_no_cells_are_refused():
    with pytest.raises(InputError, match="at least one cell"):
        region_of(np.zeros((4, 4), bool))


@pytest.mark.parametrize("region", [cell(4, 0, 0), corners(4), *NAMED["ring 1/8"].children()])
def test_elsewhere_is_as_large_and_apart(region):
    for seed in range(20):
        moved = region.elsewhere(np.random.default_rng(seed))
        assert moved.area == region.area
        assert not (moved.mask(64, 64) & region.mask(64, 64)).any()
        assert moved == region.elsewhere(np.random.default_rng(seed))


def test_a_ring_elsewhere_is_mostly_inside():
    moved = ring(8).elsewhere(np.random.default_rng(0))
    assert len(set(moved.cells) & set(ring(8).cells)) == 8


def test_masks_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        ring(8).mask(16, 16)[0, 0] = False


def hot(shape: tuple[int, int], *cells: tuple[int, int]) -> np.ndarray:
    grid = np.zeros(shape, bool)
    grid[tuple(zip(*cells, strict=True))] = True
    return grid


@pytest.mark.parametrize("shape", [(3, 3), (7, 7), (14, 14), (4, 9), (1, 1), (26, 26)])
def test_the_cells_of_an_even_map_are_those_of_the_image(shape):
    cells = np.random.default_rng(1).uniform(size=shape) < 0.4
    cells[0, 0] = True
    assert region_of_map(cells, whole_frame(52, 52)) == region_of(cells)


@pytest.mark.parametrize(
    ("frame", "shape", "cells", "mask"),
    [
        # The upper half of 32 pixels is cut off: cells of 4.
        (Frame(0.0, 16.0, 32.0, 32.0, 32, 32), (4, 8), [(0, 1)], np.s_[16:20, 4:8]),
        # 8 pixels of padding around 16: cells of 4, of which the third is the picture's first.
        (Frame(-8.0, -8.0, 24.0, 24.0, 16, 16), (8, 8), [(2, 5)], np.s_[0:4, 12:16]),
        # Cells of 8 over 24 of 28; the last speaks for the rest. Looked up on cells of 7.
        (
            Frame(0.0, 0.0, 24.0, 24.0, 28, 28, reach=(0.0, 0.0, 28.0, 28.0)),
            (3, 3),
            [(2, 2)],
            np.s_[14:28, 14:28],
        ),
        # A map shifted by less than half a cell keeps its cells.
        (Frame(-1.5, -1.5, 30.5, 30.5, 32, 32), (4, 4), [(1, 3)], np.s_[8:16, 24:32]),
    ],
)
def test_cells_of_a_map_are_looked_up_where_they_lie(frame, shape, cells, mask):
    expected = np.zeros((frame.height, frame.width), bool)
    expected[mask] = True
    region = region_of_map(hot(shape, *cells), frame)
    np.testing.assert_array_equal(region.mask(frame.height, frame.width), expected)


def test_cells_beside_the_picture_have_no_region():
    padded = Frame(-8.0, -8.0, 24.0, 24.0, 16, 16)
    assert region_of_map(hot((8, 8), (0, 0), (7, 3)), padded) is None
    both = region_of_map(hot((8, 8), (0, 0), (2, 2)), padded)
    assert both == Region(4, 4, ((0, 0),))
    sliver = Frame(-3.0, 0.0, 13.0, 16.0, 16, 16)  # a quarter of the first cell is seen
    assert region_of_map(hot((4, 4), (1, 0)), sliver).cells == ((1, 0),)
