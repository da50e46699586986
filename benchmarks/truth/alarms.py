"""What an audit claims, held against edits of another make, on pictures that it never saw.

A claim is that what a class's pictures have, in one place or as a whole, turns the network. It is
tried both ways. *Turns*: other classes' pictures are given what pictures of the class have, and, as
a control, what further pictures of their own class have. *Missed*: pictures of the class are given
what other classes have, or, for a place, a flat or a blurred fill. A network relies on what turns
it and is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.truth.checks import (
    PROPERTIES,
    Edit,
    blurred_fill,
    feathered,
    flat_fill,
    middle_mask,
    mixed,
    paste,
    pattern_of,
    region_mask,
)
from benchmarks.truth.cues import whole

TURNS, MISSED = 0.10, 0.05
"""Excess flips to a class, and share that leaves it, from which a claim is borne out."""

IDLE, UNMISSED = 0.05, 0.02
"""Below either, with as small a move, a claim is denied; between them it is left open."""

_MOVED = 0.15  # of the gap in log-odds between the class and the rest: as much as a flip
_PAIRS = 120
_DONORS = 16  # whose own hottest window is looked for
_WINDOW = 1 / 4  # of the side
_SURROUNDINGS = 0.5  # of what the whole picture turns

_Placed = Callable[[int, int], np.ndarray]  # indices of a recipient and a donor -> edited
_Fill = Callable[[np.ndarray, np.ndarray], np.ndarray]  # a picture and a region -> filled
_Window = tuple[slice, slice]

LogOdds = Callable[[np.ndarray], np.ndarray]
"""Pictures uint8 (N, S, S, 3) -> log-odds of each class (N, classes)."""


@dataclass(frozen=True)
class Answer:
    """What independent edits say of one claim.

    Attributes
    ----------
    turns, missed : float
        Excess flips to the class, and excess share that leaves it; of the edits tried the one that
        does most, -1 to 1.
    turned, missing : float
        The same in log-odds, as shares of the gap between the class's pictures and others.
    surroundings, middle : float
        `turns` where only what lies outside the object is edited, or only the object; its mask
        where it is known, else an ellipse. NaN for a part that moves.
    verdict : {"borne out", "open", "denied", "untried"}
    """

    turns: float
    missed: float
    turned: float
    missing: float
    surroundings: float
    middle: float
    verdict: str

    def as_row(self) -> dict[str, Any]:
        """As columns of a table."""
        return asdict(self)


_NAN = float("nan")
UNTRIED = Answer(_NAN, _NAN, _NAN, _NAN, _NAN, _NAN, "untried")


@dataclass(frozen=True, eq=False)
class Held:
    """Held-out pictures as the network sees them.

    Attributes
    ----------
    pixels : ndarray, shape (N, S, S, 3), uint8
    labels : ndarray, shape (N,), int
    masks : ndarray, shape (N, S, S), bool, or None
        The objects where the construction knows them.
    log_odds : callable
    """

    pixels: np.ndarray
    labels: np.ndarray
    masks: np.ndarray | None
    log_odds: LogOdds


def check(held: Held, klass: int, family: str, region: dict[str, Any] | None, seed: int) -> Answer:
    """Try one claim.

    Parameters
    ----------
    held : Held
    klass : int
        The class that the cue is said to speak for.
    family : str
        One of the audit's families.
    region : dict or None
        Where, as a finding has it.
    seed : int
    """
    trial = _Trial(held, klass, seed)
    side = held.pixels.shape[1]
    if family == "part" or (family == "region" and region is None):
        return trial.part()
    if region is not None and region.get("cells"):
        mask = region_mask(region, side)
        return trial.tried((paste(mask),), mask)
    if family == "background":
        return trial.tried((paste(~middle_mask(side)),), ~middle_mask(side))
    if family in ("texture", "watermark"):
        return trial.tried((*PROPERTIES[family], trial.shared_pattern()), None)
    if family in PROPERTIES:
        return trial.tried(PROPERTIES[family], None)
    return UNTRIED


class _Trial:
    def __init__(self, held: Held, klass: int, seed: int) -> None:
        self._held, self._klass = held, klass
        self._rng = np.random.default_rng([seed, 31, klass])
        odds = held.log_odds(held.pixels)
        of_class = held.labels == klass
        right = odds.argmax(axis=1) == held.labels
        self._own = np.flatnonzero(of_class)
        # Of those that are told wrongly already an edit can show little.
        self._kept = np.flatnonzero(of_class & right) if (of_class & right).any() else self._own
        others = np.flatnonzero(~of_class & (odds.argmax(axis=1) != klass))
        self._others = others if len(others) else np.flatnonzero(~of_class)
        gap = odds[of_class, klass].mean() - odds[~of_class, klass].mean()
        self._gap = max(float(gap), 1.0)

    def tried(self, edits: Sequence[Edit], mask: np.ndarray | None) -> Answer:
        """Of several edits the one that does most, both ways."""
        turning = [self._turns(self._whole(edit)) for edit in edits]
        missing = [self._misses(edit) for edit in edits]
        if mask is not None:
            missing += [self._filled(fill, mask) for fill in (flat_fill, blurred_fill)]
        most = max(range(len(edits)), key=lambda place: turning[place][0])
        apart = (self._within(edits[most], outside) for outside in (True, False))
        outside, inside = (self._turns(placed)[0] for placed in apart)
        return _answer(turning[most], max(missing, key=max), outside, inside)

    def part(self) -> Answer:
        """Each donor's own hottest window, put at any place of another picture, or filled."""
        pixels = self._held.pixels
        side = pixels.shape[1]
        size = round(_WINDOW * side)
        donors = self._rng.choice(self._kept, min(_DONORS, len(self._kept)), replace=False)
        recipients = self._rng.choice(self._others, _PAIRS)
        alike = [self._like(int(recipient)) for recipient in recipients[: len(donors)]]
        hot = {int(index): self._hottest(int(index), size) for index in {*donors.tolist(), *alike}}

        def moved(recipient: int, donor: int) -> np.ndarray:
            to = self._anywhere(size)
            thing = pixels[recipient].copy()
            thing[to] = pixels[donor][hot[donor]]
            return mixed(pixels[recipient], thing, feathered(_mask(side, to)))

        edited = [moved(r, int(donors[k % len(donors)])) for k, r in enumerate(recipients)]
        control = [moved(r, alike[k % len(alike)]) for k, r in enumerate(recipients)]
        turning = self._compared(edited, control, towards=True)
        elsewhere = {index: self._anywhere(size) for index in hot}

        def filled(fill: _Fill, places: dict[int, _Window]) -> list[np.ndarray]:
            return [fill(pixels[index], _mask(side, places[index])) for index in donors.tolist()]

        missing = [
            self._compared(filled(fill, hot), filled(fill, elsewhere), towards=False)
            for fill in (flat_fill, blurred_fill)
        ]
        return _answer(turning, max(missing, key=max), _NAN, _NAN)

    def shared_pattern(self) -> Edit:
        """What fine detail the class shares and the others do not, put in or taken out."""
        pixels, member = self._held.pixels, self._held.labels == self._klass
        half = self._rng.random(len(member)) < 0.5
        shared = pattern_of(pixels[member & half]) - pattern_of(pixels[~member & half])
        of_class = {pixels[k].tobytes() for k in self._own}

        def edit(recipient: np.ndarray, donor: np.ndarray) -> np.ndarray:
            has, donor_has = (picture.tobytes() in of_class for picture in (recipient, donor))
            changed = recipient + (float(donor_has) - float(has)) * shared
            return whole(changed)

        return edit

    def _turns(self, edit: _Placed) -> tuple[float, float]:
        recipients = self._rng.choice(self._others, _PAIRS)
        donors = self._rng.choice(self._own, _PAIRS)
        alike = [self._like(int(recipient)) for recipient in recipients]
        edited = [edit(r, d) for r, d in zip(recipients, donors, strict=True)]
        control = [edit(r, d) for r, d in zip(recipients, alike, strict=True)]
        return self._compared(edited, control, towards=True)

    def _misses(self, edit: Edit) -> tuple[float, float]:
        placed = self._whole(edit)
        recipients = self._rng.choice(self._kept, _PAIRS)
        donors = self._rng.choice(self._others, _PAIRS)
        alike = self._rng.choice(self._own, _PAIRS)
        edited = [placed(r, d) for r, d in zip(recipients, donors, strict=True)]
        control = [placed(r, d) for r, d in zip(recipients, alike, strict=True)]
        return self._compared(edited, control, towards=False)

    def _filled(self, fill: _Fill, mask: np.ndarray) -> tuple[float, float]:
        """A fill in the class's own pictures, against as much of it in the place across."""
        count = min(_PAIRS, len(self._kept))
        pictures = self._held.pixels[self._rng.choice(self._kept, count, replace=False)]
        across = mask[::-1, ::-1]
        alike = (across & mask).sum() > mask.sum() / 2  # a ring lies across from itself
        control = list(pictures) if alike else [fill(picture, across) for picture in pictures]
        return self._compared([fill(picture, mask) for picture in pictures], control, towards=False)

    def _compared(
        self, edited: list[np.ndarray], control: list[np.ndarray], towards: bool
    ) -> tuple[float, float]:
        """Excess flips, and excess move in log-odds as a share of the gap."""
        with_it, without = (
            self._held.log_odds(np.stack(pictures)) for pictures in (edited, control)
        )
        klass = self._klass
        flips = (with_it.argmax(1) == klass).mean() - (without.argmax(1) == klass).mean()
        move = (with_it[:, klass] - without[:, klass]).mean() / self._gap
        return (float(flips), float(move)) if towards else (-float(flips), -float(move))

    def _whole(self, edit: Edit) -> _Placed:
        pixels = self._held.pixels
        return lambda recipient, donor: edit(pixels[recipient], pixels[donor])

    def _within(self, edit: Edit, outside: bool) -> _Placed:
        """The same edit of the surroundings alone, or of the object alone."""
        pixels, masks = self._held.pixels, self._held.masks
        middle = middle_mask(pixels.shape[1])

        def placed(recipient: int, donor: int) -> np.ndarray:
            mask = middle
            if masks is not None and masks[recipient].any():
                mask = masks[recipient]
            edited = edit(pixels[recipient], pixels[donor])
            return np.where((mask ^ outside)[..., None], edited, pixels[recipient])

        return placed

    def _like(self, recipient: int) -> int:
        """Another picture of the recipient's class."""
        same = np.flatnonzero(self._held.labels == self._held.labels[recipient])
        return int(self._rng.choice(same[same != recipient]))

    def _hottest(self, index: int, size: int) -> _Window:
        """The window whose loss costs a picture's own class most."""
        picture, klass = self._held.pixels[index], int(self._held.labels[index])
        steps = np.unique(np.rint(np.linspace(0, len(picture) - size, 7)).astype(int))
        windows = [np.s_[top : top + size, left : left + size] for top in steps for left in steps]
        lost = np.stack([blurred_fill(picture, _mask(len(picture), window)) for window in windows])
        return windows[int(self._held.log_odds(lost)[:, klass].argmin())]

    def _anywhere(self, size: int) -> _Window:
        top, left = self._rng.integers(0, self._held.pixels.shape[1] - size + 1, 2)
        return np.s_[top : top + size, left : left + size]


def _mask(side: int, window: _Window) -> np.ndarray:
    where = np.zeros((side, side), bool)
    where[window] = True
    return where


def _answer(
    turning: tuple[float, float], missing: tuple[float, float], outside: float, inside: float
) -> Answer:
    turns, turned = turning
    missed, lost = missing
    does = turns >= TURNS or turned >= _MOVED
    is_missed = missed >= MISSED or lost >= _MOVED
    idle = turns < IDLE and turned < _MOVED
    unmissed = missed < UNMISSED and lost < _MOVED
    verdict = "borne out" if does and is_missed else "denied" if idle or unmissed else "open"
    return Answer(turns, missed, turned, lost, outside, inside, verdict)


def carrier(answer: Answer) -> str:
    """Where what an edit does comes from: "surroundings", "middle", or "" where it is not told.

    Examples
    --------
    >>> carrier(Answer(0.4, 0.2, 0.4, 0.2, 0.3, 0.05, "borne out"))
    'surroundings'
    """
    if not np.isfinite(answer.surroundings) or answer.turns < IDLE:
        return ""
    return "surroundings" if answer.surroundings >= _SURROUNDINGS * answer.turns else "middle"
