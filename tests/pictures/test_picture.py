"""Files, bytes and arrays become pictures, or one sentence says why they cannot."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from camcore.pictures.picture import MAX_ENCODED_BYTES, read_image
from tests.pointer import POINTER
from tests.quadrants import encoded, quadrants, refused


def test_picture_is_a_value(tmp_path):
    path = tmp_path / "a picture.png"
    path.write_bytes(encoded(quadrants()))
    first, second = read_image(path), read_image(path.read_bytes(), name="other")
    assert (first.height, first.width) == (4, 6)
    assert (first.name, first.path) == ("a picture.png", str(path))
    assert (second.name, second.path) == ("other", None)
    assert first.sha256 == second.sha256
    assert first.pixels.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        first.pixels[0, 0, 0] = 1


# Arrays


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_arrays_in_0_1_and_in_0_255_come_out_alike(dtype):
    bytes_, ones = quadrants().astype(dtype), (quadrants() / 255).astype(dtype)
    np.testing.assert_array_equal(read_image(bytes_).pixels, quadrants())
    picture = read_image(ones)
    np.testing.assert_array_equal(picture.pixels, quadrants())
    assert picture.notes == ("values 0-1 scaled to 0-255",)


def test_shapes_of_arrays():
    gray = np.arange(6, dtype=np.uint8).reshape(2, 3)
    for array in (gray, gray[..., None]):
        picture = read_image(array)
        np.testing.assert_array_equal(picture.pixels, gray[..., None].repeat(3, 2))
        assert picture.notes == ("gray shown as RGB",)
    clear = np.dstack([quadrants(), np.zeros((4, 6), np.uint8)])
    assert (read_image(clear).pixels == 255).all()
    assert (read_image(clear / 255).pixels == 255).all()
    np.testing.assert_array_equal(read_image(quadrants()[::-1, ::2]).pixels, quadrants()[::-1, ::2])


def test_array_is_copied_and_its_hash_depends_on_shape():
    array = quadrants()
    picture = read_image(array, name="mine")
    array[:] = 0
    np.testing.assert_array_equal(picture.pixels, quadrants())
    assert picture.name == "mine"
    flat = quadrants().reshape(6, 4, 3)
    assert read_image(flat).sha256 != picture.sha256
    assert read_image(quadrants()).sha256 == picture.sha256


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((2, 2, 0), np.uint8), "shape (2, 2, 0)"),
        (np.zeros((2, 2, 65), np.uint8), "shape (2, 2, 65)"),
        (np.zeros((1, 2, 2, 3), np.uint8), "shape (1, 2, 2, 3)"),
        (np.zeros(4, np.uint8), "shape (4,)"),
        (np.zeros((0, 2, 3), np.uint8), "no pixels"),
        (np.zeros((2, 0), np.float32), "no pixels"),
        (np.zeros((2, 2), np.int64), "array of int64"),
        (np.zeros((2, 2), np.int16), "array of int16"),
        (np.zeros((2, 2), bool), "array of bool"),
        (np.zeros((2, 2), object), "array of object"),
        (np.zeros((2, 2), complex), "array of complex128"),
        (np.full((2, 2), np.nan), "nan"),
        (np.full((2, 2), np.inf), "inf"),
        (np.full((2, 2), -0.5), "-0.5"),
        (np.full((2, 2), 256.0), "256"),
    ],
)
def test_arrays_that_are_no_picture(array, words):
    assert refused(array, words, name="mine.npy").startswith("mine.npy ")


def test_full_size_of_what_is_not_reduced():
    assert read_image(quadrants()).full_size == (4, 6)
    assert read_image(encoded(quadrants(), "JPEG")).full_size == (4, 6)


# What is refused


def test_places_that_are_no_file(tmp_path):
    refused(tmp_path / "nothing.png", "nothing.png", "no such file")
    refused(str(tmp_path) + "/", "folder")
    os.mkfifo(tmp_path / "pipe.png")
    refused(tmp_path / "pipe.png", "pipe.png", "pipe")
    refused("/dev/zero", "zero", "device")
    (tmp_path / "link.png").symlink_to("/dev/zero")
    refused(tmp_path / "link.png", "link.png", "device")
    refused("a\0b.png", "a?b.png")
    refused("x" * 5000, "cannot be opened")
    refused(3.5, "float")


def test_pixel_limit_can_be_set():
    data = encoded(quadrants())
    refused(data, "more than the limit of 23", max_pixels=23)
    refused(quadrants(), "more than the limit of 23", max_pixels=23)
    assert read_image(data, max_pixels=24).height == 4


def test_file_too_large(tmp_path):
    path = tmp_path / "huge.png"
    with path.open("wb") as file:
        file.truncate(MAX_ENCODED_BYTES + 1)
    refused(path, "larger than 512 MB")


def test_names_are_made_fit_to_print(tmp_path):
    path = tmp_path / "bad\n\x1b[31mname.png"
    path.write_bytes(b"no")
    refused(path, "bad??[31mname.png")
    path.write_bytes(encoded(quadrants()))
    assert read_image(path).name == "bad??[31mname.png"
    odd = os.fsencode(tmp_path) + b"/\xff.png"
    Path(os.fsdecode(odd)).write_bytes(encoded(quadrants()))
    assert read_image(odd.decode("utf-8", "surrogateescape")).name == "?.png"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\0\0\0\x20ftypisom" + bytes(40), "a video"),
        (b"\x1aE\xdf\xa3" + bytes(40), "a video"),
        (b"RIFF\0\0\0\0AVI LIST" + bytes(40), "a video"),
        (b"%PDF-1.7", "a PDF document"),
        (POINTER, "a pointer of Git LFS"),
        (b'<?xml version="1.0"?><svg/>', "a drawing"),
    ],
)
def test_what_is_no_picture_is_told_for_what_it_is(data, words):
    refused(data, words, name="mine.bin")
