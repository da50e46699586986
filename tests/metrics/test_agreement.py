"""Agreement of maps: correlations and overlaps known on paper."""

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.heatmap import Heatmap
from camcore.metrics import agreement, iou_at, pearson, spearman
from camcore.pictures.preprocessing import Frame, frame_of

FRAME = frame_of(16, 16, 16, 16, "stretch")


def mapped(raw, **options):
    return Heatmap(np.asarray(raw, np.float32), FRAME, **options)


def test_pearson_by_hand():
    # Deviations (-1, 0, 1) and (-2, 1, 1): 3 / sqrt(2 * 6).
    assert pearson(np.array([1.0, 2, 3]), np.array([0.0, 3, 3])) == pytest.approx(3 / 12**0.5)


def test_pearson_ignores_scale_and_offset_but_not_sign():
    a = np.array([[0.0, 1.0], [4.0, 2.0]])
    assert pearson(a, 7 * a - 3) == pytest.approx(1)
    assert pearson(a, -a) == pytest.approx(-1)


def test_spearman_by_hand_with_ties():
    # Ranks (1, 2.5, 2.5, 4) and (1, 2, 3, 4): 4.5 / sqrt(4.5 * 5).
    rho = spearman(np.array([0.0, 5, 5, 9]), np.array([1.0, 2, 3, 100]))
    assert rho == pytest.approx(4.5 / (4.5 * 5) ** 0.5)


def test_spearman_sees_order_only():
    a = np.array([0.0, 1.0, 2.0, 3.0])
    assert spearman(a, np.exp(5 * a)) == pytest.approx(1)
    assert pearson(a, np.exp(5 * a)) < 0.9


@pytest.mark.parametrize("correlation", [pearson, spearman])
@pytest.mark.parametrize(
    "flat",
    [
        np.zeros(4),
        np.full(4, 0.1),
        0.3 + np.array([0, 1, 0, 1]) * 3e-8,  # equal but for float32 rounding
        np.array([0.0, 1.0, np.nan, 2.0]),
        np.array([0.0, 1.0, np.inf, 2.0]),
    ],
)
def test_correlation_with_nothing_is_not_defined(correlation, flat):
    assert np.isnan(correlation(flat, np.arange(4.0)))
    assert np.isnan(correlation(np.arange(4.0), flat))
    assert np.isnan(correlation(flat, flat))


@pytest.mark.parametrize("size", [0, 1])
def test_one_cell_or_none_has_no_correlation(size):
    assert np.isnan(pearson(np.ones(size), np.ones(size)))
    assert np.isnan(spearman(np.ones(size), np.ones(size)))


def test_two_cells_are_enough():
    assert pearson(np.array([0.0, 1.0]), np.array([5.0, 3.0])) == pytest.approx(-1)
    assert spearman(np.array([0.0, 1.0]), np.array([5.0, 3.0])) == pytest.approx(-1)


def test_huge_and_tiny_values_do_not_overflow():
    a = np.array([0.0, 1.0, 3.0], np.float32)
    assert pearson(a * np.float32(1e38), a) == pytest.approx(1)
    assert pearson(a * np.float32(1e-38), a) == pytest.approx(1)


def test_iou_by_hand():
    a = np.array([[10.0, 2.0, 1.9], [0.0, 5.0, -9.0]])  # at or above 2: three cells
    b = np.array([[0.0, 1.0, 1.0], [0.0, 1.0, 0.1]])  # at or above 0.2: three cells
    assert iou_at(a, b) == 2 / 4
    assert iou_at(a, b, share=0.5) == 1 / 4


def test_iou_without_evidence():
    some, none = np.array([0.0, 1.0]), np.array([0.0, -1.0])
    assert iou_at(some, none) == 0
    assert np.isnan(iou_at(none, none))
    # Even a share of 0 takes in only what is positive.
    assert iou_at(some, np.ones(2), share=0.0) == 1 / 2


@pytest.mark.parametrize("compare", [pearson, spearman, iou_at])
def test_other_shapes_are_refused(compare):
    with pytest.raises(InputError, match=r"\(2, 2\) and \(4,\)"):
        compare(np.ones((2, 2)), np.ones(4))


def test_maps_are_compared_as_shown():
    # ReLU cuts -5 to 0: both maps are then (0, 0, 1).
    likeness = agreement(mapped([[-5.0, 0.0, 2.0]]), mapped([[0.0, 0.0, 3.0]]))
    assert likeness.pearson == pytest.approx(1)
    assert likeness.spearman == pytest.approx(1)
    assert likeness.iou == 1


def test_the_coarser_map_is_brought_to_the_finer_grid():
    # 0, 4 over four cells is 0, 1, 3, 4 with half-pixel centres: in 0-1, at or above 0.2: three.
    coarse, fine = mapped([[0.0, 4.0]]), mapped([[4.0, 3.0, 1.0, 0.0]])
    for likeness in (agreement(coarse, fine), agreement(fine, coarse)):
        assert likeness.pearson == pytest.approx(-1)
        assert likeness.spearman == pytest.approx(-1)
        assert likeness.iou == 2 / 4


def test_each_side_takes_the_finer_grid():
    # Rows of one, columns of the other: 2 x 2 cells, (0, 1 / 0, 1) and (0, 0 / 1, 1).
    likeness = agreement(mapped([[0.0, 1.0]]), mapped([[0.0], [1.0]]))
    assert likeness.pearson == pytest.approx(0)
    assert likeness.iou == 1 / 3


def test_flat_maps_agree_with_nothing():
    none, flat, some = mapped([[-1.0, -2.0]]), mapped([[2.0, 2.0]]), mapped([[0.0, 1.0]])
    assert np.isnan(agreement(none, some).pearson)
    assert np.isnan(agreement(none, some).spearman)
    assert agreement(none, some).iou == 0
    assert np.isnan(agreement(none, none).iou)
    assert np.isnan(agreement(flat, some).pearson)
    assert agreement(flat, some).iou == 1 / 2


def test_maps_of_different_parts_agree_where_both_speak():
    """The right half of a map that lies over all of the picture, and a map of that half alone."""
    left = Heatmap(np.eye(4), Frame(0, 0, 32, 32, 32, 32))
    half = Heatmap(np.eye(4)[:, 2:], Frame(16, 0, 32, 32, 32, 32))
    assert agreement(left, half).iou > 0.8
    mirrored = Heatmap(np.eye(4)[::-1, 2:], half.frame)
    assert agreement(left, mirrored).iou < 0.2


def test_maps_without_a_common_part_are_refused():
    left = Heatmap(np.eye(2), Frame(0, 0, 16, 32, 32, 32))
    right = Heatmap(np.eye(2), Frame(16, 0, 32, 32, 32, 32))
    with pytest.raises(InputError, match="same fit"):
        agreement(left, right)
