"""The pointing games on cells and boxes whose overlaps are known on paper."""

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.heatmap import Heatmap
from camcore.metrics import energy_pointing, pointing_game
from camcore.pictures.preprocessing import Frame, frame_of


def mapped(raw, frame=None, **options):
    raw = np.asarray(raw, np.float32)
    return Heatmap(raw, frame or frame_of(40, 20, 8, 8, "stretch"), **options)


def mask_of(box, width, height):
    mask = np.zeros((height, width), bool)
    x0, y0, x1, y1 = box
    mask[y0:y1, x0:x1] = True
    return mask


# Two by two cells of 20 x 10 pixels; the highest is the lower right one, centred at (30, 15).
CELLS = [[0.0, 1.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("box", "hit"),
    [
        ((20, 10, 40, 20), True),
        ((30, 15, 31, 16), True),
        ((20, 10, 30, 20), False),  # ends are exclusive
        ((20, 10, 40, 15), False),
        ((0, 0, 20, 20), False),
        ((-100, -100, 1000, 1000), True),
    ],
)
def test_the_centre_of_the_highest_cell_hits_or_misses(box, hit):
    assert pointing_game(mapped(CELLS), box) is hit
    if min(box) >= 0:
        assert pointing_game(mapped(CELLS), mask_of(box, 40, 20)) is hit


def test_all_of_several_maxima_have_to_hit():
    twice = mapped([[4.0, 0.0], [0.0, 4.0]])
    assert not pointing_game(twice, (20, 10, 40, 20))
    assert pointing_game(twice, (0, 0, 40, 20))
    both = mask_of((0, 0, 20, 10), 40, 20) | mask_of((20, 10, 40, 20), 40, 20)
    assert pointing_game(twice, both)


def test_no_evidence_points_nowhere():
    assert not pointing_game(mapped([[-1.0, -2.0]]), (0, 0, 40, 20))
    energy_share = energy_pointing(mapped([[-1.0, -2.0]]), (0, 0, 10, 20))
    assert np.isnan([energy_share.share, energy_share.lift]).all()
    assert energy_share.area == 0.25


def test_a_maximum_in_a_black_bar_misses():
    # 40 x 20 padded to a square: rows from -10 to 30, the first and last quarter black.
    raw = np.zeros((4, 4))
    raw[0, 1] = 1
    padded = mapped(raw, frame_of(40, 20, 8, 8, "pad"))
    assert not pointing_game(padded, (0, 0, 40, 20))
    assert not pointing_game(padded, np.ones((20, 40), bool))


@pytest.mark.parametrize(
    ("box", "share", "area"),
    [
        ((20, 10, 40, 20), 4 / 8, 1 / 4),  # one cell
        ((20, 0, 40, 20), 5 / 8, 1 / 2),
        ((30, 10, 40, 20), 2 / 8, 1 / 8),  # half a cell
        ((10, 5, 30, 15), (0 + 1 + 3 + 4) / 4 / 8, 1 / 4),  # a quarter of each
        ((10, 10, 25, 20), (3 / 2 + 4 / 4) / 8, 3 / 16),
        ((0, 0, 40, 20), 1, 1),
    ],
)
def test_energy_in_a_box_is_exact_on_parts_of_cells(box, share, area):
    for where in (box, mask_of(box, 40, 20)):
        energy_share = energy_pointing(mapped(CELLS), where)
        assert energy_share.share == pytest.approx(share)
        assert energy_share.area == pytest.approx(area)
        assert energy_share.lift == pytest.approx(share / area)


def test_only_positive_evidence_counts_whatever_the_scaling():
    # Min-max would show -4 as 0 and -2 as a quarter.
    raw = [[-4.0, -2.0], [3.0, 1.0]]
    for scaling in ("relu", "min-max"):
        energy_share = energy_pointing(mapped(raw, scaling=scaling), (0, 10, 20, 20))
        assert energy_share.share == pytest.approx(3 / 4)


def test_a_flat_map_has_no_lift():
    energy_share = energy_pointing(mapped(np.ones((7, 7))), (3, 4, 28, 11))
    assert energy_share.share == pytest.approx(25 * 7 / 800)
    assert energy_share.lift == pytest.approx(1)


def test_black_bars_count_as_seen():
    raw = np.zeros((4, 4))
    raw[0] = 1  # a quarter of the evidence above the picture
    raw[1] = 3
    padded = mapped(raw, frame_of(40, 20, 8, 8, "pad"))
    energy_share = energy_pointing(padded, (0, -10, 40, 20))
    assert energy_share.share == pytest.approx(3 / 4)
    assert energy_share.area == pytest.approx(1 / 2)


def test_what_a_crop_leaves_out_counts_not_at_all():
    # The middle 20 x 20 of 40 x 20: columns 10 to 30.
    cropped = mapped([[1.0, 3.0]], frame_of(40, 20, 8, 8, "crop"))
    energy_share = energy_pointing(cropped, (20, 0, 40, 20))
    assert (energy_share.share, energy_share.area) == (pytest.approx(3 / 4), pytest.approx(1 / 2))
    outside = energy_pointing(cropped, (30, 0, 40, 20))
    assert (outside.share, outside.area) == (0, 0)
    assert np.isnan(outside.lift)


def test_an_odd_frame_agrees_with_counting_small_squares():
    frame = Frame(-3.7, 2.3, 29.9, 17.1, 31, 19)
    rng = np.random.default_rng(3)
    heatmap = mapped(rng.normal(size=(5, 7)), frame)
    mask = rng.random((19, 31)) < 0.4
    fine = 700  # squares a side: each lies in one cell and, nearly always, in one pixel
    x = frame.x0 + (np.arange(fine) + 0.5) / fine * (frame.x1 - frame.x0)
    y = frame.y0 + (np.arange(fine) + 0.5) / fine * (frame.y1 - frame.y0)
    inside_x, inside_y = (x >= 0) & (x < 31), (y >= 0) & (y < 19)
    covered = mask[y.clip(0, 18).astype(int)[:, None], x.clip(0, 30).astype(int)]
    covered &= inside_y[:, None] & inside_x
    energy = np.kron(np.maximum(heatmap.raw, 0), np.ones((fine // 5, fine // 7)))
    energy_share = energy_pointing(heatmap, mask)
    assert energy_share.area == pytest.approx(covered.mean(), abs=2e-3)
    assert energy_share.share == pytest.approx((energy * covered).sum() / energy.sum(), abs=2e-3)


@pytest.mark.parametrize("measure", [pointing_game, energy_pointing])
@pytest.mark.parametrize(
    "box", [(5, 5, 5, 9), (9, 5, 5, 9), (0, 0, float("nan"), 9), (1, 2, 3), ()]
)
def test_an_empty_box_is_refused(measure, box):
    with pytest.raises(InputError, match="left, top, right and bottom"):
        measure(mapped(CELLS), box)


@pytest.mark.parametrize("measure", [pointing_game, energy_pointing])
def test_a_mask_of_another_picture_is_refused(measure):
    with pytest.raises(InputError, match="40×20"):
        measure(mapped(CELLS), np.ones((40, 20), bool))


@pytest.mark.parametrize("mask", [False, True])
@pytest.mark.parametrize(
    ("reach", "share", "area"),
    [
        ((0.0, 0.0, 28.0, 28.0), 3 / 4 / 2, 1 / 4),  # the second cell goes on: 12 to 28
        ((0.0, 0.0, 24.0, 28.0), 3 / 4 / 3, 1 / 6),  # as the grid has it: 12 to 24
        ((0.0, 0.0, 12.0, 28.0), 0.0, 0.0),  # it speaks for nothing of the picture
    ],
)
def test_evidence_lies_where_the_cells_speak_for_the_picture(reach, share, area, mask):
    frame = Frame(0.0, 0.0, 24.0, 24.0, 28, 28, reach)
    heatmap = Heatmap(np.array([[1.0, 3.0]], np.float32), frame)
    where = (20, 0, 28, 28)
    if mask:
        where = np.zeros((28, 28), bool)
        where[:, 20:] = True
    energy_share = energy_pointing(heatmap, where)
    assert energy_share.share == pytest.approx(share)
    assert energy_share.area == pytest.approx(area)


@pytest.mark.parametrize(("highest", "x"), [(0, 0.5), (1, 9.0), (2, 19.0), (3, 29.0)])
def test_a_centre_in_the_padding_of_a_network_points_at_the_pixel_beside_it(highest, x):
    """Cells of 10 pixels from -6 on, of which the picture begins at 0, as behind ZeroPadding2D."""
    raw = np.zeros((1, 4))
    raw[0, highest] = 1
    padded = mapped(raw, Frame(-6.0, 0.0, 34.0, 20.0, 40, 20, reach=(0.0, 0.0, 34.0, 20.0)))
    enlarged = padded.upsampled()[10]
    assert enlarged[int(x)] >= enlarged.max() - 0.051  # the next pixel's centre is .05 cells off
    assert enlarged[int(x)] > enlarged[(int(x) + 10) % 34]
    hits = [column for column in range(40) if pointing_game(padded, (column, 0, column + 1, 20))]
    assert hits == [int(x)]
    assert pointing_game(padded, mask_of((int(x), 0, int(x) + 1, 20), 40, 20))


def test_a_cell_beside_the_picture_points_nowhere():
    frame = Frame(-10.0, 0.0, 40.0, 20.0, 40, 20, reach=(0.0, 0.0, 40.0, 20.0))
    assert not pointing_game(mapped([[5.0, 1, 1, 1, 1]], frame), (0, 0, 40, 20))
    assert pointing_game(mapped([[1.0, 5, 1, 1, 1]], frame), (0, 0, 40, 20))
