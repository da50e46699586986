from __future__ import annotations

import datetime
import json

import numpy as np
import pytest

from benchmarks.truth.figures import Figure, proportion
from benchmarks.truth.measured import footnote, write_measured
from benchmarks.truth.scores import Margin, Scores
from benchmarks.truth.table import WIDTH, as_markdown, as_text, tables, weak_points

NAMES = ("audit", "predictive power (deepchecks)")
NOTHING = Figure(np.nan, np.nan, np.nan, 0)
PERFECT = Figure(1.0, 1.0, 1.0, 100)


def share(hits, n):
    return proportion(np.arange(n) < hits)


def detection(**changed):
    figures = {
        "ROC-AUC": PERFECT,
        "precision": share(90, 90),
        "recall": share(90, 100),
        "recall at 5 %": share(100, 100),
        "family right": share(90, 90),
        "class right": share(90, 90),
        "false alarms": share(0, 60),
        "middle detected": share(3, 7),
    }
    return figures | changed


def measures(**changed):
    figures = {
        "IoU": Figure(0.62, 0.5, 0.7, 30),
        "IoU >= .5": share(20, 30),
        "Spearman": Figure(0.79, 0.7, 0.85, 120),
        "flag AUC": Figure(0.9, 0.8, 0.95, 80),
        "passes": Figure(43210, 9999, 54321, 160),
        "seconds": Figure(61, 40, 1234, 160),
    }
    return figures | changed


def family(recall, **changed):
    sizes = {"effect": Figure(0.3, 0.2, 0.4, 10), "Reliance": Figure(0.35, 0.3, 0.4, 10)}
    named = dict.fromkeys(("recall at 5 %", "family right", "class right"), share(10, 10))
    return {"recall": recall, "IoU": NOTHING, **named, **sizes} | changed


@pytest.fixture
def scores():
    silent = dict.fromkeys(("family right", "class right"), proportion([]))
    return Scores(
        cases=167,
        detectors={NAMES[0]: detection(), NAMES[1]: detection(**silent)},
        margins={NAMES[1]: Margin(Figure(-0.02, -0.05, 0.01, 160), False)},
        audit=detection() | measures(),
        left_out=detection(recall=share(89, 100)) | measures(IoU=NOTHING),
        fresh=detection(recall=share(44, 50)) | measures(IoU=NOTHING),
        families={
            "translucent watermark": family(share(10, 10)),
            "blur": family(share(4, 10), **{"class right": share(3, 4)}, IoU=share(3, 10)),
            "noise": family(proportion([]), effect=NOTHING, Reliance=NOTHING)
            | dict.fromkeys(("recall at 5 %", "family right", "class right"), proportion([])),
        },
        planted={"translucent watermark": 15, "blur": 15, "noise": 15},
        negatives={"watermark on all classes": share(0, 20), "clean": share(0, 40)},
    )


def lines(scores, start):
    return [line for line in as_text(tables(scores)).splitlines() if line.startswith(start)]


def test_text_fits_a_terminal(scores):
    assert max(map(len, as_text(tables(scores)).splitlines())) <= WIDTH


def test_columns_are_aligned(scores):
    heading, audit, other = (
        line for line in lines(scores, ("detector  ", *NAMES)) if "1.000" in line or "AUC" in line
    )
    assert heading.index("ROC-AUC") == audit.index("1.000") == other.index("1.000")


def test_shares_are_in_per_cent_with_their_intervals(scores):
    assert lines(scores, "watermark on all classes")[0].endswith("0 of 20 (0–16)")
    audit = " ".join(lines(scores, "audit")[0].split())
    assert audit == "audit 100 1.000 (1.000–1.000) 100 (96–100) 90 (83–94) 100 (96–100)"


def test_aims_are_judged_on_what_was_left_out_of_tuning(scores):
    recall = "recall 90 (83–94) 89 (81–94) 88 (76–94) ≥ 90 no"
    assert " ".join(lines(scores, "recall  ")[0].split()) == recall
    assert lines(scores, "false alarms  ")[0].split()[-3:] == ["≤", "5", "yes"]
    assert lines(scores, "IoU  ")[0].endswith("≥ 0.50 -")
    assert lines(scores, "Spearman")[0].endswith("no")


def test_weak_families_are_named_in_words(scores):
    assert weak_points(scores) == {
        "blur": "weak: recall, class right, IoU",
        "noise": "not measured: no network relied on it",
    }
    blur, noise, mark = (lines(scores, cue)[1] for cue in ("blur", "noise", "translucent"))
    assert blur.endswith("0.30  0.30    0.35      weak: recall, class right, IoU")
    assert noise.endswith("-       -         not measured: no network relied on it")
    assert mark.endswith("meets the aims")
    assert "0 of 15" in lines(scores, "noise")[0]


def test_middle_and_baselines_are_reported(scores):
    text = " ".join(as_text(tables(scores)).split())
    assert "Excluded middle: 7 cases" in text
    assert "of which the audit detected 3." in text
    assert lines(scores, NAMES[1])[2].split("  ")[-1] == "no"
    assert "-0.020 (-0.050–0.010)" in lines(scores, NAMES[1])[2]
    assert lines(scores, NAMES[1])[1].split()[3:5] == ["-", "-"]


def test_markdown_holds_the_same_cells(scores):
    markdown = as_markdown(tables(scores))
    for table in tables(scores):
        for row in (table.columns, *table.rows):
            assert f"| {' | '.join(row)} |" in markdown
            assert row[0] in as_text([table])
        assert all(note in markdown for note in table.notes)


def test_footnote(scores):
    assert footnote(scores) == (
        "This tool's measured detection and false-alarm rates: recall 90 % (83–94 %) of 100 "
        "planted cues that a network relied on, false alarms 0 of 60 clean runs (0–6 %); "
        "weak: blur; not measured: noise."
    )


def test_measured_file(scores, tmp_path):
    path = tmp_path / "measured.json"
    write_measured(path, scores, datetime.date(2026, 1, 2), {"camcore": "1.0"})
    measured = json.loads(path.read_text(encoding="utf-8"))
    assert (measured["date"], measured["cases"]) == ("2026-01-02", 167)
    assert measured["versions"] == {"camcore": "1.0"}
    assert measured["footnote"] == footnote(scores)
    assert set(measured["weak"]) == {"blur", "noise"}
    assert measured["figures"]["false alarms"] == {
        "value": 0.0, "low": 0.0, "high": 0.0602, "n": 60, "hits": 0,
    }  # fmt: skip
    assert measured["left out of tuning"]["IoU"]["value"] is None


def test_a_new_measurement_keeps_what_was_told_of_natural_pictures(scores, tmp_path):
    path = tmp_path / "measured.json"
    path.write_text(json.dumps({"date": "2025-01-01", "natural": {"source": "abc"}}))
    write_measured(path, scores, datetime.date(2026, 1, 2), {})
    measured = json.loads(path.read_text(encoding="utf-8"))
    assert (measured["date"], measured["natural"]) == ("2026-01-02", {"source": "abc"})
