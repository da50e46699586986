"""The weighted sum of feature maps, growing: a moving picture for a slide."""

from __future__ import annotations

import io
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from camcore.drawing.overlay import colour, overlay
from camcore.heatmap import on_picture
from camcore.pictures.preprocessing import Frame

FRAMES = 24
_SIDE = 400  # pixels of the longer side of a panel
_GAP = 16
_BAND = 44  # of text
_MILLISECONDS, _REST = 250, 2500


def growing_sum_gif(
    maps: np.ndarray,
    weights: np.ndarray,
    pixels: np.ndarray,
    frame: Frame,
    title: str,
    caption: str = "{title}: {n} of {count} feature maps",
) -> bytes:
    """An endless GIF: the sum of the first n feature maps as cells, and laid over the picture.

    What is negative is cut, as ReLU does, and all frames have one scale: that of the largest value
    that is ever reached.

    Parameters
    ----------
    maps : ndarray, shape (K, h, w), float
    weights : ndarray, shape (K,), float
        For the class; in the order in which the maps are added.
    pixels : ndarray, shape (H, W, 3), uint8
    frame : Frame
        Where the maps lie in the picture.
    title : str
        What stands before the number of maps.
    caption : str
        The line of text with the places ``title``, ``n`` and ``count``, in Latin letters.

    Examples
    --------
    >>> whole = Frame(0.0, 0.0, 8.0, 8.0, 8, 8)
    >>> maps, black = np.ones((3, 2, 2)), np.zeros((8, 8, 3), np.uint8)
    >>> gif = growing_sum_gif(maps, np.ones(3), black, whole, "2")
    >>> with Image.open(io.BytesIO(gif)) as moving:
    ...     moving.format, moving.n_frames, moving.info["loop"]
    ('GIF', 3, 0)
    """
    counts = steps(len(maps))
    sums = [np.maximum(np.tensordot(weights[:n], maps[:n], 1), 0) for n in counts]
    most = max(float(values.max()) for values in sums) or 1.0
    images = [
        _drawn(values / most, pixels, frame, caption.format(title=title, n=n, count=len(maps)))
        for n, values in zip(counts, sums, strict=True)
    ]
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        "GIF",
        save_all=True,
        append_images=images[1:],
        duration=[_MILLISECONDS] * (len(images) - 1) + [_REST],
        loop=0,
    )
    return buffer.getvalue()


def steps(count: int) -> list[int]:
    """How many maps each frame adds up: the first ones singly, later ones many at once.

    Examples
    --------
    >>> steps(3), steps(128)[:4], steps(128)[-1], len(steps(2048)) <= FRAMES
    ([1, 2, 3], [1, 2, 3, 4], 128, True)
    """
    if count <= FRAMES:
        return list(range(1, count + 1))
    return sorted({math.ceil(count ** (step / (FRAMES - 1))) for step in range(FRAMES)})


def _drawn(values: np.ndarray, pixels: np.ndarray, frame: Frame, words: str) -> Image.Image:
    height, width = pixels.shape[:2]
    scale = _SIDE / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    picture = np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC))
    laid = np.clip(on_picture(values, frame, (size[1], size[0])), 0, 1)
    over = Image.fromarray(overlay(picture, laid, alpha=0.5))
    cells = Image.fromarray(colour(values)).resize(size, Image.Resampling.NEAREST)
    image = Image.new("RGB", (2 * size[0] + 3 * _GAP, size[1] + _BAND + _GAP), "white")
    image.paste(cells, (_GAP, _BAND))
    image.paste(over, (size[0] + 2 * _GAP, _BAND))
    font = ImageFont.load_default(20)
    ImageDraw.Draw(image).text((_GAP, _BAND / 2), words, "black", font, anchor="lm")
    return image
