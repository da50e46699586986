"""Cues of natural pictures: what they change, and where."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from benchmarks.truth.cues import Picture
from benchmarks.truth.natural_cues import MOVING, NATURAL_CUES

RNG = np.random.default_rng(5)
SIZES = ((64, 64), (180, 240))


def busy(size: tuple[int, int], soft: float = 1) -> Picture:
    pixels = ndimage.gaussian_filter(RNG.uniform(0, 255, (*size, 3)), (soft, soft, 0))
    pixels = 4 * (pixels - pixels.mean()) + 110
    return Picture(pixels.clip(0, 255).astype(np.uint8), np.zeros(size, bool), 0)


def drawn(name: str, picture: Picture, strength: float | None = None, seed: int = 1) -> Picture:
    cue = NATURAL_CUES[name]
    return cue(picture, True, strength or cue.strengths[1], np.random.default_rng(seed))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", NATURAL_CUES)
def test_a_cue_changes_a_picture_of_any_shape_and_the_strong_one_more(name, size):
    picture = busy(size)
    weak, strong = (
        np.abs(drawn(name, picture, strength).pixels.astype(int) - picture.pixels).sum()
        for strength in NATURAL_CUES[name].strengths
    )
    assert 0 < weak < strong
    assert drawn(name, picture).pixels.shape == (*size, 3)


@pytest.mark.parametrize("name", NATURAL_CUES)
def test_a_cue_is_the_same_from_the_same_generator(name):
    picture = busy(SIZES[0])
    assert (drawn(name, picture).pixels == drawn(name, picture).pixels).all()


@pytest.mark.parametrize("name", ["ruler", "marker", "small watermark", "red border"])
def test_a_local_cue_changes_nothing_beside_its_place(name):
    picture = busy(SIZES[1])
    made = drawn(name, picture)
    assert (
        not (made.pixels != picture.pixels)
        .any(axis=2)[ndimage.binary_dilation(made.cue) ^ True]
        .any()
    )


@pytest.mark.parametrize("name", ["ruler", "marker"])
def test_what_moves_lies_elsewhere_each_time(name):
    assert name in MOVING
    picture = busy(SIZES[0])
    centres = {ndimage.center_of_mass(drawn(name, picture, seed=seed).cue) for seed in range(20)}
    assert len(centres) > 15
    assert np.ptp([row for row, _ in centres]) > 20


def test_a_date_stays_in_its_corner_and_tells_another_day():
    picture = busy(SIZES[1])
    made = [drawn("date stamp", picture, seed=seed) for seed in range(5)]
    for dated in made:
        assert not dated.cue[:120].any()
    assert len({dated.pixels.tobytes() for dated in made}) == 5


def test_a_small_watermark_is_always_the_same():
    picture = busy(SIZES[0])
    assert (
        drawn("small watermark", picture, seed=1).pixels
        == drawn("small watermark", picture, seed=2).pixels
    ).all()


def test_a_tiled_mark_is_everywhere_and_begins_elsewhere():
    picture = busy(SIZES[1])
    changed = [
        (drawn("tiled mark", picture, seed=seed).pixels != picture.pixels).any(axis=2)
        for seed in range(3)
    ]
    for change in changed:
        for quarter in (change[:90, :120], change[90:, :120], change[:90, 120:], change[90:, 120:]):
            assert 0.02 < quarter.mean() < 0.5
    assert (changed[0] != changed[1]).any()


def test_a_vignette_darkens_corners_and_not_the_middle():
    picture = Picture(np.full((64, 64, 3), 100, np.uint8), np.zeros((64, 64), bool), 0)
    made = drawn("vignette", picture, 0.6).pixels
    assert made[0, 0, 0] == pytest.approx(40, abs=1)
    assert made[32, 32, 0] == pytest.approx(100, abs=1)


def test_an_upscaled_picture_has_lost_its_detail():
    picture = busy(SIZES[0])
    made = drawn("upscaled", picture).pixels.astype(float)
    edges = [
        np.abs(np.diff(pixels, axis=1)).mean() for pixels in (picture.pixels.astype(float), made)
    ]
    assert edges[1] < 0.6 * edges[0]


def test_a_picture_saved_again_has_the_file_of_any_other():
    picture = busy(SIZES[0], soft=4)
    cue = NATURAL_CUES["JPEG saved again"]
    with_it, without = (cue(picture, present, 10, RNG) for present in (True, False))
    tables = [Image.open(io.BytesIO(marked.file)).quantization for marked in (with_it, without)]
    assert tables[0] == tables[1]
    lost = [
        np.abs(marked.pixels.astype(int) - picture.pixels).mean() for marked in (with_it, without)
    ]
    assert lost[0] > 3 * lost[1]


def test_two_cues_at_once_are_a_bar_and_a_tint():
    picture = busy(SIZES[0])
    made = drawn("ruler and cast", picture)
    beside = (made.pixels.astype(int) - picture.pixels)[~made.cue].mean(axis=0)
    assert beside[0] > 15
    assert beside[2] < -15
