"""Noise and watermarks: planted ones are carried over, the object stays."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from camcore.auditing.edits import Images
from camcore.auditing.edits.residual import Noise, Watermark

COUNT = 16


def scenes(size, channels, seed=0):
    """Soft backgrounds with a hard-edged object of contrast 100, each at its own place."""
    rng = np.random.default_rng(seed)
    soft = gaussian_filter(rng.normal(size=(COUNT, size, size, 1)), (0, size / 4, size / 4, 0))
    values = np.repeat(80 + 8 * soft / soft.std(), channels, axis=-1)
    masks = np.zeros((COUNT, size, size), bool)
    side = size // 3
    for mask, (row, column) in zip(
        masks, rng.integers(size // 6, size // 2, (COUNT, 2)), strict=True
    ):
        mask[row : row + side, column : column + side] = True
    values[masks] += 100
    return values, masks


def seen(values):
    return Images(np.rint(values).clip(0, 255).astype(np.uint8))


def stripes(size, height):
    down, across = np.mgrid[:size, :size]
    mark = np.where((down + 2 * across) % 9 < 3, 1.0, 0.0)
    return height * (mark - mark.mean())[None, ..., None]


def correlation(first, other):
    return np.corrcoef(first.ravel(), other.ravel())[0, 1]


SIZES = [(28, 1), (64, 3), (128, 3)]


@pytest.mark.parametrize(
    ("size", "channels", "height"),
    [(28, 1, 8), (28, 1, 24), (28, 1, 48), (64, 3, 8), (64, 3, 48), (128, 3, 16)],
)
def test_a_translucent_watermark_is_carried_over_and_taken_away(size, channels, height):
    scene, other = scenes(size, channels)[0], scenes(size, channels, seed=1)[0]
    mark = stripes(size, height)
    plain, marked = noisy(scene, 3), noisy(other + mark, 3, seed=6)
    rng = np.random.default_rng(0)
    added = Watermark().transfer(plain, marked, rng).astype(float) - plain.pixels
    taken = marked.pixels - Watermark().transfer(marked, plain, rng).astype(float)
    for change in (added, taken):
        assert correlation(change, np.broadcast_to(mark, change.shape)) > 0.9
        assert 0.7 < change.std() / mark.std() < 1.1


@pytest.mark.parametrize(("size", "channels"), SIZES)
def test_objects_stay_where_they_are(size, channels):
    pixels, masks = scenes(size, channels)
    other, others = scenes(size, channels, seed=1)
    recipients, donors = noisy(pixels, 3), noisy(other, 3, seed=6)
    edited = Watermark().transfer(recipients, donors, np.random.default_rng(0))
    change = edited.astype(float) - recipients.pixels
    for image_change, mask, foreign in zip(change, masks, others, strict=True):
        lost = image_change[~mask].mean() - image_change[mask].mean()
        assert abs(lost) < 3  # of a contrast of 100
        gained = image_change[foreign & ~mask].mean() - image_change[~foreign & ~mask].mean()
        assert abs(gained) < 3


@pytest.mark.parametrize("size", [28, 64])
def test_even_aligned_objects_stay(size):
    """The same place in every donor, hard edges of contrast 100: too strong for a faint pattern."""
    box = np.zeros((1, size, size, 1))
    box[:, size // 3 : 2 * size // 3, size // 3 : 2 * size // 3] = 100
    plain = np.full((COUNT, size, size, 1), 80.0)
    recipients, donors = noisy(plain, 3), noisy(plain + box, 3, seed=6)
    edited = Watermark().transfer(recipients, donors, np.random.default_rng(0)).astype(float)
    gained = (edited - recipients.pixels).mean(axis=0)[box[0] > 0].mean()
    assert abs(gained) < 3


def test_a_mark_on_all_classes_is_usual_and_stays():
    values = scenes(64, 1)[0]
    mark = stripes(64, 10)
    marked, plain = noisy(values + mark, 2), noisy(values, 2, seed=6)
    rng = np.random.default_rng(0)
    cleaned = marked.pixels - Watermark().neutral(marked, plain, rng).astype(float)
    kept = marked.pixels - Watermark().neutral(marked, marked, rng).astype(float)
    assert correlation(cleaned, np.broadcast_to(mark, cleaned.shape)) > 0.9
    assert np.abs(kept).max() == 0


def noisy(values, level, seed=5):
    return seen(values + np.random.default_rng(seed).normal(0, level, values.shape))


@pytest.mark.parametrize(("size", "channels"), [(64, 1), (128, 3)])
@pytest.mark.parametrize("level", [4, 10, 25])
def test_noise_levels_are_measured(size, channels, level):
    values, _ = scenes(size, channels)
    np.testing.assert_allclose(Noise().measure(noisy(values, level)), level, rtol=0.1)


@pytest.mark.parametrize(("low", "high"), [(0, 12), (5, 20), (10, 12)])
def test_the_noise_level_becomes_the_donors_both_ways(low, high):
    quiet = noisy(scenes(64, 3)[0], low)
    loud = noisy(scenes(64, 3, seed=1)[0], high, seed=6)
    rng = np.random.default_rng(0)
    louder, quieter = Noise().transfer(quiet, loud, rng), Noise().transfer(loud, quiet, rng)
    np.testing.assert_allclose(Noise().measure(Images(louder)), Noise().measure(loud), rtol=0.1)
    np.testing.assert_allclose(
        Noise().measure(Images(quieter)), Noise().measure(quiet), rtol=0.1, atol=high / 4
    )


def test_less_noise_leaves_edges():
    values, masks = scenes(64, 1)
    loud = noisy(values, 12)
    quieter = Noise().transfer(loud, seen(values), np.random.default_rng(0)).astype(float)
    before = np.sqrt(np.square(loud.pixels - values).mean())
    after = np.sqrt(np.square(quieter - values).mean())
    assert after < before / 2
    for image, truth, mask in zip(quieter, values, masks, strict=True):
        contrast = image[mask].mean() - image[~mask].mean()
        assert contrast == pytest.approx(truth[mask].mean() - truth[~mask].mean(), abs=5)


def test_noise_on_black_has_the_level_that_is_measured_there():
    black = np.zeros((3, 64, 64, 1))
    donors = noisy(black, 30)
    edited = Noise().transfer(seen(black), donors, np.random.default_rng(0))
    np.testing.assert_allclose(edited.mean(), donors.pixels.mean(), rtol=0.15)
