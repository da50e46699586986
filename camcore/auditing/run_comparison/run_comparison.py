"""What changed between two runs, as values, as a table and as text for a terminal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import pandas as pd

from camcore.auditing.run_comparison.comparison_sentence import in_a_sentence

Verdict = Literal["new", "worse", "unchanged", "better", "gone", "not tested"]
ORDER: tuple[Verdict, ...] = ("new", "worse", "unchanged", "better", "gone", "not tested")
"""What is new or worse comes first."""
Mark = Literal["good", "bad", "neutral"]


@dataclass(frozen=True)
class Effect:
    """What a run measured of one cue of one class.

    Attributes
    ----------
    value : float
        Excess flips, -1 to 1.
    interval : tuple of float
        95 %, bootstrap.
    relied_on : bool
        Whether the run proved reliance.
    held_out : bool
        False where the cue showed too little on the discovery half to be tested on the other; the
        best probe of the family there stands for it, which errs towards a larger effect.
    cue : str
        The cue in words.
    finding : str
        Id of the finding in its run; empty where there is none.
    excused : bool
        Whether it lies on the object, may be the object, or is the trace of something else.
    same_as : str or None
        Id of the stronger finding of the class at the same place: probably the same cue.
    """

    value: float
    interval: tuple[float, float]
    relied_on: bool
    held_out: bool
    cue: str
    finding: str = ""
    excused: bool = False
    same_as: str | None = None


@dataclass(frozen=True)
class Row:
    """One cue of one class in both runs: the same family at the same place.

    Attributes
    ----------
    class_name, family : str
    a, b : Effect or None
        None where a run did not try it.
    change : float or None
        Of the effect, from a to b.
    verdict : {"new", "worse", "unchanged", "better", "gone", "not tested"}
        Anything but *unchanged* needs intervals that lie apart.
    note : str
    """

    class_name: str
    family: str
    a: Effect | None
    b: Effect | None
    change: float | None
    verdict: Verdict
    note: str = ""

    @property
    def effect(self) -> Effect:
        """The effect that the row is about: what b has or has got worse, else what a had."""
        sides = (self.b, self.a) if self.verdict in ("new", "worse") else (self.a, self.b)
        proven = [side for side in sides if side is not None and side.relied_on]
        return next(side for side in (*proven, *sides) if side is not None)

    @property
    def mark(self) -> Mark:
        """What the change is worth.

        Reliance on the object is neither gain nor loss, nor is a change of what neither run relies
        on.
        """
        effect = self.effect
        if self.verdict in ("unchanged", "not tested") or effect.excused or not effect.relied_on:
            return "neutral"
        return "bad" if self.verdict in ("new", "worse") else "good"

    @property
    def matters(self) -> bool:
        """Whether one of the runs relies on it, or its effect changed."""
        if self.verdict in ("unchanged", "not tested"):
            return any(side is not None and side.relied_on for side in (self.a, self.b))
        return True


@dataclass(frozen=True)
class Accuracy:
    """Both models on the images that both runs have, by their content.

    Attributes
    ----------
    images : int
    a, b : float or None
        Share that is recognised; None without a shared image.
    only_a, only_b : int
        Images that one of them recognises and the other does not.
    """

    images: int
    a: float | None
    b: float | None
    only_a: int
    only_b: int


@dataclass(frozen=True)
class Comparison:
    """What changed from run `a` to run `b`.

    Attributes
    ----------
    a, b : str
        The run folders.
    model_a, model_b : str
    rows : tuple of Row
        What got worse first.
    accuracy : Accuracy
    notes : tuple of str
        Why the comparison may not be fair; empty if nothing but the model differs.

    Examples
    --------
    >>> a = Effect(0.5, (0.4, 0.6), True, True, "top left corner", "tank--tag")
    >>> b = Effect(0.0, (0.0, 0.1), False, True, "top left corner")
    >>> row = Row("tank", "tag", a, b, -0.5, "gone")
    >>> print(Comparison("first", "second", "cnn", "cnn", (row,), Accuracy(0, None, None, 0, 0),
    ...                  ()).as_text())
    a: cnn, first
    b: cnn, second
    b no longer relies on the top left corner for tank.
    verdict mark class cue a b change
    gone good tank top left corner 50 (40 to 60) 0 (0 to 10), not relied on -50
    """

    a: str
    b: str
    model_a: str
    model_b: str
    rows: tuple[Row, ...]
    accuracy: Accuracy
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The comparison as a JSON object; ``class_name`` goes by ``class``."""
        value = asdict(self)
        for row, compared in zip(value["rows"], self.rows, strict=True):
            row["class"] = row.pop("class_name")
            row["mark"] = compared.mark
        return value | {"sentence": self.sentence}

    @property
    def sentence(self) -> str:
        """What changed, in one sentence."""
        return in_a_sentence(self.rows)

    @property
    def relevant(self) -> tuple[Row, ...]:
        """The rows that matter."""
        return tuple(row for row in self.rows if row.matters)

    def as_table(self) -> pd.DataFrame:
        """One row a cue, with the numbers as shares from -1 to 1."""
        return pd.DataFrame([_flat(row) for row in self.rows], columns=_COLUMNS)

    def as_text(self) -> str:
        """The comparison for a terminal."""
        lines = [f"a: {self.model_a}, {self.a}", f"b: {self.model_b}, {self.b}"]
        lines.append(self.sentence)
        lines += [f"note: {note}" for note in self.notes]
        accuracy = self.accuracy
        if accuracy.a is not None and accuracy.b is not None:
            lines.append(
                f"recognised of {accuracy.images} shared images: a {100 * accuracy.a:.1f} %, "
                f"b {100 * accuracy.b:.1f} % (only a: {accuracy.only_a}, only b: {accuracy.only_b})"
            )
        relevant = self.relevant
        table = [("verdict", "mark", "class", "cue", "a", "b", "change")]
        table += [
            (
                row.verdict,
                row.mark,
                row.class_name,
                row.effect.cue,
                _effect_cell(row.a),
                _effect_cell(row.b),
                "" if row.change is None else f"{100 * row.change:+.0f}",
            )
            for row in relevant
        ]
        if relevant:
            widths = [max(len(line[k]) for line in table) for k in range(len(table[0]))]
            lines += [
                "  ".join(
                    cell.ljust(width) for cell, width in zip(line, widths, strict=True)
                ).rstrip()
                for line in table
            ]
            lines += [
                f"{row.class_name}, {row.effect.cue}: {row.note}" for row in relevant if row.note
            ]
        rest = len(self.rows) - len(relevant)
        if rest:
            lines.append(f"{rest} other cues were tried; neither run relies on them.")
        elif not relevant:
            lines.append("No cue was tried in either run.")
        return "\n".join(lines)


_SIDES = ("effect", "low", "high", "relied on", "held out")
_COLUMNS = [
    "verdict", "mark", "class", "family", "cue",
    *(f"{side} {name}" for side in "ab" for name in _SIDES),
    "change", "note",
]  # fmt: skip


def _flat(row: Row) -> list[Any]:
    cells: list[Any] = [row.verdict, row.mark, row.class_name, row.family, row.effect.cue]
    for side in (row.a, row.b):
        if side is None:
            cells += [None] * len(_SIDES)
        else:
            cells += [side.value, *side.interval, side.relied_on, side.held_out]
    return [*cells, row.change, row.note]


def _effect_cell(effect: Effect | None) -> str:
    if effect is None:
        return "-"
    value, low, high = (f"{100 * share:.0f}" for share in (effect.value, *effect.interval))
    return f"{value} ({low} to {high})" + ("" if effect.relied_on else ", not relied on")
