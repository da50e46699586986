"""Resize a picture, then cut out its middle, with any filter: written out as text."""

from __future__ import annotations

import re
from dataclasses import dataclass

from PIL import Image

from camcore.errors import ImageError, InputError

_LONGEST = 8192
_MOST_PIXELS = 64_000_000
FILTERS = {filter.name.lower(): filter for filter in Image.Resampling}
_WRITTEN = re.compile(
    r"(?:resize=(?P<edge>\d+)(?:x(?P<width>\d+))?(?: filter=(?P<filter>[a-z]+))?)?"
    r"(?P<space> ?)(?:crop=(?P<rows>\d+)x(?P<columns>\d+))?"
)


@dataclass(frozen=True)
class Resizing:
    """How networks of PyTorch are mostly fed: resized, then the middle is cut out.

    Attributes
    ----------
    edge : int or None
        What the shorter side becomes, in proportion.
    size : tuple of int or None
        Height and width that the picture is stretched to, instead of an edge; without either it
        keeps its size.
    crop : tuple of int or None
        Height and width of the middle; black surrounds a picture that is smaller.
    filter : str
        One of `FILTERS`, which are Pillow's.

    Examples
    --------
    >>> middle = Resizing(edge=256, crop=(224, 224), filter="bicubic")
    >>> str(middle), Resizing.parse(str(middle)) == middle
    ('resize=256 filter=bicubic crop=224x224', True)
    >>> middle.resized(640, 480), middle.corner(640, 480)
    ((341, 256), (58, 16))
    """

    edge: int | None = None
    size: tuple[int, int] | None = None
    crop: tuple[int, int] | None = None
    filter: str = "bilinear"

    def __post_init__(self) -> None:
        sides = [self.edge or 1, *(self.size or ()), *(self.crop or ())]
        if not all(0 < side <= _LONGEST for side in sides) or self.edge == 0:
            raise InputError(f"fit '{self}' needs sides of 1 to {_LONGEST:,} pixels.")
        if self.filter not in FILTERS:
            raise InputError(
                f"filter {self.filter!r} is not known; choose one of {', '.join(FILTERS)}."
            )

    @classmethod
    def parse(cls, text: str) -> Resizing | None:
        """The one that a text writes out, or None where it is written otherwise."""
        match = _WRITTEN.fullmatch(text)
        if match is None or not (match["edge"] or match["rows"]):
            return None
        if bool(match["space"]) != bool(match["edge"] and match["rows"]):
            return None
        width, rows = match["width"], match["rows"]
        return cls(
            edge=int(match["edge"]) if match["edge"] and not width else None,
            size=(int(match["edge"]), int(width)) if width else None,
            crop=(int(rows), int(match["columns"])) if rows else None,
            filter=match["filter"] or "bilinear",
        )

    def __str__(self) -> str:
        steps = []
        if self.edge is not None or self.size is not None:
            sides = (self.edge,) if self.size is None else self.size
            steps = [f"resize={'x'.join(map(str, sides))}", f"filter={self.filter}"]
        if self.crop is not None:
            steps.append(f"crop={'x'.join(map(str, self.crop))}")
        return " ".join(steps)

    @property
    def enough(self) -> tuple[int, int] | None:
        """Height and width that a picture of the same proportions needs at least to have.

        None where the size of the picture itself counts.
        """
        return self.size or (None if self.edge is None else (self.edge, self.edge))

    def resized(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of a picture before its middle is cut out."""
        if self.size is not None:
            return self.size[1], self.size[0]
        if self.edge is None:
            return width, height
        short, long = sorted((width, height))
        longer = self.edge * long // short
        return (self.edge, longer) if width <= height else (longer, self.edge)

    def seen(self, width: int, height: int) -> tuple[int, int]:
        """Width and height of what is left."""
        return self.resized(width, height) if self.crop is None else self.crop[::-1]

    def corner(self, width: int, height: int) -> tuple[int, int]:
        """Where the middle begins in the resized picture, below 0 where it is smaller."""
        (across, down), (columns, rows) = self.resized(width, height), self.seen(width, height)
        return (across - columns) // 2, (down - rows) // 2

    def apply(self, image: Image.Image) -> Image.Image:
        """The middle of a resized picture.

        Raises
        ------
        ImageError
            If the picture is so narrow that it would become too large.
        """
        width, height = image.size
        across, down = self.resized(width, height)
        if across * down > _MOST_PIXELS:
            raise ImageError(
                f"a picture of {width} x {height} pixels would become {across:,} x {down:,}; "
                "choose another fit, or cut it into pictures that are less narrow."
            )
        resized = image.resize((across, down), FILTERS[self.filter])
        if self.crop is None:
            return resized
        left, top = self.corner(width, height)
        return resized.crop((left, top, left + self.crop[1], top + self.crop[0]))
