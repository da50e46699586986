"""What an audit says: findings on the ladder *associated, attended, relied on*."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

from camcore.drawing import notebook

Level = Literal["associated", "attended", "relied on"]
Kind = Literal["artefact", "context", "object", "unknown"]
Presence = Literal["with", "without"]
LEVELS: tuple[Level, ...] = ("relied on", "attended", "associated")
"""Strongest first."""

DECISIONS = ("confirmed spurious", "accepted")


@dataclass(frozen=True)
class Finding:
    """One cue that speaks for one class, and how far it is proven.

    Attributes
    ----------
    id : str
        Stable name inside the run, ``class--family``.
    class_name, family, cue : str
        The class that the cue speaks for; one of `FAMILIES`; the cue in words.
    level : {"associated", "attended", "relied on"}
    effect : float or None
        Excess flips to the class when the cue comes from its images rather than from another
        image of the recipient's own class, 0 to 1; on held-out images. None without intervention.
    interval : tuple of float or None
        95 % bootstrap interval of `effect`.
    q : float or None
        Adjusted p-value (max-T over the probes of a family, Holm over families).
    region : dict or None
        ``{"box": [x0, y0, x1, y1], "rows": 8, "columns": 8, "cells": [[row, column], ...]}``: the
        bounding box in fractions of width and height, and cells of a grid; for local cues.
    area : float or None
        Share of the picture that the intervention replaces.
    on_object : bool or None
        Whether the region lies on the object; None where no mask or box tells.
    images : tuple of int
        Ids of images that show it, strongest first.
    share : float or None
        Share of the tested images of the class that leave it when the cue is taken out, less the
        share that leaves it under the control; a difference, -1 to 1.
    probe : str or None
        Name of the intervention; `camcore.auditing.edits` makes it again from that.
    margin : float or None
        Mean paired difference of the class's log-odds.
    pairs, passes : int
        Held-out pairs, and forward passes that the proof took.
    discovery : float or None
        Effect on the half that the cue was found on.
    removal : dict or None
        What taking the cue out of the class's own images does: ``transfer`` and ``neutral``
        (share that leaves the class under each fill), ``control``, ``agree``.
    elsewhere : float or None
        Effect of a same-size region from elsewhere in the donor, objects left alone.
    shift : dict or None
        Whether the hot spot follows the content or stays at its place: ``content``, ``place``.
    accuracy : dict or None
        ``with`` and ``without`` the cue, on images of the class.
    property : str or None
        The image property that is associated most, with `auc` and `auc_q`.
    auc, auc_q : float or None
    response : float or None
        Spearman correlation of that property with the class's log-odds inside the class.
    attended : float or None
        Smallest adjusted p-value of the map's cells in this region.
    overlaps : str or None
        Id of a stronger finding of the class whose region shares most of this one's: probably the
        same cue.
    off_object : float or None
        Share of the move in log-odds that stays with every known object left alone, or with the
        middle left alone where none is known; 0 to 1.
    in_part : float or None
        Share of the move in log-odds that stays where a property of the whole image is read off a
        quarter of the donor; 0 to 1.
    trace : bool
        True where too little of it stays: the property is the trace of something in one place.
    may_be_object : bool
        True where nothing tells where the object is and most of that move is gone without the
        middle: the cue may well be the object, which is no shortcut.
    kind : {"artefact", "context", "object", "unknown"} or None
        What the cue is; see `camcore.auditing.verdict.kinds`. None where nothing is proven.
    presence : {"with", "without"} or None
        Whether pictures of the class bear the cue, or lack what others bear.
    sufficiency, necessity, move, drop : dict or None
        ``{"value": ..., "interval": [low, high]}``, 95 %. Excess flips to the class with the cue;
        share of its own pictures that leave it without, beyond the control; and the same two in
        log-odds.
    swing : float or None
        Log-odds that pictures of the class lie above the recipients: the unit of a move.
    joined : tuple of str
        Ids of findings that are told as the same cause.
    alike : float or None
        How much the cue repeats from picture to picture of the class; see
        `camcore.auditing.interventions.likeness_table`.
    stamped : float or None
        Share of the place where one content stands in most pictures of the class, and not in the
        others, as nothing natural does.
    plain : float or None
        Share of the place that is the one ground of all pictures, such as black or white.
    acts : dict or None
        Share of the move that is made by a part of the cue: ``outside`` and ``inside`` the middle;
        the ``shared`` content of the donors, and its broad light and colour (``broad``); the plain
        colour of each donor's place (``flat``); its absence in the recipient (``absent``).
    taken_from : str or None
        The class whose pictures nearly alone are turned: they may lose a cue of their own.
    boxed : dict or None
        What pictures tell whose objects are known, where few are: ``around``, the share of the
        effect that is left with all objects left alone, and ``own``, of a place, the share that
        the donor's object makes alone (each with ``value`` and ``interval``); ``donors``,
        ``recipients`` and ``pairs``, how many there were.
    part : dict or None
        For a part that moves: where it lies in each image, how alike its crops are, and what of
        it acts alone; see `camcore.auditing.parts.evidence.part_evidence`.
    """

    id: str
    class_name: str
    family: str
    cue: str
    level: Level
    effect: float | None = None
    interval: tuple[float, float] | None = None
    q: float | None = None
    region: dict[str, Any] | None = None
    area: float | None = None
    on_object: bool | None = None
    images: tuple[int, ...] = ()
    share: float | None = None
    probe: str | None = None
    margin: float | None = None
    pairs: int = 0
    passes: int = 0
    discovery: float | None = None
    removal: dict[str, Any] | None = None
    elsewhere: float | None = None
    shift: dict[str, float] | None = None
    accuracy: dict[str, float] | None = None
    property: str | None = None
    auc: float | None = None
    auc_q: float | None = None
    response: float | None = None
    attended: float | None = None
    overlaps: str | None = None
    off_object: float | None = None
    in_part: float | None = None
    trace: bool = False
    may_be_object: bool = False
    kind: Kind | None = None
    presence: Presence | None = None
    sufficiency: dict[str, Any] | None = None
    necessity: dict[str, Any] | None = None
    move: dict[str, Any] | None = None
    drop: dict[str, Any] | None = None
    swing: float | None = None
    joined: tuple[str, ...] = ()
    alike: float | None = None
    stamped: float | None = None
    plain: float | None = None
    acts: dict[str, float] | None = None
    taken_from: str | None = None
    boxed: dict[str, Any] | None = None
    part: dict[str, Any] | None = None

    def _repr_html_(self) -> str:
        """The finding in a line, in a notebook."""
        effect = f", {self.measured()} excess flips of 100" if self.effect is not None else ""
        kind = f", {self.kind}" if self.kind else ""
        return str(
            notebook.paragraph(f"{self.class_name} by {self.cue}: {self.level}{kind}{effect}")
        )

    def measured(self) -> str:
        """Excess flips of 100 with their interval; "" where none were measured."""
        if self.effect is None or self.interval is None:
            return ""
        low, high = (round(100 * side) for side in self.interval)
        return f"{round(100 * self.effect)} ({low} to {high})"

    def excused(self) -> bool:
        """Whether something speaks for the object, or for a trace, rather than for a shortcut."""
        return bool(self.on_object or self.may_be_object or self.trace)

    def as_json(self) -> dict[str, Any]:
        """The finding as a JSON object; ``class_name`` goes by ``class``."""
        value = asdict(self)
        value["class"] = value.pop("class_name")
        return value

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Finding:
        """The finding that `as_json` wrote.

        Examples
        --------
        >>> finding = Finding("tank--frame", "tank", "frame", "frame", "relied on", effect=0.5)
        >>> Finding.from_json(finding.as_json()) == finding
        True
        """
        known = {field.name for field in fields(cls)}
        given = {name: entry for name, entry in value.items() if name in known}
        given["class_name"] = value["class"]
        if "transfer" in (given.get("necessity") or {}):  # as runs of format 1 have it
            given["removal"] = given.pop("necessity")
        for name in ("images", "interval", "joined"):
            if given.get(name) is not None:
                given[name] = tuple(given[name])
        return cls(**given)


def finding_id(class_name: str, family: str) -> str:
    """Stable name of a finding, fit for addresses and file names.

    Examples
    --------
    >>> finding_id("Egyptian cat", "sky/top-band")
    'egyptian-cat--sky-top-band'
    """
    return f"{_slug(class_name)}--{_slug(family)}"


def _slug(text: str) -> str:
    return re.sub(r"[^\w]+", "-", text.casefold()).strip("-") or "class"
