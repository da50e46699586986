"""Any scale, mean and spread of channels, written out as text."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np

from camcore.errors import InputError

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_NUMBERS = rf"{_NUMBER}(?:,{_NUMBER})*"
_WRITTEN = re.compile(
    rf"scale=(?P<scale>{_NUMBER})(?: mean=(?P<mean>{_NUMBERS}) std=(?P<std>{_NUMBERS}))?"
)


@dataclass(frozen=True)
class Normalisation:
    """Pixels times a scale, less a mean, over a spread: the numbers of one network.

    Attributes
    ----------
    scale : float
        What pixels in 0..255 are multiplied by.
    mean, std : tuple of float
        One number for each channel, or one for all; empty where nothing is taken off.

    Examples
    --------
    >>> halves = Normalisation(1 / 255, (0.5,), (0.5,))
    >>> str(halves)
    'scale=0.00392156862745098 mean=0.5 std=0.5'
    >>> Normalisation.parse(str(halves)) == halves
    True
    >>> halves.apply(np.array([[0, 255]], np.float32)).tolist()
    [[-1.0, 1.0]]
    """

    scale: float
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        numbers = (self.scale, *self.mean, *self.std)
        if not all(map(math.isfinite, numbers)) or len(self.mean) != len(self.std):
            raise InputError(
                f"{self}: as many finite numbers are needed for the spread as for the mean."
            )
        if not all((self.scale, *self.std)):
            raise InputError(f"{self}: neither the scale nor the spread may be 0.")

    @classmethod
    def parse(cls, text: str) -> Normalisation | None:
        """The one that a text writes out, or None where it is written otherwise."""
        match = _WRITTEN.fullmatch(text)
        if match is None:
            return None
        mean, std = (
            tuple(map(float, match[part].split(","))) if match[part] else ()
            for part in ("mean", "std")
        )
        return cls(float(match["scale"]), mean, std)

    def __str__(self) -> str:
        spread = (
            f" mean={','.join(map(repr, self.mean))} std={','.join(map(repr, self.std))}"
            if self.mean
            else ""
        )
        return f"scale={self.scale!r}{spread}"

    @property
    def title(self) -> str:
        """As people read it."""
        about = f"pixels × {self.scale:.4g}"
        if not self.mean:
            return about
        mean, std = (", ".join(f"{v:.4g}" for v in values) for values in (self.mean, self.std))
        return f"{about}, mean {mean}, spread {std}"

    def apply(self, pixels: np.ndarray) -> np.ndarray:
        """Inputs of the same shape (..., C), float32, of pixels in 0..255.

        Raises
        ------
        InputError
            If there is a mean for another number of channels.
        """
        if len(self.mean) not in (0, 1, pixels.shape[-1]):
            raise InputError(
                f"preprocessing '{self}' is for {len(self.mean)} channels, and this model takes "
                f"{pixels.shape[-1]}."
            )
        # The scale at double precision, as those who trained with it did it.
        scaled: np.ndarray = (pixels.astype(np.float64) * self.scale).astype(np.float32)
        if not self.mean:
            return scaled
        centred = scaled - np.array(self.mean, np.float32)
        inputs: np.ndarray = centred / np.array(self.std, np.float32)
        return inputs
