"""Deletion and insertion curves, point by point."""

import numpy as np
import pytest

from camcore.heatmap import Heatmap
from camcore.metrics import area_under, probability_curve
from camcore.metrics.erasing import pixel_order
from camcore.pictures.preprocessing import Frame, frame_of


def total(images):
    return images.sum(axis=(1, 2, 3))


def mapped(raw, **options):
    raw = np.asarray(raw, np.float32)
    return Heatmap(raw, frame_of(8, 8, 8, 8, "stretch"), **options)


def test_two_by_two_cells_in_two_steps():
    # A score that sums the picture (0.4, 0.3 / 0.2, 0.1), which is its own map: what is left is
    # 1, 0.3, 0, what has come is 0, 0.7, 1.
    image = np.array([[[0.4], [0.3]], [[0.2], [0.1]]], np.float32)
    order = pixel_order(mapped(image[..., 0]), 2, 2)
    counts, shares = np.array([0, 2, 4]), np.array([0, 0.5, 1])
    deleted = probability_curve(total, image, 0 * image, order, counts)
    inserted = probability_curve(total, 0 * image, image, order, counts)
    np.testing.assert_allclose(deleted, [1, 0.3, 0], atol=1e-6)
    np.testing.assert_allclose(inserted, [0, 0.7, 1], atol=1e-6)
    assert area_under(shares, deleted) == pytest.approx(0.4)
    assert area_under(shares, inserted) == pytest.approx(0.6)


def test_uneven_steps_weigh_by_their_width():
    # Trapezoids: 0.25 * (1 + 0) / 2 + 0.75 * (0 + 1) / 2.
    assert area_under(np.array([0, 0.25, 1]), np.array([1.0, 0, 1])) == pytest.approx(0.5)
    assert area_under(np.array([0, 0.25, 1]), np.array([1.0, 0, 0])) == pytest.approx(0.125)


def test_all_channels_of_a_pixel_go_together_and_batches_join():
    rng = np.random.default_rng(0)
    start, finish = rng.random((2, 5, 4, 3)).astype(np.float32)
    order = rng.permutation(20)
    seen, batches = [], []

    def probability(images):
        seen.extend(images)
        batches.append(len(images))
        return np.arange(len(images)) + 100.0 * len(batches)

    counted = []
    counts = np.arange(21)
    curve = probability_curve(probability, start, finish, order, counts, counted.append)
    assert len(seen) == len(curve) == 21
    assert max(batches) <= 16
    assert counted == [16, 21]
    np.testing.assert_array_equal(curve[16:], 200 + np.arange(5))
    for count, image in zip(counts, seen, strict=True):
        expected = start.copy()
        for index in order[:count]:
            expected[index // 4, index % 4] = finish[index // 4, index % 4]
        np.testing.assert_array_equal(image, expected)


def test_order_is_that_of_the_enlarged_map():
    # 0, 1 over four pixels is 0, 0.25, 0.75, 1.
    assert pixel_order(mapped([[0.0, 1.0]]), 1, 4).tolist() == [3, 2, 1, 0]


def test_what_relu_has_cut_goes_by_the_map_before_it():
    order = pixel_order(mapped([[-1.0, 2.0, -3.0, -2.0]]), 1, 4)
    assert order.tolist() == [1, 0, 3, 2]


def test_equal_pixels_go_row_by_row():
    assert pixel_order(mapped([[1.0, 0.0], [0.0, 0.0]]), 2, 2).tolist() == [0, 1, 2, 3]


def test_pixels_that_the_map_does_not_speak_of_come_last():
    """The right half alone is seen; what speaks against the class comes before the rest."""
    raw = np.array([[-1.0, 3.0]], np.float32)
    right = Heatmap(raw, Frame(2.0, 0.0, 4.0, 1.0, 4, 1))
    assert pixel_order(right, 1, 4).tolist() == [3, 2, 0, 1]
    assert pixel_order(mapped(raw), 1, 4).tolist() == [3, 2, 1, 0]
