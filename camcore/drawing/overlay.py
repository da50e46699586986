"""Pictures of maps: colour maps, overlays, PNG files that carry how they were made."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from matplotlib import colormaps
from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from camcore.errors import InputError

# The even ones first; jet and turbo are there because the field teaches them.
COLORMAPS = {
    "viridis": "even, safe for colour-blind eyes",
    "inferno": "even, dark to bright",
    "magma": "even, softer than inferno",
    "cividis": "even, made for colour-blind eyes",
    "turbo": "rainbow with even steps",
    "jet": "the field's habit; uneven",
    "gray": "black to white",
}
BLENDS = {
    "mix": "(1 - alpha) * image + alpha * colour",
    "add": "image + alpha * colour, clipped",
    "fade": "mix, with alpha * value for alpha: clear where the map is 0",
}


@lru_cache(maxsize=32)
def palette(colormap: str) -> np.ndarray:
    """The 256 colours of a colour map, shape (256, 3) uint8.

    Raises
    ------
    InputError
        If `colormap` is not one of `COLORMAPS`.

    Examples
    --------
    >>> palette("gray")[[0, 255]].tolist()
    [[0, 0, 0], [255, 255, 255]]
    """
    if colormap not in COLORMAPS:
        choices = ", ".join(COLORMAPS)
        raise InputError(f"colour map {colormap!r} is not known; choose one of {choices}.")
    table: np.ndarray = np.rint(colormaps[colormap](np.arange(256))[:, :3] * 255).astype(np.uint8)
    table.flags.writeable = False
    return table


def colour(values: np.ndarray, colormap: str = "viridis") -> np.ndarray:
    """Colour a map, shape (H, W) in 0..1 -> (H, W, 3) uint8.

    Examples
    --------
    >>> colour(np.array([[0.0, 1.0]]), "gray").tolist()
    [[[0, 0, 0], [255, 255, 255]]]
    """
    coloured: np.ndarray = palette(colormap)[np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)]
    return coloured


def overlay(
    pixels: np.ndarray,
    values: np.ndarray,
    *,
    alpha: float = 0.4,
    colormap: str = "viridis",
    blend: str = "mix",
    seen: np.ndarray | None = None,
) -> np.ndarray:
    """Lay a map over a picture of the same size.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8
    values : ndarray, shape (H, W), float in 0..1
    alpha : float in 0..1
    colormap : str
        One of `COLORMAPS`.
    blend : {"mix", "add", "fade"}
        See `BLENDS`.
    seen : ndarray of bool, shape (H, W), optional
        Where the model saw nothing the picture stays as it is.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8

    Raises
    ------
    InputError
        If alpha lies outside 0..1, or the colour map or blend is unknown.

    Examples
    --------
    >>> black = np.zeros((1, 1, 3), np.uint8)
    >>> overlay(black, np.ones((1, 1)), alpha=0.4, colormap="gray").tolist()
    [[[102, 102, 102]]]
    >>> gray = np.full((1, 2, 3), 100, np.uint8)
    >>> overlay(gray, np.array([[0.0, 1.0]]), colormap="gray", blend="fade")[0, :, 0].tolist()
    [100, 162]
    """
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha={alpha} is outside 0 to 1; 0.4 is a good start.")
    if blend not in BLENDS:
        raise InputError(f"blend={blend!r} is not known; choose one of {', '.join(BLENDS)}.")
    coloured = colour(values, colormap).astype(np.float32)
    base = pixels.astype(np.float32)
    over = alpha * np.asarray(values, np.float32)[..., None] if blend == "fade" else alpha
    under = 1.0 if blend == "add" else 1.0 - over
    mixed = np.clip(np.rint(under * base + over * coloured), 0, 255).astype(np.uint8)
    return mixed if seen is None else np.where(seen[..., None], mixed, pixels)


def enlarge(coloured: np.ndarray, height: int, width: int) -> np.ndarray:
    """Repeat the cells of a small picture until it fills height x width (nearest neighbour)."""
    image = Image.fromarray(coloured).resize((width, height), Image.Resampling.NEAREST)
    return np.asarray(image)


def with_box(pixels: np.ndarray, box: tuple[int, int, int, int] | None) -> np.ndarray:
    """Draw a box, ends exclusive, in white on black so that it shows on any ground."""
    if box is None:
        return pixels
    image = Image.fromarray(pixels)
    draw = ImageDraw.Draw(image)
    x0, y0, x1, y1 = box
    line = max(1, round(min(image.size) / 150))
    draw.rectangle((x0, y0, x1 - 1, y1 - 1), outline=(0, 0, 0), width=3 * line)
    inner = (x0 + line, y0 + line, x1 - 1 - line, y1 - 1 - line)
    if inner[0] < inner[2] and inner[1] < inner[3]:
        draw.rectangle(inner, outline=(255, 255, 255), width=line)
    return np.asarray(image)


def png(pixels: np.ndarray, made: Mapping[str, str] | None = None) -> bytes:
    """Encode (H, W, 3) uint8 as PNG; `made` becomes text chunks that say how it was made.

    Examples
    --------
    >>> data = png(np.zeros((2, 2, 3), np.uint8), {"Method": "CAM"})
    >>> Image.open(io.BytesIO(data)).text
    {'Method': 'CAM'}
    """
    info = PngInfo()
    for key, value in (made or {}).items():
        info.add_itxt(key, value)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", pnginfo=info, compress_level=4)
    return buffer.getvalue()
