"""JPEG compression: the recipients are compressed as strongly as the donors."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np
from PIL import Image
from scipy import fft

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.probe import StatisticProbe, as_pixels
from camcore.auditing.edits.tone import luminance
from camcore.auditing.rules import RULES

UNCOMPRESSED = 100.0

_QUALITIES = np.arange(5, 97)  # beyond, steps are as small as the rounding of pixels
_ENOUGH = 8  # coefficients that are not zero
READ = (128, 128)
"""Pixels, at most, that a quality is read from."""
_SHIFTS = tuple((step, 3 * step % 8) for step in range(8))  # each row and column of a block once
_SAMPLE = 64


@dataclass(frozen=True)
class Compression(StatisticProbe):
    """JPEG quality: of the file where that is known, else read from the pixels.

    A recipient of higher quality is encoded again at the donor's, at the resolution of its own
    file: blocks of 8 pixels there are smaller where the model sees the file scaled down. What
    encoding changes is then scaled to what the model sees, and added. One of lower quality is
    smoothed first, by the mean of copies that are shifted, encoded at their own quality and shifted
    back (Nosratinia, "Enhancement of JPEG-compressed images by re-application of JPEG", 2001):
    block edges and ringing fade, lost detail stays lost. Equal qualities change nothing.

    Examples
    --------
    >>> scene = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype(np.uint8)
    >>> fine, coarse = (Images(scene, quality=np.float32([q])) for q in (95, 10))
    >>> edited = Compression().transfer(fine, coarse, np.random.default_rng(0))
    >>> bool((edited == encoded(scene[0], 10)).all())
    True
    """

    name: ClassVar[str] = "compression"
    family: ClassVar[str] = "compression"
    cue: ClassVar[str] = "compression (JPEG quality)"

    def applies(self, images: Images) -> bool:
        """Whether qualities differ, among some images from first to last."""
        qualities = self.measure(images.take(slice(None, None, -(-len(images) // _SAMPLE) or 1)))
        return len(qualities) > 0 and qualities.max() - qualities.min() >= 1

    def measure(self, images: Images) -> np.ndarray:
        """JPEG quality, (N,); `UNCOMPRESSED` where no compression is known or seen."""
        known = np.full(len(images), np.nan) if images.quality is None else images.quality.copy()
        for index in np.flatnonzero(np.isnan(known)):
            known[index] = quality_from_pixels(images.pixels[index])
        quality: np.ndarray = np.clip(known, 1, UNCOMPRESSED)
        return quality

    def impose(
        self, recipients: Images, current: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        edited = recipients.pixels.copy()
        height, width = edited.shape[1:3]
        scales = np.ones((len(edited), 2)) if recipients.scale is None else recipients.scale
        for k, (before, after) in enumerate(zip(current, target, strict=True)):
            if after == before:
                continue
            down, across = np.clip(scales[k], 1 / RULES.file_scale_most, RULES.file_scale_most)
            size = max(8, round(float(across * width))), max(8, round(float(down * height)))
            in_file = _resized(edited[k], size)
            changed = _smoothed(in_file, float(before)) if after > before else in_file
            if after < UNCOMPRESSED:
                changed = encoded(changed, float(after))
            if size == (width, height):
                edited[k] = changed
            else:
                change = changed - in_file.astype(np.float32)
                edited[k] = as_pixels(edited[k] + _scaled(change, (width, height)))
        return edited


def encoded(image: np.ndarray, quality: float) -> np.ndarray:
    """Encode uint8 (H, W, C) as JPEG and decode it again.

    Examples
    --------
    >>> encoded(np.full((8, 8, 1), 77, np.uint8), 50).shape
    (8, 8, 1)
    """
    file = io.BytesIO()
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    picture.save(file, "JPEG", quality=round(quality))
    return np.asarray(Image.open(file)).reshape(image.shape)


def quality_from_pixels(image: np.ndarray) -> float:
    """JPEG quality that uint8 (H, W, C) pixels were once encoded at.

    Encoding leaves the cosine coefficients of 8 x 8 blocks at whole steps of its table (Fan and de
    Queiroz, "Identification of bitmap compression history", IEEE Transactions on Image Processing
    12(2), 2003). The quality is that whose steps leave least of the coefficients between them, as
    a share of what chance would: whole steps of 4 are whole steps of 2 too, but lie as far off as a
    larger share of those. A later encoding at finer steps blurs this only little. Pixels that were
    resized since, or never encoded, show no steps and count as `UNCOMPRESSED`.

    Examples
    --------
    >>> scene = np.random.default_rng(0).integers(60, 196, (64, 64, 1)).astype(np.uint8)
    >>> quality_from_pixels(encoded(scene, 12)), quality_from_pixels(scene)
    (12.0, 100.0)
    """
    height, width = (
        min(size // 8 * 8, most) for size, most in zip(image.shape[:2], READ, strict=True)
    )
    if min(height, width) == 0:
        return UNCOMPRESSED
    gray = luminance(image[:height, :width]) - 128
    blocks = gray.reshape(height // 8, 8, width // 8, 8).swapaxes(1, 2).reshape(-1, 8, 8)
    coefficients = fft.dctn(blocks, axes=(1, 2), norm="ortho").reshape(-1, 64)[:, 1:]
    best, least = UNCOMPRESSED, RULES.on_steps
    for quality, steps in zip(_QUALITIES, _steps(), strict=True):
        whole = np.rint(coefficients / steps)
        informative = (whole != 0) & (steps >= 2)
        if informative.sum() < _ENOUGH:
            continue
        between = ((coefficients - whole * steps) ** 2 * (12 / steps**2))[informative].mean()
        if between < least:
            best, least = float(quality), float(between)
    return best


@lru_cache(maxsize=1)
def _steps() -> np.ndarray:
    """Luminance steps of each of `_QUALITIES` but the mean's, (qualities, 63), row by row."""
    tables = []
    for quality in _QUALITIES.tolist():
        file = io.BytesIO()
        Image.new("L", (8, 8)).save(file, "JPEG", quality=quality)
        tables.append(Image.open(file).quantization[0][1:])  # type: ignore[attr-defined]
    return np.array(tables, np.float32)


def _resized(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Uint8 (H, W, C) at another width and height."""
    if size == (image.shape[1], image.shape[0]):
        return image
    picture = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    again = np.asarray(picture.resize(size, Image.Resampling.BICUBIC))
    return again.reshape(size[1], size[0], image.shape[2])


def _scaled(change: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Float32 (H, W, C) at another width and height, as pictures are fitted to a model."""
    return np.stack(
        [
            np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR))
            for plane in np.moveaxis(change, -1, 0)
        ],
        axis=-1,
    )


def _smoothed(image: np.ndarray, quality: float) -> np.ndarray:
    total = np.zeros(image.shape, np.float32)
    for move in _SHIFTS:
        back = (-move[0], -move[1])
        total += np.roll(encoded(np.roll(image, move, (0, 1)), quality), back, (0, 1))
    return np.rint(total / len(_SHIFTS)).astype(np.uint8)
