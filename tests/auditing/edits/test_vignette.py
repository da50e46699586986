"""The fall of light towards the corners."""

import numpy as np
import pytest

from camcore.auditing.edits import Images
from camcore.auditing.edits.vignette import Vignette

RNG = np.random.default_rng(0)  # the edit does not draw from it


def fallen(fall, size=41, channels=3, seed=0):
    """Shades under light that falls by a factor exp(fall) from the middle to the corners."""
    side = (2 * np.arange(size) + 1 - size) / (size - 1)
    squared = np.add.outer(side**2, side**2) / 2
    shades = np.random.default_rng(seed).integers(90, 180, (1, size, size, channels))
    return Images(np.rint(shades * np.exp(fall * squared)[..., None]).astype(np.uint8))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("fall", [0.0, -0.5, -1.0])
def test_the_fall_is_read_off_whatever_the_shades(channels, fall):
    assert Vignette().measure(fallen(fall, channels=channels))[0] == pytest.approx(fall, abs=0.05)


def test_the_fall_of_a_donor_comes_over_and_nothing_else():
    level, other = fallen(0.0), fallen(-0.8, seed=1)
    edited = Vignette().transfer(level, other, RNG).astype(float)
    expected = fallen(-0.8).pixels
    assert np.abs(edited - expected).max() <= 8
    assert np.abs(level.pixels - expected.astype(float)).max() > 60


def test_black_stays_black_and_the_size_of_an_object_is_no_fall_of_light():
    small, large = (np.zeros((1, 41, 41, 1), np.uint8) for _ in range(2))
    small[:, 15:26, 15:26], large[:, 3:38, 3:38] = 150, 150
    edited = Vignette().transfer(Images(small), Images(large), RNG)
    np.testing.assert_array_equal(edited, small)


def test_a_flat_or_clipped_picture_tells_no_fall():
    for level in (0, 255):
        assert Vignette().measure(Images(np.full((2, 20, 20, 1), level, np.uint8))).tolist() == [
            0,
            0,
        ]
