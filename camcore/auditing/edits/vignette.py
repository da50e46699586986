"""The fall of light from the middle of a picture to its corners."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.probe import StatisticProbe, as_pixels
from camcore.auditing.edits.tone import luminance
from camcore.auditing.rules import RULES

_DARK, _LIGHT = 8, 247  # grey levels: beyond them clipping hides how the light falls
_MOST = np.log(4.0)  # a lens takes no more than two stops from a corner


@dataclass(frozen=True)
class Vignette(StatisticProbe):
    """How much the light falls towards the corners, as a lens lets it, in natural logarithms.

    With r the distance from the middle over that of a corner, the fall is the slope of the
    logarithm of luminance against r² (the first term of a lens's law: Goldman, "Vignette and
    exposure calibration and compensation", IEEE TPAMI 32(12), 2010), by least squares over pixels
    that are not clipped. The recipient is multiplied by ``exp(change * r²)``: its middle stays, and
    so do black pixels.

    Examples
    --------
    >>> plain = Images(np.full((1, 33, 33, 1), 200, np.uint8))
    >>> level, half = np.zeros(1), np.array([np.log(0.5)])
    >>> fallen = Images(Vignette().impose(plain, level, half, np.random.default_rng(0)))
    >>> int(fallen.pixels[0, 16, 16, 0]), int(fallen.pixels[0, 0, 0, 0])
    (200, 100)
    >>> round(float(np.exp(Vignette().measure(fallen))[0]), 2)
    0.5
    """

    name: ClassVar[str] = "vignette"
    family: ClassVar[str] = "illumination"
    cue: ClassVar[str] = "fall of light towards the corners (vignette)"

    def measure(self, images: Images) -> np.ndarray:
        """Change of the logarithm of luminance from the middle to a corner, (N,)."""
        distance = _distance(*images.pixels.shape[1:3]).ravel()
        levels = luminance(images.pixels).reshape(len(images), -1)
        clear = (levels >= _DARK) & (levels <= _LIGHT)
        count = clear.sum(axis=1)
        weights = clear / np.maximum(count, 1)[:, None]
        logs = np.log(np.maximum(levels, 1.0))
        mean = weights @ distance
        spread = weights @ distance**2 - mean**2
        slope = ((weights * logs) @ distance) - mean * (weights * logs).sum(axis=1)
        measurable = (count >= RULES.light_fewest * distance.size) & (spread > 1e-6)
        fall = np.divide(slope, spread, out=np.zeros(len(levels)), where=measurable)
        bounded: np.ndarray = np.clip(fall, -_MOST, _MOST)
        return bounded

    def impose(
        self, recipients: Images, current: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        change = (target - current).astype(np.float32)
        change = np.clip(change, -_MOST, _MOST)
        gain = np.exp(np.multiply.outer(change, _distance(*recipients.pixels.shape[1:3])))
        return as_pixels(recipients.pixels * gain[..., None])


def _distance(height: int, width: int) -> np.ndarray:
    """Squared distance from the middle over that of a corner pixel, float32 (H, W)."""
    down, across = (
        (2 * np.arange(side, dtype=np.float32) + 1 - side) / max(side - 1, 1)
        for side in (height, width)
    )
    return np.add.outer(down**2, across**2) / 2
