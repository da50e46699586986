"""Illumination and sharpness: what the amplitudes of low and high frequencies carry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from scipy import fft

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.probe import StatisticProbe, as_pixels
from camcore.auditing.edits.tone import luminance
from camcore.auditing.rules import RULES


@dataclass(frozen=True)
class Illumination(StatisticProbe):
    """Amplitudes of the lowest frequencies, up to 1 % of the side and one wave at least.

    The recipient keeps its phases and so its layout: Yang and Soatto, "FDA: Fourier Domain
    Adaptation", CVPR 2020, arXiv:2004.05498. Light multiplies what it falls on: the new waves over
    the old ones are a gain, so that a black ground stays black. The mean itself is left to
    `Brightness`.

    Examples
    --------
    >>> x = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    >>> def waves(height):
    ...     row = np.rint(128 + height * np.cos(x)).astype(np.uint8)
    ...     return Images(np.tile(row[:, None], (1, 32, 1, 1)))
    >>> edited = Illumination().transfer(waves(20), waves(90), np.random.default_rng(0))
    >>> int(edited.max()), int(edited.min())
    (218, 38)
    """

    name: ClassVar[str] = "illumination"
    family: ClassVar[str] = "illumination"
    cue: ClassVar[str] = "illumination"

    def measure(self, images: Images) -> np.ndarray:
        """Amplitudes in grey levels, (N, 2b + 1, 2b + 1, C), the mean's set to zero."""
        amplitude: np.ndarray = np.abs(_low(images.pixels)[0])
        return amplitude

    def impose(
        self, recipients: Images, current: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        spectrum, down, across = _low(recipients.pixels)
        target_spectrum = target * np.exp(1j * np.angle(spectrum))
        mean = recipients.pixels.mean(axis=(1, 2), keepdims=True, dtype=np.float32)
        light = [
            np.einsum("fh,nfgc,gw->nhwc", down.conj(), waves, across.conj(), optimize=True).real
            for waves in (target_spectrum, spectrum)
        ]
        after, before = (np.maximum(mean + waves, RULES.light_dimmest * mean) for waves in light)
        gain = after / np.maximum(before, 1e-6)
        return as_pixels(recipients.pixels * gain.astype(np.float32))


def _low(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Lowest Fourier coefficients (N, f, g, C) without the mean, and the waves of either axis."""
    waves = []
    for size in pixels.shape[1:3]:
        most = max(1, round(0.01 * size))
        turns = np.outer(np.arange(-most, most + 1), np.arange(size)) / size
        waves.append(np.exp(-2j * np.pi * turns).astype(np.complex64))
    down, across = waves
    values = pixels.astype(np.float32)
    coefficients = np.einsum("fh,nhwc,gw->nfgc", down, values, across, optimize=True)
    coefficients /= len(down[0]) * len(across[0])
    coefficients[:, len(down) // 2, len(across) // 2] = 0
    return coefficients, down, across


_RINGS = 64
_STEPS = 40
_SHARPEST = -30.0  # where halving begins


@dataclass(frozen=True)
class Blur(StatisticProbe):
    """Sharpness: the share of fine detail among all detail.

    Sharpness is the mean squared frequency of the luminance gradient, that is the energy of the
    Laplacian over the energy of the gradient, which neither brightness nor contrast changes. The
    recipient is blurred by the one Gaussian that gives it the donor's value; where the donor is
    sharper, its fine detail is raised, to the double at most. Edges reflect.

    Examples
    --------
    >>> from scipy.ndimage import gaussian_filter
    >>> noise = np.random.default_rng(0).normal(size=(64, 64))
    >>> scene = gaussian_filter(noise, 1, mode="reflect")
    >>> soft = gaussian_filter(scene, 1, mode="reflect")
    >>> sharp, soft = (
    ...     Images(np.rint(128 + 100 * it)[None, ..., None].clip(0, 255).astype(np.uint8))
    ...     for it in (scene, soft)
    ... )
    >>> edited = Blur().transfer(sharp, soft, np.random.default_rng(0))
    >>> bool(np.abs(edited - soft.pixels.astype(float)).max() <= 2)
    True
    """

    name: ClassVar[str] = "blur"
    family: ClassVar[str] = "blur"
    cue: ClassVar[str] = "sharpness"

    def measure(self, images: Images) -> np.ndarray:
        """Mean squared frequency of the gradient, (N,), in squared cycles a pixel."""
        energy, squared = _spectrum(images.pixels)
        return _sharpness(energy, squared, np.zeros(len(images)))

    def impose(
        self, recipients: Images, current: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        energy, squared = _spectrum(recipients.pixels)
        # Sharpness falls as the blur grows, so that halving finds the one that fits.
        low = np.full(len(recipients), _SHARPEST)
        high = np.full(len(recipients), 1000.0)
        for _ in range(_STEPS):
            middle = (low + high) / 2
            sharper = _sharpness(energy, squared, middle) > target
            low, high = np.where(sharper, middle, low), np.where(sharper, high, middle)
        blur = np.where(current == target, 0, (low + high) / 2)
        edited = recipients.pixels.astype(np.float32)
        values = fft.dctn(edited, axes=(1, 2), norm="ortho", overwrite_x=True)
        values *= _gain(blur, _squared(*edited.shape[1:3]))[..., None]
        return as_pixels(fft.idctn(values, axes=(1, 2), norm="ortho", overwrite_x=True))


def _squared(height: int, width: int) -> np.ndarray:
    """Squared frequency of each cosine, in cycles a pixel."""
    down, across = (np.arange(size, dtype=np.float32) / (2 * size) for size in (height, width))
    return np.add.outer(down**2, across**2)


def _gain(blur: np.ndarray, squared: np.ndarray) -> np.ndarray:
    """What a Gaussian (or its inverse, where `blur` is negative) leaves of each frequency."""
    exponent = np.multiply.outer(-blur.astype(np.float32), squared)
    gain: np.ndarray = np.exp(np.minimum(exponent, np.log(np.float32(RULES.sharpening_most))))
    return gain


def _spectrum(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Luminance energy of each image in rings of frequency, (N, rings), and their frequencies²."""
    values = fft.dctn(luminance(pixels), axes=(1, 2), norm="ortho", overwrite_x=True)
    values[:, 0, 0] = 0  # the mean is no detail
    order, starts, squared = _rings(*values.shape[1:])
    energy = (values * values).reshape(len(values), -1)[:, order]
    return np.add.reduceat(energy, starts, axis=1, dtype=np.float64), squared


@lru_cache(maxsize=4)
def _rings(height: int, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cosines in order of ring, where each ring starts, and its mean squared frequency."""
    squared = _squared(height, width).ravel()
    ring = np.floor(np.sqrt(2 * squared) * _RINGS)
    order = np.argsort(ring, kind="stable")
    _, starts, counts = np.unique(ring[order], return_index=True, return_counts=True)
    return order, starts, np.add.reduceat(squared[order], starts) / counts


def _sharpness(energy: np.ndarray, squared: np.ndarray, blur: np.ndarray) -> np.ndarray:
    """Mean squared frequency of the gradient once each image is blurred."""
    weight = energy * squared * _gain(blur, squared).astype(np.float64) ** 2
    means: np.ndarray = (weight * squared).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-30)
    return means
