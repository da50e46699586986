"""Illumination and sharpness: planted waves and Gaussians of a known width."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter, laplace

from camcore.auditing.edits import Images
from camcore.auditing.edits.frequency import Blur, Illumination

RNG = np.random.default_rng(0)  # neither edit draws from it


def textures(channels=1, count=3, size=64, seed=0):
    """Textures with detail at all scales, unclipped."""
    noise = np.random.default_rng(seed).normal(size=(count, size, size, channels))
    values = sum(scale * gaussian_filter(noise, (0, scale, scale, 0)) for scale in (0.6, 2, 5))
    return 128 + 25 * values / values.std()


def seen(values):
    assert values.min() >= 0
    assert values.max() <= 255
    return Images(np.rint(values).astype(np.uint8))


def blurred(values, width):
    return gaussian_filter(values, (0, width, width, 0), mode="reflect", truncate=8)


def detail(pixels):
    return np.array([laplace(it.astype(float)).var() for it in pixels[..., 0]])


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("width", [0.7, 1.0])
def test_a_planted_blur_comes_back(channels, width):
    sharp = textures(channels)
    soft = seen(blurred(sharp, width))
    edited = Blur().transfer(seen(sharp), soft, RNG).astype(int)
    assert np.abs(edited - soft.pixels).max() <= 2
    assert np.abs(seen(sharp).pixels.astype(int) - soft.pixels).max() > 15


@pytest.mark.parametrize("width", [0.7, 1.0])
def test_sharpness_moves_to_the_donors_both_ways(width):
    """Donors show another scene: only their sharpness can be taken over."""
    first, other = textures(seed=0), textures(seed=1)
    sharp, soft = seen(first), seen(blurred(other, width))
    down = Blur().transfer(sharp, soft, RNG)
    got, given = (np.sort(Blur().measure(it)) for it in (Images(down), soft))
    np.testing.assert_allclose(got, given, rtol=0.1)
    assert (detail(down) < detail(sharp.pixels) / 2).all()
    assert (np.sort(detail(down)) > np.sort(detail(soft.pixels)) / 2).all()
    up = Blur().transfer(soft, sharp, RNG)
    before, after, expected = map(detail, (soft.pixels, up, sharp.pixels))
    assert (after > 1.5 * before).all()
    assert after.mean() < 1.1 * expected.mean()


def test_sharpness_is_not_contrast_and_not_brightness():
    values = textures()
    paler = 60 + 0.5 * values
    np.testing.assert_allclose(Blur().measure(seen(values)), Blur().measure(seen(paler)), rtol=0.02)


def test_a_flat_image_stays_flat():
    flat = seen(np.full((3, 64, 64, 1), 90.0))
    assert (Blur().transfer(flat, seen(textures()), RNG) == 90).all()
    assert (Illumination().measure(flat) < 1).all()


def light(heights, size=64, mean=120.0):
    """Waves of light, one turn down and one across, over a fine pattern that it falls on."""
    turns = 2 * np.pi * np.arange(size) / size
    waves = heights[0] * np.cos(turns + 0.4)[:, None] + heights[1] * np.sin(turns)[None]
    pattern = 0.9 + 0.2 * (np.indices((size, size)).sum(axis=0) % 2)
    return (mean * (1 + waves) * pattern)[None, :, :, None]


def test_low_amplitudes_become_the_donors_and_phases_stay():
    """Light multiplies: the same pattern under the donor's heights, exactly but for rounding."""
    recipients, donors = seen(light((0.1, 0.3))), seen(np.roll(light((0.3, 0.1)), 9, axis=(1, 2)))
    edited = Illumination().transfer(recipients, donors, RNG).astype(float)
    assert np.abs(edited - light((0.3, 0.1))).max() <= 2
    assert np.abs(recipients.pixels - light((0.3, 0.1))).max() > 30


def test_light_leaves_a_black_ground_black():
    recipients, donors = seen(light((0.1, 0.3))), seen(light((0.4, 0.4)))
    recipients.pixels[:, :20] = 0
    edited = Illumination().transfer(recipients, donors, RNG)
    assert (edited[:, :20] == 0).all()
    assert (edited[:, 20:] != recipients.pixels[:, 20:]).any()
