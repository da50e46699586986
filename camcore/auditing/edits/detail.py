"""Fine detail: how power goes on towards the finest frequencies, or breaks off before them."""

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

_EDGES = np.array([1, 2, 4, 6, 8, 10, 12, 14, 16]) / 16  # of bands, over the finest frequency
_ROUNDING = 1 / 12  # variance of rounding to whole grey levels
_LEAST = 32  # pixels of a side that has such bands


@dataclass(frozen=True)
class Detail(StatisticProbe):
    """Power of fine bands of frequency over that of the coarse ones, in logarithms.

    A picture scaled up from a thumbnail has next to none beyond its old resolution, one through a
    soft lens less and less, one that was sharpened more: `Blur` knows them by one number, and one
    Gaussian can stand for a break in the spectrum only by half. The recipient's bands get the
    donor's power, raised to the double amplitude at most; phases and all coarse detail stay. Bands
    are square, as scaling cuts them. Edges reflect.

    Examples
    --------
    >>> fine = np.random.default_rng(0).integers(80, 176, (1, 64, 64, 1)).astype(np.uint8)
    >>> coarse = np.repeat(np.repeat(fine[:, ::4, ::4], 4, axis=1), 4, axis=2)
    >>> edited = Images(Detail().transfer(Images(fine), Images(coarse), np.random.default_rng(0)))
    >>> bool(np.abs(Detail().measure(edited) - Detail().measure(Images(coarse))).max() < 0.5)
    True
    """

    name: ClassVar[str] = "detail"
    family: ClassVar[str] = "blur"
    cue: ClassVar[str] = "fine detail (resolution)"

    def applies(self, images: Images) -> bool:
        return len(images) > 0 and min(images.pixels.shape[1:3]) >= _LEAST

    def measure(self, images: Images) -> np.ndarray:
        """Mean power of each fine band over that of the coarsest, natural logarithm, (N, 7)."""
        values = fft.dctn(luminance(images.pixels), axes=(1, 2), norm="ortho", overwrite_x=True)
        power = np.square(values).reshape(len(values), -1)
        band = _bands(*values.shape[1:])
        size = np.bincount(band, minlength=len(_EDGES) + 1)
        sums = np.stack([np.bincount(band, image_power, len(_EDGES) + 1) for image_power in power])
        levels = np.log(sums[:, 1:-1] / size[1:-1] + _ROUNDING)
        return levels[:, 1:] - levels[:, :1]

    def impose(
        self, recipients: Images, current: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        gain = np.minimum((target - current) / 2, np.log(RULES.sharpening_most))
        gain = np.pad(gain, ((0, 0), (1, 0)))  # what is coarse stays
        shares = _shares(*recipients.pixels.shape[1:3])
        middles = (_EDGES[1:] + _EDGES[:-1]) / 2
        edited = recipients.pixels.astype(np.float32)
        for image, image_gain in zip(edited, gain, strict=True):
            values = fft.dctn(image, axes=(0, 1), norm="ortho")
            values *= np.exp(np.interp(shares, middles, image_gain)).astype(np.float32)[..., None]
            image[:] = fft.idctn(values, axes=(0, 1), norm="ortho", overwrite_x=True)
        return as_pixels(edited)


@lru_cache(maxsize=4)
def _shares(height: int, width: int) -> np.ndarray:
    """Frequency of each cosine over the finest of its axis, the larger of both, (H, W)."""
    return np.maximum.outer(np.arange(height) / height, np.arange(width) / width)


@lru_cache(maxsize=4)
def _bands(height: int, width: int) -> np.ndarray:
    """Index of the first of `_EDGES` above each cosine, (H * W,); 0 below all of them."""
    return np.searchsorted(_EDGES, _shares(height, width).ravel(), side="right")
