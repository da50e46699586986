"""Noise and faint fine patterns: what is left once an image's own structure is taken off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import ndimage

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.probe import CommonProbe, StatisticProbe, as_pixels
from camcore.auditing.rules import RULES

_NORMAL_QUARTILE = 0.6745  # median of |x| for a standard normal x

# Compare and exchange these in turn, and the fourth of seven is their median (N. Devillard, "Fast
# median search", 1998). Whole arrays at once, it is far faster than a library's median filter.
_EXCHANGES = (
    (0, 5), (0, 3), (1, 6), (2, 4), (0, 1), (3, 5), (2, 6), (2, 3), (3, 6), (4, 5), (1, 4), (1, 3),
    (3, 4),
)  # fmt: skip


@dataclass(frozen=True)
class Watermark(CommonProbe):
    """The faint fine pattern that images share at its place: a translucent mark, a sensor's grid.

    The residual of an image is its deviation from a local median over about 1/10 of the side (7
    pixels at least): a median steps where an object ends, so that edges leave nothing behind, while
    a sparse mark stays whole. Deviations above `RULES.faint`, and what touches them, belong to the
    object and fade out. What the donors share is the mean of their residuals where chance does not
    explain it, and takes the place of what the recipients share. So the images of one call must
    belong together, some 10 to 100 of them: the residual of a single donor holds the texture of its
    object too, and with it would carry the object into the recipient.

    Examples
    --------
    >>> plain = Images(np.full((8, 32, 32, 1), 90, np.uint8))
    >>> marked = Images(plain.pixels + np.uint8(12) * (np.indices((32, 32, 1))[1] % 5 == 0))
    >>> edited = Watermark().transfer(plain, marked, np.random.default_rng(0))
    >>> bool((edited == marked.pixels).all())
    True
    """

    name: ClassVar[str] = "watermark"
    family: ClassVar[str] = "watermark"
    cue: ClassVar[str] = "faint fine pattern (watermark)"
    pattern: ClassVar[bool] = True

    def measure(self, images: Images) -> np.ndarray:
        """What the residuals of these images share, float32 (H, W, C)."""
        spacing = max(1, min(images.pixels.shape[1:3]) // 64)
        weight, weights, total, squares = np.zeros((4, *images.pixels.shape[1:]), np.float32)
        for image in images.pixels:
            residual = local_residual(image, spacing, RULES.faint)
            # A smooth place tells more of a faint mark than a busy one.
            busy = ndimage.uniform_filter(residual * residual, (*2 * (4 * spacing + 1,), 0))
            telling = 1 / (RULES.mark_smooth + busy)
            weight += telling
            weights += telling**2
            total += telling * residual
            squares += telling**2 * residual * residual
        mean = total / weight
        spread = np.maximum(squares / weights - mean * mean, 0)
        error = spread * weights / (weight * weight)
        return np.where(mean * mean > RULES.pattern_sure**2 * error, mean, 0)

    def impose(
        self, recipients: Images, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        return as_pixels(recipients.pixels + (target - self.measure(recipients)))


@dataclass(frozen=True)
class Noise(StatisticProbe):
    """The level of the noise: its standard deviation, alike in all channels.

    The level is the median size of the diagonal Haar detail over 0.6745 (Donoho and Johnstone,
    "Ideal spatial adaptation by wavelet shrinkage", 1994). A quieter recipient gets Gaussian noise;
    a noisier one loses that share of its deviations from a local median that are no larger than
    noise. The amount is corrected once by the level that came out, because black and white clip
    noise.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> clean = Images(np.full((1, 64, 64, 1), 128, np.uint8))
    >>> noisy = Images(rng.normal(128, 10, (1, 64, 64, 1)).astype(np.uint8))
    >>> edited = Images(Noise().transfer(clean, noisy, rng))
    >>> bool(np.abs(Noise().measure(edited) - Noise().measure(noisy)) < 1)
    True
    """

    name: ClassVar[str] = "noise"
    family: ClassVar[str] = "noise"
    cue: ClassVar[str] = "noise level"

    def measure(self, images: Images) -> np.ndarray:
        """The noise level in grey levels, (N,)."""
        return _noise_level(images.pixels)

    def impose(
        self, recipients: Images, current: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        edited = recipients.pixels.copy()
        up, down = np.flatnonzero(target > current), np.flatnonzero(target < current)
        if len(up):
            # For all, so that a recipient gets the same grain whichever the donors of the others.
            grain = rng.standard_normal(edited.shape, np.float32)
            edited[up] = _noisier(edited[up], current[up], target[up], grain[up])
        if len(down):
            edited[down] = _quieter(edited[down], current[down], target[down])
        return edited


def _noisier(
    pixels: np.ndarray, level: np.ndarray, target: np.ndarray, grain: np.ndarray
) -> np.ndarray:
    amount = np.sqrt(target**2 - level**2)
    first = as_pixels(pixels + _each(amount) * grain)
    gained = np.sqrt(np.maximum(_noise_level(first) ** 2 - level**2, 0))
    amount *= np.clip(amount / np.maximum(gained, 1e-6), 1, 2)
    return as_pixels(pixels + _each(amount) * grain)


def _quieter(pixels: np.ndarray, level: np.ndarray, target: np.ndarray) -> np.ndarray:
    faint = np.maximum(1.0, RULES.noise_certain * level)
    pairs = zip(pixels, faint, strict=True)
    noise = np.stack([local_residual(image, 1, most) for image, most in pairs])
    lost = level - _noise_level(as_pixels(pixels - noise))
    share = np.clip((level - target) / np.maximum(lost, 1e-6), 0, 1)
    return as_pixels(pixels - _each(share) * noise)


def _each(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32)[:, None, None, None]


def local_residual(image: np.ndarray, spacing: int, faint: float) -> np.ndarray:
    """Deviation of one image from its local median, fading out above `faint`.

    Parameters
    ----------
    image : ndarray, shape (H, W, C), whole grey levels
    spacing : int
        Pixels between the seven of either axis that the median is taken of.
    faint : float
        Largest deviation, in grey levels, that stays in full; from twice this nothing is left.

    Returns
    -------
    ndarray, float32, shape (H, W, C)

    Examples
    --------
    >>> image = np.zeros((9, 9, 1), np.uint8)
    >>> image[4, 4] = 9
    >>> float(local_residual(image, 1, 64)[4, 4, 0]), float(local_residual(image, 1, 4)[4, 4, 0])
    (9.0, 0.0)
    """
    residual = image.astype(np.int16)
    residual -= _median(_taps(_median(_taps(image, 0, 3, spacing)), 1, 3, spacing))
    most = np.maximum.reduce(_taps(np.abs(residual), 0, 1, 1))
    most = np.maximum.reduce(_taps(most, 1, 1, 1))
    gain: np.ndarray = residual * np.clip(2 - most / np.float32(faint), 0, 1)
    return gain


def _taps(image: np.ndarray, axis: int, reach: int, spacing: int) -> list[np.ndarray]:
    """The image moved by -reach to reach times `spacing` along one axis; the border mirrors."""
    margin = [(0, 0)] * image.ndim
    margin[axis] = (reach * spacing, reach * spacing)
    padded = np.pad(image, margin, mode="reflect").swapaxes(0, axis)
    steps = range(0, (2 * reach + 1) * spacing, spacing)
    return [padded[step : step + image.shape[axis]].swapaxes(0, axis) for step in steps]


def _median(taps: list[np.ndarray]) -> np.ndarray:
    for low, high in _EXCHANGES:
        taps[low], taps[high] = np.minimum(taps[low], taps[high]), np.maximum(taps[low], taps[high])
    return taps[3]


def _noise_level(pixels: np.ndarray) -> np.ndarray:
    """Median diagonal Haar detail of 2x2 blocks over 0.6745, float64 (N,)."""
    height, width = (size // 2 * 2 for size in pixels.shape[1:3])
    even = pixels[:, :height, :width].astype(np.int16)
    detail = even[:, ::2, ::2] - even[:, ::2, 1::2] - even[:, 1::2, ::2] + even[:, 1::2, 1::2]
    sizes = np.abs(detail).reshape(len(pixels), -1)
    return np.array([_median_of_counts(np.bincount(it)) for it in sizes]) / 2 / _NORMAL_QUARTILE


def _median_of_counts(counts: np.ndarray) -> float:
    """Median of whole numbers from 0 read as rounded ones: inside the bin that holds it."""
    total = np.cumsum(counts)
    bin = int(np.searchsorted(total, total[-1] / 2))
    inside = (total[-1] / 2 - (total[bin] - counts[bin])) / counts[bin]
    median: float = 0.5 * inside if bin == 0 else bin - 0.5 + inside
    return median
