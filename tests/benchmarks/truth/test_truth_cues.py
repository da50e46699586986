"""Planted cues change what they should, by as much as they should, and nothing else."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from benchmarks.truth.cues import CUES, Picture
from camcore.auditing.edits.families import FAMILIES

SIZE = 48
RNG = np.random.default_rng(5)
MASK = np.zeros((SIZE, SIZE), bool)
MASK[18:30, 18:30] = True
PLAIN = Picture(np.full((SIZE, SIZE, 3), 100, np.uint8), MASK, 0)
BUSY = Picture(RNG.integers(40, 200, (SIZE, SIZE, 3)).astype(np.uint8), MASK, 0)


def drawn(name: str, picture: Picture, strength: float | None = None) -> Picture:
    cue = CUES[name]
    return cue(picture, True, strength or cue.strengths[1], np.random.default_rng(1))


def without(name: str) -> Picture:
    cue = CUES[name]
    return cue(PLAIN, False, cue.strengths[1], np.random.default_rng(1))


def changed(name: str, picture: Picture = PLAIN, strength: float | None = None) -> np.ndarray:
    return (drawn(name, picture, strength).pixels != picture.pixels).any(axis=2)


def test_all_eleven_families_of_the_protocol():
    assert len(CUES) == 11
    assert {family for cue in CUES.values() for family in cue.accepted} <= set(FAMILIES)


@pytest.mark.parametrize("name", CUES)
def test_without_the_cue_a_picture_stays_or_has_its_counterpart(name):
    same = without(name)
    if name == "JPEG level":
        assert Image.open(io.BytesIO(same.file)).format == "JPEG"
        assert (same.pixels == PLAIN.pixels).all()  # an even picture loses nothing
    elif name == "background texture":
        assert (same.pixels[MASK] == 100).all()
        assert len(np.unique(same.pixels[~MASK])) == 1
    else:
        assert same is PLAIN


@pytest.mark.parametrize("name", CUES)
def test_a_cue_is_the_same_from_the_same_generator(name):
    assert (drawn(name, BUSY).pixels == drawn(name, BUSY).pixels).all()


@pytest.mark.parametrize("name", CUES)
def test_the_strong_cue_changes_more_than_the_weak_one(name):
    weak, strong = (
        np.abs(drawn(name, BUSY, strength).pixels.astype(int) - BUSY.pixels).sum()
        for strength in CUES[name].strengths
    )
    assert 0 < weak < strong


def test_a_fixed_tag_lies_in_the_lower_right_corner():
    where = changed("fixed tag")
    assert (where == drawn("fixed tag", PLAIN).cue).all()
    rows, columns = np.nonzero(where)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (40, 45, 40, 45)


def test_a_random_tag_lies_in_each_corner_in_turn():
    corners = set()
    for seed in range(40):
        tag = CUES["random-corner tag"](PLAIN, True, 1.0, np.random.default_rng(seed))
        rows, columns = np.nonzero(tag.cue)
        corners.add((int(rows.min()), int(columns.min())))
    assert corners == {(2, 2), (2, 40), (40, 2), (40, 40)}


def test_a_watermark_is_faint_and_at_one_place():
    where = changed("watermark")
    assert (where == changed("watermark", BUSY)).all()
    added = drawn("watermark", PLAIN).pixels.astype(int) - 100
    assert set(np.unique(added)) == {0, round(0.12 * 155)}


def test_a_frame_is_a_sixteenth_wide():
    inside = np.zeros((SIZE, SIZE), bool)
    inside[3:-3, 3:-3] = True
    assert (changed("frame") == ~inside).all()


def test_brightness_and_cast_add_what_they_say():
    assert (drawn("brightness", PLAIN, 20).pixels == 120).all()
    assert drawn("colour cast", PLAIN, 12).pixels[0, 0].tolist() == [112, 100, 88]


def test_a_sky_fills_the_top_and_fades():
    painted = drawn("sky band", PLAIN, 0.6).pixels.astype(int)
    assert painted[0, 0].tolist() == [130, 154, 193]  # .4 of 100 and .6 of the blue
    assert (painted[18:] == 100).all()
    assert (np.diff(painted[:18, 0, 2]) <= 0).all()


def test_a_texture_stays_behind_the_object():
    where = changed("background texture")
    assert not where[MASK].any()
    assert where[~MASK].mean() > 0.9


def test_a_texture_brings_no_light_along():
    waves = drawn("background texture", PLAIN).pixels[~MASK].mean()
    assert waves > 110
    assert without("background texture").pixels[~MASK].mean() == pytest.approx(waves, abs=1)


def test_noise_has_the_spread_it_says():
    noise = drawn("sensor noise", PLAIN, 8).pixels.astype(float) - 100
    assert noise.std() == pytest.approx(8, rel=0.05)


def test_a_jpeg_is_what_its_file_holds():
    coarse = drawn("JPEG level", BUSY, 10)
    assert (np.asarray(Image.open(io.BytesIO(coarse.file))) == coarse.pixels).all()
