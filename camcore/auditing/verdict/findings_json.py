"""From the store to findings.json: the ladder of words, class by class and family by family."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from camcore.auditing.edits.part import Part
from camcore.auditing.interventions.carriers import Carriers, carriers_of, share_left
from camcore.auditing.interventions.effects import (
    effects_of,
    matching,
    swings_of,
)
from camcore.auditing.interventions.intervene import likeness_file, moved_elsewhere
from camcore.auditing.interventions.necessity import removal_of
from camcore.auditing.interventions.readable_images import readable
from camcore.auditing.interventions.stamped_places import outlined
from camcore.auditing.interventions.testing import Tested, judge, relied_on
from camcore.auditing.interventions.trials import FOUND, STAGES, TRIMMED
from camcore.auditing.parts.evidence import part_evidence, recurs
from camcore.auditing.rules import RULES
from camcore.auditing.runs.drawn_boxes import STAGE as BOXED
from camcore.auditing.runs.drawn_boxes import boxes_notes, drawn_boxes
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.plan import FORMAT, Plan
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import Store
from camcore.auditing.scan.rows import light_rows
from camcore.auditing.verdict.boxed import asked_pictures, told_by_boxes
from camcore.auditing.verdict.causes import joined
from camcore.auditing.verdict.kinds import kind_of, needed_by, scores
from camcore.auditing.verdict.observed import associated, attended, name_of, region_json
from camcore.auditing.verdict.ordering import in_order
from camcore.auditing.verdict.undetected import blind_spot, not_detected, tried_families
from camcore.sources.synsets import group_offer

_SHOWN = 500  # images listed in a finding


def conclude(store: Store) -> None:
    """Write findings.json anew from what the run holds."""
    run = Run(store.folder)
    plan = Plan(run.record)
    rows = light_rows(store)
    trial_plan = store.read_json("trials/plan.json") or {}
    trials = run.trials("test")
    tested = judge(trials, plan, swings_of(run.images, trials), outlined(store))
    off_object, in_part = (run.trials(stage) for stage in ("off-object", "in-part"))
    carriers = carriers_of(tested, off_object, in_part, plan.rules.floor)
    for result in tested:  # crops that are not alike are rather each picture's own object
        key = result.klass, result.probe.name
        if isinstance(result.probe, Part) and not recurs(run, result.probe):
            carriers.setdefault(key, "perhaps the object")
    findings: dict[tuple[int, str], Finding] = {}
    associated(findings, run, plan)
    attended(findings, run, plan)
    for result in tested:
        if relied_on(result, plan):
            key = result.klass, result.probe.family
            proven = _proven(findings.get(key), result, carriers, run, plan)
            if proven.removal is None or needed_by(proven) >= RULES.missed:
                findings[key] = proven
    ordered = joined(in_order(findings.values()))
    images = readable(store, plan, store.read_table("files.parquet").set_index("id"))
    drawn = drawn_boxes(run)
    spoken = scores(ordered)
    score = spoken.pop("score")
    lead = next((finding for finding in ordered if finding.level == "relied on"), None)
    read = int((rows["error"] == "").sum())
    pairs = [len(result.differences.flips) for result in tested]
    planned = (trial_plan.get("pairs") or {}).get("test")
    if trial_plan.get("classes") and planned:
        pairs = pairs or [planned]
    seen_from = blind_spot(plan, pairs, len(tested) or len(trial_plan.get("classes", ())))
    store.write_json(
        "findings.json",
        {
            "format": FORMAT,
            "status": "complete",
            "model": run.record["model"],
            "images": {
                "total": run.record["source"]["count"],
                "readable": read,
                "bad": len(rows) - read,
            },
            "score": score,
            "scores": spoken,
            "lead": lead.id if lead else None,
            "findings": [finding.as_json() for finding in ordered],
            "asked": asked_pictures(run, images, drawn, ordered),
            "insufficient": trial_plan.get("insufficient", []),
            "not_detected": not_detected(seen_from, ordered, tried_families(run)),
            "notes": _notes(run, rows["klass"]),
            "made": {
                name: run.record[name]
                for name in ("settings", "versions", "rules", "precision", "started")
            }
            | {"passes": _passes(run)},
        },
    )


def _notes(run: Run, predicted: pd.Series) -> list[str]:
    record = run.record
    notes = [*record["source"]["notes"], *record["classes"]["notes"]]
    notes += record["model"].get("notes", ())
    if record["model"]["preprocessing_guessed"]:
        name = record["model"]["preprocessing"]
        notes.append(
            f"the preprocessing of the model is a guess ({name}); choose it if it is wrong"
        )
    classes = record["classes"]
    if classes["by"] == "prediction":
        names = [audit_class["name"] for audit_class in classes["classes"]]
        readable = predicted[predicted >= 0].to_numpy()
        offer = group_offer(names, readable, run.plan.rules.least_images)
        notes += [offer] if offer else []
    notes += boxes_notes(run)
    if lost := run.store.read_json("trials/lost.json"):
        notes.append(
            f"{len(lost)} files were gone or changed between scan and interventions and took no "
            "part in them"
        )
    return notes


def _proven(
    earlier: Finding | None,
    result: Tested,
    carriers: Carriers,
    run: Run,
    plan: Plan,
) -> Finding:
    """A finding with everything that the trials say about it."""
    name, identity = name_of(plan, result.klass, result.probe.family)
    known = earlier or Finding(identity, name, result.probe.family, "", "relied on")
    cue = result.probe.cue
    if known.property and known.cue and known.cue not in cue:
        cue = f"{cue}: {known.cue}" if result.probe.region is None else cue
    selection = {"klass": result.klass, "probe": result.probe.name}
    carrier = carriers.get((result.klass, result.probe.name))
    discovery = pd.concat([_rows(run, stage, **selection) for stage in (*FOUND, "part-found")])
    if discovery.empty:  # trimmed, with the objects left alone
        discovery = pd.concat([_rows(run, stage, **selection) for stage in TRIMMED])
    test = _rows(run, "test", **selection)
    of_class = run.images["klass"] == result.klass
    recognised = float((run.images.loc[of_class, "predicted"] == result.klass).mean())
    taken = _rows(run, "necessity", klass=result.klass, family=result.probe.family)
    out = _necessity(taken, result.klass, recognised, plan.settings.seed)
    low, high = result.interval
    passes = sum(_passes_of(table) for table in (discovery, test, taken))
    acts = _acts(run, result)
    finding = replace(
        known,
        cue=cue,
        level="relied on",
        effect=round(result.effect, 6),
        interval=(round(low, 6), round(high, 6)),
        q=result.q,
        region=region_json(result.probe.region),
        area=round(result.probe.area, 6),
        on_object={"the object": True, "not the object": False}.get(carrier or ""),
        probe=result.probe.name,
        may_be_object=carrier == "perhaps the object",
        off_object=_share_left(run, result, "off-object"),
        in_part=_share_left(run, result, "in-part"),
        trace=carrier == "a place",
        margin=round(result.differences.move, 6),
        pairs=len(result.differences.flips),
        passes=passes,
        discovery=round(effects_of(discovery, result.klass)[result.probe.name].effect, 6),
        elsewhere=_elsewhere(run, result, plan),
        shift=_shift(run, result),
        sufficiency=_estimate(result.effect, result.interval),
        move=_estimate(result.differences.move, result.move_interval),
        swing=round(result.swing, 6),
        acts=acts,
        taken_from=_taken_from(run, result, test),
        **_likeness(run, result),
        **out,
    )
    if isinstance(result.probe, Part):
        finding = _with_part(finding, part_evidence(run, result.probe))
    kind = kind_of(finding)
    doubtful = finding.on_object is None and kind == "object" and finding.family != "object"
    without = kind != "artefact" and acts is not None and acts.get("absent", 0.0) >= RULES.absent
    finding = replace(
        finding,
        kind=kind,
        presence="without" if without else "with",
        may_be_object=doubtful or (finding.may_be_object and kind != "artefact"),
    )
    if finding.on_object is not None or kind == "artefact" or finding.trace:
        return finding
    finding = told_by_boxes(finding, run.trials(BOXED), result.klass, plan.settings.seed)
    return finding if finding.on_object is None else replace(finding, kind=kind_of(finding))


def _estimate(value: float, interval: tuple[float, float]) -> dict[str, Any]:
    return {"value": round(value, 6), "interval": [round(end, 6) for end in interval]}


def _acts(run: Run, result: Tested) -> dict[str, float] | None:
    """Shares of the move that parts of the cue make alone; see `Finding`."""
    acts = {}
    known = (("where", "ring", "outside"), ("where", "inside", "inside"),
             ("content", "shared", "shared"), ("content", "broad", "broad"),
             ("content", "flat", "flat"))  # fmt: skip
    for stage, fill, name in known:
        rows = _rows(run, stage, klass=result.klass, probe=result.probe.name, fill=fill)
        if len(rows):
            acts[name] = round(share_left(result, rows), 6)
    taken = _rows(run, "content", klass=result.klass, probe=result.probe.name, fill="neutral")
    if len(taken) and result.differences.move > 0:
        fall = float((taken["margin_edited"] - taken["margin_before"]).mean())
        acts["absent"] = round(float(np.clip(fall / result.differences.move, 0, 1)), 6)
    return acts or None


def _likeness(run: Run, result: Tested) -> dict[str, Any]:
    """How much the cue repeats, and how much of its place is the ground of all pictures."""
    name = likeness_file(result.klass)
    if not run.store.whole(name):
        return {}
    rows = matching(run.store.read_table(name), probe=result.probe.name)
    kinds = ("alike", "stamped", "plain")
    values = ((kind, float(rows[kind].iloc[0])) for kind in kinds if len(rows))
    return {kind: round(value, 6) for kind, value in values if not np.isnan(value)}


def _taken_from(run: Run, result: Tested, rows: pd.DataFrame) -> str | None:
    """The class whose pictures nearly alone are moved, or the only other class."""
    moved = (rows["margin_edited"] - rows["margin_controlled"]).to_numpy()
    of_class = pd.Series(moved).groupby(run.images["klass"].loc[rows["recipient"]].to_numpy())
    means = of_class.mean().sort_values(ascending=False)
    if len(means) == 1:
        return run.class_names[int(means.index[0])]
    if (
        len(means) < 2
        or means.iloc[0] <= 0
        or means.iloc[1] >= RULES.turned_elsewhere * means.iloc[0]
    ):
        return None
    return run.class_names[int(means.index[0])]


def _with_part(finding: Finding, part: dict[str, Any]) -> Finding:
    """A part's finding with its windows, and the images in the order that they show it."""
    images = tuple(image for image, *_ in part["windows"])
    return replace(finding, part=part, images=images, elsewhere=part["elsewhere_flips"])


def _rows(run: Run, stage: str, **values: Any) -> pd.DataFrame:
    return matching(run.trials(stage), **values)


def _necessity(rows: pd.DataFrame, klass: int, recognised: float, seed: int) -> dict[str, Any]:
    """What happens to the class's own images without the cue, of which a share is recognised."""
    removal = removal_of(rows, klass)
    if removal is None:
        return {}
    transfer, neutral, taken = removal.transfer, removal.neutral, removal.differences
    leaves = {
        "transfer": float((transfer["edited"] != klass).mean()),
        "neutral": float((neutral["edited"] != klass).mean()),
        "control": float((transfer["controlled"] != klass).mean()),
    }
    weaker, stronger = sorted(leaves[fill] - leaves["control"] for fill in ("transfer", "neutral"))
    agree = weaker >= RULES.fills_agree * stronger if stronger > 0 else True
    # The control brings the cue of another image along, so that images are told apart by what
    # each of them loses, whatever the control does.
    left = (transfer["before"] == klass) & (transfer["edited"] != klass)
    drop = transfer["margin_before"] - transfer["margin_edited"]
    strongest = transfer.assign(drop=drop, flip=left)
    strongest = strongest.sort_values(["flip", "drop", "recipient"], ascending=[False, False, True])
    recipients = strongest.loc[strongest["drop"] > 0, "recipient"].head(_SHOWN)
    return {
        "removal": {name: round(value, 6) for name, value in leaves.items()}
        | {"agree": bool(agree), "images": len(transfer)},
        "share": round(taken.effect, 6),
        "necessity": _estimate(taken.effect, taken.interval(seed)),
        "drop": _estimate(taken.move, taken.move_interval(seed)),
        "images": tuple(int(recipient) for recipient in recipients),
        "accuracy": {
            "with": round(recognised, 6),
            "without": round(recognised * (1.0 - leaves["transfer"]), 6),
        },
    }


def _elsewhere(run: Run, result: Tested, plan: Plan) -> float | None:
    if result.probe.region is None:
        return None
    moved = moved_elsewhere(plan, result.klass, result.probe).name
    rows = _rows(run, "elsewhere", klass=result.klass, probe=moved)
    return None if rows.empty else round(effects_of(rows, result.klass)[moved].effect, 6)


def _share_left(run: Run, result: Tested, stage: str) -> float | None:
    rows = _rows(run, stage, klass=result.klass, probe=result.probe.name)
    return None if rows.empty else round(share_left(result, rows), 6)


def _shift(run: Run, result: Tested) -> dict[str, float] | None:
    name = f"trials/shift/{result.klass:04d}.parquet"
    if result.probe.region is None or not run.store.whole(name):
        return None
    table = run.store.read_table(name)
    if table.empty:
        return None
    return {kind: round(float(table[kind].mean()), 6) for kind in ("content", "place")}


def _passes_of(rows: pd.DataFrame) -> int:
    return int(len(rows) + (rows["fill"] != "neutral").sum()) if len(rows) else 0


def _passes(run: Run) -> int:
    return sum(_passes_of(run.trials(stage)) for stage in STAGES)
