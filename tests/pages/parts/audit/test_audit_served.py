"""Served to others: a run is what this server made, and belongs to who made it."""

from __future__ import annotations

import json
import shutil

import pytest
from PIL import Image

import camcore
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.run import Run
from tests.pages.app_page import assert_calm
from tests.pages.parts.audit.reading import links, the_error, words


@pytest.fixture
def served(monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(tmp_path / "data"))
    return tmp_path / "data"


def _forged(original, place, secret):
    """A copy of a run, as a zip may hold it, that names pictures of somebody else."""
    shutil.copytree(original, place)
    file = place / "run.json"
    record = json.loads(file.read_text())
    record["source"] |= {"root": str(secret), "kind": "table"}
    record["settings"]["source"] = str(secret / "secret.csv")
    file.write_text(json.dumps(record))
    return place


def test_a_run_inside_another_is_not_opened_by_address(visit, run, original, tmp_path):
    inside = _forged(original, run.folder / "unpacked" / "pets" / "run", tmp_path)
    assert_calm(visit(run=str(run.folder)))  # the outer one is, by its path too
    for address in (inside, f"{run.folder}/given/../unpacked/pets/run"):
        assert "inside another run" in the_error(visit(run=str(address)))


def test_a_run_outside_the_data_root_is_not_opened_by_address(visit, run, original, served):
    assert "outside the folder" in the_error(visit(run=str(original)))
    assert_calm(visit(run="planted"))
    shutil.copytree(original, served / "own")
    assert_calm(visit(run=str(served / "own")))


def test_paths_that_a_run_names_are_bounded_again(original, served, runs, tmp_path, monkeypatch):
    forged = Run(_forged(original, tmp_path / "elsewhere", tmp_path / "secret"))
    with pytest.raises(camcore.InputError, match="outside the folder"):
        forged.path_of(0)
    with pytest.raises(camcore.InputError, match="outside the folder"):
        forged.seen(0)
    monkeypatch.delenv("CAMCORE_DATA_ROOT")
    assert forged.path_of(0).is_relative_to(tmp_path / "secret")


@pytest.mark.parametrize("path", ["../secret.png", "/etc/passwd", "a/../../secret.png"])
def test_a_listed_file_lies_in_its_folder(run, path):
    record = run.record | {"source": run.record["source"] | {"kind": "class folders"}}
    with pytest.raises(camcore.InputError, match="leads out of the folder"):
        Plan(record).file_of(path)
    Plan(record).file_of("a/b.png")


def _start(visit, place):
    Image.new("RGB", (8, 8)).save(place / "1.png")
    app = visit()
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(place))
    app.selectbox(key="audit-labels").set_value("none")
    app.button(key="audit-start").click().run()
    return app


def _buttons(app) -> set[str]:
    return {button.label for button in app.button}


def test_nobody_stops_or_deletes_the_run_of_another(visit, launched, served, busy):
    mine = _start(visit, served)
    ((_, folder),) = launched
    busy(Run(folder))
    mine.run()
    assert {"Pause", "Cancel"} <= _buttons(mine)
    theirs = visit(run=folder.name)
    assert_calm(theirs)
    assert "belongs to somebody else" in words(theirs)
    assert not {"Pause", "Cancel"} & _buttons(theirs)
    assert "Delete" not in _buttons(visit())
    assert not (folder / "stop").exists()


def test_nobody_finds_the_run_of_another(visit, launched, served, runs, original):
    shutil.copytree(original, runs / "planted")  # as the command line made it: for all
    mine = _start(visit, served)
    ((_, folder),) = launched
    mine.query_params.clear()
    assert set(links(mine.run())) >= {"planted", folder.name}
    theirs = visit()
    assert "planted" in links(theirs)
    assert folder.name not in links(theirs)
    theirs = _start(visit, served)
    (_, other) = launched[1]
    theirs.query_params.clear()
    assert set(links(theirs.run())) & {folder.name, other.name} == {other.name}
    assert set(links(mine.run())) & {folder.name, other.name} == {folder.name}


def test_nobody_guesses_the_address_of_a_run(visit, launched, served):
    _start(visit, served)
    _start(visit, served)
    secrets = [folder.name.rpartition("-")[2] for _, folder in launched]
    assert all(len(bytes.fromhex(secret)) == 8 for secret in secrets)
    assert len(set(secrets)) == 2


def test_nobody_is_offered_the_run_of_another_to_compare_with(visit, run, original, served, runs):
    for name in ("theirs", "everyones"):
        shutil.copytree(original, runs / name)
    (runs / "theirs" / "owner.json").write_text(json.dumps({"owner": "somebody"}))
    app = visit(run="planted", view="compare")
    assert_calm(app)
    assert [choice.rpartition(" · ")[2] for choice in app.selectbox(key="audit-other").options] == [
        "everyones"
    ]


def test_on_ones_own_machine_every_run_is_ones_own(visit, launched, tmp_path):
    _start(visit, tmp_path)
    ((_, folder),) = launched
    assert folder.name in links(visit())
    assert "Delete" in _buttons(visit())
    assert "belongs to somebody else" not in words(visit(run=folder.name))


def test_who_has_to_sign_in_sees_nothing_before(visit, monkeypatch):
    from pages.session import visitor

    monkeypatch.setattr(visitor.st, "user", {"is_logged_in": False})
    assert _buttons(visit()) == {"Sign in"}
    signed_in = {"is_logged_in": True, "name": "Ada", "sub": "1", "iss": "x"}
    monkeypatch.setattr(visitor.st, "user", signed_in)
    assert "Start the audit" in _buttons(visit())
    assert visitor.signed_in_as() == "Ada"
