"""The edited set as a folder: classes alike, cues from all of them, nothing of what is held out."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from camcore.auditing.runs.run import Run
from camcore.repairing import export_set
from camcore.repairing.export import _folder_names
from camcore.repairing.rules import RULES
from camcore.sources.source import read_source
from tests.auditing.planted_run import planted_run

SKY = "tank--sky-top-band"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Without the class of which no picture can be read."""
    run = planted_run(tmp_path_factory.mktemp("exported") / "run")
    record = run.store.read_json("run.json")
    record["classes"]["classes"] = record["classes"]["classes"][:2]
    run.store.write_json("run.json", record)
    ids = run.images.index
    groups = pd.DataFrame({"id": ids, "group": ids})  # no picture is like another
    run.store.write_table("evidence/groups.parquet", groups)
    return Run(run.folder)


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory):
    return export_set(run, tmp_path_factory.mktemp("export") / "edited", finding=SKY)


def test_every_picture_that_learns_is_there_in_copies(run, folder):
    table = pd.read_csv(folder / "train.csv")
    held = pd.read_csv(folder / "held-out.csv")
    files = sorted(str(own.relative_to(folder)) for own in folder.rglob("*.png"))
    assert files == sorted(table["path"])
    assert (table.groupby("picture").size() == RULES.copies).all()
    names = {str(run.plan.file_of(own)) for own in table["picture"]}
    assert not names & set(held["path"])
    good = run.images[run.images["error"] == ""]
    assert len(names) + len(held) == len(good)
    assert not list(folder.parent.glob(".*")), "nothing half-written is left"


def test_the_cue_is_its_donors_and_the_rest_its_own(run, folder):
    images = run.images
    place = {path: number for number, path in images["path"].items()}
    table = pd.read_csv(folder / "train.csv")
    for row in table.itertuples():
        edited = np.asarray(Image.open(folder / row.path)).astype(int)
        own, donor = (run.seen(place[own]).astype(int) for own in (row.picture, row[4]))
        below = slice(3 * len(own) // 4, None)
        np.testing.assert_array_equal(edited[below], own[below])
        assert np.abs(edited[:2] - donor[:2]).mean() <= np.abs(edited[:2] - own[:2]).mean()


def test_the_cues_tell_nothing_of_the_class(folder):
    table = pd.read_csv(folder / "train.csv")
    given = table["cues of"].str.split("/").str[0]
    shares = pd.crosstab(table["label"], given, normalize="index")
    assert (shares - 0.5).abs().to_numpy().max() < 0.15


@pytest.mark.parametrize("name", ["train", "train.csv", "held-out.csv"])
def test_it_can_be_read_as_any_data_set(folder, tmp_path, name):
    files = read_source(str(folder / name), unpack_to=tmp_path).files
    assert set(files["label"]) == {"forest", "tank"}


def test_the_command_line_exports_without_a_repair(run, command_line, tmp_path):
    words = ("repair", run.folder, "--finding", SKY)
    status, _, err = command_line(*words)
    assert status == 2
    assert "--export FOLDER" in err
    status, said, _ = command_line(*words, "--export", tmp_path / "set")
    assert (status, said) == (0, f"wrote {tmp_path / 'set'}\n")
    status, _, err = command_line(*words, "--export", tmp_path / "set")
    assert status == 2
    assert "exists" in err
    status, _, err = command_line(*words, "--export", tmp_path / "no" / "set")
    assert status == 2
    assert "make it first" in err
    shutil.rmtree(tmp_path / "set")
    assert not list(tmp_path.iterdir())


def test_names_of_classes_become_names_of_folders():
    assert _folder_names(("a/b", "../x", "A-B", "..")) == ["a-b", "x", "A-B-2", "class"]
