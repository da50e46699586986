"""What a case's findings amount to: the verdict, and the figures of the finding that names the cue.

Results keep the findings of an audit as they were proven. Which of them leads is told from these
each time, so that a changed order of findings needs no audit anew.
"""

from __future__ import annotations

import math
from typing import Any

from benchmarks.truth.verdict import Verdict
from camcore.auditing.runs.findings import Finding
from camcore.auditing.verdict.ordering import in_order

_OWN = ("iou", "flag_auc")


def named(row: dict[str, Any]) -> dict[str, Any]:
    """A case's row with the audit's verdict, and with the effect and places that it found.

    Parameters
    ----------
    row : dict
        As `run_case` tells it, with ``findings`` and ``score``.

    Returns
    -------
    dict
        The columns of cases.csv, and ``verdicts`` with the audit's before those of the baselines.

    Examples
    --------
    >>> tag = Finding("cat--tag", "cat", "tag", "tag", "relied on", effect=0.4).as_json()
    >>> row = {"findings": [tag | {"iou": 0.5, "flag_auc": 0.9}], "score": 0.3, "accepted": "tag"}
    >>> row = named(row | {"classes": "cat", "verdicts": {}})
    >>> row["effect"], row["flag_auc"], row["verdicts"]["audit"]["klass"]
    (0.4, 0.9, 'cat')
    """
    own: dict[str, dict[str, float]] = {}
    findings = []
    for told in row["findings"]:
        own[told["id"]] = {name: told[name] for name in _OWN}
        findings.append(Finding.from_json({k: v for k, v in told.items() if k not in _OWN}))
    ordered = in_order(findings)
    accepted, classes = (row[name].split(";") for name in ("accepted", "classes"))
    matching = [one for one in ordered if one.family in accepted]
    effects = [one.effect or 0.0 for one in matching if one.class_name in classes]
    flagged = [own[one.id]["flag_auc"] for one in matching]
    overlaps = [own[one.id]["iou"] for one in matching if one.region is not None]
    told = {name: value for name, value in row.items() if name not in ("findings", "score")}
    return told | {
        "effect": max(effects, default=0.0),
        "iou": overlaps[0] if overlaps else math.nan,
        "flag_auc": flagged[0] if flagged else math.nan,
        "verdicts": {"audit": vars(_verdict(ordered, row["score"])), **row["verdicts"]},
    }


def _verdict(ordered: list[Finding], score: float) -> Verdict:
    """What the audit says first of all that does not, and may not, work through the object."""
    claimed = ("artefact", "context", None)
    proven = [one for one in ordered if not one.excused() and one.kind in claimed]
    if not proven:
        return Verdict(score, False)
    return Verdict(score, True, proven[0].family, proven[0].class_name)
