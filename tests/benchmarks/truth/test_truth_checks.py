"""The edits that check an audit's claims do what they say, and leave alone what they should."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from benchmarks.truth.checks import (
    blurred_fill,
    brightness,
    colour,
    compression,
    detail,
    feathered,
    flat_fill,
    illumination,
    middle_mask,
    noise,
    paste,
    pattern_of,
    sharpness,
)

SIDE = 64
RNG = np.random.default_rng(3)
GREY = np.full((SIDE, SIDE, 3), 90, np.uint8)
BUSY = RNG.integers(30, 220, (SIDE, SIDE, 3)).astype(np.uint8)
DOWN, RIGHT = np.indices((SIDE, SIDE))
SMOOTH = np.repeat((60 + 2 * RIGHT + DOWN % 16)[..., None], 3, axis=2).astype(np.uint8)
CORNER = np.zeros((SIDE, SIDE), bool)
CORNER[:20, :20] = True


def soft(picture: np.ndarray, width: float) -> np.ndarray:
    return ndimage.gaussian_filter(picture.astype(float), (width, width, 0)).astype(np.uint8)


def test_a_paste_is_the_donor_inside_and_the_recipient_outside():
    pasted = paste(CORNER)(GREY, BUSY)
    assert (pasted[~CORNER] == GREY[~CORNER]).all()
    assert (pasted[:12, :12] == BUSY[:12, :12]).all()  # up to the picture's own edge


def test_the_edge_of_a_paste_is_soft_but_that_of_the_picture_is_not():
    share = feathered(CORNER)[..., 0]
    assert share[0, 0] == 1
    assert 0 < share[5, 19] < 1
    assert not share[~CORNER].any()


def test_a_flat_fill_takes_the_colour_around():
    picture = GREY.copy()
    picture[CORNER] = 255
    filled = flat_fill(picture, CORNER)
    assert (filled[:16, :16] == 90).all()
    assert (filled[~CORNER] == 90).all()


def test_a_blurred_fill_keeps_coarse_colour_and_no_detail():
    filled = blurred_fill(BUSY, CORNER)[2:14, 2:14].astype(float)
    assert filled.std() < 0.2 * BUSY[2:14, 2:14].std()
    assert filled.mean() == pytest.approx(BUSY.mean(), abs=15)


def test_brightness_reaches_the_donors_and_black_stays_black():
    recipient = BUSY.copy()
    recipient[:8] = 0
    donor = np.full_like(GREY, 150)
    lit = brightness(recipient, donor)
    assert not lit[:8].any()
    assert lit.mean() == pytest.approx(150, abs=4)
    assert (brightness(GREY, GREY) == GREY).all()


def test_colour_takes_the_tint_and_not_the_light():
    donor = np.broadcast_to(np.array([200, 160, 120], np.uint8), GREY.shape)
    tinted = colour(GREY, donor).reshape(-1, 3).mean(axis=0)
    assert tinted / tinted[1] == pytest.approx([1.25, 1.0, 0.75], abs=0.02)
    weights = np.array([0.299, 0.587, 0.114])
    assert tinted @ weights == pytest.approx(90, abs=2)


def test_illumination_brings_the_donors_light_and_not_its_content():
    donor = np.repeat((40 + 3 * RIGHT)[..., None], 3, axis=2).astype(np.uint8)
    lit = illumination(GREY, donor).astype(float).mean(axis=(0, 2))
    assert lit[-8:].mean() > lit[:8].mean() + 60
    black = np.zeros_like(GREY)
    assert not illumination(black, donor).any()


def test_sharpness_goes_both_ways():
    blurred = soft(BUSY, 1.3)
    near = sharpness(BUSY, blurred).astype(float)
    assert abs(near - blurred).mean() < 0.3 * abs(BUSY.astype(float) - blurred).mean()
    sharper = sharpness(blurred, BUSY)
    assert sharper.std() > 1.2 * blurred.std()
    assert (sharpness(BUSY, BUSY) == BUSY).all()


def test_noise_is_added_and_taken_away():
    grain = np.clip(SMOOTH + RNG.normal(0, 12, SMOOTH.shape), 0, 255).astype(np.uint8)
    added = noise(SMOOTH, grain).astype(float) - SMOOTH
    assert added.std() == pytest.approx(12, rel=0.5)
    cleaned = noise(grain, SMOOTH).astype(float)
    assert abs(cleaned - SMOOTH).mean() < 0.6 * abs(grain.astype(float) - SMOOTH).mean()


def test_compression_makes_as_many_blocks():
    file = io.BytesIO()
    coarse_donor = np.roll(SMOOTH, 7, axis=1)
    Image.fromarray(coarse_donor).save(file, "JPEG", quality=8)
    donor = np.asarray(Image.open(file))
    assert (compression(SMOOTH, donor) != SMOOTH).any()
    assert (compression(SMOOTH, SMOOTH) == SMOOTH).all()


def test_detail_is_the_donors_on_the_recipients_colours():
    made = detail(GREY, BUSY).astype(float)
    assert made.mean() == pytest.approx(90, abs=3)
    assert np.corrcoef(made.ravel(), BUSY.astype(float).ravel())[0, 1] > 0.9


def test_a_pattern_is_what_many_pictures_share():
    mark = np.zeros((SIDE, SIDE, 3))
    mark[30:34, 30:34] = 20
    pictures = RNG.integers(80, 120, (200, SIDE, SIDE, 3)) + mark
    shared = pattern_of(pictures.astype(np.uint8))
    assert shared[31:33, 31:33].mean() > 5
    assert abs(shared[:20, :20]).mean() < 2


def test_the_middle_is_an_ellipse():
    middle = middle_mask(SIDE)
    assert middle[SIDE // 2, SIDE // 2]
    assert not middle[0].any()
    assert middle.mean() == pytest.approx(np.pi / 4 * 0.8**2, abs=0.02)
