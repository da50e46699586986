"""Two runs side by side, such as before and after retraining: what got better, what is new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from camcore.auditing.interventions.effects import differences
from camcore.auditing.run_comparison.run_comparison import (
    ORDER,
    Accuracy,
    Comparison,
    Effect,
    Row,
    Verdict,
)
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.errors import StoreError


def compare(a: Run, b: Run) -> Comparison:
    """Set two runs side by side, class by class (by name) and family by family.

    Parameters
    ----------
    a, b : Run
        Before and after; both with findings.

    Returns
    -------
    Comparison

    Raises
    ------
    StoreError
        If one of them has no findings yet.
    """
    for run in (a, b):
        if not run.summary:
            raise StoreError(f"{run.folder} holds no findings yet; let its audit finish first.")
    of_a, of_b = _effects(a), _effects(b)
    rows = [_row(*key, of_a.get(key), of_b.get(key)) for key in {**of_a, **of_b}]
    rows.sort(key=_rank)
    accuracy, relabelled = _accuracy(a, b)
    return Comparison(
        str(a.folder),
        str(b.folder),
        a.record["model"]["name"],
        b.record["model"]["name"],
        tuple(rows),
        accuracy,
        tuple(_notes(a, b, accuracy.images, relabelled)),
    )


def _effects(run: Run) -> dict[tuple[str, str], Effect]:
    """By class and family: as proven, else from the held-out half, else from the other one."""
    found: dict[tuple[str, str], Effect] = {}
    for one in run.findings:
        if one.effect is not None and one.interval is not None:
            proven = one.level == "relied on"
            found[one.class_name, one.family] = Effect(one.effect, one.interval, proven, True)
    seed = Settings.from_json(run.record["settings"]).seed
    for stage in ("test", "discovery"):
        trials = run.trials(stage)
        if trials.empty:
            continue
        trials = trials[trials["fill"] == "transfer"]
        for (klass, family), rows in trials.groupby(["klass", "family"]):
            key = run.class_names[int(klass)], str(family)
            if key in found:
                continue
            probes = [differences(own, int(klass)) for _, own in rows.groupby("probe", sort=False)]
            best = max(probes, key=lambda own: own.effect)
            found[key] = Effect(best.effect, best.interval(seed), False, stage == "test")
    return found


def _row(class_name: str, family: str, a: Effect | None, b: Effect | None) -> Row:
    if a is None or b is None:
        run = "a" if a is None else "b"
        note = f"not tried in {run}"
        return Row(class_name, family, a, b, None, "not tested", note)
    change = b.value - a.value
    verdict: Verdict = "unchanged"
    note = ""
    if b.interval[1] < a.interval[0]:
        verdict = "gone" if a.relied_on and not b.relied_on else "better"
    elif b.interval[0] > a.interval[1]:
        verdict = "new" if b.relied_on and not a.relied_on else "worse"
    elif a.relied_on != b.relied_on:
        run = "a" if a.relied_on else "b"
        note = f"proven in {run} only, but the intervals overlap: the change may be chance"
    return Row(class_name, family, a, b, change, verdict, note)


def _rank(row: Row) -> tuple[int, float, str, str]:
    largest = max(one.value for one in (row.a, row.b) if one is not None)
    return ORDER.index(row.verdict), -largest, row.class_name, row.family


def _accuracy(a: Run, b: Run) -> tuple[Accuracy, int]:
    """Over shared images of the same class, and how many bear another class in b."""
    both = _answers(a).add_suffix("_a").join(_answers(b).add_suffix("_b"), how="inner")
    same = both[both["name_a"] == both["name_b"]]
    right_a, right_b = same["right_a"].astype(bool), same["right_b"].astype(bool)
    count = len(same)
    accuracy = Accuracy(
        count,
        float(right_a.mean()) if count else None,
        float(right_b.mean()) if count else None,
        int((right_a & ~right_b).sum()),
        int((right_b & ~right_a).sum()),
    )
    return accuracy, len(both) - count


def _answers(run: Run) -> pd.DataFrame:
    images = run.images
    known = images[(images["error"] == "") & (images["klass"] >= 0)].drop_duplicates("sha256")
    return pd.DataFrame(
        {
            "name": [run.class_names[klass] for klass in known["klass"]],
            "right": (known["predicted"] == known["klass"]).to_numpy(),
        },
        index=known["sha256"].to_numpy(),
    )


def _notes(a: Run, b: Run, shared: int, relabelled: int) -> list[str]:
    notes = []
    one, other = a.record, b.record
    if one["model"]["sha256"] == other["model"]["sha256"]:
        notes.append("both runs audit the same model, bit for bit.")
    if one["source"]["digest"] != other["source"]["digest"]:
        sizes = [run.summary["images"]["readable"] for run in (a, b)]
        notes.append(
            f"the images differ: {sizes[0]} in a, {sizes[1]} in b, {shared} are in both; effects "
            "are then measured on different images."
        )
    if relabelled:
        notes.append(f"{relabelled} images bear another class in b and are left out of accuracy.")
    notes += _class_notes(a.class_names, b.class_names)
    rules, others = (record.get("rules", record.get("thresholds")) for record in (one, other))
    if names := sorted(name for name in rules | others if rules.get(name) != others.get(name)):  # type: ignore[operator, union-attr]
        notes.append(f"the rules differ ({', '.join(names)}): what counts as proven does too.")
    asked = [Settings.from_json(record["settings"]) for record in (one, other)]
    apart = [n for n in asked[0].differences(asked[1]) if n not in ("source", "model")]
    if apart:
        notes.append(f"the settings differ: {', '.join(apart)}.")
    for name in ("input_shape", "preprocessing", "output_kind"):
        if one["model"][name] != other["model"][name]:
            notes.append(
                f"the models' {name.replace('_', ' ')} differs: {_told(one['model'][name])} in a, "
                f"{_told(other['model'][name])} in b."
            )
    if one["versions"].get("camcore") != other["versions"].get("camcore"):
        notes.append("the runs were made by different versions of this program.")
    return notes


def _class_notes(a: Sequence[str], b: Sequence[str]) -> list[str]:
    return [
        f"only in {run}: {', '.join(names[:6])}{' and others' if len(names) > 6 else ''}."
        for run, names in (
            ("a", [name for name in a if name not in b]),
            ("b", [name for name in b if name not in a]),
        )
        if names
    ]


def _told(value: Any) -> str:
    return " x ".join(map(str, value)) if isinstance(value, list) else str(value)
