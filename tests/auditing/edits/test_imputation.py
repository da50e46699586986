"""Noisy linear imputation: ramps come back, and the noise is what it says."""

import numpy as np
import pytest

from camcore.auditing.edits.imputation import impute, impute_each
from camcore.auditing.edits.regions import NAMED
from camcore.auditing.rules import RULES


def ramp(height, width):
    down, across = np.mgrid[:height, :width]
    return (20 + 2.0 * down + 1.0 * across)[None, ..., None]


@pytest.mark.parametrize("mask", ["square", "cross"])
def test_a_ramp_comes_back_exactly_but_for_the_noise(mask):
    truth = ramp(40, 60)
    hidden = np.zeros((40, 60), bool)
    hidden[10:30, 20:40] = True
    if mask == "cross":
        hidden[5:35, 28:31] = True
    given = truth.astype(np.uint8)
    given[:, hidden] = 255
    many = np.repeat(given, 400, axis=0)
    filled = impute(many, hidden, np.random.default_rng(0)).astype(float)
    np.testing.assert_array_equal(filled[0][~hidden], truth[0][~hidden])
    error = filled[:, hidden] - truth[:, hidden]
    # The mean of 400 draws: five standard errors.
    assert np.abs(error.mean(axis=0)).max() < 5 * np.hypot(RULES.fill_noise, 0.29) / 20
    assert error.std() == pytest.approx(np.hypot(RULES.fill_noise, 1 / 12**0.5), rel=0.02)


def test_each_pixel_is_the_weighted_mean_of_its_neighbours():
    image = np.zeros((1, 3, 3, 3), np.uint8)
    image[0, 0, 1] = (60, 120, 240)  # a direct neighbour: 1/6
    image[0, 2, 2] = (120, 0, 240)  # a diagonal one: 1/12
    hidden = np.zeros((3, 3), bool)
    hidden[1, 1] = True
    draws = impute(np.repeat(image, 4000, axis=0), hidden, np.random.default_rng(0))
    mean = draws[:, 1, 1].mean(axis=0)
    np.testing.assert_allclose(mean, [10 + 10, 20, 40 + 20], atol=5 * RULES.fill_noise / 4000**0.5)


@pytest.mark.parametrize("name", ["ring 1/8", "top 1/3", "corners 1/4"])
def test_at_the_border_a_constant_comes_back(name):
    image = np.full((2, 224, 224, 3), 90, np.uint8)
    mask = NAMED[name].mask(224, 224)
    image[:, mask] = 7
    filled = impute(image, mask, np.random.default_rng(0)).astype(float)
    assert np.abs(filled - 90).max() < 6 * RULES.fill_noise
    assert filled[:, mask].mean() == pytest.approx(90, abs=0.05)


def test_all_or_nothing():
    image = np.array([[0, 100], [100, 200]], np.uint8).repeat(20, 0).repeat(20, 1)[None, ..., None]
    nothing, everything = np.zeros((40, 40), bool), np.ones((40, 40), bool)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(impute(image, nothing, rng), image)
    filled = impute(image, everything, rng)
    assert filled.mean() == pytest.approx(100, abs=0.3)
    assert filled.std() == pytest.approx(np.hypot(RULES.fill_noise, 1 / 12**0.5), rel=0.1)


def test_each_image_by_its_own_mask():
    images = np.stack([np.full((30, 30, 1), level, np.uint8) for level in (50, 200)])
    masks = np.zeros((2, 30, 30), bool)
    masks[0, 5:10, 5:10] = masks[1, 20:25, 8:28] = True
    given = np.where(masks[..., None], 0, images).astype(np.uint8)
    filled = impute_each(given, masks, np.random.default_rng(0)).astype(float)
    np.testing.assert_array_equal(filled[~masks], images[~masks])
    assert np.abs(filled[masks] - images[masks]).max() < 6 * RULES.fill_noise
