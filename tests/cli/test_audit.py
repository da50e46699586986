"""The audit from the command line, with real networks on the legend's own scenes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from camcore.making.scenes import write_scenes
from tests.auditing.planted_run import planted_run

ROOT = Path(__file__).parents[2]
GATE = ROOT / ".github" / "examples" / "model-gate.yml"
BUDGET = "20000"  # forward passes: enough for cues as large as the legend's


@pytest.fixture(scope="module")
def laboratory(tmp_path_factory):
    """Tanks under sun, forests under cloud."""
    return write_scenes("laboratory", 100, 11, tmp_path_factory.mktemp("scenes") / "laboratory")


def findings(run) -> list[dict]:
    return json.loads((run / "findings.json").read_text())["findings"]


@pytest.fixture(scope="module")
def gate(laboratory, tmp_path_factory):
    """The steps of the example of a gate, run by a shell; status and stderr of each by its name."""
    workflow = yaml.safe_load(GATE.read_text(encoding="utf-8"))
    folder, tools = tmp_path_factory.mktemp("gate"), tmp_path_factory.mktemp("tools")
    for name, words in (("camcore", "-m camcore"), ("python", ""), ("pip", "-c ''")):
        (tools / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        (tools / name).chmod(0o755)
    (folder / "train.py").write_text("open('trained', 'w')")
    values = workflow["env"] | {
        "PICTURES": str(laboratory), "MODEL": "cloud-detector", "BUDGET": BUDGET,
    }  # fmt: skip
    environment = os.environ | values | {
        "PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    ended = {
        step["name"]: subprocess.run(
            ["bash", "-euo", "pipefail", "-c", step["run"]],
            cwd=folder, env=environment, capture_output=True, text=True,
        )
        for step in workflow["jobs"]["audit"]["steps"]
        if "run" in step
    }  # fmt: skip
    return folder, ended


@pytest.mark.slow
def test_a_pipeline_ends_where_its_model_relies_on_context(gate):
    folder, ended = gate
    assert (folder / "trained").exists()
    assert {name: step.returncode for name, step in ended.items()} == {
        "Install": 0, "Train": 0, "Audit": 3,
    }, ended["Audit"].stderr  # fmt: skip
    report = json.loads((folder / "audit.json").read_text())
    assert report["status"] == 3
    assert report["result"]["reached"]
    assert report["result"]["summary"]["findings"] == findings(folder / "run")
    assert "--fail-on: " in ended["Audit"].stderr


@pytest.mark.slow
def test_the_legend_is_caught_and_the_sound_detector_is_not(
    gate, command_line, laboratory, tmp_path
):
    folder, ended = gate
    cloud, tank = folder / "run", tmp_path / "tank"
    sky = [finding for finding in findings(cloud) if finding["family"] == "sky/top-band"]
    assert {finding["class"] for finding in sky} == {"tank", "forest"}
    for finding in sky:
        assert finding["level"] == "relied on"
        assert finding["effect"] > 0.8
        assert finding["on_object"] is False
        assert finding["overlaps"] is None
    assert not [
        finding
        for finding in findings(cloud)
        if finding["family"] == "object" and finding["effect"]
    ]
    assert "relied on: tank by top band" in ended["Audit"].stderr
    for name in ("report.html", "images.csv", "bad.csv"):
        assert (cloud / name).stat().st_size > 0
    assert len(pd.read_csv(cloud / "images.csv")) == 100

    status, _, _ = command_line(
        "audit", laboratory, "--model", "tank-detector", "--budget", BUDGET, "--out", tank
    )
    assert status == 0
    proven = {
        finding["family"]: finding for finding in findings(tank) if finding["level"] == "relied on"
    }
    assert "sky/top-band" not in proven
    assert "background" not in proven
    assert proven["object"]["on_object"] is True
    summaries = [json.loads((run / "findings.json").read_text()) for run in (cloud, tank)]
    assert summaries[0]["score"] > 0.8 > 0.2 > summaries[1]["score"]

    status, said, _ = command_line("compare", cloud, tank)
    assert status == 0
    both = "(forest and tank|tank and forest)"
    assert re.search(f"no longer relies on the top band for {both}", said)
    assert "gone" in said


def test_a_score_over_its_limit_is_an_exit_status(command_line, tmp_path):
    run = planted_run(tmp_path / "run").folder
    summary = json.loads((run / "findings.json").read_text())
    summary["scores"] = {"artefact": 0.4, "context": 0.1, "object": 0.9}
    (run / "findings.json").write_text(json.dumps(summary))
    assert command_line("report", run, "--fail-on", "artefact=0.41")[0] == 0
    assert command_line("report", run, "--fail-on", "context=0.2")[0] == 0
    status, said, err = command_line("report", run, "--fail-on", "artefact=0.4")
    assert status == 3
    assert "artefact has a score of" in err
    assert said.splitlines()[-1].startswith("wrote ")
    for limit in ("artefact", "moon=0.2", "artefact=2", "context=x"):
        status, _, err = command_line("report", run, "--fail-on", limit)
        assert status == 2
        assert "KIND=SCORE" in err


def test_what_would_settle_a_doubt_is_said_before_the_verdict(command_line, tmp_path):
    run = planted_run(tmp_path / "run").folder
    assert "asked.csv" not in command_line("report", run)[1]
    summary = json.loads((run / "findings.json").read_text())
    asked = {"class": "dot", "findings": [summary["findings"][0]["id"]], "pictures": [0, 1, 2]}
    (run / "findings.json").write_text(json.dumps(summary | {"asked": [asked]}))
    lines = command_line("report", run)[1].splitlines()
    said = next(line for line in lines if "asked.csv" in line)
    assert said.startswith("note: Boxes around the object in 3 pictures would tell, for dot,")
    assert lines.index(said) < len(lines) - 2


def refused(outcome) -> str:
    status, _, err = outcome
    assert status == 2
    lines = err.strip().splitlines()
    assert lines[-1].startswith("camcore: ")
    assert "Traceback" not in err
    return lines[-1]


def test_bad_input_is_one_line(command_line, laboratory, tmp_path):
    def audit(source, model="cloud-detector", *more):
        return refused(
            command_line("audit", source, "--model", model, *more, "--out", tmp_path / "run")
        )

    assert "no-such" in audit(tmp_path / "no-such")
    assert "no model and no file" in audit(laboratory, "clod-detector")
    assert "no layer 'conv9'" in audit(laboratory, "cloud-detector", "--layer", "conv9")
    assert "method" in audit(laboratory, "cloud-detector", "--method", "tea-leaves")
    assert "--labels MAP" in audit(laboratory, "cam1")
    (tmp_path / "notes.txt").write_text("hello")
    assert "notes.txt" in audit(tmp_path / "notes.txt")


def test_a_folder_that_is_no_run_is_one_line(command_line, tmp_path):
    assert "holds no audit" in refused(command_line("report", tmp_path))
    assert "holds no audit" in refused(command_line("compare", tmp_path, tmp_path))


def test_a_zip_whose_labels_need_a_mapping(command_line, laboratory, tmp_path):
    few = tmp_path / "few"
    for label, name in (("forest", "empty"), ("tank", "armour")):
        (few / name).mkdir(parents=True)
        for file in sorted((laboratory / label).iterdir())[:8]:
            shutil.copy(file, few / name)
    archive = shutil.make_archive(str(tmp_path / "photos"), "zip", few)
    out = tmp_path / "run"
    words = ("audit", archive, "--model", "cloud-detector", "--out", out)
    assert "--labels MAP" in refused(command_line(*words))
    mapping = tmp_path / "map.json"
    mapping.write_text('{"empty": ["forest"], "armour": [1]}')
    status, said, _ = command_line(*words, "--labels", mapping, "--precision", "float32")
    assert status == 0
    told = json.loads((out / "findings.json").read_text())
    assert told["images"] == {"total": 16, "readable": 16, "bad": 0}
    assert {one["class"] for one in told["insufficient"]} == {"empty", "armour"}
    assert said.count("insufficient: ") == 2
    report = (out / "report.html").read_bytes()
    (out / "report.html").unlink()
    assert command_line("report", out)[0] == 0
    assert (out / "report.html").read_bytes() == report
