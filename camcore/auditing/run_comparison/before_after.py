"""What the comparison shows: a picture before and after it took the cue that each run relies on."""

from __future__ import annotations

from dataclasses import dataclass

from camcore.auditing.figures import Tile
from camcore.auditing.interventions.replay import pool_of
from camcore.auditing.report.cue_card import triple_of
from camcore.auditing.report.words import as_noun
from camcore.auditing.run_comparison.run_comparison import Comparison, Effect, Row
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.errors import CamcoreError


@dataclass(frozen=True, eq=False)
class BeforeAfter:
    """The cue that a run relies on most, on the picture that it turns most.

    Attributes
    ----------
    run : {"a", "b"}
    finding : Finding or None
        None where the run relies on nothing.
    tiles : tuple of Tile
        Before, with the donor's cue, and under the control; empty where there is no picture.
    problem : str
        Why there is none.
    """

    run: str
    finding: Finding | None
    tiles: tuple[Tile, ...] = ()
    problem: str = ""

    @property
    def caption(self) -> str:
        """What is seen, in one line."""
        if self.finding is None:
            return f"{self.run}: nothing was proven that it relies on."
        cue = as_noun(self.finding.cue)
        return f"{self.run}: {cue} of an image of {self.finding.class_name} put in."


def before_after(comparison: Comparison, a: Run, b: Run) -> tuple[BeforeAfter, BeforeAfter]:
    """One strip of pictures for each run."""
    return _strip("a", comparison, a), _strip("b", comparison, b)


def _strip(side: str, comparison: Comparison, run: Run) -> BeforeAfter:
    finding = _most_told(side, comparison, run)
    if finding is None:
        return BeforeAfter(side, None)
    try:
        tiles = triple_of(run, finding, pool_of(run))
    except CamcoreError as error:
        return BeforeAfter(side, finding, (), str(error))
    problem = "" if tiles else "No pair of the test changed its prediction."
    return BeforeAfter(side, finding, tiles, problem)


def _most_told(side: str, comparison: Comparison, run: Run) -> Finding | None:
    """Of what a run relies on, what changed rather than what stayed, and what nothing excuses."""

    def of_side(row: Row) -> Effect | None:
        return row.a if side == "a" else row.b

    standing = [
        (row.verdict in ("unchanged", "not tested"), effect.excused, -effect.value, effect.finding)
        for row in comparison.rows
        if (effect := of_side(row)) is not None and effect.relied_on and effect.same_as is None
    ]
    return run.finding(min(standing)[-1]) if standing else None
