"""A run of a person's own folders, and its bundle."""

from __future__ import annotations

import json
import shutil

import pytest

from camcore.auditing.bundle import make_bundle
from camcore.auditing.report import write_report
from camcore.auditing.runs.run import Run
from tests.auditing.planted_repair import ended_repair
from tests.auditing.planted_run import planted_run

SKY = "tank--sky-top-band"


@pytest.fixture(scope="session")
def private(tmp_path_factory):
    """A folder whose name must not leave the machine, whatever a text does to it."""
    return tmp_path_factory.mktemp("private") / "Ada's & Co"


@pytest.fixture(scope="session")
def evidence(private):
    """A decided and repaired run."""
    run = planted_run(private / "run")
    shutil.move(private / "run" / "pictures", private / "pictures")
    record = json.loads((run.folder / "run.json").read_text())
    record["source"]["root"] = record["settings"]["source"] = str(private / "pictures")
    record["settings"]["model"] = str(private / "models" / "net.keras")
    run.store.write_json("run.json", record)
    summary = run.summary | {"made": run.summary["made"] | {"settings": record["settings"]}}
    run.store.write_json("findings.json", summary)
    run = Run(run.folder)
    run.decide(SKY, "confirmed spurious", "Ada", "weather", "head of the laboratory")
    ended_repair(run, SKY, "repaired")
    write_report(run)
    return Run(run.folder)


@pytest.fixture(scope="session")
def bundle(evidence):
    return make_bundle(evidence)
