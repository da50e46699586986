"""Runs are found where they lie, and started as the command line starts them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from camcore.auditing.runs.launching import command, launch, list_runs, new_run_folder, runs_folder
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store
from camcore.cli.app import cli


@pytest.fixture(autouse=True)
def _runs(monkeypatch, tmp_path):
    monkeypatch.setenv("CAMCORE_RUNS", str(tmp_path / "runs"))


def test_the_command_says_all_that_differs_and_the_command_line_knows_it():
    settings = Settings(
        "/data", "m.keras", layer="c", method="cam", labels="/map.json", class_names="/names.txt",
        preprocessing="0-1", output="age", output_kind="sigmoid", input_size=(64, 48), fit="crop",
        budget=5, seed=3, precision="float32",
    )  # fmt: skip
    words = command(settings, Path("/run"))
    context = cli.commands["audit"].make_context("audit", words[4:])
    given = context.params
    assert given.pop("out") == "/run"
    assert given.pop("limits") == {}
    assert given.pop("boxes") is None  # kept with the run, and no setting of it
    assert (given.pop("on"), given.pop("plan_only", False)) == ("local", False)
    assert Settings(**given) == settings


def test_no_runs_yet():
    assert list_runs() == []
    assert not runs_folder().exists()


def test_new_folders_are_new_and_have_plain_names():
    settings = Settings("/my photos/Käse & co", "/models/net v2.keras")
    place = new_run_folder(settings)
    assert place.name.startswith("käse-co-net-v2-")
    place.mkdir(parents=True)
    assert new_run_folder(settings) != place


def test_runs_are_listed_newest_first():
    for when, name in enumerate(("second", "first", "third")):
        with Store(runs_folder() / name).locked():
            pass
        os.utime(runs_folder() / name, (when, when))
    (runs_folder() / "no-run").mkdir()
    assert [run.folder.name for run in list_runs()] == ["third", "first", "second"]


def test_a_launched_audit_leaves_its_words_behind(tmp_path):
    place = runs_folder() / "run"
    process = launch(Settings(str(tmp_path / "nowhere"), "cloud-detector"), place)
    assert [run.folder for run in list_runs()] == [place]
    assert process.wait(60) == 2
    assert "nowhere" in (place / "log.txt").read_text()
    assert Run(place).state == "failed"
    assert "nowhere" in Run(place).progress.message
