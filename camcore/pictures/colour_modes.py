"""Pixels of any colour mode, depth and range become RGB uint8; what was done is noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from camcore.errors import ImageError
from camcore.pictures.levels import black_and_white, level_notes

_STRIP_PIXELS = 2**20


def to_rgb(image: Image.Image, notes: list[str], deep: bool, stretch: str = "none") -> np.ndarray:
    """Convert a decoded picture of any mode.

    Parameters
    ----------
    image : PIL.Image.Image
        Already loaded.
    notes : list of str
        What is done is appended here.
    deep : bool
        Whether the file held 16 bits a channel, which Pillow has cut to 8.
    stretch : str
        Which values of 16 bits gray become black and white; one of
        `camcore.pictures.levels.STRETCHES`.

    Returns
    -------
    numpy.ndarray
        Shape (H, W, 3), uint8.

    Examples
    --------
    >>> notes = []
    >>> to_rgb(Image.new("CMYK", (2, 1)), notes, deep=False).tolist(), notes
    ([[[255, 255, 255], [255, 255, 255]]], ['CMYK converted to RGB'])
    """
    mode = image.mode
    if mode.startswith("I;16"):
        low, high = _extrema(image)
        notes += [*level_notes(stretch, low, high), "gray shown as RGB"]
        black, white = black_and_white(stretch, low, high)
        return _by_strips(image, lambda strip: to_levels(np.asarray(strip), black, white))
    if mode in ("I", "F"):
        to_bytes = _wide_to_bytes(image, notes, stretch)
        notes.append("gray shown as RGB")
        return _by_strips(image, to_bytes)
    if deep:
        kept = "" if stretch == "none" else ", not stretched"
        notes.append(f"16-bit scaled to 8-bit{kept}")
    if image.has_transparency_data:
        return over_white(image, notes)
    if mode == "1":
        notes.append("black and white shown as RGB")
    elif mode == "L":
        notes.append("gray shown as RGB")
    elif mode == "P":
        notes.append("palette converted to RGB")
    elif mode not in ("RGB", "RGBX"):
        notes.append(f"{mode} converted to RGB")
    return _by_strips(image, lambda strip: np.asarray(strip.convert("RGB")))


def to_levels(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """Values between black and white as 0 to 255, whole numbers.

    Examples
    --------
    >>> to_levels(np.array([0, 2048, 4095, 9000], np.uint16), 0, 4095).tolist()
    [0.0, 128.0, 255.0, 255.0]
    """
    levels = (values.astype(np.float32) - np.float32(black)) * np.float32(255 / (white - black))
    rounded: np.ndarray = np.rint(levels.clip(0, 255))
    return rounded


def join_bytes(pixels: np.ndarray, lower: Image.Image, notes: list[str], stretch: str) -> None:
    """Make the levels of values of 16 bits of their upper bytes, in place.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8
        Upper bytes; levels afterwards, which without a stretch they are already.
    lower : PIL.Image.Image
        Lower bytes, RGB of the same size.
    notes : list of str
        What is done is appended here.
    stretch : str
        One of `camcore.pictures.levels.STRETCHES`.
    """

    def values() -> Iterator[tuple[slice, np.ndarray]]:
        for rows, strip in _strips(lower):
            yield rows, pixels[rows].astype(np.uint16) << 8 | np.asarray(strip)

    ends = [(int(joined.min()), int(joined.max())) for _, joined in values()]
    low, high = float(min(end[0] for end in ends)), float(max(end[1] for end in ends))
    notes += level_notes(stretch, low, high)
    if stretch != "none":
        black, white = black_and_white(stretch, low, high)
        for rows, joined in values():
            pixels[rows] = to_levels(joined, black, white)


def _extrema(image: Image.Image) -> tuple[float, float]:
    """Lowest and highest value of a picture of one channel."""
    low, high = np.inf, -np.inf
    for _, strip in _strips(image):
        values = np.asarray(strip)
        low, high = min(low, float(values.min())), max(high, float(values.max()))
    return low, high


def over_white(image: Image.Image, notes: list[str]) -> np.ndarray:
    """Lay a see-through picture over white, (H, W, 3) uint8; noted where anything is seen through.

    Examples
    --------
    >>> notes = []
    >>> over_white(Image.new("RGBA", (1, 1), (0, 0, 0, 0)), notes).tolist(), notes
    ([[[255, 255, 255]]], ['transparent parts shown over white'])
    """
    lowest = 255

    def composed(strip: Image.Image) -> np.ndarray:
        nonlocal lowest
        strip = strip.convert("RGBA")
        alpha = int(np.asarray(strip.getchannel("A")).min())
        lowest = min(lowest, alpha)
        if alpha < 255:
            white = Image.new("RGBA", strip.size, "white")
            white.alpha_composite(strip)
            strip = white
        return np.asarray(strip.convert("RGB"))

    pixels = _by_strips(image, composed)
    if lowest < 255:
        notes.append("transparent parts shown over white")
    return pixels


def _strips(image: Image.Image) -> Iterator[tuple[slice, Image.Image]]:
    """Rows of a picture, a few at a time, so that what is made of them takes little memory."""
    rows = max(1, _STRIP_PIXELS // image.width)
    for top in range(0, image.height, rows):
        end = min(top + rows, image.height)
        yield slice(top, end), image.crop((0, top, image.width, end))


def _by_strips(image: Image.Image, convert: Callable[[Image.Image], np.ndarray]) -> np.ndarray:
    """A picture as (H, W, 3) uint8, from what `convert` makes of its strips: gray or RGB."""
    pixels = np.empty((image.height, image.width, 3), np.uint8)
    for rows, strip in _strips(image):
        values = convert(strip)
        pixels[rows] = values[..., None] if values.ndim == 2 else values
    return pixels


def _wide_to_bytes(
    image: Image.Image, notes: list[str], stretch: str
) -> Callable[[Image.Image], np.ndarray]:
    """32-bit integers or floats to 0..255: by the range they are plainly in, else stretched."""
    low, high, whole, finite = np.inf, -np.inf, True, True
    for _, strip in _strips(image):
        values, known = _finite(strip)
        finite = finite and known
        low, high = min(low, float(values.min())), max(high, float(values.max()))
        whole = whole and bool((values == np.rint(values)).all())
    if not finite:
        notes.append("values that are no numbers shown black")
    first, factor = 0.0, 1.0
    if low >= 0 and high <= 1 and not (whole and high == 0):
        notes.append("values 0-1 scaled to 0-255")
        factor = 255.0
    elif low >= 0 and high <= 255:
        pass
    elif low >= 0 and high <= 65535 and whole:
        notes += level_notes(stretch, low, high)
        black, white = black_and_white(stretch, low, high)
        return lambda strip: to_levels(_finite(strip)[0], black, white)
    else:
        notes.append(f"values from {low:g} to {high:g} stretched to 0-255")
        first, factor = low, 255 / (high - low) if high > low else 0.0
    return lambda strip: np.rint((_finite(strip)[0] - first) * factor)


def _finite(strip: Image.Image) -> tuple[np.ndarray, bool]:
    """Values of a strip, 0 for those that are no numbers, and whether all of them are numbers."""
    values = np.asarray(strip, dtype=np.float64)
    finite = np.isfinite(values)
    if finite.all():
        return values, True
    return np.where(finite, values, 0.0), False


def gray_to_rgb(values: np.ndarray, notes: list[str]) -> np.ndarray:
    """Repeat gray values of shape (H, W) in 0 to 255 as (H, W, 3) uint8."""
    notes.append("gray shown as RGB")
    return np.repeat(values.astype(np.uint8)[..., None], 3, axis=2)


def float_to_bytes(array: np.ndarray, name: str, notes: list[str]) -> np.ndarray:
    """Turn floats in 0 to 1 or 0 to 255 into uint8 of the same shape.

    Raises
    ------
    ImageError
        Values outside both ranges, or not finite.

    Examples
    --------
    >>> float_to_bytes(np.array([0.0, 0.2, 1.0]), "array", []).tolist()
    [0, 51, 255]
    """
    low, high = float(array.min()), float(array.max())
    if not (low >= 0 and high <= 255):  # written so that NaN fails too
        raise ImageError(
            f"{name} is a float array from {low:g} to {high:g}; give values in 0-1 or 0-255, "
            "before any preprocessing, all of them finite."
        )
    if high <= 1:
        notes.append("values 0-1 scaled to 0-255")
        return np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    pixels: np.ndarray = np.rint(array).astype(np.uint8)
    return pixels
