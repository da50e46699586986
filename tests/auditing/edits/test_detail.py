"""Fine detail: spectra that break off or go on."""

import numpy as np
import pytest
from PIL import Image

from camcore.auditing.edits import Images
from camcore.auditing.edits.detail import Detail

RNG = np.random.default_rng(0)  # the edit does not draw from it


def noise(seed, size=64, channels=3):
    return np.random.default_rng(seed).integers(60, 196, (1, size, size, channels)).astype(np.uint8)


def thumbnail(pixels, share, how=Image.Resampling.BICUBIC):
    size = pixels.shape[1]
    small = Image.fromarray(pixels[0]).resize((round(share * size),) * 2, Image.Resampling.BOX)
    return np.asarray(small.resize((size, size), how))[None]


@pytest.mark.parametrize("share", [0.25, 0.45])
@pytest.mark.parametrize("how", [Image.Resampling.BICUBIC, Image.Resampling.BILINEAR])
def test_a_thumbnail_that_was_scaled_up_hands_on_its_resolution(share, how):
    """The donor shows another scene; the recipient's own thumbnail is what must come out."""
    fine, truth = noise(0), thumbnail(noise(0), share, how)
    edited = Detail().transfer(Images(fine), Images(thumbnail(noise(1), share, how)), RNG)
    change, expected = (it.astype(float) - fine for it in (edited, truth))
    assert 0.8 <= (change * expected).sum() / (expected**2).sum() <= 1.1
    assert ((change - expected) ** 2).sum() <= 0.2 * (expected**2).sum()
    levels = Detail().measure(Images(edited)) - Detail().measure(Images(truth))
    assert np.abs(levels).max() < 1


def test_a_fine_donor_changes_a_fine_picture_little():
    edited = Detail().transfer(Images(noise(0)), Images(noise(1)), RNG).astype(float)
    assert np.abs(edited - noise(0)).mean() < 5


def test_what_was_imposed_is_told():
    fine, coarse = Images(noise(0)), Images(thumbnail(noise(1), 0.3))
    edited = Detail().transfer(fine, coarse, RNG)
    assert Detail().imposed(fine, coarse, edited)[0] == pytest.approx(1, abs=0.1)
    assert Detail().imposed(fine, coarse, fine.pixels)[0] == 0
    back = Detail().transfer(coarse, fine, RNG)  # raised to the double at most
    assert Detail().imposed(coarse, fine, back)[0] < 0.7


def test_small_pictures_have_no_such_bands():
    assert not Detail().applies(Images(noise(0, size=28)))
    assert Detail().applies(Images(noise(0)))
