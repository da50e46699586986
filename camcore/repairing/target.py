"""What is to be mended: the findings of a run, one for each cue."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import ndimage

from camcore.auditing.edits import Probe, Transplant, probe_named
from camcore.auditing.edits.regions import Region
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.errors import InputError
from camcore.repairing.rules import RULES

_SPURIOUS = "confirmed spurious"
_MOVES = "part"
_MARGIN = 16  # cells to a side


def targets(run: Run, name: str | None) -> tuple[Finding, ...]:
    """The findings to mend, the strongest of each family; the first is the one that is proven.

    Parameters
    ----------
    run : Run
    name : str, optional
        Id of one finding. By default those that a person has called spurious; where nobody has
        decided anything, all that nothing excuses.

    Raises
    ------
    InputError
        If there is nothing to mend, or no intervention proves that finding.
    """
    if name is not None:
        finding = run.finding(name)
        if finding.level != "relied on" or finding.probe is None:
            raise InputError(
                f"finding {name!r} is {finding.level}, not relied on: no intervention has shown "
                "that the model uses it, so there is nothing to mend."
            )
        if finding.family == _MOVES:
            raise InputError(
                f"finding {name!r} is a part that lies elsewhere in every picture, and pictures "
                "of the other classes have no place for it: that cannot be mended yet; name a "
                "finding of the same cue at a place."
            )
        return (finding,)
    proven = [
        finding
        for finding in run.findings
        if finding.level == "relied on" and finding.probe is not None and finding.family != _MOVES
    ]
    decided = {finding.id: run.decision(finding.id) for finding in proven}
    wanted = [
        finding for finding in proven if (d := decided[finding.id]) and d.decision == _SPURIOUS
    ]
    if not wanted:
        wanted = [
            finding for finding in proven if decided[finding.id] is None and not finding.excused()
        ]
    chosen: dict[str, Finding] = {}
    ids = {finding.id for finding in wanted}
    for finding in wanted:
        if finding.overlaps not in ids:  # else it is the same cue as one that is mended anyway
            chosen.setdefault(finding.family, finding)
    if not chosen:
        raise InputError(
            f"{run.folder} holds no finding to mend: nothing is relied on, or all of it is the "
            "object or accepted; name one with --finding."
        )
    return tuple(chosen.values())[: RULES.cues]


def tested_probes(findings: Sequence[Finding]) -> tuple[Probe, ...]:
    """The edits that the findings were proven with."""
    return tuple(probe_named(finding.probe) for finding in findings if finding.probe is not None)


def widened(probe: Probe) -> Probe:
    """The edit that hands on all of a cue: a place with a margin of a sixteenth around it.

    The audit proves a cue by the smallest place that suffices. What of the cue lies beside it would
    stay where it was, and a new head would learn that.

    Examples
    --------
    >>> widened(probe_named("cells 8x8: 0,0")).name
    'cells 16x16: 0,0 0,1 0,2 1,0 1,1 1,2 2,0 2,1 2,2'
    >>> widened(probe_named("brightness")).name
    'brightness'
    """
    region = probe.region
    if region is None or not isinstance(probe, Transplant):
        return probe
    down, across = (max(1, -(-_MARGIN // side)) for side in (region.rows, region.columns))
    cells = np.zeros((region.rows, region.columns), bool)
    cells[tuple(np.transpose(region.cells))] = True
    fine = ndimage.binary_dilation(cells.repeat(down, 0).repeat(across, 1), np.ones((3, 3), bool))
    places = tuple((int(row), int(column)) for row, column in np.argwhere(fine))
    return Transplant(Region(fine.shape[0], fine.shape[1], places))


def columns_of(run: Run) -> np.ndarray:
    """Column of the scores that each audited class stands for, shape (classes,).

    Raises
    ------
    InputError
        If the run knows no labels, or not every class of the model in exactly one column.
    """
    classes = run.plan.classes
    if classes.by != "label":
        raise InputError(
            "this run went by predicted class; a repair needs to know the true one: audit pictures "
            "in a folder for each class."
        )
    columns = [of_class.columns for of_class in classes.classes]
    if any(len(of_class) != 1 for of_class in columns):
        raise InputError(
            "in this run a class stands for several classes of the model; give the model a head "
            "of these classes with `camcore retrofit`, audit that, and repair it."
        )
    return np.array([of_class[0] for of_class in columns])
