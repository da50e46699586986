"""The tables of images and of bad files, for people and spreadsheets."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from camcore.auditing.report import write_report


def test_images_table_has_a_row_an_image(planted):
    table = pd.read_csv(planted.folder / "images.csv", keep_default_na=False)
    assert list(table.columns) == [
        "id",
        "path",
        "label",
        "predicted",
        "margin",
        "error",
        "rank tank--sky-top-band",
        "strength tank--sky-top-band",
        "rank forest--sky-top-band",
        "strength forest--sky-top-band",
    ]
    assert table["id"].tolist() == list(range(42))
    assert table.loc[25, ["path", "label", "predicted"]].tolist() == [
        "tank/tank-25.png",
        "tank",
        "forest",
    ]
    assert table.loc[40, ["predicted", "margin", "error"]].tolist() == [
        "",
        "",
        "jeep-40.png is empty; copy it anew.",
    ]


def test_images_table_ranks_by_how_much_a_cue_decides(planted):
    table = pd.read_csv(planted.folder / "images.csv").set_index("id")
    ranks = table["rank tank--sky-top-band"].dropna()
    finding = planted.finding("tank--sky-top-band")
    assert ranks.sort_values().index.tolist() == list(finding.images)
    trials = planted.trials("necessity")
    image = finding.images[0]
    own = trials[(trials["recipient"] == image) & (trials["fill"] == "transfer")]
    assert len(own) == 2
    expected = np.mean([row.margin_controlled - row.margin_edited for row in own.itertuples()])
    assert table.at[image, "strength tank--sky-top-band"] == pytest.approx(expected, abs=1e-3)
    assert table["strength tank--sky-top-band"].notna().sum() == 10  # half of the tanks


def test_cells_that_a_spreadsheet_would_run_are_text(run):
    table = run.store.read_table("images/00000.parquet")
    table.loc[0, ["path", "label"]] = ["=cmd|' /C calc'!A0", "@SUM(1)"]
    run.store.write_table("images/00000.parquet", table)
    write_report(run)
    read = pd.read_csv(run.folder / "images.csv")
    assert read.loc[0, ["path", "label"]].tolist() == ["'=cmd|' /C calc'!A0", "'@SUM(1)"]


def test_bad_table(planted):
    table = pd.read_csv(planted.folder / "bad.csv")
    assert table["path"].tolist() == ["jeep/jeep-40.png", "jeep/jeep-41.png"]
    assert table["error"][0] == "jeep-40.png is empty; copy it anew."
