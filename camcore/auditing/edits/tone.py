"""Brightness and colour of the whole image: a curve of tones, and a line of colour over tones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.probe import StatisticProbe, as_pixels
from camcore.auditing.rules import RULES

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
"""Weights of R, G and B in the luminance of gamma-coded pixels (ITU-R BT.601)."""

# R, G, B -> luminance, R - luminance, B - luminance.
_OPPONENT = np.stack([LUMA, [1, 0, 0] - LUMA, [0, 0, 1] - LUMA]).astype(np.float64)
_BACK = np.linalg.inv(_OPPONENT)
_TONES = (0.25, 0.5, 0.75)


def luminance(pixels: np.ndarray) -> np.ndarray:
    """Luminance of uint8 (..., C) pixels, float32 (...) in 0..255.

    Examples
    --------
    >>> luminance(np.array([[10], [20]], np.uint8)).tolist()
    [10.0, 20.0]
    """
    if pixels.shape[-1] == 1:
        return pixels[..., 0].astype(np.float32)
    return pixels.astype(np.float32) @ LUMA


def _gain(recipient: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """Ratio of two spreads; below one grey level a spread is rounding."""
    factors: np.ndarray = np.clip(
        np.maximum(donor, 1) / np.maximum(recipient, 1), 1 / RULES.stretch_most, RULES.stretch_most
    )
    return factors


@dataclass(frozen=True)
class Brightness(StatisticProbe):
    """Tones: the black point, the white point, and the quartiles of the luminance in between.

    All channels go through one rising curve that takes the recipient's tones to the donor's, as
    another exposure and contrast would do: one-dimensional optimal transport (Pitie, Kokaram and
    Dahyot, "Automated colour grading using colour distribution transfer", 2007), by five numbers.
    Pixels at the black or white point are ground or clipped light and say how large an object is;
    mean and spread over all of them would lay gray over a black ground. So black stays black where
    donor and recipient both have it, however much of it they have.

    Examples
    --------
    >>> dark = Images(np.full((1, 28, 28, 3), 40, np.uint8))
    >>> light = Images(np.full((1, 28, 28, 3), 200, np.uint8))
    >>> int(Brightness().transfer(dark, light, np.random.default_rng(0)).max())
    200
    """

    name: ClassVar[str] = "brightness"
    family: ClassVar[str] = "brightness"
    cue: ClassVar[str] = "brightness"

    def measure(self, images: Images) -> np.ndarray:
        """Black point, the tones between, and white point, (N, 5), in grey levels, rising."""
        values = luminance(images.pixels).reshape(len(images), -1)
        return np.array([_tones(levels) for levels in values]).reshape(-1, 5)

    def impose(
        self, recipients: Images, current: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        curves = np.stack([_curve(*tones) for tones in zip(current, target, strict=True)])
        pairs = zip(as_pixels(curves), recipients.pixels, strict=True)
        return np.stack([table[image] for table, image in pairs])


def _tones(levels: np.ndarray) -> np.ndarray:
    """Black point, quartiles between, and white point of some luminances."""
    black, white = np.quantile(levels, [RULES.tone_ends, 1 - RULES.tone_ends])
    near = RULES.tone_near * (white - black)
    between = levels[(levels > black + near) & (levels < white - near)]
    if len(between) < max(1, RULES.tones_fewest * len(levels)):
        tones: np.ndarray = black + np.array([0, *_TONES, 1]) * (white - black)
        return tones
    return np.array([black, *np.quantile(between, _TONES), white])


def _curve(tones: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Grey level that each of 256 becomes, float64 (256,): rising, and nowhere too steep.

    Below the black point and above the white point it goes on at the mean slope between them.
    """
    reachable = _within_reach(tones, target)
    for k in range(1, len(tones)):
        steepest = RULES.stretch_most * (tones[k] - tones[k - 1])
        highest = min(reachable[k - 1] + steepest, reachable[-1])
        lowest = max(reachable[k - 1], reachable[-1] - RULES.stretch_most * (tones[-1] - tones[k]))
        reachable[k] = np.clip(reachable[k], lowest, highest)
    levels = np.arange(256.0)
    width = tones[-1] - tones[0]
    slope = (reachable[-1] - reachable[0]) / width if width >= 1 else 1.0
    outside = np.minimum(levels - tones[0], 0) + np.maximum(levels - tones[-1], 0)
    mapped: np.ndarray = np.interp(levels, tones, reachable) + slope * outside
    return mapped


def _within_reach(tones: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The target's tones; drawn together where the recipient's would be stretched too far.

    They are drawn together around the level that stretching leaves as it is, so that a black
    ground stays black, or around the median where stretching moves every level of the recipient.
    """
    width = tones[-1] - tones[0]
    gain = (target[-1] - target[0]) / max(width, 1.0)
    if gain <= RULES.stretch_most:
        return target.astype(np.float64)
    stays = (target[0] - gain * tones[0]) / (1 - gain)
    near = RULES.tone_near * (target[-1] - target[0])
    if width >= 1 and tones[0] - near <= stays <= tones[-1] + near:
        pivot = np.clip(stays, tones[0], tones[-1])
        centre = target[0] + gain * (pivot - tones[0])
    else:
        pivot, centre = tones[2], target[2]
    reachable: np.ndarray = centre + (target - centre) * (RULES.stretch_most / gain)
    return reachable


@dataclass(frozen=True)
class Colour(StatisticProbe):
    """Colour as a line over luminance, and the spread around that line; luminance stays.

    With y luminance and u either opponent colour (R - y or B - y), each image has
    ``u = level + slope * y + rest``. The recipient takes the donor's level and slope, and its rest
    is scaled to the donor's spread. Mean and spread alone would miss coloured objects on black:
    only the slope tells a red digit from a green one. Opponent colours and not Lab, because they
    are linear: luminance is kept exactly. Only where a colour does not exist at a luminance (red
    on black), luminance gives way and not the colour.

    Examples
    --------
    >>> gray = Images(np.full((1, 28, 28, 3), 128, np.uint8))
    >>> red = Images(np.full((1, 28, 28, 3), [160, 100, 100], np.uint8))
    >>> Colour().transfer(gray, red, np.random.default_rng(0))[0, 0, 0].tolist()
    [170, 110, 110]
    """

    name: ClassVar[str] = "colour"
    family: ClassVar[str] = "colour"
    cue: ClassVar[str] = "colour cast"

    def applies(self, images: Images) -> bool:
        pixels = images.pixels
        return pixels.shape[-1] == 3 and bool((pixels[..., :1] != pixels[..., 1:]).any())

    def measure(self, images: Images) -> np.ndarray:
        """Level, slope and spread of both opponent colours, (N, 3, 2)."""
        flat = images.pixels.reshape(len(images), -1, 3).astype(np.float32)
        size = flat.shape[1]
        mean = (np.ones(size, np.float32) @ flat).astype(np.float64) / size @ _OPPONENT.T
        second = (flat.transpose(0, 2, 1) @ flat).astype(np.float64) / size
        spread = _OPPONENT @ second @ _OPPONENT.T - mean[:, :, None] * mean[:, None, :]
        slope = spread[:, 0, 1:] / (spread[:, 0, :1] + RULES.colour_ridge)
        level = mean[:, 1:] - slope * mean[:, :1]
        variance = spread[:, [1, 2], [1, 2]]
        rest = variance - 2 * slope * spread[:, 0, 1:] + slope**2 * spread[:, 0, :1]
        return np.stack([level, slope, np.sqrt(np.maximum(rest, 0))], axis=1)

    def impose(
        self, recipients: Images, current: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        gain = _gain(current[:, 2], target[:, 2])
        # One affine map of R, G, B an image: y' = y, u' = gain * u + slope * y + level.
        change = np.zeros((len(recipients), 3, 3))
        change[:, 0, 0] = 1
        change[:, [1, 2], [1, 2]] = gain
        change[:, 1:, 0] = target[:, 1] - gain * current[:, 1]
        offset = np.zeros((len(recipients), 3))
        offset[:, 1:] = target[:, 0] - gain * current[:, 0]
        matrix = (_BACK @ change @ _OPPONENT).astype(np.float32)
        shift = (offset @ _BACK.T).astype(np.float32)
        flat = recipients.pixels.reshape(len(recipients), -1, 3).astype(np.float32)
        edited = flat @ matrix.transpose(0, 2, 1) + shift[:, None]
        return as_pixels(_in_gamut(edited)).reshape(recipients.pixels.shape)


def _in_gamut(colours: np.ndarray) -> np.ndarray:
    """Lift or lower each pixel (..., 3) until no channel is clipped; overwrites `colours`."""
    red, green, blue = np.moveaxis(colours, -1, 0)
    low = np.minimum(np.minimum(red, green), blue)
    high = np.maximum(np.maximum(red, green), blue)
    colours -= (np.minimum(low, 0) + np.maximum(high - 255, 0))[..., None]
    return colours
