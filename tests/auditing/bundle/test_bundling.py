"""What a bundle holds, what it keeps back, and that it is the same for the same run."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile

import pytest

from camcore.auditing.bundle import make_bundle, write_bundle
from camcore.auditing.bundle.clauses import CLAUSES
from camcore.auditing.bundle.privacy import Places
from camcore.auditing.runs.run import Run
from camcore.errors import InputError, StoreError
from tests.auditing.planted_run import planted_run


@pytest.fixture(scope="module")
def archive(bundle):
    return zipfile.ZipFile(io.BytesIO(bundle.data))


def test_the_manifest_comes_last_and_lists_all_before_it(archive, bundle):
    *names, last = archive.namelist()
    assert last == "manifest.json"
    manifest = json.loads(archive.read(last))
    assert manifest["schema"] == 1
    assert [entry["name"] for entry in manifest["files"]] == names
    for entry in manifest["files"]:
        data = archive.read(entry["name"])
        assert (entry["bytes"], entry["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert hashlib.sha256(archive.read(last)).hexdigest() == bundle.manifest_sha256


def test_findings_rules_decisions_and_repairs_are_those_of_the_run(archive, evidence):
    def value(name):
        return json.loads(archive.read(name))

    assert value("findings.json")["findings"] == evidence.summary["findings"]
    assert value("rules.json") == evidence.rules
    (decision,) = value("decisions.json")
    assert (decision["by"], decision["role"]) == ("Ada", "head of the laboratory")
    assert decision["time"] == evidence.decisions[0].time
    (repair,) = value("repairs.json")
    assert repair["outcome"]["status"] == "repaired"
    assert b"Ada, head of the laboratory" in archive.read("report.html")


def test_same_run_same_bytes(bundle, evidence):
    assert make_bundle(Run(evidence.folder)).data == bundle.data
    times = {entry.date_time for entry in zipfile.ZipFile(io.BytesIO(bundle.data)).infolist()}
    assert times == {(1980, 1, 1, 0, 0, 0)}


def test_no_folder_of_the_machine_is_told(archive, private, evidence):
    parts = {private.name, "Ada&#39;s &amp; Co", private.parent.name}
    report = (evidence.folder / "report.html").read_text()
    assert any(part in report for part in parts)  # it would be, were nothing done
    for name in archive.namelist():
        text = archive.read(name).decode()
        assert not [part for part in parts if part in text], name
    record = json.loads(archive.read("run.json"))
    assert record["source"]["root"] == "pictures"
    assert record["settings"]["model"] == "net.keras"


def test_what_only_looks_like_a_place_stays():
    places = Places(["/home/ada/pets/1.png", "/data", "pets/1.png"])
    text = '<img src="data:image/png;base64,iV/home/ada/pets/x="> /data </b> and/or pets/1.png'
    assert places.taken_from(text) == text
    assert places.taken_from("see /home/ada/pets/1.png") == "see 1.png"


def test_clauses_name_files_that_are_there_and_what_is_not_covered(archive):
    names = set(archive.namelist())
    for clause in CLAUSES:
        assert {file for file, _ in clause.places} <= names
        assert clause.leaves_open
    text = archive.read("clauses.md").decode()
    assert "not legal advice" in text
    assert text.count("**Not covered:**") == len(CLAUSES) == 6


def test_a_run_without_a_report_is_refused(tmp_path):
    run = planted_run(tmp_path / "run")
    with pytest.raises(StoreError, match="make it anew"):
        make_bundle(run)
    (run.folder / "findings.json").unlink()
    with pytest.raises(StoreError, match="no findings yet"):
        make_bundle(Run(run.folder))


def test_a_bundle_is_a_zip_and_nothing_is_left_half_written(evidence, tmp_path):
    with pytest.raises(InputError, match=r"ends in \.zip"):
        write_bundle(evidence, tmp_path / "evidence.tar")
    assert list(tmp_path.iterdir()) == []
    write_bundle(evidence, tmp_path / "new" / "evidence.zip")
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["evidence.zip"]
