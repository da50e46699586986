"""Pictures inside a report: encoded for reading, and only as many as a file should carry."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from PIL import Image

_SMALL = 100  # pixels a side up to which a picture keeps every pixel, in PNG
_SIDE = 256  # pixels that a longer side is reduced to
_QUALITY = {"gallery": 82, "swap": 92}


@dataclass(frozen=True)
class Shown:
    """A picture as the page holds it.

    Attributes
    ----------
    address : Markup
        A data URI.
    alt : str
    small : bool
        Whether its pixels are to be shown as squares.
    """

    address: Markup
    alt: str
    small: bool = False


@dataclass(frozen=True)
class Drawn:
    """A chart as the page holds it: SVG among its HTML, and the same in words."""

    svg: Markup
    alt: str


class Album:
    """Hands out pictures until the room is used up.

    Parameters
    ----------
    room : int
        Characters that all pictures may take together.

    Examples
    --------
    >>> album = Album(100)
    >>> album.file(b"a picture", "nine bytes").address
    Markup('data:image/png;base64,YSBwaWN0dXJl')
    >>> album.file(bytes(90), "too many") is None, album.left_out
    (True, 1)
    """

    def __init__(self, room: int) -> None:
        self._room = room
        self.left_out = 0

    def file(self, data: bytes, alt: str, kind: str = "png", small: bool = False) -> Shown | None:
        """An encoded picture; None where there is no room left."""
        text = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
        return Shown(Markup(text), alt, small) if self._takes(text) else None

    def chart(self, svg: str, alt: str) -> Drawn | None:
        """A chart; None where there is no room left."""
        return Drawn(Markup(svg), alt) if self._takes(svg) else None

    def pixels(self, values: np.ndarray, alt: str, use: str) -> Shown | None:
        """A picture, shape (H, W, 3) uint8, for a ``gallery`` or a ``swap``."""
        image = Image.fromarray(values)
        buffer = io.BytesIO()
        if max(image.size) <= _SMALL:
            image.save(buffer, "PNG", optimize=True)
            return self.file(buffer.getvalue(), alt, small=True)
        image.thumbnail((_SIDE, _SIDE), Image.Resampling.LANCZOS)
        # A swap may be about faint detail, so its colours keep their full resolution.
        sampling = 0 if use == "swap" else 2
        image.save(buffer, "JPEG", quality=_QUALITY[use], subsampling=sampling, optimize=True)
        return self.file(buffer.getvalue(), alt, "jpeg")

    def _takes(self, text: str) -> bool:
        fits = len(text) <= self._room
        self._room -= len(text) * fits
        self.left_out += not fits
        return fits
