"""Compression: what Pillow encodes at a quality is found and made again."""

import io

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import gaussian_filter

from camcore.auditing.edits import Images
from camcore.auditing.edits.compression import (
    UNCOMPRESSED,
    Compression,
    encoded,
    quality_from_pixels,
)

RNG = np.random.default_rng(0)  # the edit does not draw from it


def scenes(channels, size=64, count=4, seed=0):
    noise = np.random.default_rng(seed).normal(size=(count, size, size, channels))
    values = gaussian_filter(noise, (0, 1, 1, 0)) + 4 * gaussian_filter(noise, (0, 6, 6, 0))
    return np.rint(128 + 40 * values / values.std()).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_the_recipient_is_encoded_at_the_donors_quality(channels, mode):
    pixels = scenes(channels)
    recipients = Images(pixels, quality=np.float32([95, 95, np.nan, 20]))
    donors = Images(pixels, quality=np.float32([20, 95, 40, 20]))
    edited = Compression().transfer(recipients, donors, RNG)

    def by_hand(image, quality):
        file = io.BytesIO()
        Image.fromarray(image.squeeze(), mode).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file)).reshape(image.shape)

    # The coarsest recipient gets the coarsest quality, 20, and so on up to one of no JPEG.
    np.testing.assert_array_equal(edited[0], by_hand(pixels[0], 20))
    np.testing.assert_array_equal(edited[1], by_hand(pixels[1], 40))
    np.testing.assert_array_equal(edited[2], by_hand(pixels[2], 95))
    np.testing.assert_array_equal(edited[3], pixels[3])


@pytest.mark.parametrize("quality", [8, 12, 18, 33, 50, 75, 90])
def test_the_quality_is_read_exactly_off_pixels(quality):
    for scene in scenes(3):
        assert quality_from_pixels(encoded(scene, quality)) == quality
        assert quality_from_pixels(scene) == UNCOMPRESSED


@pytest.mark.parametrize("quality", [10, 20])
def test_a_file_that_was_saved_again_shows_its_first_quality(quality):
    for scene in scenes(3, size=128):
        assert abs(quality_from_pixels(encoded(encoded(scene, quality), 95)) - quality) <= 1


def test_a_scaled_picture_is_compressed_as_its_file_would_be():
    """At twice the size, the same quality takes less from what the model sees, as from a file."""
    files = scenes(1, size=128, count=3)

    def seen(images):
        pictures = [Image.fromarray(it[..., 0]) for it in images]
        small = [it.resize((64, 64), Image.Resampling.BILINEAR) for it in pictures]
        return np.stack([np.asarray(it)[..., None] for it in small])

    truth = seen([encoded(it, 10) for it in files]).astype(float) - seen(files)
    donors = Images(seen(files), quality=np.full(3, 10, np.float32))
    for scale, least, most in ((2.0, 0.8, 1.2), (1.0, 2.0, 4.0)):
        recipients = Images(
            seen(files), quality=np.full(3, 100, np.float32), scale=np.full((3, 2), scale)
        )
        change = Compression().transfer(recipients, donors, RNG).astype(float) - recipients.pixels
        assert least <= change.std() / truth.std() <= most


def blockiness(pixels):
    """Mean step across block borders over the mean step inside blocks."""
    steps = np.abs(np.diff(pixels.astype(float), axis=2)).mean(axis=(0, 1, 3))
    border = np.arange(len(steps)) % 8 == 7
    return steps[border].mean() / steps[~border].mean()


def test_a_finer_donor_takes_the_blocks_away():
    plain = np.rint(gaussian_filter(scenes(1).astype(float), (0, 4, 4, 0))).astype(np.uint8)
    coarse = np.stack([encoded(image, 10) for image in plain])
    recipients = Images(coarse, quality=np.full(4, 10, np.float32))
    donors = Images(plain, quality=np.full(4, 95, np.float32))
    edited = Compression().transfer(recipients, donors, RNG)
    assert blockiness(coarse) > 2
    assert blockiness(edited) < 1 + (blockiness(coarse) - 1) / 2
    error = [np.square(it.astype(float) - plain).mean() for it in (coarse, edited)]
    assert error[1] < error[0]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 64, 200])
@pytest.mark.parametrize("quality", [10, 30, 60, 85])
def test_quality_is_read_from_pixels(channels, size, quality):
    qualities = [quality_from_pixels(encoded(it, quality)) for it in scenes(channels, size)]
    assert np.abs(np.median(qualities) - quality) <= 5


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [28, 64, 200])
def test_pixels_that_were_never_encoded_say_so(channels, size):
    assert [quality_from_pixels(it) for it in scenes(channels, size)] == [UNCOMPRESSED] * 4


def test_without_known_qualities_the_pixels_decide():
    fine = scenes(1)
    coarse = np.stack([encoded(image, 30) for image in fine])
    edited = Compression().transfer(Images(fine), Images(coarse), RNG)
    np.testing.assert_array_equal(edited, coarse)
    assert Compression().applies(Images(np.concatenate([fine, coarse])))
    assert not Compression().applies(Images(fine))


def test_qualities_that_differ_late_are_found():
    pixels = np.zeros((300, 28, 28, 1), np.uint8)
    quality = np.repeat(np.float32([90, 20]), 150)
    assert Compression().applies(Images(pixels, quality=quality))
    assert not Compression().applies(Images(pixels, quality=np.full(300, 90, np.float32)))
    assert not Compression().applies(Images(pixels[:0]))


def test_neutral_is_the_usual_quality():
    recipients = Images(scenes(3), quality=np.full(4, 95, np.float32))
    reference = Images(scenes(3), quality=np.float32([10, 30, 40, 90]))
    edited = Compression().neutral(recipients, reference, RNG)
    np.testing.assert_array_equal(edited[2], encoded(recipients.pixels[2], 35))
