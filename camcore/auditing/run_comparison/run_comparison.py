"""What changed between two runs, as values and as text for a terminal."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from camcore.auditing.edits.families import FAMILIES

Verdict = Literal["new", "worse", "unchanged", "better", "gone", "not tested"]
ORDER: tuple[Verdict, ...] = ("new", "worse", "unchanged", "better", "gone", "not tested")
"""What is new or worse comes first."""


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
    """

    value: float
    interval: tuple[float, float]
    relied_on: bool
    held_out: bool


@dataclass(frozen=True)
class Row:
    """One cue of one class in both runs.

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
    >>> row = Row("tank", "tag", Effect(0.5, (0.4, 0.6), True, True),
    ...           Effect(0.0, (0.0, 0.1), False, True), -0.5, "gone")
    >>> print(Comparison("first", "second", "cnn", "cnn", (row,), Accuracy(0, None, None, 0, 0),
    ...                  ()).as_text())
    a: cnn, first
    b: cnn, second
    verdict class cue a b change
    gone tank corner tag 50 (40 to 60) 0 (0 to 10), not relied on -50
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
        for row in value["rows"]:
            row["class"] = row.pop("class_name")
        return value

    def as_text(self) -> str:
        """The comparison for a terminal."""
        lines = [f"a: {self.model_a}, {self.a}", f"b: {self.model_b}, {self.b}"]
        lines += [f"note: {note}" for note in self.notes]
        own = self.accuracy
        if own.a is not None and own.b is not None:
            lines.append(
                f"recognised of {own.images} shared images: a {100 * own.a:.1f} %, "
                f"b {100 * own.b:.1f} % (only a: {own.only_a}, only b: {own.only_b})"
            )
        told = [row for row in self.rows if _matters(row)]
        table = [("verdict", "class", "cue", "a", "b", "change")]
        table += [
            (
                row.verdict,
                row.class_name,
                FAMILIES[row.family].title,
                _shown(row.a),
                _shown(row.b),
                "" if row.change is None else f"{100 * row.change:+.0f}",
            )
            for row in told
        ]
        if told:
            widths = [max(len(line[k]) for line in table) for k in range(len(table[0]))]
            lines += [
                "  ".join(
                    cell.ljust(width) for cell, width in zip(line, widths, strict=True)
                ).rstrip()
                for line in table
            ]
            lines += [
                f"{row.class_name}, {FAMILIES[row.family].title}: {row.note}"
                for row in told
                if row.note
            ]
        rest = len(self.rows) - len(told)
        if rest:
            lines.append(f"{rest} other cues were tried; neither run relies on them.")
        elif not told:
            lines.append("No cue was tried in either run.")
        return "\n".join(lines)


def _matters(row: Row) -> bool:
    if row.verdict in ("unchanged", "not tested"):
        return any(one is not None and one.relied_on for one in (row.a, row.b))
    return True


def _shown(effect: Effect | None) -> str:
    if effect is None:
        return "-"
    value, low, high = (f"{100 * one:.0f}" for one in (effect.value, *effect.interval))
    return f"{value} ({low} to {high})" + ("" if effect.relied_on else ", not relied on")
