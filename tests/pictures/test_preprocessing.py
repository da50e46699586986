"""How pixels become inputs: published conventions by hand, and frames that invert exactly."""

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.pictures.preprocessing import fit_pixels, frame_of, preprocess

PIXEL = np.array([[[10.0, 20.0, 30.0]]], np.float32)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("none", [10, 20, 30]),
        ("0-1", [10 / 255, 20 / 255, 30 / 255]),
        ("-1..1", [10 / 127.5 - 1, 20 / 127.5 - 1, 30 / 127.5 - 1]),
        ("caffe", [30 - 103.939, 20 - 116.779, 10 - 123.68]),
        (
            "torch",
            [(10 / 255 - 0.485) / 0.229, (20 / 255 - 0.456) / 0.224, (30 / 255 - 0.406) / 0.225],
        ),
    ],
)
def test_preprocessing_by_hand(name, expected):
    np.testing.assert_allclose(preprocess(PIXEL, name)[0, 0], expected, rtol=1e-5)


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
def test_preprocessing_is_that_of_keras_applications(keras, mode):
    ours = {"caffe": "caffe", "tf": "-1..1", "torch": "torch"}[mode]
    pixels = np.random.default_rng(0).uniform(0, 255, (2, 5, 4, 3)).astype(np.float32)
    theirs = keras.applications.imagenet_utils.preprocess_input(pixels.copy(), mode=mode)
    np.testing.assert_allclose(preprocess(pixels, ours), theirs, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["none", "0-1", "-1..1", "caffe", "torch"])
def test_gray_inputs_keep_one_finite_channel(name):
    gray = np.full((2, 2, 1), 200, np.float32)
    assert preprocess(gray, name).shape == (2, 2, 1)
    assert np.isfinite(preprocess(gray, name)).all()


def test_stretch_shows_everything():
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 15:] = 200
    seen, frame = fit_pixels(pixels, (8, 8, 3), "stretch")
    assert (frame.x0, frame.y0, frame.x1, frame.y1) == (0, 0, 30, 10)
    assert seen[:, 0].max() == 0
    assert seen[:, -1].min() == 200


def test_crop_sees_the_centre_only():
    pixels = np.zeros((10, 30, 3), np.uint8)
    pixels[:, 10:20] = 200
    seen, frame = fit_pixels(pixels, (10, 10, 3), "crop")
    assert (frame.x0, frame.x1) == (10, 20)
    np.testing.assert_array_equal(seen, 200)


@pytest.mark.parametrize("width", range(225, 260))
def test_crop_never_leaves_the_picture(width):
    """112 * (225 / 112) is a little more than 225."""
    frame = frame_of(width, width + 9, 112, 112, "crop")
    assert 0 <= frame.x0 < 1e-9
    assert width - 1e-9 < frame.x1 <= width
    fit_pixels(np.zeros((width + 9, width, 3), np.uint8), (112, 112, 3), "crop")


def test_pad_adds_bars_and_keeps_proportions():
    seen, frame = fit_pixels(np.full((10, 30, 3), 200, np.uint8), (30, 30, 3), "pad")
    assert (frame.y0, frame.y1) == (-10, 20)
    np.testing.assert_array_equal(seen[10:20], 200)
    np.testing.assert_array_equal(seen[:10], 0)


def test_gray_is_the_standard_luma():
    seen, _ = fit_pixels(np.full((4, 4, 3), (255, 0, 0), np.uint8), (4, 4, 1))
    assert seen[0, 0, 0] == pytest.approx(0.299 * 255, abs=1)


@pytest.mark.parametrize("fit", ["stretch", "crop", "pad"])
def test_one_pixel_pictures_fit(fit):
    seen, _ = fit_pixels(np.full((1, 1, 3), 7, np.uint8), (5, 9, 3), fit)
    assert seen.shape == (5, 9, 3)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="choose one of none, 0-1"):
        preprocess(PIXEL, "imagenet")
    with pytest.raises(InputError, match="choose one of stretch, crop, pad"):
        frame_of(1, 1, 1, 1, "squeeze")
    with pytest.raises(InputError, match="4 channels"):
        fit_pixels(np.zeros((2, 2, 3), np.uint8), (2, 2, 4))
