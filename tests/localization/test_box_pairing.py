"""Which picture is meant, and that no other is taken for it."""

from __future__ import annotations

import pytest

from camcore.localization.boxes import TrueBox
from camcore.localization.pairing import pair


def boxes_named(*written: str) -> list[TrueBox]:
    return [TrueBox(name, "", (0.0, 0.0, 1.0, 1.0)) for name in written]


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("cat/1.jpg", "cat/1.jpg"),
        ("1.jpg", "cat/1.jpg"),
        ("./cat//1.jpg", "cat/1.jpg"),
        ("cat\\1.jpg", "cat/1.jpg"),
        ("/home/a/train/cat/1.jpg", "cat/1.jpg"),
        ("../train/x/../cat/1.jpg", "cat/1.jpg"),
        ("train/1.jpg", "1.jpg"),
        ("CAT/1.JPG", "cat/1.jpg"),
        ("n0144_10026", "n0144/n0144_10026.JPEG"),
        ("shot.v2", "shot.v2.png"),
    ],
)
def test_found(written, path):
    boxes = boxes_named(written)
    pairs = pair(boxes, ["other/9.jpg", path])
    assert pairs.boxes == {path: boxes}
    assert (pairs.lost, pairs.unclear) == ((), ())


@pytest.mark.parametrize(
    "written", ["dog/1.jpg", "1.png", "11.jpg", "", "/", "..", "1.jpg/", "cat", "cat/x/1.jpg"]
)
def test_not_found(written):
    pairs = pair(boxes_named(written), ["cat/1.jpg", "cat/2.jpg"])
    if written == "1.jpg/":  # a slash at the end says nothing
        assert list(pairs.boxes) == ["cat/1.jpg"]
    else:
        assert (pairs.boxes, pairs.lost, pairs.unclear) == ({}, (written,), ())


def test_the_closest_of_several_is_meant():
    paths = ["1.jpg", "cat/1.jpg", "a/cat/1.jpg", "a/Cat/1.jpg"]
    assert list(pair(boxes_named("1.jpg"), ["x/1.jpg", "y/1.jpg"]).boxes) == []
    assert list(pair(boxes_named("a/cat/1.jpg"), paths).boxes) == ["a/cat/1.jpg"]
    assert list(pair(boxes_named("a/Cat/1.jpg"), paths).boxes) == ["a/Cat/1.jpg"]
    assert pair(boxes_named("a/CAT/1.jpg"), paths).unclear == ("a/CAT/1.jpg",)


def test_a_picture_that_two_paths_could_mean_has_no_box():
    pairs = pair(boxes_named("cat/1.jpg", "dog/1.jpg", "2.jpg", "2.jpg"), ["1.jpg", "2.jpg"])
    assert pairs.unclear == ("cat/1.jpg", "dog/1.jpg")
    assert {path: len(boxes) for path, boxes in pairs.boxes.items()} == {"2.jpg": 2}
