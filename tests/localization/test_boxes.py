"""Overlaps known on paper, and boxes that are none."""

from __future__ import annotations

import pytest

from camcore.errors import InputError
from camcore.localization.boxes import best_iou, checked, four_numbers, iou, known_size


@pytest.mark.parametrize(
    ("box", "other", "expected"),
    [
        ((2, 3, 7, 9), (2, 3, 7, 9), 1),
        ((0, 0, 10, 10), (0, 0, 10, 5), 1 / 2),
        ((0, 0, 10, 10), (5, 5, 15, 15), 25 / 175),
        ((0, 0, 10, 10), (2, 2, 4, 4), 4 / 100),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0),  # ends are exclusive: these only touch
        ((0, 0, 10, 10), (20, 20, 30, 30), 0),  # apart in both directions
        ((0, 0, 10, 10), (0, 50, 10, 60), 0),
        ((0.5, 0, 2.5, 1), (1.5, 0, 3.5, 1), 1 / 3),
        ((3, 3, 3, 3), (3, 3, 3, 3), 0),  # no area
    ],
)
def test_iou(box, other, expected):
    assert iou(box, other) == expected
    assert iou(other, box) == expected


def test_the_best_of_several():
    true = [(0.0, 0.0, 1.0, 1.0), (0.0, 0.0, 4.0, 4.0), (0.0, 0.0, 2.0, 4.0)]
    assert best_iou((0, 0, 2, 2), true) == (1 / 2, (0.0, 0.0, 2.0, 4.0))
    assert best_iou((8, 8, 9, 9), true) == (0, (0.0, 0.0, 1.0, 1.0))


@pytest.mark.parametrize(
    "values",
    [
        None, 7, "left", "12345", [], [1, 2, 3], [1, 2, 3, 4, 5], [1, 2, 3, None], [1, 2, 3, [4]],
        [0, 0, 1, float("nan")], [0, 0, 1, float("inf")], ["0", "0", "1", "-Infinity"],
        [0, 0, 1, 10**400], [0, 0, 1, 1e300], {"x": 1},
    ],
)  # fmt: skip
def test_no_four_numbers(values):
    with pytest.raises(InputError, match="is not four numbers"):
        four_numbers(values)


def test_a_box_is_cut_at_the_edges_and_must_have_an_area():
    assert checked((-3.0, 2.0, 50.0, 5.5), (40, 30)) == (0.0, 2.0, 40.0, 5.5)
    assert checked((-3.0, 2.0, 50.0, 5.5), None) == (-3.0, 2.0, 50.0, 5.5)
    for box in ((5.0, 0.0, 5.0, 9.0), (0.0, 9.0, 5.0, 8.0)):
        with pytest.raises(InputError, match="is empty"):
            checked(box, None)
    for box in ((40.0, 0.0, 50.0, 9.0), (0.0, -9.0, 5.0, 0.0)):
        with pytest.raises(InputError, match="outside of the picture, which is 40 x 30"):
            checked(box, (40, 30))


@pytest.mark.parametrize(
    "size", [(0, 5), (5, -1), ("", "5"), (None, 5), ([], {}), (10**400, 5), (float("inf"), 5)]
)
def test_no_size(size):
    assert known_size(*size) is None
