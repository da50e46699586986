"""What programs read: one object on stdout, and an exit status."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from camcore.cli import app
from camcore.cli.outcome import as_json
from tests.auditing.planted_run import planted_run

ROOT = Path(__file__).parents[2]


@pytest.fixture
def ask(command_line):
    """Run a command with ``--json``; gives exit status, the object and stderr."""

    def call(*words):
        status, said, err = command_line(*words, "--json")
        (line,) = said.splitlines()
        value = json.loads(line)
        assert value["status"] == status
        return status, value, err

    return call


def test_every_command_takes_it_once():
    for command in app.cli.commands.values():
        options = [name for parameter in command.params for name in parameter.opts]
        assert options.count("--json") == 1, command.name


def test_the_object_is_all_of_stdout_and_words_go_to_stderr(ask, command_line):
    _, lines, _ = command_line("layers", "cam1")
    status, value, err = ask("layers", "cam1")
    assert status == 0
    assert value["command"] == "layers"
    assert err == lines
    assert value["result"]["layers"][-1] == {
        "name": "conv4", "height": 3, "width": 3, "channels": 128,
    }  # fmt: skip


def test_what_others_print_stays_out_of_the_object(ask, monkeypatch):
    monkeypatch.setattr(app, "say", lambda text, err=False: print("fetching weights", text))
    _, value, err = ask("models")
    assert "fetching weights" in err
    assert "cam1" in {model["name"] for model in value["result"]["models"]}


def test_explain_gives_what_it_writes(ask, tmp_path):
    status, value, err = ask("explain", "digit-7", "--model", "cam1", "--out", tmp_path / "o")
    assert status == 0
    written = json.loads((tmp_path / "o" / "explanation.json").read_text())
    assert value["result"]["explanation"] == written
    assert written["statement"] in err


def test_numbers_that_are_none_are_null(ask, tmp_path):
    _, value, _ = ask("methods", "digit-7", "--model", "cam1", "--methods", "cam,eigen-cam",
                      "--out", tmp_path / "o")  # fmt: skip
    rows = value["result"]["rows"]
    assert [row["method"] for row in rows] == ["CAM", "Eigen-CAM"]
    assert value["result"]["identities"][0]["holds"] is True
    assert as_json({"x": (float("inf"), float("nan"), 1.5)}) == {"x": [None, None, 1.5]}


@pytest.mark.parametrize(
    ("words", "code", "problem"),
    [
        (["models", "--nope"], "usage", "--nope"),
        (["explain"], "usage", "IMAGE"),
        (["explode"], "usage", "explode"),
        (["explain", "nowhere.png", "--out", "o"], "image", "nowhere.png"),
        (["layers", "nothing"], "model", "nothing"),
    ],
)
def test_an_error_is_an_object_too(ask, words, code, problem):
    status, value, err = ask(*words)
    assert status == 2
    assert value["error"]["code"] == code
    assert problem in value["error"]["problem"]
    assert len(err.strip().splitlines()) == 1
    assert "result" not in value


def test_a_fault_of_ours_is_status_1(ask, command_line, monkeypatch):
    def breaks(*_, **__):
        raise ZeroDivisionError("by nought")

    monkeypatch.setattr(app.camcore, "load_model", breaks)
    status, value, err = ask("layers", "cam1")
    assert (status, value["error"]["code"]) == (1, "internal")
    assert value["error"]["problem"] == "ZeroDivisionError: by nought"
    assert "Traceback" in err
    assert command_line("layers", "cam1")[:2] == (1, "")


def test_who_is_interrupted_is_told_so(ask, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(app.camcore, "load_model", interrupted)
    status, value, _ = ask("layers", "cam1")
    assert (status, value["error"]["code"]) == (130, "stopped")


def test_a_report_gives_verdict_and_findings_and_its_status(ask, tmp_path):
    run = planted_run(tmp_path / "run").folder
    summary = json.loads((run / "findings.json").read_text())
    summary["scores"] = {"artefact": 0.4, "context": 0.1, "object": 0.9}
    (run / "findings.json").write_text(json.dumps(summary))
    status, value, err = ask("report", run, "--fail-on", "artefact=0.3", "--fail-on", "context=1")
    assert status == 3
    assert value["result"]["reached"] == {"artefact": 0.3}
    assert value["result"]["summary"]["findings"][0]["level"] == "relied on"
    assert value["result"]["verdict"][0] in err
    assert ask("report", run)[0] == 0


def test_without_it_the_verdict_stands_last_but_one(command_line, tmp_path):
    run = planted_run(tmp_path / "run").folder
    _, said, _ = command_line("report", run)
    assert said.splitlines()[-2].startswith("The model relies on the top band")


def test_module_and_script_are_the_same(command_line):
    with open(ROOT / "pyproject.toml", "rb") as file:
        module, _, function = tomllib.load(file)["project"]["scripts"]["camcore"].partition(":")
    assert getattr(sys.modules[module], function) is app.main
    _, script, _ = command_line("compare", "--help")
    by_module = subprocess.run(
        [sys.executable, "-m", "camcore", "compare", "--help"], capture_output=True, text=True
    )
    assert by_module.stdout == script
    assert script.startswith("Usage: camcore compare")
