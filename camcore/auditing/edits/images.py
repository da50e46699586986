"""A batch of images as the model sees them, and what is known of each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from camcore.errors import InputError


@dataclass(frozen=True, eq=False)
class Images:
    """Images at the model's input size, before preprocessing.

    Attributes
    ----------
    pixels : ndarray, uint8, shape (N, H, W, C)
        Gray (C = 1) or RGB (C = 3).
    masks : ndarray of bool, shape (N, H, W), optional
        The object of each image; a row that is all False shows none.
    known : ndarray of bool, shape (N,), optional
        Whether the mask of an image is known at all; all of them if None.
    quality : ndarray of float32, shape (N,), optional
        JPEG quality of each file, NaN where the file is no JPEG.
    scale : ndarray of float32, shape (N, 2), optional
        Pixels of the file to a pixel here, down and across; 1 if None.
    places : mapping of str to ndarray of int, shape (N, 4)
        Where parts that move lie, by `camcore.auditing.edits.part.Part.key`: top, left, bottom
        and right in pixels; -1 where that is not known.

    Raises
    ------
    InputError
        If a shape or a type does not fit.

    Examples
    --------
    >>> images = Images(np.zeros((5, 28, 28, 1), np.uint8), quality=np.full(5, 90, np.float32))
    >>> len(images), images.take([0, 3]).quality.tolist()
    (5, [90.0, 90.0])
    """

    pixels: np.ndarray
    masks: np.ndarray | None = None
    known: np.ndarray | None = None
    quality: np.ndarray | None = None
    scale: np.ndarray | None = None
    places: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shape = self.pixels.shape
        if self.pixels.dtype != np.uint8 or len(shape) != 4 or shape[3] not in (1, 3):
            raise InputError(
                f"Images of type {self.pixels.dtype} and shape {shape} were given; give uint8 "
                "(N, H, W, C) with 1 or 3 channels."
            )
        expected = {"masks": shape[:3], "known": shape[:1], "quality": shape[:1]}
        expected["scale"] = (shape[0], 2)
        for name, needed in expected.items():
            given = getattr(self, name)
            if given is not None and given.shape != needed:
                raise InputError(f"{name} has shape {given.shape}; these images need {needed}.")

    def __len__(self) -> int:
        return len(self.pixels)

    def take(self, index: np.ndarray | list[int] | slice) -> Images:
        """The images at `index`, with all that is known of them."""
        masks, known, quality, scale = (
            None if part is None else part[index]
            for part in (self.masks, self.known, self.quality, self.scale)
        )
        places = {key: boxes[index] for key, boxes in self.places.items()}
        return Images(self.pixels[index], masks, known, quality, scale, places)

    def quarters(self, rng: np.random.Generator) -> Images:
        """A quarter of each image, from one of its four corners; its JPEG quality stays known."""
        height, width = self.pixels.shape[1:3]
        rows, columns = -(-height // 2), -(-width // 2)
        corners = (rng.random((len(self), 2)) < 0.5) * (height - rows, width - columns)
        quarters = [
            image[top : top + rows, left : left + columns]
            for image, (top, left) in zip(self.pixels, corners, strict=True)
        ]
        return Images(np.stack(quarters), quality=self.quality, scale=self.scale)

    @property
    def with_mask(self) -> np.ndarray:
        """Whether the mask of each image is known, bool (N,)."""
        if self.masks is None:
            return np.zeros(len(self), bool)
        return np.ones(len(self), bool) if self.known is None else self.known
