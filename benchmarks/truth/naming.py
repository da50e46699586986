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
    measures: dict[str, dict[str, float]] = {}
    findings = []
    for fields in row["findings"]:
        measures[fields["id"]] = {name: fields[name] for name in _OWN}
        findings.append(Finding.from_json({k: v for k, v in fields.items() if k not in _OWN}))
    ordered = in_order(findings)
    accepted, classes = (row[name].split(";") for name in ("accepted", "classes"))
    matching = [finding for finding in ordered if finding.family in accepted]
    effects = [finding.effect or 0.0 for finding in matching if finding.class_name in classes]
    flagged = [measures[finding.id]["flag_auc"] for finding in matching]
    overlaps = [measures[finding.id]["iou"] for finding in matching if finding.region is not None]
    fields = {name: value for name, value in row.items() if name not in ("findings", "score")}
    return fields | {
        "effect": max(effects, default=0.0),
        "iou": overlaps[0] if overlaps else math.nan,
        "flag_auc": flagged[0] if flagged else math.nan,
        "verdicts": {"audit": vars(_verdict(ordered, row["score"])), **row["verdicts"]},
    }


def _verdict(ordered: list[Finding], score: float) -> Verdict:
    """What the audit says first of all that does not, and may not, work through the object."""
    claimed = ("artefact", "context", None)
    proven = [finding for finding in ordered if not finding.excused() and finding.kind in claimed]
    if not proven:
        return Verdict(score, False)
    return Verdict(score, True, proven[0].family, proven[0].class_name)
