"""Edits that check an audit's claims, written apart from the audit's own.

Nothing here is shared with `camcore.auditing`: an alarm that is an artefact of the audit's edits
must not pass because this program makes the same edit. All of them work on uint8 pictures of one
size, (S, S, 3), and make the recipient more like the donor in one thing. Those of a property keep
black black: an edit that no picture of the data could be tells nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import numpy as np
from PIL import Image
from scipy import ndimage

from benchmarks.truth.cues import whole

Edit = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(recipient, donor) -> the recipient edited; uint8 (S, S, 3) each."""

_FEATHER = 1 / 48  # of the side: the soft edge of what is pasted
_SOFT = 1 / 10  # of the side: what a blurred fill leaves
_MIDDLE = 0.8  # of either side: the ellipse that a middle is
_LOW = 1 / 5  # of the side: what light is, and no content
_FINE = 1 / 40  # of the side: below this it is detail
_GAIN = (1 / 3, 3.0)
_BLURS = (0.4, 0.6, 0.8, 1.0, 1.3, 1.7, 2.2, 3.0)  # pixels
_QUALITIES = (8, 12, 20, 30, 45, 60, 80)
_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601


def region_mask(region: dict[str, Any], side: int) -> np.ndarray:
    """The cells of a finding's region, bool (side, side).

    Examples
    --------
    >>> region_mask({"rows": 2, "columns": 2, "cells": [[0, 1]]}, 4).astype(int).tolist()
    [[0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    """
    mask = np.zeros((side, side), bool)
    rows = np.rint(np.linspace(0, side, region["rows"] + 1)).astype(int)
    columns = np.rint(np.linspace(0, side, region["columns"] + 1)).astype(int)
    for row, column in region["cells"]:
        mask[rows[row] : rows[row + 1], columns[column] : columns[column + 1]] = True
    return mask


def middle_mask(side: int) -> np.ndarray:
    """An ellipse around the middle of a picture, bool (side, side)."""
    axis = (np.arange(side) + 0.5) * 2 / side - 1
    inside: np.ndarray = np.hypot(axis[:, None], axis[None, :]) <= _MIDDLE
    return inside


def feathered(mask: np.ndarray) -> np.ndarray:
    """A mask with a soft edge inside it, 0..1, (S, S, 1): nothing outside is touched.

    Edges of the picture itself stay hard.
    """
    width = max(1.0, _FEATHER * mask.shape[0])
    inside = ndimage.distance_transform_edt(np.pad(mask, 1, mode="edge"))[1:-1, 1:-1]
    share: np.ndarray = np.clip(inside / (2 * width), 0, 1)[..., None].astype(np.float32)
    return share


def mixed(picture: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    """A picture with as much of another as ``share`` (S, S, 1) says, uint8."""
    return whole(picture * (1 - share) + other.astype(np.float32) * share)


def paste(mask: np.ndarray) -> Edit:
    """The donor's own content in a region."""
    share = feathered(mask)
    return lambda recipient, donor: mixed(recipient, donor, share)


def flat_fill(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A region in the mean colour of what lies around it."""
    around = ndimage.binary_dilation(mask, iterations=max(2, mask.shape[0] // 12)) & ~mask
    sampled = around if around.any() else ~mask
    colour = picture[sampled].mean(axis=0) if sampled.any() else np.full(3, 127.0)
    return mixed(picture, np.broadcast_to(colour, picture.shape), feathered(mask))


def blurred_fill(picture: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A region without anything but its coarse colours."""
    return mixed(picture, _soft(picture, _SOFT * len(picture)), feathered(mask))


def brightness(recipient: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """As light on the whole as the donor: one gain for all pixels."""
    pixels, target = recipient.astype(np.float32), _light(donor).mean()
    gain = 1.0
    for _ in range(4):  # what is clipped is made up for by the rest
        now = _light(np.minimum(pixels * gain, 255)).mean()
        gain = float(np.clip(gain * target / max(now, 1.0), *_GAIN))
    return whole(pixels * gain)


def colour(recipient: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """Tinted as the donor is, as light as before: a gain for each channel."""
    pixels = recipient.astype(np.float32)
    tint = donor.reshape(-1, 3).mean(axis=0) / max(float(_light(donor).mean()), 1.0)
    had = pixels.reshape(-1, 3).mean(axis=0) / max(float(_light(pixels).mean()), 1.0)
    gains = np.clip(tint / np.maximum(had, 0.02), *_GAIN)
    return whole(pixels * gains)


def illumination(recipient: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """Lit as the donor is: the quotient of both pictures' coarse light."""
    width = _LOW * len(recipient)
    lit, had = (_soft(_light(picture)[..., None], width) + 8 for picture in (donor, recipient))
    return whole(recipient * np.clip(lit / had, *_GAIN))


def sharpness(recipient: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """As sharp as the donor: blurred, or with its detail enlarged up to twice."""
    target = _detail(donor)
    if _detail(recipient) >= target:
        blurred = [whole(_soft(recipient, width)) for width in _BLURS]
        tried = [recipient, *blurred]
    else:
        pixels = recipient.astype(np.float32)
        fine = pixels - _soft(pixels, 1.0)
        tried = [whole(pixels + more * fine) for more in np.linspace(0, 1, 6)]
    return min(tried, key=lambda picture: abs(_detail(picture) - target))


def noise(recipient: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """As much grain as the donor: some is added, or a median takes it away."""
    target, had = _grain(donor), _grain(recipient)
    if had > target:
        smooth = ndimage.median_filter(recipient, (3, 3, 1)).astype(np.float32)
        left = target / max(had, 1e-3)
        return whole(smooth + left * (recipient - smooth))
    rng = np.random.default_rng(int(donor.astype(np.int64).sum()))
    missing = 1.5 * np.sqrt(max(target**2 - had**2, 0.0))  # a 3x3 median tells some two thirds
    return whole(recipient + rng.normal(0, missing, recipient.shape))


def compression(recipient: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """With as many blocks as the donor: saved as a JPEG of the quality that makes most alike."""
    target = _blocks(donor)
    tried = [recipient, *(_saved(recipient, quality) for quality in _QUALITIES)]
    return min(tried, key=lambda picture: abs(_blocks(picture) - target))


def detail(recipient: np.ndarray, donor: np.ndarray) -> np.ndarray:
    """The donor's fine detail on the recipient's coarse content."""
    width = _FINE * len(recipient)
    return whole(_soft(recipient, width) + donor - _soft(donor, width))


def pattern_of(pictures: np.ndarray) -> np.ndarray:
    """The fine detail that pictures (N, S, S, 3) share, float32 (S, S, 3)."""
    width = _FINE * pictures.shape[1]
    shared: np.ndarray = np.stack([picture - _soft(picture, width) for picture in pictures]).mean(
        axis=0
    )
    return shared


def _soft(picture: np.ndarray, width: float) -> np.ndarray:
    softened: np.ndarray = ndimage.gaussian_filter(
        picture.astype(np.float32), (width, width, 0), mode="nearest"
    )
    return softened


def _light(picture: np.ndarray) -> np.ndarray:
    light: np.ndarray = picture.astype(np.float32) @ _WEIGHTS
    return light


def _detail(picture: np.ndarray) -> float:
    """Detail of a pixel in size, against that of four: what a blur takes away first."""
    light = _light(picture)[..., None]
    fine = np.abs(light - _soft(light, 1.0)).mean()
    return float(fine / max(np.abs(light - _soft(light, 4.0)).mean(), 0.5))


def _grain(picture: np.ndarray) -> float:
    """Median size of what a median filter takes out, grey levels."""
    light = _light(picture)
    return float(np.median(np.abs(light - ndimage.median_filter(light, 3)))) * 1.4826


def _blocks(picture: np.ndarray) -> float:
    """Steps across the edges of 8x8 blocks against steps elsewhere, in both directions."""
    light = _light(picture)
    ratios = []
    for step in (np.abs(np.diff(light, axis=0)), np.abs(np.diff(light, axis=1)).T):
        mean = step.mean(axis=1)
        edges = np.arange(len(mean)) % 8 == 7
        ratios.append((mean[edges].mean() + 0.5) / (mean[~edges].mean() + 0.5))
    return float(np.mean(ratios))


def _saved(picture: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


PROPERTIES: dict[str, tuple[Edit, ...]] = {
    "brightness": (brightness,),
    "colour": (colour,),
    "illumination": (illumination, brightness),
    "blur": (sharpness,),
    "noise": (noise, detail),
    "texture": (detail,),
    "watermark": (detail,),
    "compression": (compression, sharpness),
}
"""By the audit's family, the edits that test a property of the whole picture."""
