"""One intervention on what the model sees: it can be named, stored and made again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

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

    def control(
        self, recipients: Images, donors: Images, controls: Images, rng: np.random.Generator
    ) -> np.ndarray:
        """What the edit itself does, without the cue: the same from images of their own class."""
        return self.transfer(recipients, controls, rng)

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

    def imposed(self, recipients: Images, donors: Images, edited: np.ndarray) -> np.ndarray:
        """How much of the cue the edited pictures really have got, float32 (N,).

        0: nothing, 1: all of it; NaN where nothing was to be imposed or the cue has no measure.
        """
        return np.full(len(recipients), np.nan, np.float32)


class StatisticProbe(Probe):
    """A cue that is a statistic of the whole image, imposed on another image.

    A transfer gives the recipients the donors' statistics, the lowest to the lowest and so on up:
    optimal transport between the two batches, in each number. So recipients vary as the donors do
    and move no farther than they must; by chance of pairing, each would take over all that its
    donor's content adds to the number as well. To make the cue neutral, all get the median of the
    reference.
    """

    everywhere: ClassVar[bool] = True

    @abstractmethod
    def measure(self, images: Images) -> np.ndarray:
        """The statistic of each image, float (N, ...)."""

    @abstractmethod
    def impose(
        self, recipients: Images, current: np.ndarray, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Recipients whose `current` statistic becomes `target`, (N, ...); uint8 (N, H, W, C)."""

    def transfer(self, recipients: Images, donors: Images, rng: np.random.Generator) -> np.ndarray:
        before = self.measure(recipients)
        return self.impose(recipients, before, transported(before, self.measure(donors)), rng)

    def neutral(
        self, recipients: Images, reference: Images, rng: np.random.Generator
    ) -> np.ndarray:
        before = self.measure(recipients)
        usual = np.median(self.measure(reference), axis=0)
        return self.impose(recipients, before, np.broadcast_to(usual, before.shape), rng)

    def imposed(self, recipients: Images, donors: Images, edited: np.ndarray) -> np.ndarray:
        before, given = self.measure(recipients), self.measure(donors)
        intended, got = transported(before, given) - before, self.measure(Images(edited)) - before
        spread = np.concatenate([before, given]).std(axis=0)
        scale = np.where(spread > 0, 1 / np.where(spread > 0, spread, 1), 0)
        return share_of(got * scale, intended * scale)


class CommonProbe(Probe):
    """A cue that shows only in many images: what those of one call have in common."""

    @abstractmethod
    def measure(self, images: Images) -> np.ndarray:
        """What these images have in common, float."""

    @abstractmethod
    def impose(
        self, recipients: Images, target: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Recipients that have `target` in common; uint8 (N, H, W, C)."""

    def transfer(self, recipients: Images, donors: Images, rng: np.random.Generator) -> np.ndarray:
        return self.impose(recipients, self.measure(donors), rng)

    def neutral(
        self, recipients: Images, reference: Images, rng: np.random.Generator
    ) -> np.ndarray:
        return self.impose(recipients, self.measure(reference), rng)

    def imposed(self, recipients: Images, donors: Images, edited: np.ndarray) -> np.ndarray:
        before = self.measure(recipients)
        intended, got = self.measure(donors) - before, self.measure(Images(edited)) - before
        return np.repeat(share_of(got[None], intended[None]), len(recipients))


def transported(current: np.ndarray, given: np.ndarray) -> np.ndarray:
    """The given numbers, (N, ...), each in the place of that of `current` which has the same rank.

    Where `current` ties, the order of the rows decides.

    Examples
    --------
    >>> transported(np.array([3.0, 1.0, 2.0]), np.array([10.0, 30.0, 20.0])).tolist()
    [30.0, 10.0, 20.0]
    """
    moved = np.empty(current.shape, np.result_type(given, np.float32))
    np.put_along_axis(
        moved, np.argsort(current, axis=0, kind="stable"), np.sort(given, axis=0), axis=0
    )
    return moved


def share_of(got: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Share of each wanted change, (N, ...), that came about, float32 (N,); NaN for no change.

    Examples
    --------
    >>> share_of(np.array([[1.0, 0], [5, 5]]), np.array([[2.0, 0], [0, 0]])).tolist()
    [0.5, nan]
    """
    got, wanted = (change.reshape(len(change), -1).astype(np.float64) for change in (got, wanted))
    size = (wanted**2).sum(axis=1)
    share = np.full(len(wanted), np.nan)
    np.divide((got * wanted).sum(axis=1), size, out=share, where=size > 1e-12)
    return share.astype(np.float32)


def as_pixels(values: np.ndarray) -> np.ndarray:
    """Round and clip to uint8; overwrites `values`."""
    np.rint(values, out=values)
    np.clip(values, 0, 255, out=values)
    return values.astype(np.uint8)
