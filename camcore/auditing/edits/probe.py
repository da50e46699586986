"""One intervention on what the model sees: it can be named, stored and made again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.regions import Region


class Probe(ABC):
    """One cue that can be handed from image to image.

    Probes are values: equal if they do the same, hashable, and found again by their `name` with
    `camcore.auditing.edits.probe_named`. Both edits are pure: the same images and a generator in
    the same state give the same pixels.
    """

    everywhere: ClassVar[bool] = False
    """Whether any part of an image shows the cue, as a property of the whole image does."""
    pattern: ClassVar[bool] = False
    """Whether the cue has a form, by which properties of the whole image change as well."""

    @property
    @abstractmethod
    def name(self) -> str:
        """Stable text, such as ``brightness`` or ``cells 8x8: 0,0 0,1``."""

    @property
    @abstractmethod
    def family(self) -> str:
        """Id of the cue family, one of `camcore.auditing.edits.families.FAMILIES`."""

    @property
    @abstractmethod
    def cue(self) -> str:
        """The cue in words for people."""

    @property
    def region(self) -> Region | None:
        """Where the cue sits, for a local probe."""
        return None

    @property
    def area(self) -> float:
        """Share of the image that is replaced; 1 for a global probe."""
        return 1.0

    def applies(self, images: Images) -> bool:
        """Whether this probe can do anything to such images."""
        return len(images) > 0

    @abstractmethod
    def transfer(self, recipients: Images, donors: Images, rng: np.random.Generator) -> np.ndarray:
        """Give recipient i the cue of donor i; uint8 (N, H, W, C).

        A cue that shows only in many images (`Watermark`) is that of all donors together.

        With images of the class under test as recipients and others as donors it takes the cue
        away: the test of necessity.
        """

    def alike(self, donors: Images, controls: Images) -> tuple[Images, Images]:
        """Donors and controls that differ in nothing but what they show.

        An edit that damages what it takes from the one must damage the other as well.
        """
        return donors, controls

    @abstractmethod
    def neutral(
        self, recipients: Images, reference: Images, rng: np.random.Generator
    ) -> np.ndarray:
        """Take the cue away without a donor; uint8 (N, H, W, C).

        Parameters
        ----------
        reference : Images
            Images of the other classes, which say what is usual.
        """


class StatisticProbe(Probe):
    """A cue that is a statistic of the whole image, imposed on another image.

    The donor's own statistic for a transfer; the median over the reference to make it neutral.
    """

    everywhere: ClassVar[bool] = True

    @abstractmethod
    def measure(self, images: Images) -> np.ndarray:
        """The statistic of each image, float (N, ...)."""

    @abstractmethod
    def impose(self, recipients: Images, target: Any, rng: np.random.Generator) -> np.ndarray:
        """Recipients whose statistic is `target`, (N, ...); uint8 (N, H, W, C)."""

    def transfer(self, recipients: Images, donors: Images, rng: np.random.Generator) -> np.ndarray:
        return self.impose(recipients, self.measure(donors), rng)

    def neutral(
        self, recipients: Images, reference: Images, rng: np.random.Generator
    ) -> np.ndarray:
        usual = np.median(self.measure(reference), axis=0)
        return self.impose(recipients, np.broadcast_to(usual, (len(recipients), *usual.shape)), rng)


def as_pixels(values: np.ndarray) -> np.ndarray:
    """Round and clip to uint8; overwrites `values`."""
    np.rint(values, out=values)
    np.clip(values, 0, 255, out=values)
    return values.astype(np.uint8)
