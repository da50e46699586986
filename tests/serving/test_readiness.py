"""Each point is right on a machine that is ready, and says what to do where one thing is not."""

from __future__ import annotations

import importlib.metadata
import json
import os
from pathlib import Path

import pytest

import camcore
from camcore.cli import serve
from camcore.serving import readiness
from camcore.serving.memory import free_memory

CONFIG = '[server]\naddress = "127.0.0.1"\nallowedHosts = ["127.0.0.1", "audit.example.org"]\n'
SECRETS = """[auth]
redirect_uri = "https://audit.example.org/oauth2callback"
cookie_secret = "oak-and-ash-and-thorn"
client_id = "cam-audit"
client_secret = "hush"
server_metadata_url = "https://id.example.org/.well-known/openid-configuration"
"""


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project and a machine that are ready; tests spoil one thing each."""
    for name in ("STREAMLIT_SERVER_ADDRESS", "STREAMLIT_SERVER_ALLOWED_HOSTS"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "project"
    (folder / ".streamlit").mkdir(parents=True)
    (folder / "dashboard.py").touch()
    (folder / ".streamlit" / "config.toml").write_text(CONFIG)
    (folder / ".streamlit" / "secrets.toml").write_text(SECRETS)
    for setting, name in (
        ("CAMCORE_DATA_ROOT", "data"), ("CAMCORE_RUNS", "runs"), ("CAMCORE_CACHE", "cache"),
        ("HOME", "home"),
    ):  # fmt: skip
        (tmp_path / name).mkdir()
        monkeypatch.setenv(setting, str(tmp_path / name))
    monkeypatch.setattr(importlib.metadata, "version", lambda package: "1.9.10")
    monkeypatch.setattr(readiness, "free_memory", lambda: 4 * 10**9)
    return folder


@pytest.fixture
def points(project, monkeypatch):
    """What is found, by name; but for the map, which no test spoils by a file."""
    monkeypatch.setattr(readiness, "_map", lambda: readiness.Point("map", "drawn"))
    return lambda: {point.name: point for point in readiness.check(project)}


def test_a_machine_that_is_ready(project, monkeypatch, command_line):
    monkeypatch.chdir(project)
    status, out, err = command_line("serve", "--check", "--json")
    answer = json.loads(out)
    assert (status, answer["status"], answer["result"]["ready"]) == (0, 0, True), err
    rows = answer["result"]["points"]
    assert [row["name"] for row in rows] == [
        "configuration", "data root", "login", "runs folder", "cache folder", "memory", "map",
    ]  # fmt: skip
    assert all(row["ok"] and not row["advice"] for row in rows)
    assert "of the evidence for tank lies in" in rows[-1]["found"]
    assert "hush" not in out + err


def test_one_line_for_each_point_and_status_2_where_one_is_wrong(
    project, tmp_path, monkeypatch, command_line
):
    monkeypatch.setattr(readiness, "_map", lambda: readiness.Point("map", "drawn"))
    monkeypatch.chdir(project)
    monkeypatch.delenv("CAMCORE_DATA_ROOT")
    before = sorted(tmp_path.rglob("*"))
    status, out, err = command_line("serve", "--check")
    assert (status, err) == (2, "")
    wrong = [line for line in out.splitlines() if not line.startswith("ok: ")]
    assert sorted(tmp_path.rglob("*")) == before, "nothing is left behind"
    assert len(out.splitlines()) == 7
    assert wrong == [
        "not ok: data root: visitors may read all that the server may read; set CAMCORE_DATA_ROOT "
        "to the one folder that they may read."
    ]


def _wrong(points) -> dict[str, str]:
    return {name: point.found for name, point in points().items() if not point.ok}


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        (CONFIG.replace(', "audit.example.org"', ""), "answers to 127.0.0.1 only"),
        ("[server]\n", "under any name"),
        (CONFIG.replace("audit.example.org", "*"), "under any name"),
        (CONFIG + "enableXsrfProtection = false\n", "enableXsrfProtection is off"),
        (CONFIG + "enableCORS = false\n", "enableCORS is off"),
        (CONFIG + "[server\n", "it is no TOML"),
    ],
)
def test_the_configuration(points, project, config, problem):
    (project / ".streamlit" / "config.toml").write_text(config)
    wrong = _wrong(points)
    assert set(wrong) == {"configuration"}
    assert problem in wrong["configuration"]


def test_the_environment_and_the_users_file_count_as_they_do_for_streamlit(
    points, project, tmp_path, monkeypatch
):
    (project / ".streamlit" / "config.toml").unlink()
    assert set(_wrong(points)) == {"configuration"}
    (tmp_path / "home" / ".streamlit").mkdir()
    (tmp_path / "home" / ".streamlit" / "config.toml").write_text(CONFIG)
    assert _wrong(points) == {}
    monkeypatch.setenv("STREAMLIT_SERVER_ALLOWED_HOSTS", "localhost")
    assert set(_wrong(points)) == {"configuration"}


def test_a_folder_without_the_dashboard(points, project):
    (project / "dashboard.py").unlink()
    assert "there is no dashboard.py" in _wrong(points)["configuration"]


@pytest.mark.parametrize("key", ["redirect_uri", "cookie_secret", "client_id", "client_secret"])
def test_a_login_that_lacks_something(points, project, key):
    lines = [line for line in SECRETS.splitlines() if not line.startswith(key)]
    (project / ".streamlit" / "secrets.toml").write_text("\n".join(lines))
    assert _wrong(points) == {"login": f"[auth] lacks {key}"}


@pytest.mark.parametrize(
    ("secrets", "problem"),
    [
        ("", "nobody has to sign in"),
        (SECRETS.replace("/oauth2callback", "/"), "does not end in /oauth2callback"),
        (SECRETS.replace("https://audit", "http://audit"), "is not https"),
        ('[auth]\nclient_secret = "hush', "it is no TOML"),
    ],
)
def test_a_login_that_cannot_work(points, project, secrets, problem):
    (project / ".streamlit" / "secrets.toml").write_text(secrets)
    wrong = _wrong(points)
    assert set(wrong) == {"login"}
    assert problem in wrong["login"]
    assert "hush" not in str(points())


def test_a_login_without_its_package(points, monkeypatch):
    def missing(package):
        raise importlib.metadata.PackageNotFoundError(package)

    monkeypatch.setattr(importlib.metadata, "version", missing)
    assert "Authlib is not installed" in _wrong(points)["login"]


def test_a_data_root_that_is_missing_or_holds_what_is_nobodys(points, tmp_path, monkeypatch):
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(tmp_path / "nowhere"))
    assert "no folder that can be read" in _wrong(points)["data root"]
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(tmp_path))
    assert "which visitors could read" in _wrong(points)["data root"]


@pytest.mark.skipif(os.name != "posix", reason="folders that take nothing")
@pytest.mark.parametrize(
    ("name", "setting"), [("runs folder", "CAMCORE_RUNS"), ("cache folder", "CAMCORE_CACHE")]
)
def test_a_folder_that_cannot_be_written(points, monkeypatch, name, setting):
    monkeypatch.setenv(setting, "/proc/camcore/runs")
    wrong = points()[name]
    assert "cannot be written" in wrong.found
    assert setting in wrong.advice


def test_a_folder_that_is_still_to_be_made(points, tmp_path, monkeypatch):
    monkeypatch.setenv("CAMCORE_RUNS", str(tmp_path / "later" / "runs"))
    assert _wrong(points) == {}
    assert not (tmp_path / "later").exists()


def test_little_memory(points, monkeypatch):
    monkeypatch.setattr(readiness, "free_memory", lambda: 10**9)
    assert _wrong(points) == {"memory": "1.0 GB are free"}
    monkeypatch.setattr(readiness, "free_memory", lambda: None)
    assert _wrong(points) == {}


def test_free_memory_is_the_machines_or_the_containers(tmp_path):
    machine = tmp_path / "meminfo"
    assert free_memory(machine, tmp_path) is None
    machine.write_text("MemTotal:  9000 kB\nMemFree:  1 kB\nMemAvailable:    5000 kB\n")
    assert free_memory(machine, tmp_path) == 5000 * 1024
    (tmp_path / "memory.current").write_text("700\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert free_memory(machine, tmp_path) == 5000 * 1024
    (tmp_path / "memory.max").write_text("1000\n")
    assert free_memory(machine, tmp_path) == 300


def test_a_map_that_cannot_be_made(project, monkeypatch):
    def broken(name):
        raise ImportError("No module named 'tensorflow'")

    monkeypatch.setattr(camcore, "load_model", broken)
    (point,) = [point for point in readiness.check(project) if not point.ok]
    assert (point.name, "No module named 'tensorflow'" in point.found) == ("map", True)


def test_without_the_flag_the_server_starts(project, monkeypatch, command_line):
    started = []

    def call(words, stdout):
        started.append(words[1:])
        return len(started) - 1

    monkeypatch.setattr(serve.subprocess, "call", call)
    monkeypatch.chdir(project)
    assert command_line("serve")[0] == 0
    status, _, err = command_line("serve")
    assert (status, "ended with status 1" in err) == (2, True)
    monkeypatch.chdir(project.parent)
    assert "no dashboard.py here" in command_line("serve")[2]
    assert started == [["-m", "streamlit", "run", "dashboard.py"]] * 2
