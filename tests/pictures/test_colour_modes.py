"""Every colour mode, depth and range becomes right RGB, and the notes say how."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from PIL import Image

from camcore.pictures.picture import read_image
from tests.quadrants import RED, WHITE, encoded, png, quadrants


def test_gray_and_one_bit():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    picture = read_image(encoded(ramp))
    np.testing.assert_array_equal(picture.pixels, ramp[..., None].repeat(3, 2))
    assert picture.notes == ("gray shown as RGB",)
    bits = read_image(encoded(Image.fromarray(ramp > 127)))
    np.testing.assert_array_equal(bits.pixels[..., 1], np.where(ramp > 127, 255, 0))


def test_palette():
    image = Image.fromarray(quadrants()).quantize(4)
    picture = read_image(encoded(image))
    np.testing.assert_array_equal(picture.pixels, quadrants())
    assert picture.notes == ("palette converted to RGB",)


def test_palette_with_transparency_is_shown_over_white():
    image = Image.fromarray(quadrants()).quantize(4)
    red = image.getpixel((0, 0))
    for transparency in (red, bytes(0 if index == red else 255 for index in range(4))):
        picture = read_image(encoded(image, transparency=transparency))
        expected = quadrants()
        expected[:2, :3] = WHITE
        np.testing.assert_array_equal(picture.pixels, expected)
        assert picture.notes == ("transparent parts shown over white",)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_alpha_is_shown_over_white(mode):
    image = Image.new(mode, (3, 1), (0,) * (len(mode) - 1) + (255,))
    for x, alpha in enumerate((0, 128, 255)):
        image.putpixel((x, 0), (0,) * (len(mode) - 1) + (alpha,))
    picture = read_image(encoded(image))
    np.testing.assert_array_equal(picture.pixels[0, :, 0], [255, 127, 0])
    assert picture.notes == ("transparent parts shown over white",)


def test_alpha_that_hides_nothing_is_not_mentioned():
    image = Image.fromarray(quadrants()).convert("RGBA")
    assert read_image(encoded(image)).notes == ()


def test_transparent_colour_of_rgb():
    picture = read_image(encoded(quadrants(), transparency=RED))
    assert picture.pixels[0, 0].tolist() == [255, 255, 255]
    assert picture.pixels[0, 5].tolist() == [0, 255, 0]


@pytest.mark.parametrize("kind", ["JPEG", "TIFF"])
def test_cmyk(kind):
    image = Image.fromarray(quadrants().repeat(16, 0).repeat(16, 1)).convert("CMYK")
    picture = read_image(encoded(image, kind))
    assert picture.pixels[8, 8].tolist() == pytest.approx([255, 0, 0], abs=6)
    assert picture.pixels[-8, -8].tolist() == pytest.approx([255, 255, 255], abs=6)
    assert picture.notes == ("CMYK converted to RGB",)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "PPM"])
def test_sixteen_bit_gray(kind):
    ramp = np.linspace(0, 65535, 256).round().astype(np.uint16).reshape(16, 16)
    picture = read_image(encoded(ramp, kind))
    np.testing.assert_array_equal(picture.pixels[..., 0].ravel(), np.arange(256))
    assert picture.notes == ("16-bit scaled to 8-bit", "gray shown as RGB")


def test_sixteen_bit_colour():
    row = b"\0" + struct.pack(">6H", 65535, 0, 257 * 100, 0, 65535, 0)
    picture = read_image(png(2, 1, 16, 2, row))
    np.testing.assert_array_equal(picture.pixels, [[[255, 0, 100], [0, 255, 0]]])
    assert picture.notes == ("16-bit scaled to 8-bit",)


@pytest.mark.parametrize(
    ("values", "expected", "note"),
    [
        ([0.0, 0.5, 1.0], [0, 128, 255], "values 0-1 scaled to 0-255"),
        ([0.0, 100.0, 255.0], [0, 100, 255], None),
        ([-1.0, 0.0, 1.0], [0, 128, 255], "values from -1 to 1 stretched to 0-255"),
        ([0.0, 0.0, 0.0], [0, 0, 0], None),
        ([np.nan, 0.0, 255.0], [0, 0, 255], "values that are no numbers shown black"),
        ([np.nan, np.inf, -np.inf], [0, 0, 0], "values that are no numbers shown black"),
    ],
)
def test_float_file(values, expected, note):
    image = Image.fromarray(np.array([values], np.float32))
    picture = read_image(encoded(image, "TIFF"))
    np.testing.assert_array_equal(picture.pixels[0, :, 0], expected)
    assert picture.notes == ((note,) if note else ()) + ("gray shown as RGB",)


def test_wide_integer_file():
    image = Image.fromarray(np.array([[0, 500_000, 1_000_000]], np.int32))
    picture = read_image(encoded(image, "TIFF"))
    np.testing.assert_array_equal(picture.pixels[0, :, 0], [0, 128, 255])
