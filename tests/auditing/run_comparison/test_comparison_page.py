"""A comparison as files: its sentence, pictures and table, and nothing from outside."""

from __future__ import annotations

import io
import re
import shutil

import pandas as pd
import pytest

from camcore.auditing.run_comparison.before_after import before_after
from camcore.auditing.run_comparison.compare_runs import compare
from camcore.auditing.run_comparison.comparison_page import comparison_csv, write_comparison
from camcore.auditing.runs.run import Run
from tests.auditing.planted_run import planted_run
from tests.auditing.run_comparison.test_compare_runs import without_sky


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The planted run, and one in which nothing is proven any more."""
    folder = tmp_path_factory.mktemp("page")
    first = planted_run(folder / "a")
    shutil.copytree(first.folder, folder / "b")
    without_sky(folder / "b")
    return first, Run(folder / "b")


def test_a_strip_shows_the_cue_that_turned_a_picture(runs):
    before, after = before_after(compare(*runs), *runs)
    assert before.finding.cue == "top band"
    first, edited, control = before.tiles
    name = before.finding.class_name
    assert (first.predicted != name, edited.predicted, control.predicted != name) == (
        True, name, True
    )  # fmt: skip
    assert (after.finding, after.tiles) == (None, ())


def test_a_picture_that_is_gone_is_said(runs, tmp_path):
    copies = [tmp_path / "a", tmp_path / "b"]
    for run, folder in zip(runs, copies, strict=True):
        shutil.copytree(run.folder, folder)
    a, b = map(Run, copies)
    record = a.store.read_json("run.json")
    record["source"]["root"] = str(tmp_path / "nowhere")
    a.store.write_json("run.json", record)
    strip, _ = before_after(compare(Run(copies[0]), b), Run(copies[0]), b)
    assert strip.tiles == ()
    assert strip.problem


def test_the_files(runs, tmp_path):
    comparison = compare(*runs)
    page, table = write_comparison(tmp_path / "out", comparison, *runs)
    text = page.read_text()
    assert comparison.sentence in text
    assert text.count("<img ") == 3
    assert not re.search(r"(src|href)=\"(?!data:|#)", text)
    assert "<script" not in text
    rows = pd.read_csv(table)
    assert len(rows) == len(comparison.rows) == 8
    gone = rows[rows["verdict"] == "gone"]
    assert set(gone["mark"]) == {"good"}
    assert gone["a effect"].tolist() == pytest.approx([0.9, 0.9], abs=0.11)
    assert (gone["b effect"] == 0).all()


def test_a_table_of_nothing_keeps_its_columns(runs):
    from dataclasses import replace

    empty = replace(compare(*runs), rows=())
    assert list(pd.read_csv(io.StringIO(comparison_csv(empty))).columns[:3]) == [
        "verdict", "mark", "class"
    ]  # fmt: skip


def test_the_table_holds_no_formula(runs):
    from dataclasses import replace

    comparison = compare(*runs)
    rows = tuple(replace(row, class_name="=cmd|' /C calc'!A0") for row in comparison.rows)
    table = pd.read_csv(io.StringIO(comparison_csv(replace(comparison, rows=rows))))
    assert set(table["class"]) == {"'=cmd|' /C calc'!A0"}
    assert table["change"].dtype == float  # a number below 0 is none
