"""Maps as values: exact small arrays, geometry against brute force, hostile numbers."""

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.heatmap import Heatmap
from camcore.pictures.preprocessing import Frame, frame_of


def whole(raw, size=None, **options):
    raw = np.asarray(raw, np.float32)
    height, width = size or raw.shape
    return Heatmap(raw, frame_of(width, height, width, height, "stretch"), **options)


def bilinear(values: np.ndarray, height: int, width: int) -> np.ndarray:
    """Half-pixel-centre bilinear enlargement, edges held, from the definition."""
    rows, columns = values.shape
    y = np.clip((np.arange(height) + 0.5) * rows / height - 0.5, 0, rows - 1)
    x = np.clip((np.arange(width) + 0.5) * columns / width - 0.5, 0, columns - 1)
    y0, x0 = np.floor(y).astype(int), np.floor(x).astype(int)
    y1, x1 = np.minimum(y0 + 1, rows - 1), np.minimum(x0 + 1, columns - 1)
    fy, fx = (y - y0)[:, None], (x - x0)[None, :]
    top = values[y0][:, x0] * (1 - fx) + values[y0][:, x1] * fx
    bottom = values[y1][:, x0] * (1 - fx) + values[y1][:, x1] * fx
    return top * (1 - fy) + bottom * fy


def test_relu_divides_by_the_maximum_and_keeps_a_positive_floor():
    np.testing.assert_array_equal(whole([[-3.0, 1.0], [2.0, 4.0]]).values, [[0, 0.25], [0.5, 1]])
    np.testing.assert_array_equal(whole([[1.0, 2.0], [2.0, 4.0]]).values, [[0.25, 0.5], [0.5, 1]])


def test_min_max_stretches_from_the_minimum():
    heatmap = whole([[-1.0, 1.0], [0.0, 3.0]], scaling="min-max")
    np.testing.assert_array_equal(heatmap.values, [[0, 0.5], [0.25, 1]])


@pytest.mark.parametrize("scaling", ["relu", "min-max"])
@pytest.mark.parametrize(
    "raw",
    [
        np.zeros((3, 3)),
        -np.ones((3, 3)),
        np.full((3, 3), np.nan),
        np.full((3, 3), -np.inf),
    ],
)
def test_no_positive_evidence_is_said_and_shown_as_zeros(raw, scaling):
    heatmap = whole(raw, scaling=scaling)
    assert heatmap.evidence == "none"
    np.testing.assert_array_equal(heatmap.values, np.zeros((3, 3)))
    assert heatmap.box() is None
    assert heatmap.focus == (0.0, 0.0)


@pytest.mark.parametrize("scaling", ["relu", "min-max"])
@pytest.mark.parametrize(
    "raw",
    [
        [[np.inf, 1.0], [-np.inf, np.nan]],
        [[3.4e38, -3.4e38], [0.0, 1.0]],
        [[1e-45, 0.0], [0.0, 0.0]],
        [[2.0, 2.0], [2.0, 2.0]],
    ],
)
def test_any_numbers_give_finite_values_in_0_to_1(raw, scaling):
    heatmap = whole(raw, (40, 40), scaling=scaling)
    for array in (heatmap.raw, heatmap.values, heatmap.upsampled("bicubic")):
        assert np.isfinite(array).all()
    assert heatmap.values.min() >= 0
    assert heatmap.values.max() == 1
    assert heatmap.evidence == "positive"


@pytest.mark.parametrize("size", [(7, 9), (28, 27), (101, 64)])
def test_bilinear_has_half_pixel_centres(size):
    values = np.random.default_rng(1).uniform(0.1, 1, (4, 3)).astype(np.float32)
    values[2, 1] = 1
    np.testing.assert_allclose(
        whole(values, size).upsampled("bilinear"), bilinear(values, *size), atol=2e-6
    )


def test_nearest_repeats_cells():
    values = np.array([[0.25, 0.5], [0.75, 1.0]], np.float32)
    np.testing.assert_array_equal(
        whole(values, (6, 4)).upsampled("nearest"), np.kron(values, np.ones((3, 2)))
    )


def test_bicubic_stays_in_0_to_1():
    raw = np.zeros((5, 5), np.float32)
    raw[2, 2] = 1
    smooth = whole(raw, (50, 50)).upsampled("bicubic")
    assert smooth.min() >= 0
    assert smooth.max() <= 1


def test_a_cropped_map_covers_only_what_the_model_saw():
    heatmap = Heatmap(np.ones((2, 2), np.float32), frame_of(40, 20, 10, 10, "crop"))
    upsampled = heatmap.upsampled("nearest")
    assert upsampled.shape == (20, 40)
    np.testing.assert_array_equal(upsampled[:, 10:30], 1)
    np.testing.assert_array_equal(upsampled[:, :10], 0)
    np.testing.assert_array_equal(heatmap.seen(), upsampled > 0)


def test_a_padded_map_loses_the_bars():
    raw = np.repeat(np.array([[9.0], [1.0], [2.0], [9.0]], np.float32), 4, axis=1)
    heatmap = Heatmap(raw, frame_of(40, 20, 8, 8, "pad"))  # bars: the first and the last row
    upsampled = heatmap.upsampled("nearest")
    np.testing.assert_allclose(upsampled[:10], 1 / 9, rtol=1e-6)
    np.testing.assert_allclose(upsampled[10:], 2 / 9, rtol=1e-6)
    assert heatmap.seen().all()


def test_the_box_is_that_of_the_largest_region_at_twenty_percent():
    raw = np.zeros((8, 8), np.float32)
    raw[1, 1] = 1.0  # the hottest cell, but small
    raw[4:7, 3:8] = 0.5
    raw[0, 6] = 0.19  # under the threshold
    assert whole(raw).box() == (3, 4, 8, 7)


def test_the_box_scales_with_the_picture():
    raw = np.zeros((10, 10), np.float32)
    raw[2:5, 6:9] = 1
    x0, y0, x1, y1 = Heatmap(raw, Frame(0, 0, 4000, 2000, 4000, 2000)).box()
    # At 20 % the bilinear slope reaches 0.3 cells beyond the region.
    assert (x0, y0, x1, y1) == pytest.approx((5.7 * 400, 1.7 * 200, 9.3 * 400, 5.3 * 200), abs=8)


def test_focus_is_the_share_of_the_hot_half():
    share, area = whole([[1.0, 0.5], [0.25, 0.25]]).focus
    assert share == pytest.approx(0.75)
    assert area == 0.5
    assert whole([[1.0, 0.5], [0.25, -9.0]], scaling="min-max").focus == pytest.approx((6 / 7, 0.5))


@pytest.mark.parametrize(
    "call",
    [
        lambda: whole([[1.0]], scaling="softmax"),
        lambda: whole([[1.0]]).upsampled("lanczos"),
    ],
)
def test_unknown_options_name_the_known_ones(call):
    with pytest.raises(InputError, match="choose"):
        call()


def test_evidence_on_the_bars_alone_has_no_box():
    raw = np.zeros((8, 8), np.float32)
    raw[0, 3] = 1
    assert Heatmap(raw, frame_of(64, 32, 32, 32, "pad")).box() is None
