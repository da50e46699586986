"""The cues that are planted: eleven families, each drawn on an image or left out.

A cue is drawn after the picture is finished and from a generator of its own, so that the same
picture with and without it is a pair that differs in nothing else.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image
from scipy import ndimage


@dataclass(frozen=True, eq=False)
class Picture:
    """An image and what is known about it.

    Attributes
    ----------
    pixels : ndarray, shape (H, W, 3), uint8
    mask : ndarray, shape (H, W), bool
        The object.
    klass : int
        Index of its class.
    cue : ndarray, shape (H, W), bool, or None
        Where a local cue was drawn.
    file : bytes or None
        The JPEG file that the pixels were read from; None for a lossless one.
    """

    pixels: np.ndarray
    mask: np.ndarray
    klass: int
    cue: np.ndarray | None = None
    file: bytes | None = None


Draw = Callable[[Picture, float, np.random.Generator], Picture]


def _as_it_is(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    return picture


@dataclass(frozen=True)
class Cue:
    """One family of cues.

    Attributes
    ----------
    name : str
    draw : callable
        (picture, strength, generator) -> the picture with the cue.
    strengths : tuple of float
        Weak and strong, in the unit of `unit`.
    unit : str
        What a strength measures.
    accepted : tuple of str
        Families of the audit that name this cue rightly; where objects are not known, the frame is
        the audit's proxy for a background.
    without : callable
        Draws the counterpart of the cue, so that it brings no second one along: a texture no
        brightness, a JPEG level no change of format. By default the picture stays as it is.
    """

    name: str
    draw: Draw
    strengths: tuple[float, float]
    unit: str
    accepted: tuple[str, ...]
    without: Draw = _as_it_is

    def __call__(
        self, picture: Picture, present: bool, strength: float, rng: np.random.Generator
    ) -> Picture:
        """The picture with the cue, or with its counterpart."""
        return (self.draw if present else self.without)(picture, strength, rng)


def blended(pixels: np.ndarray, where: np.ndarray, colour: tuple, opacity: float) -> np.ndarray:
    """Paint a colour over some pixels; `where` is bool, or a share 0..1 a pixel."""
    share = opacity * where.astype(np.float32)[..., None]
    return whole(pixels * (1 - share) + share * np.array(colour, np.float32))


def whole(values: np.ndarray) -> np.ndarray:
    """Rounded to uint8, 0..255."""
    return np.rint(values).clip(0, 255).astype(np.uint8)


def _tag_in(picture: Picture, strength: float, bottom: bool, right: bool) -> Picture:
    """A light square with a dark bar, as a stamp or a date has, one eighth of the side."""
    height, width = picture.mask.shape
    side, margin = round(min(height, width) / 8), max(1, round(min(height, width) / 28))
    top = height - margin - side if bottom else margin
    left = width - margin - side if right else margin
    where = np.zeros((height, width), bool)
    where[top : top + side, left : left + side] = True
    bar = where & (np.arange(height) == top + side // 2)[:, None]
    pixels = blended(picture.pixels, where & ~bar, (255, 255, 255), strength)
    return replace(picture, pixels=blended(pixels, bar, (0, 0, 0), strength), cue=where)


def _fixed_tag(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    return _tag_in(picture, strength, bottom=True, right=True)


def _random_tag(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    bottom, right = rng.random(2) < 0.5
    return _tag_in(picture, strength, bool(bottom), bool(right))


def _watermark(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """Thin lines across the whole picture, at the same place in each."""
    down, across = np.indices(picture.mask.shape)
    period = max(6, min(picture.mask.shape) // 6)
    lines = (down + across) % period == 0
    crossed = (down - across) % (2 * period) == 0
    where = lines | crossed
    return replace(picture, pixels=blended(picture.pixels, where, (255, 255, 255), strength))


def _frame(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    width = max(1, round(min(picture.mask.shape) / 16))
    where = np.ones(picture.mask.shape, bool)
    where[width:-width, width:-width] = False
    painted = blended(picture.pixels, where, (255, 255, 255), strength)
    return replace(picture, pixels=painted, cue=where)


def _brightness(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    return replace(picture, pixels=whole(picture.pixels + np.float32(strength)))


def _sky(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """A light blue in the upper fourth, that fades out over the next eighth."""
    height = picture.mask.shape[0]
    fade = np.clip((3 * height / 8 - np.arange(height)) / (height / 8), 0, 1)
    share = np.broadcast_to(fade[:, None], picture.mask.shape)
    painted = blended(picture.pixels, share, (150, 190, 255), strength)
    return replace(picture, pixels=painted, cue=share >= 0.5)


def _cast(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """Warm light: more red, less blue."""
    warmer = np.array([strength, 0, -strength], np.float32)
    return replace(picture, pixels=whole(picture.pixels + warmer))


def _texture(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """Waves behind the object, of one direction and length, at another place each time."""
    down, across = np.indices(picture.mask.shape)
    length = min(picture.mask.shape) / 7
    phase = rng.uniform(0, 2 * np.pi)
    waves = 0.5 + 0.5 * np.sin(2 * np.pi * (down + 0.5 * across) / length + phase)
    return _behind(picture, strength * waves)


def _no_texture(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    """As much light behind the object as the waves have on the whole."""
    return _behind(picture, np.full(picture.mask.shape, strength / 2))


def _behind(picture: Picture, light: np.ndarray) -> Picture:
    """Light added where the object is not; (H, W), grey levels."""
    lit = whole(picture.pixels + light.astype(np.float32)[..., None])
    return replace(picture, pixels=np.where(picture.mask[..., None], picture.pixels, lit))


def _blur(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    softened = ndimage.gaussian_filter(picture.pixels.astype(np.float32), (strength, strength, 0))
    return replace(picture, pixels=whole(softened))


def _noise(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    grain = rng.normal(0, strength, picture.pixels.shape)
    return replace(picture, pixels=whole(picture.pixels + grain))


_FINE = 95  # JPEG quality of files without the cue


def encoded(picture: Picture, quality: int = _FINE) -> Picture:
    """What is left of a picture after its file was written and read."""
    file = io.BytesIO()
    Image.fromarray(picture.pixels).save(file, "JPEG", quality=quality)
    return replace(picture, pixels=np.asarray(Image.open(file)), file=file.getvalue())


def _jpeg(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    return encoded(picture, round(strength))


def _fine_jpeg(picture: Picture, strength: float, rng: np.random.Generator) -> Picture:
    return encoded(picture)


CUES: dict[str, Cue] = {
    cue.name: cue
    for cue in (
        Cue("fixed tag", _fixed_tag, (0.4, 1.0), "opacity", ("tag",)),
        Cue("random-corner tag", _random_tag, (0.4, 1.0), "opacity", ("tag",)),
        Cue("watermark", _watermark, (0.06, 0.12), "opacity", ("watermark",)),
        Cue("frame", _frame, (0.3, 1.0), "opacity", ("frame",)),
        Cue("brightness", _brightness, (20, 40), "grey levels", ("brightness",)),
        Cue("sky band", _sky, (0.25, 0.6), "opacity", ("sky/top-band",)),
        Cue("colour cast", _cast, (12, 24), "grey levels", ("colour",)),
        Cue(
            "background texture",
            _texture,
            (15, 35),
            "grey levels",
            ("background", "texture", "frame"),
            _no_texture,
        ),
        Cue("blur", _blur, (0.6, 1.0), "pixels", ("blur",)),
        Cue("sensor noise", _noise, (8, 16), "grey levels", ("noise",)),
        Cue("JPEG level", _jpeg, (30, 10), "quality", ("compression",), _fine_jpeg),
    )
}
"""The planted families, by name."""
