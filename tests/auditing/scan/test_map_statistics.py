"""Numbers of maps, worked out by hand on small grids."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.auditing.scan.map_statistics import AREAS, coverage, focus
from camcore.pictures.preprocessing import Frame, whole_frame


def statistics(raw, mask=None) -> dict[str, float]:
    """Focus of one map."""
    masks = None if mask is None else np.array([mask], np.float32)
    numbers = focus(np.array([raw], np.float32), masks)
    return {name: column[0].item() for name, column in numbers.items()}


def single(shape: tuple[int, int], row: int, column: int) -> np.ndarray:
    raw = np.full(shape, -1.0, np.float32)
    raw[row, column] = 2.0
    return raw


@pytest.mark.parametrize("shape", [(3, 3), (7, 7), (14, 14), (1, 5), (4, 9), (1, 1), (2, 30)])
def test_even_map_gives_each_region_its_area(shape):
    numbers = statistics(np.full(shape, 0.3))
    for name, area in AREAS.items():
        assert numbers[name] == pytest.approx(area, abs=1e-6), name
    assert numbers["centroid_x"] == pytest.approx(0.5)
    assert numbers["centroid_y"] == pytest.approx(0.5)
    assert numbers["map_entropy"] == pytest.approx(1.0 if shape != (1, 1) else 0.0, abs=1e-6)


def test_areas_by_hand():
    assert AREAS["share_ring"] == 28 / 64  # outer cells of an 8 x 8 grid
    assert AREAS["share_corners"] == 4 / 16
    assert {AREAS[f"share_{side}"] for side in ("top", "middle", "bottom", "left", "right")} == {
        1 / 3
    }


def test_corner_cell_of_three_by_three():
    numbers = statistics(single((3, 3), 0, 0))
    assert numbers["evidence"] is True
    # Of a third of each side, 3/8 lies in the ring and 3/4 in the corner square.
    assert numbers["share_ring"] == pytest.approx(1 - (5 / 8) ** 2)
    assert numbers["share_corners"] == pytest.approx((3 / 4) ** 2)
    assert (numbers["share_top"], numbers["share_middle"], numbers["share_bottom"]) == (1, 0, 0)
    assert (numbers["share_left"], numbers["share_right"]) == (1, 0)
    assert numbers["centroid_x"] == pytest.approx(1 / 6)
    assert numbers["centroid_y"] == pytest.approx(1 / 6)
    assert numbers["map_entropy"] == 0


def test_thirds_cut_the_cells_of_seven_by_seven():
    # Rows 2/7 to 3/7: from 2/7 to 1/3 is a third of the row.
    numbers = statistics(single((7, 7), 2, 4))
    assert numbers["share_top"] == pytest.approx(1 / 3)
    assert numbers["share_middle"] == pytest.approx(2 / 3)
    assert numbers["share_bottom"] == 0
    # Columns 4/7 to 5/7: from 2/3 to 5/7 is a third of the column.
    assert numbers["share_right"] == pytest.approx(1 / 3)
    assert numbers["share_left"] == numbers["share_ring"] == numbers["share_corners"] == 0


def test_edge_cell_of_seven_by_seven():
    # An eighth of the side is 7/8 of a cell.
    numbers = statistics(single((7, 7), 6, 3))
    assert numbers["share_ring"] == pytest.approx(7 / 8)
    assert numbers["share_bottom"] == 1
    assert numbers["share_corners"] == 0
    assert numbers["centroid_y"] == pytest.approx(13 / 14)


def test_map_of_one_row():
    numbers = statistics([[1.0, 0.0, 0.0, 3.0]])
    assert numbers["share_corners"] == pytest.approx(0.5)  # the row's upper and lower quarters
    assert numbers["share_top"] == pytest.approx(1 / 3)
    assert numbers["share_left"] == 0.25
    assert numbers["share_right"] == 0.75
    assert numbers["centroid_x"] == pytest.approx((1 * 0.125 + 3 * 0.875) / 4)
    assert numbers["map_entropy"] == pytest.approx(
        -(0.25 * np.log(0.25) + 0.75 * np.log(0.75)) / np.log(4)
    )


def test_object():
    raw = [[4.0, 2.0], [-5.0, 2.0]]
    numbers = statistics(raw, [[1.0, 0.5], [0.5, 0.0]])
    assert numbers["share_object"] == pytest.approx((4 + 1) / 8)
    assert numbers["area_object"] == 0.5
    assert np.isnan(statistics(raw)["share_object"])
    assert np.isnan(statistics(raw)["area_object"])


def test_object_where_only_some_images_have_a_mask():
    maps = np.ones((3, 2, 2), np.float32)
    masks = np.array([[[1, 0], [0, 0]], np.full((2, 2), np.nan), np.zeros((2, 2))], np.float32)
    numbers = focus(maps, masks)
    np.testing.assert_array_equal(numbers["share_object"], [0.25, np.nan, 0])
    np.testing.assert_array_equal(numbers["area_object"], [0.25, np.nan, 0])


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan, -np.inf])
def test_no_evidence(value):
    numbers = statistics(np.full((3, 4), value), np.full((3, 4), 0.25))
    assert numbers.pop("evidence") is False
    assert numbers.pop("area_object") == 0.25
    assert all(np.isnan(number) for number in numbers.values())


def test_extreme_values_stay_numbers():
    raw = np.array([[np.inf, np.nan], [np.finfo(np.float32).max, 1.0]])
    numbers = statistics(raw)
    # Both large cells are in the left column; a third of the side is 2/3 of a cell.
    assert numbers["share_left"] == pytest.approx(2 / 3)
    assert numbers["share_top"] == pytest.approx(1 / 3)
    assert statistics(np.full((2, 2), 1e-45))["map_entropy"] == pytest.approx(1)


def test_scale_does_not_matter_and_negative_values_are_nothing():
    raw = np.random.default_rng(3).normal(size=(5, 6))
    first, second = statistics(raw), statistics(np.where(raw > 0, raw * 1000, raw * 7))
    assert first == pytest.approx(second, rel=1e-5, nan_ok=True)


def test_a_map_says_the_same_alone_and_among_others():
    maps = np.random.default_rng(4).normal(size=(40, 7, 7)).astype(np.float32)
    together = focus(maps)
    for k in (0, 17, 39):
        alone = focus(maps[k : k + 1])
        for name, column in together.items():
            np.testing.assert_array_equal(alone[name][0], column[k], err_msg=name)


def test_columns_and_their_kinds():
    numbers = focus(np.ones((2, 3, 3), np.float32))
    others = {"share_object", "area_object", "map_entropy", "centroid_x", "centroid_y"}
    assert set(numbers) == {"evidence", *AREAS} | others
    assert numbers["evidence"].dtype == bool
    assert {column.dtype for name, column in numbers.items() if name != "evidence"} == {
        np.dtype(np.float32)
    }
    assert all(column.shape == (0,) for column in focus(np.ones((0, 3, 3), np.float32)).values())


def told_in(frame: Frame, raw, mask=None) -> dict[str, float]:
    masks = None if mask is None else np.array([mask], np.float32)
    numbers = focus(np.array([raw], np.float32), masks, frame)
    return {name: column[0].item() for name, column in numbers.items()}


def test_the_map_of_a_cropped_picture_lies_in_its_part():
    """The upper half is cut off: the first row of the map is the third quarter of the picture."""
    lower = Frame(0.0, 16.0, 32.0, 32.0, 32, 32)
    numbers = told_in(lower, single((2, 4), 0, 0))
    assert numbers["share_top"] == 0
    # From 1/2 to 3/4; the thirds end at 2/3.
    assert numbers["share_middle"] == pytest.approx(2 / 3)
    assert numbers["share_bottom"] == pytest.approx(1 / 3)
    assert numbers["centroid_y"] == pytest.approx(5 / 8)
    assert numbers["centroid_x"] == pytest.approx(1 / 8)
    assert numbers["share_ring"] == pytest.approx(1 / 2)  # the left half of the cell
    control = statistics(single((2, 4), 0, 0))
    assert (control["share_top"], control["centroid_y"]) == (pytest.approx(2 / 3), 0.25)


def test_cells_on_padding_show_nothing_of_the_picture():
    padded = Frame(-8.0, -8.0, 24.0, 24.0, 16, 16)  # 4 x 4 cells; the inner 2 x 2 are the picture
    raw = np.full((4, 4), 5.0)
    raw[1:3, 1:3] = [[1, 0], [0, 3]]
    numbers = told_in(padded, raw)
    assert numbers["evidence"] is True
    assert numbers["centroid_x"] == numbers["centroid_y"] == pytest.approx(0.25 / 4 + 0.75 * 3 / 4)
    beside = np.zeros((4, 4))
    beside[0, 0] = 1
    numbers = told_in(padded, beside)
    assert numbers["evidence"] is False
    assert np.isnan(numbers["share_top"])


def test_the_outermost_cells_reach_to_the_edge():
    """Cells of 8 pixels over 24 of 28, whose last one speaks for the rest."""
    frame = Frame(0.0, 0.0, 24.0, 24.0, 28, 28, reach=(0.0, 0.0, 28.0, 28.0))
    numbers = told_in(frame, single((3, 3), 0, 2))
    assert numbers["centroid_x"] == pytest.approx(22 / 28)
    assert numbers["centroid_y"] == pytest.approx(4 / 28)
    third = 28 * 2 / 3
    assert numbers["share_right"] == pytest.approx((28 - third) / 12)


@pytest.mark.parametrize(
    "frame",
    [
        whole_frame(16, 16),
        Frame(0.0, 8.0, 16.0, 16.0, 16, 16),
        Frame(-4.0, -4.0, 20.0, 20.0, 16, 16),
        Frame(1.0, 1.0, 15.0, 15.0, 16, 16, reach=(0.0, 0.0, 16.0, 16.0)),
        Frame(3.5, 0.0, 12.25, 10.0, 16, 16),
    ],
)
def test_the_objects_share_is_that_of_the_pixels_under_each_cell(frame):
    """Pixel by pixel, in sixteenths of pixels, against the fractions."""
    mask = np.zeros((16, 16), bool)
    mask[5:14, 2:9] = True
    fine = np.kron(mask, np.ones((16, 16), bool))
    covered = coverage(mask, 4, 2, frame)
    down, across = frame.cell_edges(4, 2)
    for row in range(4):
        for column in range(2):
            y, x = (np.rint(256 * side).astype(int) for side in (down, across))
            part = fine[y[row] : y[row + 1], x[column] : x[column + 1]]
            expected = part.mean() if part.size else 0
            assert covered[row, column] == pytest.approx(expected, abs=1e-9)
    sizes = np.outer(np.diff(down), np.diff(across))
    numbers = told_in(frame, np.ones((4, 2)), covered)
    assert numbers["area_object"] == pytest.approx((covered * sizes).sum() / sizes.sum())
