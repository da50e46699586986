"""How a repair that does not come to its end leaves its folder, and what its run remembers."""

from __future__ import annotations

import json
import shutil

import pytest

import camcore
from camcore.auditing.runs.repairs import RepairRecord, remember_repair, repairs_of
from camcore.auditing.runs.run import Run
from camcore.errors import ModelError
from camcore.repairing import pipeline
from tests.auditing.planted_repair import begun_repair, ended_repair
from tests.auditing.planted_run import planted_run

SKY = "tank--sky-top-band"


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return planted_run(tmp_path_factory.mktemp("planted") / "run")


@pytest.fixture
def run(planted, tmp_path):
    shutil.copytree(planted.folder, tmp_path / "run")
    return Run(tmp_path / "run")


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ZeroDivisionError(), "something went wrong that should not have (ZeroDivisionError)"),
        (ModelError("no such model."), "no such model."),
    ],
)
def test_whatever_ends_a_repair_is_its_state(run, tmp_path, monkeypatch, raised, message):
    def load(run):
        raise raised

    monkeypatch.setattr(pipeline, "audited_model", load)
    with pytest.raises(type(raised)):
        camcore.repair(run, tmp_path / "mended.keras", finding=SKY)
    (record,) = repairs_of(run)
    assert record.out == tmp_path / "mended.keras"
    assert (record.finding, record.findings, record.deep) == (SKY, (SKY,), False)
    assert record.state == "failed"
    assert record.progress.message == message
    assert record.outcome == {}


def test_a_repair_inside_its_run_moves_with_it(run, tmp_path):
    ended_repair(run, SKY, "improved", new="/data/new")
    moved = Run(run.folder.rename(tmp_path / "moved"))
    (record,) = repairs_of(moved)
    assert record.out.is_relative_to(moved.folder)
    assert record.outcome["status"] == "improved"
    assert (record.state, record.new) == ("complete", "/data/new")


def test_the_last_started_comes_first_and_the_same_file_is_one_repair(run):
    first = begun_repair(run, SKY)
    second = begun_repair(run, SKY, deep=True)
    assert [own.out for own in repairs_of(run)] == [second.out, first.out]
    remember_repair(run, first)
    assert [own.out for own in repairs_of(run)] == [first.out, second.out]
    assert first.state == "interrupted"


def test_a_record_that_is_damaged_gone_or_out_of_bounds_is_none(run, tmp_path, monkeypatch):
    begun_repair(run, SKY)
    outside = RepairRecord(tmp_path / "else" / "mended.keras", None, (SKY,), None, False)
    remember_repair(run, outside)
    assert len(repairs_of(run)) == 1, "nothing lies there"
    outside.store.folder.mkdir(parents=True)
    assert len(repairs_of(run)) == 2
    (run.folder / "repairs" / "broken.json").write_text('{"out": ')
    (run.folder / "repairs" / "other.json").write_text(json.dumps({"out": "x.keras"}))
    assert len(repairs_of(run)) == 2
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(tmp_path / "elsewhere"))
    assert [own.out.name for own in repairs_of(run)] == ["mended.keras"]
    assert repairs_of(run)[0].out.is_relative_to(run.folder)


def test_who_writes_into_the_run_leaves_its_repair_alone(run):
    record = begun_repair(run, SKY)
    theirs = record.store.folder / ".features.partial"
    own = run.folder / "images" / ".00001.partial"
    for file in (theirs, own):
        file.touch()
    with run.store.locked():
        assert theirs.exists()
        assert not own.exists()
    with record.store.locked():
        assert not theirs.exists()
