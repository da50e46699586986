"""A part goes where it is said to go, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.auditing.edits import Images, probe_named
from camcore.auditing.edits.part import Part, apart, common_patch

SIDE = 40
_DONOR, _CONTROL = np.array([[4, 20, 14, 30]]), np.array([[25, 2, 35, 12]])


def plain(value: int, boxes: np.ndarray | None = None, key: str = "part 0/1") -> Images:
    pixels = np.full((1, SIDE, SIDE, 3), value, np.uint8)
    return Images(pixels, places={} if boxes is None else {key: boxes})


def marked(boxes: np.ndarray, ground: int, mark: int) -> Images:
    images = plain(ground, boxes)
    top, left, bottom, right = boxes[0]
    images.pixels[0, top:bottom, left:right] = mark
    return images


@pytest.fixture
def rng():
    return np.random.default_rng(5)


@pytest.mark.parametrize(
    "way", ["same place", "another place", "from beside", "shared", "painted over"]
)
def test_every_part_is_found_by_its_name(way):
    probe = Part(12, 3, way)
    assert probe_named(probe.name) == probe


def test_a_part_goes_to_the_same_place_with_a_soft_edge(rng):
    edited = Part(0, 1).transfer(plain(50), marked(_DONOR, 0, 250), rng)[0, ..., 0]
    assert (edited[7:11, 23:27] == 250).all()
    outside = np.ones((SIDE, SIDE), bool)
    outside[4:14, 20:30] = False
    assert (edited[outside] == 50).all()
    assert 50 < edited[4, 25] < edited[5, 25] < 250


def test_the_control_covers_the_same_place_with_its_own_part(rng):
    donors, controls = marked(_DONOR, 0, 250), marked(_CONTROL, 0, 90)
    controlled = Part(0, 1).control(plain(50), donors, controls, rng)[0, ..., 0]
    assert (controlled[7:11, 23:27] == 90).all()
    assert (controlled[25:35, 2:12] == 50).all()


def test_edit_and_control_go_to_one_other_place():
    donors, controls = marked(_DONOR, 0, 250), marked(_CONTROL, 0, 90)
    probe = Part(0, 1, "another place")
    edited = probe.transfer(plain(50), donors, np.random.default_rng(3))[0, ..., 0]
    controlled = probe.control(plain(50), donors, controls, np.random.default_rng(3))[0, ..., 0]
    np.testing.assert_array_equal(edited != 50, controlled != 50)
    assert (edited == 250).sum() == (controlled == 90).sum() > 0
    assert not (edited[4:14, 20:30] == 250).all()


def test_from_beside_takes_nothing_of_the_part(rng):
    edited = Part(0, 1, "from beside").transfer(plain(50), marked(_DONOR, 9, 250), rng)[0, ..., 0]
    assert edited.max() == 50
    assert (edited[7:11, 23:27] == 9).all()


def test_painting_over_removes_the_part_and_spares_it_in_the_control(rng):
    images = marked(_DONOR, 60, 250)
    probe = Part(0, 1, "painted over")
    assert (probe.transfer(images, images, rng) == 60).all()
    assert (probe.neutral(images, images, rng) < 75).all()
    np.testing.assert_array_equal(probe.control(images, images, images, rng), images.pixels)


def test_only_what_patches_share_is_left_of_them():
    rng = np.random.default_rng(1)
    patches = rng.integers(80, 120, (40, 16, 16, 1)).astype(np.uint8)
    for number, patch in enumerate(patches):
        patch[3 + number % 3 : 9 + number % 3, 5:11] = 240
    shared = common_patch(patches)
    assert np.sort(shared.ravel())[-36:].min() == 240
    assert np.sort(shared.ravel())[:-36].std() < 5  # 40 of them average their noise away


def test_windows_apart_share_no_pixel_where_there_is_room():
    rng = np.random.default_rng(2)
    corners = rng.integers(0, 30, (50, 2))
    boxes = np.concatenate([corners, corners + 10], axis=1)
    first, second = (apart(boxes, SIDE, SIDE, choice=k) for k in (0, 1))
    for these, other in ((boxes, first), (boxes, second), (first, second)):
        between = np.abs(these[:, :2] - other[:, :2]).max(axis=1)
        assert (between >= 10).all()
