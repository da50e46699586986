"""Pixels of any colour mode, depth and range become RGB uint8; what was done is noted."""

from __future__ import annotations

import numpy as np
from PIL import Image

from camcore.errors import ImageError


def to_rgb(image: Image.Image, notes: list[str], deep: bool) -> np.ndarray:
    """Convert a decoded picture of any mode.

    Parameters
    ----------
    image : PIL.Image.Image
        Already loaded.
    notes : list of str
        What is done is appended here.
    deep : bool
        Whether the file held 16 bits a channel, which Pillow has cut to 8.

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
        notes.append("16-bit scaled to 8-bit")
        return gray_to_rgb(np.rint(np.asarray(image).astype(np.float32) / 257), notes)
    if mode in ("I", "F"):
        return gray_to_rgb(_wide_to_bytes(np.asarray(image, dtype=np.float64), notes), notes)
    if deep:
        notes.append("16-bit scaled to 8-bit")
    if image.has_transparency_data:
        return over_white(image.convert("RGBA"), notes)
    if mode == "1":
        notes.append("black and white shown as RGB")
    elif mode == "L":
        notes.append("gray shown as RGB")
    elif mode == "P":
        notes.append("palette converted to RGB")
    elif mode not in ("RGB", "RGBX"):
        notes.append(f"{mode} converted to RGB")
    return np.array(image.convert("RGB"))


def over_white(image: Image.Image, notes: list[str]) -> np.ndarray:
    """Lay an RGBA picture over white, (H, W, 3) uint8; noted where something is see-through."""
    if int(np.asarray(image.getchannel("A")).min()) < 255:
        notes.append("transparent parts shown over white")
        white = Image.new("RGBA", image.size, "white")
        white.alpha_composite(image)
        image = white
    return np.array(image.convert("RGB"))


def _wide_to_bytes(values: np.ndarray, notes: list[str]) -> np.ndarray:
    """32-bit integers or floats to 0..255: by the range they are plainly in, else stretched."""
    finite = np.isfinite(values)
    if not finite.all():
        notes.append("values that are no numbers shown black")
        values = np.where(finite, values, 0.0)
    low, high = float(values.min()), float(values.max())
    whole = bool((values == np.rint(values)).all())
    if low >= 0 and high <= 1 and not (whole and high == 0):
        notes.append("values 0-1 scaled to 0-255")
        values = values * 255
    elif low >= 0 and high <= 255:
        pass
    elif low >= 0 and high <= 65535 and whole:
        notes.append("16-bit scaled to 8-bit")
        values = values / 257
    else:
        notes.append(f"values from {low:g} to {high:g} stretched to 0-255")
        values = (values - low) * (255 / (high - low))
    return np.rint(values)


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
    return np.rint(array).astype(np.uint8)
