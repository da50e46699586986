"""Pictures of 12 bits in 16: said, and stretched only where somebody asks."""

from __future__ import annotations

import io
import pickle

import numpy as np
import pytest
from PIL import Image

from camcore.errors import InputError
from camcore.pictures.levels import STRETCHES
from camcore.pictures.picture import read_image
from tests.quadrants import png as written_png


def png(values: np.ndarray, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, kind)
    return file.getvalue()


def ramp(high: int) -> np.ndarray:
    return np.linspace(0, high, 64).round().astype(np.uint16)[None].repeat(4, 0)


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
@pytest.mark.parametrize(
    ("high", "bits"), [(200, 8), (1023, 10), (4095, 12), (3000, 12), (16383, 14)]
)
def test_bits_that_are_not_used_are_said(kind, high, bits):
    picture = read_image(png(ramp(high), kind))
    assert picture.pixels.max() == round(high / 257)
    assert picture.notes[0] == "16-bit scaled to 8-bit"
    assert f"only 0 to {high} of 0 to 65535 is used ({bits} bits)" in picture.notes[1]
    assert picture.notes[1].endswith(f"choose stretch {bits}-bit")


@pytest.mark.parametrize("high", [65535, 40000, 20000])
def test_all_of_16_bits_is_nothing_to_say(high):
    assert read_image(png(ramp(high))).notes == ("16-bit scaled to 8-bit", "gray shown as RGB")


def test_eight_bits_are_nothing_to_stretch():
    dark = np.full((2, 2), 3, np.uint8)
    assert read_image(png(dark), stretch="12-bit").pixels.max() == 3


@pytest.mark.parametrize("source", [png, lambda values: png(values, "TIFF"), lambda values: values])
@pytest.mark.parametrize(
    ("stretch", "top"),
    [("none", 65535), ("14-bit", 16383), ("12-bit", 4095), ("10-bit", 1023), ("range", 4000)],
)
def test_stretches(source, stretch, top):
    values = ramp(4000)
    picture = read_image(source(values), stretch=stretch)
    expected = np.rint(np.minimum(values / top, 1) * 255)
    assert np.abs(picture.pixels[..., 0].astype(int) - expected).max() <= 1
    assert picture.stretch == stretch
    assert any("are white" in note for note in picture.notes) == (stretch == "10-bit")


def test_a_stretch_that_is_not_known():
    with pytest.raises(InputError, match=r"stretch '12' is not known; choose one of none, 8-bit"):
        read_image(ramp(9), stretch="12")
    assert set(STRETCHES) == {"none", "8-bit", "10-bit", "12-bit", "14-bit", "range"}


def test_two_stretches_of_a_file_are_two_pictures_to_the_engine(keras):
    import camcore

    model = camcore.KerasClassifier(
        keras.Sequential([
            keras.Input((4, 64, 1)),
            keras.layers.Conv2D(2, 1),
            keras.layers.GlobalAveragePooling2D(),
            keras.layers.Dense(2),
        ]),
        preprocessing="0-1",
    )  # fmt: skip
    data, engine = png(ramp(4095)), camcore.Engine()
    dark, bright = (
        engine.explain(model, read_image(data, stretch=stretch), target=0).heatmap.raw
        for stretch in ("none", "12-bit")
    )
    assert not np.allclose(dark, bright)


def colour_png(values: np.ndarray) -> bytes:
    """Pillow writes no colours of 16 bits."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    return written_png(values.shape[1], values.shape[0], 16, 2, rows)


def colour_tiff(values: np.ndarray, **options) -> bytes:
    tifffile = pytest.importorskip("tifffile")
    file = io.BytesIO()
    tifffile.imwrite(file, values, photometric="rgb", **options)
    return file.getvalue()


COLOURS = {
    "png": colour_png,
    "tiff": colour_tiff,
    "big-endian tiff": lambda values: colour_tiff(values, byteorder=">"),
    "packed tiff": lambda values: colour_tiff(values, compression="zlib"),
}


@pytest.mark.parametrize("kind", COLOURS)
def test_colours_of_12_bits_are_said_and_stretched_as_gray_is(kind):
    values = np.random.default_rng(2).integers(0, 4096, (6, 9, 3)).astype(np.uint16)
    values[0, 0], values[0, 1] = 0, 4095
    data = COLOURS[kind](values)
    plain = read_image(data)
    np.testing.assert_array_equal(plain.pixels, values >> 8)
    assert "only 0 to 4095 of 0 to 65535 is used (12 bits)" in plain.notes[1]
    stretched = read_image(data, stretch="12-bit")
    np.testing.assert_array_equal(stretched.pixels, np.rint(values * (255 / 4095)))
    assert stretched.notes == ("values 0 to 4095 stretched to 0-255",)


@pytest.mark.parametrize("kind", COLOURS)
def test_colours_that_use_their_16_bits_stay_as_they_were(kind):
    values = np.random.default_rng(3).integers(0, 65536, (6, 9, 3)).astype(np.uint16)
    values[0, 0] = 65535
    picture = read_image(COLOURS[kind](values))
    np.testing.assert_array_equal(picture.pixels, values >> 8)
    assert picture.notes == ("16-bit scaled to 8-bit",)


def test_what_cannot_be_stretched_says_so():
    rows = b"\0" + np.array([9, 9, 9, 65535], ">u2").tobytes()
    picture = read_image(written_png(1, 1, 16, 6, rows), stretch="12-bit")
    assert picture.notes == ("16-bit scaled to 8-bit, not stretched",)


@pytest.mark.parametrize(
    ("high", "advised"), [(200, "8-bit"), (4095, "12-bit"), (9000, "14-bit"), (40000, None)]
)
@pytest.mark.parametrize("source", [png, lambda values: png(values, "TIFF"), lambda values: values])
def test_the_advised_stretch_shows_the_picture_and_is_followed_by_none(source, high, advised):
    picture = read_image(source(ramp(high)))
    assert picture.advised_stretch == advised
    assert pickle.loads(pickle.dumps(picture)).advised_stretch == advised
    if advised:
        stretched = read_image(source(ramp(high)), stretch=advised)
        assert stretched.advised_stretch is None
        assert stretched.pixels.max() > picture.pixels.max()
