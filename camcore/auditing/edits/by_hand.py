"""One picture edited by hand: a part of it, or strokes of a brush, filled with something else.

What a person tries on one picture is no proof; the audit's trials over many pictures are. The
edits act on what the model sees, as the audit's do, so that both can be set side by side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from camcore.auditing.edits.imputation import impute
from camcore.auditing.edits.probe import as_pixels
from camcore.auditing.edits.regions import NAMED, Region
from camcore.classifier import Classifier
from camcore.errors import InputError
from camcore.pictures.picture import Picture, read_image
from camcore.pictures.preprocessing import fit_pixels

BRUSH = "brush"
PARTS: dict[str, Region] = {
    "sky": NAMED["top 1/3"],
    "tag": Region(4, 4, ((0, 0),)),
    "frame": NAMED["ring 1/8"],
}
"""Parts with a place of their own, from which they are moved."""
FILLS = {
    "picture": "another picture",
    "surroundings": "its surroundings",
    "blur": "blur",
    "gray": "gray",
}
"""What an edited part shows instead, in words."""
MOST_DABS = 2000

_BLUR = 1 / 16  # of the shorter side: standard deviation; what is smaller is gone
_GRAY = 128

Dab = tuple[float, float, float, float]
"""Centre and radii of an ellipse (x, y, rx, ry), in fractions of the width and the height."""


@dataclass(frozen=True)
class HandEdit:
    """Which part of a picture is replaced, and by what.

    Attributes
    ----------
    part : str
        One of `PARTS`, or ``brush``.
    fill : str
        One of `FILLS`.
    right, down : float
        How far the part is moved, in fractions of the width and the height, -1 to 1. What is
        moved out of the picture is gone. A brush is not moved.
    dabs : tuple of Dab
        Where the brush has been.

    Raises
    ------
    InputError
        If a part, a fill or a number is none of these.

    Examples
    --------
    >>> half = HandEdit("sky", "gray", down=-1 / 6)
    >>> float(half.mask(60, 40).mean().round(3))
    0.167
    """

    part: str
    fill: str
    right: float = 0.0
    down: float = 0.0
    dabs: tuple[Dab, ...] = ()

    def __post_init__(self) -> None:
        if self.part not in (*PARTS, BRUSH) or self.fill not in FILLS:
            raise InputError(
                f"the part {self.part!r} filled with {self.fill!r} is not known; choose one of "
                f"{', '.join((*PARTS, BRUSH))} and one of {', '.join(FILLS)}."
            )
        numbers = (self.right, self.down, *(number for dab in self.dabs for number in dab))
        if not all(math.isfinite(number) and abs(number) <= 2 for number in numbers):
            raise InputError("a part is moved, and a brush set, by fractions of the picture.")
        if len(self.dabs) > MOST_DABS:
            raise InputError(
                f"the brush was set {len(self.dabs):,} times; at most {MOST_DABS:,} are taken."
            )

    def mask(self, height: int, width: int) -> np.ndarray:
        """Pixels that are replaced, bool (height, width)."""
        if self.part == BRUSH:
            return _painted(self.dabs, height, width)
        whole = PARTS[self.part].mask(height, width)
        return _moved(whole, round(self.down * height), round(self.right * width))

    def apply(self, pixels: np.ndarray, donor: np.ndarray | None = None) -> np.ndarray:
        """The picture with the part replaced.

        Parameters
        ----------
        pixels : ndarray, uint8, shape (H, W, C)
        donor : ndarray, uint8, shape (H, W, C), optional
            The other picture, where the fill is ``picture``; the part brings what lies in its
            own place there.

        Returns
        -------
        ndarray, uint8, shape (H, W, C)

        Raises
        ------
        InputError
            If the other picture is missing or has another shape.

        Examples
        --------
        >>> black, white = (np.full((60, 40, 3), level, np.uint8) for level in (0, 255))
        >>> edited = HandEdit("sky", "picture").apply(black, white)
        >>> edited[:20].min(), edited[20:].max()
        (np.uint8(255), np.uint8(0))
        """
        mask = self.mask(*pixels.shape[:2])
        if self.fill == "surroundings":
            imputed: np.ndarray = impute(pixels[None], mask, np.random.default_rng(0))[0]
            return imputed
        if self.fill == "picture":
            if donor is None or donor.shape != pixels.shape:
                raise InputError("another picture of the same shape is needed to take from.")
            height, width = mask.shape
            moves = self.part != BRUSH
            filling = _moved(
                donor, round(self.down * height) * moves, round(self.right * width) * moves
            )
        elif self.fill == "blur":
            spread = _BLUR * min(mask.shape)
            filling = as_pixels(
                ndimage.gaussian_filter(pixels.astype(np.float32), (spread, spread, 0))
            )
        else:
            filling = np.full_like(pixels, _GRAY)
        edited: np.ndarray = np.where(mask[..., None], filling, pixels)
        return edited


def seen_by(model: Classifier, picture: Picture, fit: str) -> Picture:
    """What a model sees of a picture, as a picture: the same pixels, so the same answer."""
    channels = model.input_shape[2]
    fitted, _ = fit_pixels(picture.of_channels(channels), model.input_shape, fit)
    return read_image(fitted.astype(np.uint8), name=picture.name)


def edited_by_hand(seen: Picture, edit: HandEdit, donor: Picture | None = None) -> Picture:
    """A picture as of `seen_by` after an edit, from another such picture where it needs one."""
    channels = 3 if seen.bands is None else seen.bands.shape[2]
    other = None if donor is None else donor.of_channels(channels)
    return read_image(edit.apply(seen.of_channels(channels), other), name=seen.name)


def _moved(values: np.ndarray, down: int, right: int) -> np.ndarray:
    """An array (H, W, ...) moved by whole pixels; zeros, or False, come in from outside."""
    height, width = values.shape[:2]
    moved = np.zeros_like(values)
    if abs(down) < height and abs(right) < width:
        moved[max(0, down) : height + min(0, down), max(0, right) : width + min(0, right)] = values[
            max(0, -down) : height + min(0, -down), max(0, -right) : width + min(0, -right)
        ]
    return moved


def _painted(dabs: tuple[Dab, ...], height: int, width: int) -> np.ndarray:
    mask = np.zeros((height, width), bool)
    y, x = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    for centre_x, centre_y, radius_x, radius_y in dabs:
        down = ((y - centre_y) / max(radius_y, 0.5 / height)) ** 2
        across = ((x - centre_x) / max(radius_x, 0.5 / width)) ** 2
        mask |= np.add.outer(down, across) <= 1
    return mask
