"""Resize, then cut: beside Pillow's own steps, and frames that lie where the crop lies."""

import numpy as np
import pytest
from PIL import Image

import camcore
from camcore.errors import ImageError, InputError
from camcore.heatmap import Heatmap
from camcore.pictures.model_view import box_mask, decode
from camcore.pictures.normalisation import Normalisation
from camcore.pictures.preprocessing import enough_for, fit_pixels, frame_of, preprocess
from camcore.pictures.resizing import Resizing
from tests.block_classifier import red_or_blue


def noise(height, width):
    return np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize("chosen", ["bicubic", "bilinear", "lanczos"])
def test_pixels_are_those_of_resizing_whole_and_cutting_then(chosen):
    pixels = noise(61, 97)
    seen, frame = fit_pixels(pixels, (20, 24, 3), f"resize=30 filter={chosen} crop=20x24")
    image = Image.fromarray(pixels)
    resampling = Image.Resampling[chosen.upper()]
    whole = np.asarray(image.resize((47, 30), resampling))
    np.testing.assert_array_equal(seen, whole[5:25, 11:35])
    assert (frame.x0, frame.y0) == (11 * 97 / 47, 5 * 61 / 30)
    others = {"bicubic", "bilinear", "lanczos"} - {chosen}
    for other in others:
        otherwise, _ = fit_pixels(pixels, (20, 24, 3), f"resize=30 filter={other} crop=20x24")
        assert (seen != otherwise).any()


def test_a_crop_larger_than_the_picture_is_surrounded_by_black():
    seen, frame = fit_pixels(np.full((6, 10, 3), 200, np.uint8), (8, 8, 3), "crop=8x8")
    assert (frame.x0, frame.y0, frame.x1, frame.y1) == (1, -1, 9, 7)
    np.testing.assert_array_equal(seen[1:7], 200)
    assert not seen[[0, 7]].any()


def test_maps_and_boxes_lie_on_the_cropped_part(tmp_path):
    pixels = np.zeros((100, 200, 3), np.uint8)
    pixels[40:60, 110:130] = 255
    Image.fromarray(pixels).save(tmp_path / "a.png")
    decoded = decode(tmp_path / "a.png", (40, 40, 3), "resize=50 crop=40x40")
    frame = decoded.frame
    assert (frame.x0, frame.y0, frame.x1, frame.y1) == (60, 10, 140, 90)
    inside = box_mask((110, 40, 130, 60), frame, (40, 40, 3))
    np.testing.assert_array_equal(decoded.seen[..., 0] > 127, inside)
    raw = np.zeros((4, 4), np.float32)
    raw[1, 2] = 1
    np.testing.assert_allclose(Heatmap(raw, frame).box(0.5), (100, 30, 120, 50), atol=1)


def test_a_jpeg_is_decoded_no_smaller_than_the_resizing_needs():
    assert enough_for((224, 224, 3), "resize=256 crop=224x224") == (256, 256)
    assert enough_for((224, 224, 3), "resize=300x310 crop=224x224") == (300, 310)
    assert enough_for((224, 224, 3), "crop=224x224") is None
    assert enough_for((224, 224, 3), "pad") == (224, 224)


@pytest.mark.parametrize(
    "text",
    ["resize=256 filter=bicubic crop=224x224", "resize=32x40 filter=lanczos", "crop=8x9"],
)
def test_what_is_written_out_reads_back(text):
    assert str(Resizing.parse(text)) == text


@pytest.mark.parametrize(
    "fit", ["zoom", "", "resize=", "resize=256crop=224x224", " crop=8x8", "resize=8 filter=magic"]
)
def test_other_fits_are_refused(fit):
    with pytest.raises(InputError, match="is not known"):
        frame_of(10, 10, 8, 8, fit)


@pytest.mark.parametrize("fit", ["resize=0", "resize=9000x9000", "crop=0x4"])
def test_sides_are_bounded(fit):
    with pytest.raises(InputError, match="sides of 1 to"):
        frame_of(10, 10, 8, 8, fit)


def test_a_fit_for_another_input_is_refused():
    with pytest.raises(InputError, match=r"makes 24 x 24 pixels .* the model takes 32 x 32"):
        frame_of(90, 60, 32, 32, "resize=30 crop=24x24")


def test_a_thread_of_pixels_does_not_fill_the_memory():
    with pytest.raises(ImageError, match="would become"):
        fit_pixels(np.zeros((1, 60_000, 3), np.uint8), (32, 32, 3), "resize=256 crop=32x32")


def test_a_scale_mean_and_spread_by_hand():
    pixel = np.array([[[10.0, 20.0, 30.0]]], np.float32)
    written = str(Normalisation(1 / 255, (0.1, 0.2, 0.3), (0.5, 0.4, 0.2)))
    expected = [(10 / 255 - 0.1) / 0.5, (20 / 255 - 0.2) / 0.4, (30 / 255 - 0.3) / 0.2]
    np.testing.assert_allclose(preprocess(pixel, written)[0, 0], expected, rtol=1e-5)
    with pytest.raises(InputError, match="for 3 channels, and this model takes 1"):
        preprocess(pixel[..., :1], written)


@pytest.mark.parametrize("text", ["scale=0", "scale=1 mean=0.5 std=0", "scale=1 mean=1,2 std=1"])
def test_numbers_that_scale_nothing_are_refused(text):
    with pytest.raises(InputError):
        preprocess(np.zeros((2, 2, 2), np.float32), text)


def test_the_fit_of_the_model_is_the_default(picture):
    model = red_or_blue()
    model.fit = "resize=40 crop=32x32"
    shown = camcore.explain(model, picture(60, 90))
    assert shown.fit == model.fit
    assert (shown.heatmap.frame.x0, shown.heatmap.frame.y0) == (21, 6)
    assert camcore.explain(model, picture(60, 90), fit="stretch").heatmap.frame.x0 == 0
