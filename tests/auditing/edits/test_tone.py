"""Brightness and colour: the donor's statistics, by hand."""

import numpy as np
import pytest

from camcore.auditing.edits import Images
from camcore.auditing.edits.tone import Brightness, Colour, luminance

RNG = np.random.default_rng(0)  # neither edit draws from it


def scene(mean, spread, channels=3, seed=0, count=4):
    values = np.random.default_rng(seed).normal(mean, spread, (count, 40, 50, channels))
    return Images(np.rint(values).clip(0, 255).astype(np.uint8))


@pytest.mark.parametrize("channels", [1, 3])
def test_the_tones_become_the_donors(channels):
    recipients, donors = scene(100, 10, channels), scene(140, 18, channels, seed=1)
    edited = Brightness().transfer(recipients, donors, RNG)
    shares = [0.01, 0.25, 0.5, 0.75, 0.99]
    got, expected, before = (
        np.quantile(luminance(it).reshape(4, -1), shares, axis=1)
        for it in (edited, donors.pixels, recipients.pixels)
    )
    assert np.abs(got - expected).max() <= 2
    assert np.abs(before - expected).max() >= 20


def garment(width, tone, ground=0, size=64):
    """A garment of one width and tone in the middle of a plain ground."""
    picture = np.full((1, size, size, 1), ground, np.uint8)
    shades = np.random.default_rng(width).integers(tone - 30, tone + 31, (size - 8, width, 1))
    left = (size - width) // 2
    picture[0, 4:-4, left : left + width] = shades
    return Images(picture)


@pytest.mark.parametrize(("own", "other"), [(12, 50), (50, 12)])
@pytest.mark.parametrize(("tone", "donors"), [(60, 180), (180, 60), (120, 120)])
def test_black_ground_stays_black_whatever_the_size_of_the_garment(own, other, tone, donors):
    recipient, donor = garment(own, tone), garment(other, donors)
    edited = Brightness().transfer(recipient, donor, RNG)
    ground = recipient.pixels == 0
    assert (edited[ground] == 0).all()
    assert abs(np.median(edited[~ground]) - donors) <= 8  # of shades 60 wide


def test_white_ground_stays_white():
    recipient, donor = garment(12, 150, ground=255), garment(50, 80, ground=255)
    edited = Brightness().transfer(recipient, donor, RNG)
    assert (edited[recipient.pixels == 255] == 255).all()


def test_a_ground_that_the_donors_have_in_gray_becomes_gray():
    """The control of black that stays black: light that was added lies on the ground as well."""
    edited = Brightness().transfer(garment(20, 100), garment(40, 140, ground=40), RNG)
    np.testing.assert_array_equal(edited[garment(20, 100).pixels == 0], 40)


def test_the_size_of_a_garment_moves_no_tone():
    edited = Brightness().transfer(garment(12, 120), garment(50, 120), RNG)
    assert np.abs(edited.astype(int) - garment(12, 120).pixels).max() <= 8


def test_brightness_undoes_a_known_exposure():
    pixels = np.random.default_rng(0).integers(60, 120, (2, 30, 30, 3))
    plain, exposed = (Images(it.astype(np.uint8)) for it in (pixels, 2 * pixels + 10))
    edited = Brightness().transfer(plain, exposed, RNG)
    np.testing.assert_array_equal(edited, exposed.pixels)
    back = Brightness().transfer(exposed, plain, RNG).astype(int)
    assert np.abs(back - plain.pixels).max() <= 1


def test_brightness_leaves_the_hue_where_nothing_is_clipped():
    gray = np.repeat(np.random.default_rng(0).integers(50, 90, (1, 30, 30, 1)), 3, axis=-1)
    edited = Brightness().transfer(Images(gray.astype(np.uint8)), scene(130, 15, count=1), RNG)
    assert (edited[..., :1] == edited).all()


def test_a_flat_image_takes_the_mean_and_shows_no_rounding():
    flat = Images(np.full((1, 28, 28, 1), 80, np.uint8))
    edited = Brightness().transfer(flat, scene(150, 30, 1, count=1), RNG)
    assert np.ptp(edited) == 0
    assert abs(edited.mean() - 150) <= 3


def test_neutral_brightness_is_the_usual_one():
    reference = Images(np.full((5, 28, 28, 1), 0, np.uint8) + np.uint8([[[[90]]]]))
    recipients = scene(150, 20, 1)
    edited = Brightness().neutral(recipients, reference, RNG)
    np.testing.assert_allclose(edited.mean(axis=(1, 2, 3)), 90, atol=0.5)


def tinted(cast, spread, seed):
    """Gray scenes whose colours vary without changing luminance, all under one cast."""
    rng = np.random.default_rng(seed)
    gray = rng.normal(120, 20, (4, 40, 50, 1))
    colour = spread * rng.normal(size=gray.shape) * [0.114, 0, -0.299]
    colour += spread * rng.normal(size=gray.shape) * [0.587, -0.299, 0]
    return Images(np.rint(gray + colour + cast).clip(0, 255).astype(np.uint8))


def test_colour_leaves_luminance():
    recipients, donors = tinted([0, 0, 0], 4, seed=0), tinted([30, 0, -20], 9, seed=1)
    edited = Colour().transfer(recipients, donors, RNG)
    assert np.abs(luminance(edited) - luminance(recipients.pixels)).max() <= 0.51
    for channel in (0, 2):
        got, expected, before = (
            (it[..., channel].astype(float) - luminance(it)).reshape(4, -1)
            for it in (edited, donors.pixels, recipients.pixels)
        )
        np.testing.assert_allclose(got.mean(axis=1), expected.mean(axis=1), atol=0.2)
        np.testing.assert_allclose(got.std(axis=1), expected.std(axis=1), atol=0.4)
        assert np.abs(before.mean(axis=1) - expected.mean(axis=1)).min() > 10


def test_a_white_balance_is_carried_over_whatever_the_luminance():
    """A gain for each channel: the cast of the light, on gray scenes of different exposure."""
    rng = np.random.default_rng(0)
    first, second = rng.integers(20, 110, (1, 40, 40, 1)), rng.integers(70, 160, (1, 40, 40, 1))
    light = np.array([1.2, 1.0, 0.6])
    donors = Images(np.rint(first * light).astype(np.uint8))
    recipients = Images(np.repeat(second, 3, axis=-1).astype(np.uint8))
    edited = Colour().transfer(recipients, donors, RNG).astype(float)
    ratios = edited.mean(axis=(0, 1, 2)) / edited.mean()
    np.testing.assert_allclose(ratios, light / light.mean(), atol=0.03)


def test_coloured_objects_on_black_change_their_colour():
    masks = np.zeros((1, 28, 28, 1), bool)
    masks[:, 8:20, 10:18] = True
    red = Images((masks * np.array([200, 40, 40])).astype(np.uint8))
    green = Images((np.roll(masks, 3, 1) * np.array([40, 200, 40])).astype(np.uint8))
    edited = Colour().transfer(green, red, RNG)[np.roll(masks, 3, 1)[..., 0]].mean(axis=0)
    assert edited[0] > 3 * edited[1:].max()
