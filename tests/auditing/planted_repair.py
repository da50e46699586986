"""Repairs of a run written by hand: what a process would have left at any stage of them."""

from __future__ import annotations

import json
import shutil
from typing import Any

from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.repairs import RepairRecord, new_repair, remember_repair, repairs_of
from camcore.auditing.runs.run import Run

MODEL = b"a repaired model"


def begun_repair(run: Run, finding: str, state: str = "interrupted", **asked: Any) -> RepairRecord:
    """A repair that stopped while it measured the groups, or failed there."""
    given = {"new": None, "deep": False} | asked
    asked_for = RepairRecord(new_repair(run, finding), finding, (finding,), **given)
    asked_for.store.folder.mkdir(parents=True)
    (asked_for.store.folder / "lock").touch()
    remember_repair(run, asked_for)
    watch = Watch(asked_for.store.folder)
    watch.begin("groups", total=80, done=20)
    if state != "interrupted":
        watch.end(state, "the disk of /data is full; make room." if state == "failed" else "")
    return next(own for own in repairs_of(run) if own.out == asked_for.out)


def ended_repair(run: Run, finding: str, status: str, **asked: Any) -> RepairRecord:
    """A repair that came to its end."""
    return end_repair(run, begun_repair(run, finding, **asked), status)


def end_repair(run: Run, record: RepairRecord, status: str) -> RepairRecord:
    """Bring a repair to its end; the proof of a model that was written is the run again."""
    (finding,) = record.findings
    written = status != "not repairable here"
    after = record.store.folder / "after"
    if written:
        record.out.write_bytes(MODEL)
        shutil.copytree(
            run.folder, after, ignore=shutil.ignore_patterns("repairs", "decisions.json")
        )
    cue = run.finding(finding).cue
    value = {
        "status": status,
        "check": {"accuracy": 0.93 if written else 0.55, "interval": [0.5, 0.6], "layer": "scores"},
        "way": "edited pictures",
        "groups": [
            {
                "class": name,
                "cue": cue,
                "present": present,
                "images": 24,
                "before": 0.25 if present else 0.75,
                "after": 0.875,
                "interval": [0.69, 0.957],
            }
            for name in ("forest", "tank")
            for present in (True, False)
        ],
        "reliance": {"before": 0.8, "after": 0.01, "interval": [-0.02, 0.03]},
        "findings": {"gone": [finding] if written else [], "remaining": [], "new": []},
        "missing": [{"class": "tank", "cue": cue, "present": False, "needed": 11}],
        "runs": {"before": str(run.folder), "after": str(after) if written else None},
    }
    told = record.out.with_name("mended.keras.repair.json")
    told.write_text(json.dumps(value), encoding="utf-8")
    record.store.write_json("edited.json", [False, False, False, True])
    Watch(record.store.folder).end("complete")
    return record
