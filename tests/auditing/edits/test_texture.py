"""Texture: planted waves are carried over, at another place in each image; nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.texture import Texture

COUNT = 24
SIZES = [(28, 28, 1), (28, 28, 3), (48, 40, 3), (96, 96, 1)]


def images(values: np.ndarray, channels: int = 1) -> Images:
    pixels = np.rint(values).clip(0, 255).astype(np.uint8)
    return Images(np.repeat(pixels[..., None], channels, axis=3))


def waves(height: int, width: int, size: float, seed: int = 0, length: float = 5.0) -> np.ndarray:
    """Slanted waves on gray, each begun at random, (N, H, W)."""
    down, across = np.indices((height, width))
    phases = np.random.default_rng(seed).uniform(0, 2 * np.pi, COUNT)[:, None, None]
    return 100 + size * np.sin(2 * np.pi * (down + 0.5 * across) / length + phases)


def amplitude(edited: np.ndarray, length: float = 5.0) -> float:
    """Of the planted wave, by its own Fourier coefficient, on average over the images."""
    values = edited[..., 0].astype(float)
    values -= values.mean(axis=(1, 2), keepdims=True)
    down, across = np.indices(values.shape[1:])
    probe = np.exp(-2j * np.pi * (down + 0.5 * across) / length)
    return float(2 * np.abs((values * probe).mean(axis=(1, 2))).mean())


def handed(recipients: Images, donors: Images) -> np.ndarray:
    return Texture().transfer(recipients, donors, np.random.default_rng(0))


@pytest.mark.parametrize(("height", "width", "channels"), SIZES)
def test_waves_are_given_and_taken(height, width, channels):
    plain, waved = (images(waves(height, width, size), channels) for size in (0, 14))
    given, taken = handed(plain, waved), handed(waved, plain)
    spread = waved.pixels.std()
    assert given.std() == pytest.approx(spread, rel=0.15)
    assert amplitude(given) > 0.5 * amplitude(waved.pixels)  # the rest at frequencies beside it
    assert amplitude(taken) < 0.25 * amplitude(waved.pixels)
    assert (given == given[..., :1]).all()


def test_the_waves_begin_at_another_place_in_each_image():
    plain, waved = (images(waves(48, 48, size)) for size in (0, 14))
    given = handed(plain, waved).astype(float)
    assert given.mean(axis=0).std() < 0.4 * given.std()


def test_waves_are_read_off_a_quarter():
    plain, waved = (images(waves(48, 48, size)) for size in (0, 14))
    quarters = waved.quarters(np.random.default_rng(0))
    assert handed(plain, quarters).std() == pytest.approx(waved.pixels.std(), rel=0.25)


def test_as_many_waves_as_there_are_change_little():
    first, second = (images(waves(48, 48, 14, seed)) for seed in (0, 1))
    change = handed(first, second).astype(float) - first.pixels
    assert np.abs(change).mean() < 0.25 * first.pixels.std()


@pytest.mark.parametrize("level", [6, 20])
def test_noise_is_no_texture(level):
    plain = images(waves(48, 48, 0))
    grain = np.random.default_rng(3).normal(0, level, (COUNT, 48, 48))
    assert np.abs(handed(plain, images(100 + grain)).astype(float) - plain.pixels).mean() < 1


def test_aligned_objects_with_hard_edges_are_no_texture():
    plain = waves(48, 48, 0)
    box = np.zeros((48, 48))
    box[16:32, 16:32] = 130
    assert (handed(images(plain), images(plain + box)) == 100).all()


def test_objects_that_hide_waves_take_nothing_from_them():
    box = np.zeros((48, 48), bool)
    box[12:36, 12:36] = True
    plain, waved = (images(np.where(box, 250, waves(48, 48, size))) for size in (0, 14))
    given = handed(plain, waved)
    beside = [pixels[:, ~box, 0].astype(float).std() for pixels in (given, waved.pixels)]
    assert beside[0] == pytest.approx(beside[1], rel=0.2)


def test_waves_that_all_classes_have_are_usual_and_stay():
    first, second = (images(waves(48, 48, 14, seed)) for seed in (0, 1))
    usual = Texture().neutral(first, second, np.random.default_rng(0)).astype(float)
    plain = images(waves(48, 48, 0))
    gone = Texture().neutral(first, plain, np.random.default_rng(0))
    assert np.abs(usual - first.pixels).mean() < 0.25 * first.pixels.std()
    assert amplitude(gone) < 0.25 * amplitude(first.pixels)
