"""Texture: waves that images of a class share, at another place in each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy import fft, ndimage

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.probe import CommonProbe, as_pixels
from camcore.auditing.edits.residual import local_residual
from camcore.auditing.edits.tone import luminance
from camcore.auditing.rules import RULES


@dataclass(frozen=True)
class Texture(CommonProbe):
    """The waves that images share: lines, a weave, a screen, wherever they begin.

    What counts is the mean power spectrum of the images' faint residuals (as in `Watermark`, which
    asks for a place as well), as far as it stands out from the median of all directions at the
    same frequency: neither noise nor sharpness does. A recipient with less gets waves of that power
    and random phase (Galerne, Gousseau and Morel, "Random phase textures: theory and synthesis",
    IEEE Transactions on Image Processing 20(1), 2011), alike in all channels; one with more
    loses that share of its own. The images of one call must belong together.

    Examples
    --------
    >>> down = np.indices((32, 32, 1))[0]
    >>> def waves(height, phase):
    ...     return np.rint(90 + height * np.sin(down * np.pi / 2 + phase)).astype(np.uint8)
    >>> plain, waved = (Images(np.stack([waves(h, p) for p in range(8)])) for h in (0, 20))
    >>> edited = Texture().transfer(plain, waved, np.random.default_rng(0))
    >>> bool(abs(edited.std() / waved.pixels.std() - 1) < 0.2)
    True
    """

    name: ClassVar[str] = "texture"
    family: ClassVar[str] = "texture"
    cue: ClassVar[str] = "repeating texture"
    everywhere: ClassVar[bool] = True
    pattern: ClassVar[bool] = True

    def measure(self, images: Images) -> np.ndarray:
        """Power of the waves that these images share, float32 (H, W).

        In squared grey levels; the mean over all frequencies is the variance that waves add.
        """
        power, usual = _power(_residuals(images.pixels))
        excess: np.ndarray = power - usual
        return excess

    def impose(
        self, recipients: Images, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        residuals = _residuals(recipients.pixels)
        power, usual = _power(residuals)
        missing = _resampled(target, *power.shape) - (power - usual)
        added = np.maximum(missing, 0)
        kept = np.sqrt(np.clip(1 + missing / np.maximum(power, 1e-6), 0, 1))
        waves, lost = np.empty_like(residuals), residuals
        for wave, residual in zip(waves, lost, strict=True):
            phases = fft.fft2(rng.standard_normal(residual.shape, np.float32))
            phases /= np.maximum(np.abs(phases), 1e-6)
            wave[:] = fft.ifft2(phases * np.sqrt(added * power.size)).real
            residual[:] = fft.ifft2((1 - kept) * fft.fft2(residual)).real
        first = as_pixels(recipients.pixels + (waves - lost)[..., None])
        # What objects hide of waves is no less in the recipients than it was in the donors.
        gained = (_power(_residuals(first))[0] - power)[added > 0].sum()
        short = np.sqrt(added.sum() / max(gained, 1e-6))
        return as_pixels(recipients.pixels + (np.clip(short, 0.5, 2) * waves - lost)[..., None])


def _residuals(pixels: np.ndarray) -> np.ndarray:
    """Faint deviations of the luminance from its local median, (N, H, W)."""
    spacing = max(1, min(pixels.shape[1:3]) // 64)
    gray = np.rint(luminance(pixels)).astype(np.int16)[..., None]
    return np.stack([local_residual(image, spacing, RULES.faint)[..., 0] for image in gray])


def _power(residuals: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean power of each frequency, and what is usual where it stands out; (H, W) each."""
    height, width = residuals.shape[1:]
    power = np.zeros((height, width), np.float32)
    for residual in residuals:
        power += np.square(np.abs(fft.fft2(residual))) / residuals.size
    squared = np.add.outer(fft.fftfreq(height) ** 2, fft.fftfreq(width) ** 2)
    ring = np.rint(np.sqrt(squared) * min(height, width)).astype(int)
    usual = ndimage.median(power, ring, np.arange(ring.max() + 1))[ring]
    return power, np.where(power > RULES.wave_stands_out * usual, usual, power)


def _resampled(power: np.ndarray, height: int, width: int) -> np.ndarray:
    """Power at the frequencies of images of another size."""
    if power.shape == (height, width):
        return power
    at = [
        fft.fftfreq(size) * length + length // 2
        for size, length in zip((height, width), power.shape, strict=True)
    ]
    return ndimage.map_coordinates(
        fft.fftshift(power), np.meshgrid(*at, indexing="ij"), order=1, mode="nearest"
    )
