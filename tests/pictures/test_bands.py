"""Pictures of 2, 4, 6 channels reach models that take as many, and no others."""

from __future__ import annotations

import io

import numpy as np
import pytest

import camcore
from camcore.errors import ImageError, InputError
from camcore.pictures.model_view import decode
from camcore.pictures.picture import read_image
from tests.extras import extra

VALUES = np.random.default_rng(0).integers(0, 256, (12, 10, 6), np.uint8)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def tiff(array: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    extra("tifffile", "tiff").imwrite(file, array, **options)
    return file.getvalue()


@pytest.mark.parametrize("channels", [2, 4, 5, 6])
@pytest.mark.parametrize("source", [lambda values: values, npy])
def test_arrays_of_any_number_of_channels(source, channels):
    values = VALUES[..., :channels]
    picture = read_image(source(values), name="a.npy")
    assert (picture.bands == values).all()
    assert picture.pixels.shape == (12, 10, 3)
    assert (picture.of_channels(channels) == values).all()
    assert (picture.of_channels(3) == picture.pixels).all()
    assert not picture.bands.flags.writeable


@pytest.mark.parametrize("shape", [(12, 10), (12, 10, 1), (12, 10, 3)])
def test_pictures_of_one_or_three_have_no_other_bands(shape):
    values = VALUES.ravel()[: np.prod(shape)].reshape(shape)
    for source in (values, npy(values)):
        assert read_image(source).bands is None


@pytest.mark.parametrize(
    ("dtype", "factor"), [(np.int64, 1), (np.float32, 1), (np.float64, 1 / 255), (np.uint16, 257)]
)
def test_arrays_of_other_numbers(dtype, factor):
    picture = read_image(npy((VALUES.astype(np.float64) * factor).astype(dtype)))
    assert np.abs(picture.bands.astype(int) - VALUES).max() <= 1


@pytest.mark.parametrize(
    "options",
    [
        {"photometric": "minisblack", "planarconfig": "contig"},
        {"photometric": "minisblack", "planarconfig": "contig", "compression": "zlib"},
        {"photometric": "minisblack", "planarconfig": "separate"},
    ],
)
@pytest.mark.parametrize("channels", [2, 4, 6])
def test_tiffs_of_several_bands(options, channels):
    values = VALUES[..., :channels]
    stored = values if options["planarconfig"] == "contig" else np.moveaxis(values, -1, 0)
    assert (read_image(tiff(np.ascontiguousarray(stored), **options)).bands == values).all()


def test_a_tiff_of_rgb_and_infrared_is_not_seen_through():
    values = VALUES[..., :4]
    data = tiff(values, photometric="rgb", extrasamples=["unspecified"])
    picture = read_image(data)
    assert (picture.bands == values).all()
    assert (picture.pixels == values[..., :3]).all()


def test_a_tiff_with_opacity_is_a_picture_like_any_other():
    data = tiff(np.full((4, 4, 4), 0, np.uint8), photometric="rgb", extrasamples=["unassalpha"])
    picture = read_image(data)
    assert picture.bands is None
    assert (picture.pixels == 255).all()


GRAY = VALUES[..., 0]
COLOUR = VALUES[..., :3]
PLANES = np.ascontiguousarray(np.moveaxis(COLOUR, -1, 0))
HIGH_FIRST = {"byteorder": ">"}
PACKED = {"compression": "zlib"}
APART = {"photometric": "rgb", "planarconfig": "separate"}


@pytest.mark.parametrize(
    ("stored", "options"),
    [
        (COLOUR.astype(np.uint16) * 257, {"photometric": "rgb"}),  # the control: Pillow's own
        (PLANES.astype(np.uint16) * 257, APART),
        (PLANES.astype(np.uint16) * 257, APART | HIGH_FIRST | {"rowsperstrip": 5}),
        (PLANES.astype(np.uint16) * 257, APART | PACKED),
        (COLOUR.astype(np.float32) / 255, {"photometric": "rgb"}),
        (GRAY.astype(np.float16) / 255, {}),
        (GRAY / 255, {}),
        (GRAY.astype(np.float32) / 255, HIGH_FIRST | PACKED),
        (GRAY.astype(np.int32), HIGH_FIRST | PACKED),
        (GRAY.astype(np.int16), HIGH_FIRST | PACKED),
        (GRAY.astype(np.uint32), HIGH_FIRST),
        (GRAY.astype(np.uint64), {}),
        ((255 - GRAY).astype(np.uint16) * 257, {"photometric": "miniswhite"}),
        ((255 - GRAY).astype(np.uint16) * 257, {"photometric": "miniswhite"} | HIGH_FIRST),
        (255 - GRAY, {"photometric": "miniswhite"}),
    ],
)
def test_tiffs_of_deep_values_in_any_layout(stored, options):
    pixels = read_image(tiff(stored, **options)).pixels
    assert np.abs(pixels.astype(int) - (GRAY[..., None] if stored.ndim == 2 else COLOUR)).max() <= 1


def test_a_tiff_of_16_bits_with_opacity_in_planes_of_their_own():
    values = np.concatenate([COLOUR, np.full((12, 10, 1), 255, np.uint8)], 2)
    values[:6, ..., 3] = 0
    stored = np.ascontiguousarray(np.moveaxis(values.astype(np.uint16) * 257, -1, 0))
    pixels = read_image(tiff(stored, extrasamples=["unassalpha"], **APART)).pixels
    assert (pixels[:6] == 255).all()
    assert (pixels[6:] == COLOUR[6:]).all()


def test_the_preview_in_a_raw_file_is_not_its_picture():
    with pytest.raises(ImageError, match="small preview of another picture"):
        read_image(tiff(COLOUR, photometric="rgb", subfiletype=1), name="photo.dng")
    assert (read_image(tiff(COLOUR, photometric="rgb", subfiletype=0)).pixels == COLOUR).all()


def test_a_tiff_that_unpacks_to_more_than_it_declares():
    data = tiff(np.zeros((400, 400, 6), np.uint8), photometric="minisblack",
                planarconfig="contig", compression="zlib", rowsperstrip=400)  # fmt: skip
    small = bytearray(data)
    # ImageLength, tag 257 of type LONG or SHORT, from 400 to 4
    at = small.index((257).to_bytes(2, "little")) + 8
    small[at : at + 2] = (4).to_bytes(2, "little")
    with pytest.raises(ImageError):
        read_image(bytes(small))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (npy(VALUES)[:200], "damaged"),
        (npy(VALUES)[:9], "damaged"),
        (npy(np.array([object()])), "of numbers"),
        (npy(np.zeros(5)), "of numbers"),
        (npy(np.zeros((2, 2, 2, 2))), "of numbers"),
        (npy(np.full((2, 2), -1)), "integers from -1 to -1"),
        (npy(np.zeros((2, 2, 65), np.uint8)), "1 to 64 channels"),
    ],
)
def test_arrays_that_are_refused(data, words):
    with pytest.raises(ImageError, match=words):
        read_image(data, name="a.npy")


def test_a_large_array_is_refused_before_it_is_read():
    head = npy(np.zeros((2, 2), np.uint8))
    large = head.replace(b"(2, 2)", b"(99999, 99999)"[: len(b"(2, 2)") + 8])
    with pytest.raises(ImageError):
        read_image(large)
    with pytest.raises(ImageError, match="more than the limit of 100"):
        read_image(npy(VALUES), max_pixels=100)


def model_of(keras, channels: int, preprocessing: str = "0-1") -> camcore.KerasClassifier:
    stack = [
        keras.Input((12, 10, channels)),
        keras.layers.Conv2D(2, 1, name="conv"),
        keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3),
    ]
    return camcore.KerasClassifier(keras.Sequential(stack), preprocessing=preprocessing)


@pytest.mark.parametrize("channels", [2, 4, 6])
def test_models_that_take_other_channels(keras, tmp_path, channels):
    model = model_of(keras, channels)
    values = VALUES[..., :channels]
    expected = model.scores(values[None].astype(np.float32) / 255)[0][0]
    explanation = camcore.explain(model, read_image(values), target=1)
    assert explanation.target.score == pytest.approx(float(expected[1]), abs=1e-4)
    file = tmp_path / "a.npy"
    np.save(file, values)
    assert (decode(file, model.input_shape, "stretch").seen == values).all()


def test_a_picture_of_other_channels_is_refused_in_words(keras):
    with pytest.raises(InputError, match="takes 6 channels, and this picture has 3; give an"):
        camcore.explain(model_of(keras, 6), read_image(VALUES[..., :4]))
    with pytest.raises(InputError, match="is for 1 or 3 channels, and this model takes 6"):
        camcore.explain(model_of(keras, 6, "caffe"), read_image(VALUES))
