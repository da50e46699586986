"""Cells that a spreadsheet would calculate are guarded, and read back as they were."""

from __future__ import annotations

import csv
import io

import pandas as pd
import pytest

from camcore.csv_cells import as_written, without_formula, without_formulas
from camcore.sources.delimited import read_rows

HARMFUL = [
    "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=1", "\uff1d1+1",
    "cat;=1", "cat\t+1", "cat\n@A1", "cat;  -1", "'=1", "''=1", "\tcat",
]  # fmt: skip
HARMLESS = ["cat", "", "7 Up", "rock 'n' roll", "'tis", "a=b", "x-ray; y", "cat\ndog", "a; b", "'"]


@pytest.mark.parametrize("text", HARMFUL)
def test_no_cell_begins_with_a_formula_whatever_the_separator(text):
    line = io.StringIO()
    csv.writer(line).writerow(["before", without_formula(text), "behind"])
    for separator in ",;\t":
        for row in csv.reader(io.StringIO(line.getvalue(), newline=""), delimiter=separator):
            assert not any(cell.lstrip(" \u00a0\t\r\n")[:1] in set("=+-@\uff1d") for cell in row)
    assert as_written(without_formula(text)) == text


@pytest.mark.parametrize("text", HARMLESS)
def test_other_texts_stay(text):
    assert without_formula(text) == text == as_written(text)


def test_what_is_written_is_read_back(tmp_path):
    rows = [text for text in HARMFUL + HARMLESS if text == text.strip() and text]
    file = tmp_path / "table.csv"
    without_formulas(pd.DataFrame({"path": rows, "label": rows})).to_csv(file, index=False)
    assert read_rows(file, "").cells[1:] == [[text, text] for text in rows]
