"""JPEG compression: the recipient is compressed as strongly as the donor."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from PIL import Image

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.probe import StatisticProbe
from camcore.auditing.edits.tone import luminance

UNCOMPRESSED = 100.0

_QUALITIES = range(5, 100, 5)
_SHIFTS = tuple((step, 3 * step % 8) for step in range(8))  # each row and column of a block once
_SAMPLE = 64


@dataclass(frozen=True)
class Compression(StatisticProbe):
    """JPEG quality: of the file where that is known, else read from the pixels.

    A recipient of higher quality is encoded again at the donor's. One of lower quality is smoothed
    first, by the mean of copies that are shifted, encoded at their own quality and shifted back
    (Nosratinia, "Enhancement of JPEG-compressed images by re-application of JPEG", 2001): block
    edges and ringing fade, lost detail stays lost. Equal qualities change nothing.

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
        found = self.measure(images.take(slice(None, None, -(-len(images) // _SAMPLE) or 1)))
        return len(found) > 0 and found.max() - found.min() >= 1

    def measure(self, images: Images) -> np.ndarray:
        """JPEG quality, (N,); `UNCOMPRESSED` where no compression is known or seen."""
        known = np.full(len(images), np.nan) if images.quality is None else images.quality.copy()
        for index in np.flatnonzero(np.isnan(known)):
            known[index] = quality_from_pixels(images.pixels[index])
        quality: np.ndarray = np.clip(known, 1, UNCOMPRESSED)
        return quality

    def impose(
        self, recipients: Images, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        edited = recipients.pixels.copy()
        for image, own, wanted in zip(edited, self.measure(recipients), target, strict=True):
            if wanted > own:
                image[:] = _smoothed(image, own)
            if wanted != own and wanted < UNCOMPRESSED:
                image[:] = encoded(image, wanted)
        return edited


def encoded(image: np.ndarray, quality: float) -> np.ndarray:
    """Encode uint8 (H, W, C) as JPEG and decode it again.

    Examples
    --------
    >>> encoded(np.full((8, 8, 1), 77, np.uint8), 50).shape
    (8, 8, 1)
    """
    file = io.BytesIO()
    shown = Image.fromarray(image[..., 0] if image.shape[2] == 1 else image)
    shown.save(file, "JPEG", quality=round(quality))
    return np.asarray(Image.open(file)).reshape(image.shape)


def quality_from_pixels(image: np.ndarray) -> float:
    """JPEG quality that uint8 (H, W, C) pixels were once encoded at, to the next 5.

    Encoding again at that quality changes the pixels less than a little below or above it (Farid,
    "Exposing digital forgeries from JPEG ghosts", 2009). Pixels that were resized since then, or
    never encoded, show no such dip and count as `UNCOMPRESSED`.

    Examples
    --------
    >>> scene = np.random.default_rng(0).integers(0, 256, (64, 64, 1)).astype(np.uint8)
    >>> quality_from_pixels(encoded(scene, 30)), quality_from_pixels(scene)
    (30.0, 100.0)
    """
    height, width = (min(size // 8 * 8, 128) for size in image.shape[:2])
    gray = np.rint(luminance(image[:height, :width])).astype(np.uint8)[..., None]
    again = np.stack([encoded(gray, quality) for quality in _QUALITIES])
    errors = np.square(again - gray.astype(np.float32)).mean(axis=(1, 2, 3))
    around = np.minimum(errors[:-2], errors[2:])
    dip = (errors[1:-1] + 0.05) / (around + 0.05)
    best = int(dip.argmin())
    return float(_QUALITIES[best + 1]) if dip[best] < 0.5 else UNCOMPRESSED


def _smoothed(image: np.ndarray, quality: float) -> np.ndarray:
    total = np.zeros(image.shape, np.float32)
    for move in _SHIFTS:
        back = (-move[0], -move[1])
        total += np.roll(encoded(np.roll(image, move, (0, 1)), quality), back, (0, 1))
    return np.rint(total / len(_SHIFTS)).astype(np.uint8)
