"""Two runs side by side, such as before and after retraining: what got better, what is new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from camcore.auditing.run_comparison.measured_cues import Cue, Key, Measured, measured_cues
from camcore.auditing.run_comparison.run_comparison import (
    ORDER,
    Accuracy,
    Comparison,
    Row,
    Verdict,
)
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.errors import StoreError


def compare(a: Run, b: Run) -> Comparison:
    """Set two runs side by side, class by class (by name), family by family, place by place.

    A family may have been proven at the top of the picture in one run and at its foot in the other:
    those are two cues, and each is compared with what the other run measured there.

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
    of_a, of_b = measured_cues(a), measured_cues(b)
    rows = [row for key in {**of_a, **of_b} for row in _rows(key, of_a.get(key), of_b.get(key))]
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


def _rows(key: Key, a: Measured | None, b: Measured | None) -> list[Row]:
    """What both runs measured at the place that each relies on; at one if it is the same."""
    if a is None or b is None:
        return [_row(*key, a.standing() if a else None, b.standing() if b else None)]
    first, second = a.standing(), b.standing()
    if a.finding and b.finding and a.finding.family == "part" and a.finding.kind != b.finding.kind:
        # Parts lie at no place by which they could be told to be the same one.
        return [_row(*key, first, None), _row(*key, None, second)]
    if first is None or second is None or first.lies_at(second.region):
        return [_row(*key, first, second)]
    rows = []
    if first.effect.relied_on or not second.effect.relied_on:
        rows.append(_row(*key, first, b.at(first.region)))
    if second.effect.relied_on:
        rows.append(_row(*key, a.at(second.region), second))
    return rows


def _row(class_name: str, family: str, first: Cue | None, second: Cue | None) -> Row:
    a, b = (cue.effect if cue is not None else None for cue in (first, second))
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


def _rank(row: Row) -> tuple[bool, int, float, str, str]:
    largest = max(effect.value for effect in (row.a, row.b) if effect is not None)
    excused = row.verdict in ("new", "worse") and row.mark == "neutral"
    return excused, ORDER.index(row.verdict), -largest, row.class_name, row.family


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
    first, other = a.record, b.record
    if first["model"]["sha256"] == other["model"]["sha256"]:
        notes.append("both runs audit the same model, bit for bit.")
    if first["source"]["digest"] != other["source"]["digest"]:
        sizes = [run.summary["images"]["readable"] for run in (a, b)]
        notes.append(
            f"the images differ: {sizes[0]} in a, {sizes[1]} in b, {shared} are in both; effects "
            "are then measured on different images."
        )
    if relabelled:
        notes.append(f"{relabelled} images bear another class in b and are left out of accuracy.")
    notes += _class_notes(a.class_names, b.class_names)
    rules, others = (record.get("rules", record.get("thresholds")) for record in (first, other))
    if names := sorted(name for name in rules | others if rules.get(name) != others.get(name)):  # type: ignore[operator, union-attr]
        notes.append(f"the rules differ ({', '.join(names)}): what counts as proven does too.")
    settings = [Settings.from_json(record["settings"]) for record in (first, other)]
    apart = [n for n in settings[0].differences(settings[1]) if n not in ("source", "model")]
    if apart:
        notes.append(f"the settings differ: {', '.join(apart)}.")
    for name in ("input_shape", "preprocessing", "output_kind"):
        if first["model"][name] != other["model"][name]:
            notes.append(
                f"the models' {name.replace('_', ' ')} differs: "
                f"{_in_words(first['model'][name])} in a, {_in_words(other['model'][name])} in b."
            )
    if first["versions"].get("camcore") != other["versions"].get("camcore"):
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


def _in_words(value: Any) -> str:
    return " x ".join(map(str, value)) if isinstance(value, list) else str(value)
