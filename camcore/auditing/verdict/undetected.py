"""What a run did not find, and how small an effect it could have seen."""

from __future__ import annotations

from typing import Any

from camcore.auditing.edits.families import FAMILIES
from camcore.auditing.interventions.trials import FOUND
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.run import Run
from camcore.auditing.statistics import smallest_effect
from camcore.auditing.verdict.benchmark_figures import measured


def tried_families(run: Run) -> set[str]:
    """Families that any trial was made of."""
    tables = (run.trials(stage) for stage in (*FOUND, "test"))
    return {str(family) for table in tables if len(table) for family in table["family"].unique()}


def blind_spot(plan: Plan, pairs: list[int], tests: int) -> float | None:
    """The smallest effect that this run could have seen; None without interventions."""
    if not pairs:
        return None
    rules = plan.rules
    return smallest_effect(min(pairs), max(tests, 1), alpha=rules.significance, floor=rules.floor)


def not_detected(
    smallest: float | None, findings: list[Finding], tried: set[str]
) -> dict[str, Any]:
    """What findings.json says of families that nothing was proven of.

    Parameters
    ----------
    smallest : float or None
        From `blind_spot`.
    findings : list of Finding
    tried : set of str
        From `tried_families`.
    """
    proven = {finding.family for finding in findings if finding.level == "relied on"}
    able = [name for name in FAMILIES if name != "dimensions"]
    silent = [name for name in able if name not in proven and name in tried]
    untried = [name for name in able if name not in proven and name not in tried]
    if smallest is None:
        text = "No intervention was made, so nothing is proven and nothing is ruled out."
        silent, untried = [], able
    elif smallest > 1:
        text = "With this few pairs of images no intervention could have proven anything."
        smallest = None
    else:
        text = (
            f"Not detected: {_titles(silent)}. With these images less than "
            f"{100 * smallest:.0f} points of excess flips by the audit's own edit could not have "
            "been seen; an edit may impose less than the cue itself does. Cues that none of the "
            "interventions touches stay unseen at any strength."
        )
        if untried:
            text += f" Not tried, as it does not apply to these images: {_titles(untried)}."
    if blind := measured().blind_spots:
        text = f"{text} {blind}"
    return {"smallest_effect": smallest, "families": silent, "not_tried": untried, "text": text}


def _titles(families: list[str]) -> str:
    return ", ".join(FAMILIES[name].title for name in families) or "nothing"
