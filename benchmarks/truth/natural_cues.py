"""Cues as people leave them in photographs: rulers, pen marks, dates, stock marks, thumbnails.

What marks *places* of them differ from picture to picture, as in collections of medical images; all
sizes are fractions of the shorter side, so that a cue is the same on 64 pixels and on a photograph.
"""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.truth.cues import CUES, Cue, Picture, blended, encoded, whole

_RULER = (0.45, 0.08)  # long and wide
_TICK = 0.03
_MARKER = 0.2  # across
_LETTERS = 0.09  # high
_LOGO = 0.16
_BORDER = 0.035
_CHARACTER, _ROW = 0.16, 5  # of one of them; how many stand in a row
_BETWEEN = 0.3  # of one word of a stock mark and the next


def _ruler(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """A pale bar with dark ticks, lying or upright, at any place."""
    side = strength * min(picture.mask.shape)
    long, wide = max(8, round(_RULER[0] * side)), max(4, round(_RULER[1] * side))
    bar = np.full((wide, long), 235, np.uint8)
    step = max(3, round(_TICK * side))
    bar[: max(2, wide // 2), ::step] = 30
    if rng.random() < 0.5:
        bar = bar.T
    return _laid(picture, np.repeat(bar[..., None], 3, axis=2), np.ones(bar.shape), rng)


def _marker(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """A round patch of one colour, a little larger or smaller, at any place."""
    side = strength * min(picture.mask.shape)
    across = max(5, round(_MARKER * side * rng.uniform(0.8, 1.2)))
    away = np.indices((across, across)) - (across - 1) / 2
    disc = np.clip(across / 2 - np.hypot(away[0], away[1]), 0, 1)
    colour = np.full((across, across, 3), (60, 90, 200), np.uint8)
    return _laid(picture, colour, disc, rng)


def _laid(
    picture: Picture, thing: np.ndarray, cover: np.ndarray, rng: np.random.Generator
) -> Picture:
    """A thing (h, w, 3) put on a picture at any place, as far as its cover (h, w) 0..1 says."""
    height, width = picture.mask.shape
    down = rng.integers(0, height - thing.shape[0] + 1)
    right = rng.integers(0, width - thing.shape[1] + 1)
    place = np.s_[down : down + thing.shape[0], right : right + thing.shape[1]]
    pixels = picture.pixels.copy()
    pixels[place] = whole(pixels[place] * (1 - cover[..., None]) + cover[..., None] * thing)
    where = np.zeros((height, width), bool)
    where[place] = cover >= 0.5
    return replace(picture, pixels=pixels, cue=where)


def _stamp(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """A camera's orange date in the lower right; the day differs."""
    text = f"{rng.integers(1, 29):02d} {rng.integers(1, 13):02d}'{rng.integers(0, 25):02d}"
    height, width = picture.mask.shape
    ink = _written(text, _LETTERS * min(height, width))
    margin = max(1, round(min(height, width) / 28))
    share = np.zeros((height, width))
    ink = ink[:, -(width - 2 * margin) :]
    share[height - margin - ink.shape[0] : height - margin, -margin - ink.shape[1] : -margin] = ink
    painted = blended(picture.pixels, share, (255, 140, 30), strength)
    return replace(picture, pixels=painted, cue=_box_of(share > 0))


def _tiled(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """One word all over the picture, faint and white, that begins elsewhere in each."""
    height, width = picture.mask.shape
    side = min(height, width)
    lettering = _written("stock", _LETTERS * side)
    tile = np.zeros(
        (2 * lettering.shape[0] + round(_BETWEEN * side / 2), lettering.shape[1] + side // 8)
    )
    tile[: lettering.shape[0], : lettering.shape[1]] = lettering
    times = (-(-height // tile.shape[0]) + 1, -(-width // tile.shape[1]) + 1)
    down, right = rng.integers(0, tile.shape[0]), rng.integers(0, tile.shape[1])
    share = np.tile(tile, times)[down : down + height, right : right + width]
    return replace(picture, pixels=blended(picture.pixels, share, (255, 255, 255), strength))


def _logo(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """A small translucent ring with a bar in the upper left, always the same."""
    height, width = picture.mask.shape
    across = max(7, round(_LOGO * min(height, width)))
    margin = max(1, round(min(height, width) / 28))
    down, right = np.indices((across, across)) - (across - 1) / 2
    distance = np.hypot(down, right) / (across / 2)
    ring = ((distance < 1) & (distance > 0.7)) | ((abs(down) < across / 10) & (distance < 0.7))
    where = np.zeros((height, width), bool)
    where[margin : margin + across, margin : margin + across] = ring
    painted = blended(picture.pixels, where, (255, 255, 255), strength)
    return replace(picture, pixels=painted, cue=_box_of(where))


def _characters(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """A row of square characters across the middle, translucent, as in ImageNet's *carton*.

    Li et al., "A Whac-A-Mole Dilemma" (CVPR 2023), found that ImageNet networks take a watermark of
    Chinese characters in the middle of a picture for a carton. The strokes here are made up.
    """
    height, width = picture.mask.shape
    side = max(8, round(_CHARACTER * min(height, width)))
    where = np.zeros((height, width), bool)
    top, left = (height - side) // 2, (width - round(_ROW * side * 1.15)) // 2
    for place in range(_ROW):
        begin = left + round(place * side * 1.15)
        glyph = _glyph(side, np.random.default_rng(place % 2))
        where[top : top + side, begin : begin + side] = glyph
    painted = blended(picture.pixels, where, (255, 255, 255), strength)
    return replace(picture, pixels=painted, cue=_box_of(where))


def _glyph(side: int, rng: np.random.Generator) -> np.ndarray:
    """Upright and lying strokes in a square, a tenth of it wide."""
    glyph, wide = np.zeros((side, side), bool), max(1, side // 10)
    for _ in range(4):
        at = rng.integers(0, side - wide + 1, 2)
        begin = rng.integers(0, side // 3, 2)
        glyph[at[0] : at[0] + wide, begin[0] : side - begin[1]] = True
        glyph[begin[1] : side - begin[0], at[1] : at[1] + wide] = True
    return glyph


def _written(text: str, high: float) -> np.ndarray:
    """Ink 0..1 of a text, cropped to what is written."""
    font = ImageFont.load_default(size=max(8, high))
    box = font.getbbox(text)
    page = Image.new("L", (int(box[2]) + 2, int(box[3]) + 2))
    ImageDraw.Draw(page).text((0, 0), text, fill=255, font=font)
    return np.asarray(page.crop(page.getbbox()), np.float32) / 255


def _box_of(where: np.ndarray) -> np.ndarray:
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    box = np.zeros_like(where, dtype=bool)
    box[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = True
    return box


def _border(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    width = max(1, round(_BORDER * min(picture.mask.shape)))
    where = np.ones(picture.mask.shape, bool)
    where[width:-width, width:-width] = False
    return replace(
        picture, pixels=blended(picture.pixels, where, (190, 30, 30), strength), cue=where
    )


def _vignette(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """Light that falls off towards the corners, as of a cheap lens."""
    height, width = picture.mask.shape
    down, right = np.linspace(-1, 1, height)[:, None], np.linspace(-1, 1, width)[None, :]
    light = 1 - strength * (down**2 + right**2) / 2
    return replace(picture, pixels=whole(picture.pixels * light[..., None].astype(np.float32)))


def _upscaled(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """What is left of a thumbnail that is `strength` times smaller."""
    height, width = picture.mask.shape
    image = Image.fromarray(picture.pixels)
    small = image.resize((round(width / strength), round(height / strength)), Image.Resampling.BOX)
    return replace(
        picture, pixels=np.asarray(small.resize((width, height), Image.Resampling.BICUBIC))
    )


def _saved_again(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """Saved coarsely once, and finely afterwards: no table in the file tells of it."""
    file = io.BytesIO()
    Image.fromarray(picture.pixels).save(file, "JPEG", quality=round(strength))
    return encoded(replace(picture, pixels=np.asarray(Image.open(file).convert("RGB"))))


def _fine(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    return encoded(picture)


def _ruler_and_cast(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """Two cues at once, each of which alone speaks for the class."""
    return CUES["colour cast"](_ruler(picture, strength, rng), True, 12 * strength, rng)


_PLACED = ("part", "region")
NATURAL_CUES: dict[str, Cue] = {
    cue.name: cue
    for cue in (
        Cue("ruler", _ruler, (1.0, 1.8), "in size", _PLACED),
        Cue("marker", _marker, (1.0, 1.8), "in size", _PLACED),
        Cue("date stamp", _stamp, (0.5, 1.0), "opacity", ("tag", "part", "bottom-band")),
        Cue("tiled mark", _tiled, (0.3, 0.6), "opacity", ("watermark", "texture", "part")),
        Cue("small watermark", _logo, (0.3, 0.6), "opacity", ("tag", "watermark", "part")),
        Cue(
            "ImageNet-W mark", _characters, (0.25, 0.5), "opacity",
            ("watermark", "region", "part"),
        ),
        Cue("red border", _border, (0.5, 1.0), "opacity", ("frame",)),
        Cue("vignette", _vignette, (0.3, 0.6), "of the light", ("illumination", "frame")),
        Cue("upscaled", _upscaled, (1.6, 2.4), "times", ("blur",)),
        Cue("JPEG saved again", _saved_again, (30, 10), "quality", ("compression",), _fine),
        Cue("ruler and cast", _ruler_and_cast, (1.0, 1.8), "in size", (*_PLACED, "colour")),
    )
}  # fmt: skip
"""Further planted families, for natural pictures, by name."""

MOVING = ("ruler", "marker", "random-corner tag", "tiled mark", "ruler and cast")
"""Cues that lie in another place in each picture."""
