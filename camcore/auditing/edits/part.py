"""Parts that move: a window that lies elsewhere in each picture is handed on, or painted over."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, get_args

import numpy as np

from camcore.auditing.edits.images import Images
from camcore.auditing.edits.imputation import impute_each
from camcore.auditing.edits.probe import Probe, as_pixels

Way = Literal["same place", "another place", "from beside", "shared", "painted over"]
"""What is done with a part; see `Part`."""

_NAME = re.compile(r"part (\d+)/(\d+)(?:: (" + "|".join(get_args(Way)[1:]) + r"))?")
_EDGE = 0.15  # of the window's side, on which the patch fades into the picture
_GROWN = 1.5  # times the window's side: what is painted over
_BLOCKS = 4  # places along each side that a window is tried at for what lies apart from it
_ROUNDS = 3  # of aligning crops with their mean
_REACH = 0.25  # of the window's side: how far a crop may be moved to lie like the others


@dataclass(frozen=True)
class Part(Probe):
    """One component of the network's own activations, where it peaks in each picture.

    Where that is must be known for the images given: ``images.places`` holds a window of each
    under `key`. All windows of a part have one size.

    Parameters
    ----------
    klass : int
        The class whose pictures the component was factorised from.
    number : int
        The component, from 0.
    way : str
        ``same place``: the donor's window goes to the same place of the recipient.
        ``another place``: it goes to a place drawn at random, the same for the control.
        ``from beside``: a window of the donor that lies apart from the part goes to the part's
        place, which shows what any content of the donor does.
        ``shared``: only what the donors' windows have in common, their mean after alignment,
        goes to the same place. The donors of one call must belong together.
        ``painted over``: the recipient's own part, half as large again, is covered with content
        from elsewhere in the same picture; the control covers another window with it.

    Examples
    --------
    >>> probe = Part(3, 0, "another place")
    >>> probe.name, part_named(probe.name) == probe, Part(3, 0).name
    ('part 3/0: another place', True, 'part 3/0')
    >>> white = Images(np.full((1, 20, 20, 1), 255, np.uint8),
    ...                places={"part 3/0": np.array([[5, 5, 15, 15]])})
    >>> black = Images(np.zeros((1, 20, 20, 1), np.uint8))
    >>> edited = Part(3, 0).transfer(black, white, np.random.default_rng(0))
    >>> int(edited[0, 10, 10, 0]), int(edited[0, 2, 2, 0])
    (255, 0)
    """

    klass: int
    number: int
    way: Way = "same place"

    family: ClassVar[str] = "part"
    cue: ClassVar[str] = "a part at any place"

    @property
    def key(self) -> str:
        """Name of the part itself, whatever is done with it: the key of ``Images.places``."""
        return f"part {self.klass}/{self.number}"

    @property
    def name(self) -> str:
        return self.key if self.way == "same place" else f"{self.key}: {self.way}"

    @property
    def area(self) -> float:
        """Unknown before the windows are; 1, as for everything that has no place of its own."""
        return 1.0

    def applies(self, images: Images) -> bool:
        return len(images) > 0 and self.key in images.places

    def transfer(self, recipients: Images, donors: Images, rng: np.random.Generator) -> np.ndarray:
        return self._handed(recipients, donors, donors, rng)

    def control(
        self, recipients: Images, donors: Images, controls: Images, rng: np.random.Generator
    ) -> np.ndarray:
        if self.way != "painted over":
            return self._handed(recipients, donors, controls, rng)
        height, width = recipients.pixels.shape[1:3]
        return self._painted(recipients, apart(self._grown(recipients), height, width, choice=1))

    def _handed(
        self, recipients: Images, donors: Images, givers: Images, rng: np.random.Generator
    ) -> np.ndarray:
        """The givers' windows, put to where the donors' are: what they cover is the same."""
        if self.way == "painted over":
            return self._painted(recipients, self._grown(recipients))
        height, width = recipients.pixels.shape[1:3]
        sources, targets = self._boxes(givers), self._boxes(donors)
        if self.way == "another place":
            targets = _drawn(targets, height, width, rng)
        if self.way == "from beside":
            sources = apart(sources, height, width)
        patches = crops(givers.pixels, sources)
        if self.way == "shared":
            patches = np.broadcast_to(common_patch(patches), patches.shape)
        return _pasted(recipients.pixels, patches, targets)

    def neutral(
        self, recipients: Images, reference: Images, rng: np.random.Generator
    ) -> np.ndarray:
        masks = np.zeros(recipients.pixels.shape[:3], bool)
        for mask, (top, left, bottom, right) in zip(masks, self._grown(recipients), strict=True):
            mask[top:bottom, left:right] = True
        return impute_each(recipients.pixels, masks, rng)

    def done(self, way: Way) -> Part:
        """The same part, with which something else is done."""
        return replace(self, way=way)

    def _boxes(self, images: Images) -> np.ndarray:
        return images.places[self.key]

    def _grown(self, images: Images) -> np.ndarray:
        """Larger windows about the parts: a peak need not be in the middle of what it shows."""
        boxes, sides = self._boxes(images), np.array(images.pixels.shape[1:3])
        before = boxes[:, 2:] - boxes[:, :2]
        sizes = np.minimum(np.rint(_GROWN * before).astype(int), sides)
        starts = np.clip(boxes[:, :2] - (sizes - before) // 2, 0, sides - sizes)
        return np.concatenate([starts, starts + sizes], axis=1)

    def _painted(self, recipients: Images, targets: np.ndarray) -> np.ndarray:
        height, width = recipients.pixels.shape[1:3]
        source = apart(self._grown(recipients), height, width)
        return _pasted(recipients.pixels, crops(recipients.pixels, source), targets)


def part_named(name: str) -> Part | None:
    """The probe that a `Part.name` stands for; None where the text is no such name."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    way: Way = match[3] or "same place"  # type: ignore[assignment]
    return Part(int(match[1]), int(match[2]), way)


def common_patch(patches: np.ndarray) -> np.ndarray:
    """What patches have in common: their mean, each moved to lie like the others.

    Each is moved by the whole number of pixels that correlates it most with the mean of all,
    a few rounds long. What differs from patch to patch averages out; a stamp, a ruler or a marker
    stays.

    Parameters
    ----------
    patches : ndarray, uint8, shape (N, h, w, C)

    Returns
    -------
    ndarray, float32, shape (h, w, C)

    Examples
    --------
    >>> patches = np.zeros((3, 16, 16, 1), np.uint8)
    >>> for k, patch in enumerate(patches):
    ...     patch[4 + k : 8 + k, 5:9] = 200
    >>> float(common_patch(patches).max())
    200.0
    """
    values = patches.astype(np.float32)
    reach = [max(1, round(_REACH * side)) for side in patches.shape[1:3]]
    detail = values - values.mean(axis=(1, 2), keepdims=True)
    spectra = np.fft.rfft2(detail, axes=(1, 2))
    moves = np.zeros((len(values), 2), int)
    for _ in range(_ROUNDS):
        mean = _moved(detail, moves).mean(axis=0)
        against = np.fft.rfft2(mean, axes=(0, 1))[None]
        fit = np.fft.irfft2((against * spectra.conj()).sum(axis=-1), patches.shape[1:3])
        fit = np.roll(fit, reach, axis=(1, 2))[:, : 2 * reach[0] + 1, : 2 * reach[1] + 1]
        best = fit.reshape(len(fit), -1).argmax(axis=1)
        moves = np.stack(np.divmod(best, 2 * reach[1] + 1), axis=1) - reach
    average: np.ndarray = _moved(values, moves).mean(axis=0)
    return average


def _moved(values: np.ndarray, moves: np.ndarray) -> np.ndarray:
    return np.stack([np.roll(v, move, (0, 1)) for v, move in zip(values, moves, strict=True)])


def crops(pixels: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The content of one window in each picture, shape (N, h, w, C).

    Parameters
    ----------
    pixels : ndarray, shape (N, H, W, C)
    boxes : ndarray, shape (N, 4), int
        Top, left, bottom and right in pixels; all of one size.
    """
    return np.stack(
        [
            image[top:bottom, left:right]
            for image, (top, left, bottom, right) in zip(pixels, boxes, strict=True)
        ]
    )


def _pasted(pixels: np.ndarray, patches: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The patches put into the pictures, with a soft edge: a hard one is a cue of its own."""
    edited = pixels.copy()
    soft = _soft(*patches.shape[1:3])
    for image, patch, (top, left, bottom, right) in zip(edited, patches, boxes, strict=True):
        under = image[top:bottom, left:right].astype(np.float32)
        image[top:bottom, left:right] = as_pixels(under + soft * (patch - under))
    return edited


def _soft(height: int, width: int) -> np.ndarray:
    sides = []
    for size in (height, width):
        from_edge = np.minimum(np.arange(size), np.arange(size)[::-1]) + 1
        sides.append(np.clip(from_edge / (max(1, round(_EDGE * size)) + 1), 0, 1))
    return np.minimum.outer(*sides)[..., None].astype(np.float32)


def _drawn(boxes: np.ndarray, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    sizes = boxes[:, 2:] - boxes[:, :2]
    corners = rng.integers(0, np.array([height, width]) - sizes + 1)
    return np.concatenate([corners, corners + sizes], axis=1)


def apart(boxes: np.ndarray, height: int, width: int, choice: int = 0) -> np.ndarray:
    """Windows of the same size that share least with the given ones.

    Parameters
    ----------
    boxes : ndarray, shape (N, 4), int
        Top, left, bottom, right.
    height, width : int
        Of the pictures, in pixels.
    choice : int
        0 takes the window that lies farthest; 1 the next, which does not touch that one either,
        as far as the picture has room.

    Examples
    --------
    >>> apart(np.array([[0, 0, 4, 4]]), 16, 16).tolist()
    [[12, 12, 16, 16]]
    """
    sizes = boxes[:, 2:] - boxes[:, :2]
    steps = np.linspace(0, 1, _BLOCKS)
    lattice = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 2)
    corners = np.rint(lattice * (np.array([height, width]) - sizes)[:, None]).astype(int)
    taken, chosen = [boxes[:, :2]], boxes[:, :2]
    for _ in range(choice + 1):
        shared = np.zeros(corners.shape[:2])
        far = np.full(corners.shape[:2], np.inf)
        for other in taken:
            between = np.abs(corners - other[:, None])
            shared += np.clip(sizes[:, None] - between, 0, None).prod(axis=2)
            far = np.minimum(far, np.square(between).sum(axis=2))
        least = np.where(shared == shared.min(axis=1, keepdims=True), far, -1)
        chosen = np.take_along_axis(corners, least.argmax(axis=1)[:, None, None], axis=1)[:, 0]
        taken.append(chosen)
    return np.concatenate([chosen, chosen + sizes], axis=1)
