"""What the benchmark of repairs counts, on rows written by hand."""

from __future__ import annotations

import copy

import numpy as np
import pytest

from benchmarks.repair.__main__ import as_markdown
from benchmarks.repair.cases import BOTH
from benchmarks.repair.rivals import RIVALS
from benchmarks.repair.scores import NOT_HERE, aims, check_right, left_of, lines


def _numbers(worst, mean=0.9, original=0.95, reliance=0.0):
    return {"worst": worst, "mean": mean, "original": original, "reliance": reliance}


def _row(name, *, status="repaired", after=None, dfr=None, **changed):
    repair = {
        "status": status,
        "way": "edited pictures",
        "findings": {"gone": [], "remaining": [], "new": []},
    }
    rivals = {own: _numbers(0.5) for own in RIVALS} | {"DFR": dfr or _numbers(0.9)}
    row = {
        "case": name, "cue": "fixed tag", "base": "digits", "network": "gap", "relies": True,
        "caught": True,
        "classes": 2, "seconds": 12.3, "repair": repair, "rivals": rivals,
        "before": _numbers(0.1, 0.5, 1.0, 0.4), "after": after or _numbers(0.8),
    }  # fmt: skip
    return row | changed


def _reached(rows, begins):
    (found,) = (own.reached for own in aims(rows) if own.aim.startswith(begins))
    return found


def test_the_rise_is_a_median_and_counts_cases_near_the_ceiling():
    rows = [
        _row("a", after=_numbers(0.9)),
        _row("b", after=_numbers(0.4)),
        _row("c", after=_numbers(0.3), dfr=_numbers(0.34)),
    ]
    assert _reached(rows, "worst group").startswith("median 30 points; within 5 of DFR 2 of 3")


def test_repaired_said_wrongly_is_counted_by_the_true_reliance():
    rows = [
        _row("a"),
        _row("b", after=_numbers(0.8, reliance=0.10)),
        _row("c", after=_numbers(0.8, reliance=0.10), status="improved"),
    ]
    assert _reached(rows, "“repaired”").startswith("1 of 2")
    assert _reached(rows, "Reliance below").startswith("1 of 3")


@pytest.mark.parametrize(
    ("status", "ceiling", "right"),
    [
        ("repaired", 0.76, True),
        ("repaired", 0.70, False),
        (NOT_HERE, 0.70, True),
        (NOT_HERE, 0.76, False),
    ],
)
def test_the_check_is_right_where_new_pictures_say_the_same(status, ceiling, right):
    # Half of the way from chance, .5, to the model's own 1.0.
    row = _row("a", status=status, dfr=_numbers(0.6, mean=ceiling))
    assert check_right(row) == right


def test_what_the_audit_missed_is_counted_and_not_scored():
    missed = {"case": "b", "cue": "blur", "relies": True, "caught": False}
    rows = [_row("a"), missed, missed | {"case": "c", "relies": False}]
    assert _reached(rows, "networks") == "2 of 3"
    assert _reached(rows, "of these, caught") == "1 of 2"
    assert lines(rows)["case"].tolist() == ["a"]


def test_two_cues_are_told_apart_in_what_is_left():
    first = _row("two", cue=BOTH, status="improved")
    first["repair"]["findings"]["new"] = ["tank--colour"]
    both = copy.deepcopy(first["repair"]) | {"status": "repaired"}
    both["findings"]["new"] = []
    first["both"] = {"repair": both, "after": _numbers(0.75)}
    assert left_of(first["repair"]) == {"colour cast"}
    told = _reached([first], "two cues")
    assert "improved, left colour cast" in told
    assert "repaired, left neither, worst group 75 %" in told
    assert "no case" in _reached([first], "“repaired”"), "pairs are told apart"


def test_nothing_written_is_no_after():
    row = _row("a", status=NOT_HERE) | {"after": None}
    (line,) = lines([row]).to_dict("records")
    assert line["worst after"] == "–"
    assert line["worst before"] == "10"
    assert "| a |" in as_markdown([row])
    assert np.isfinite(row["seconds"])
