"""A repair behind its finding: it outlives the page and the server, and leads to its proof."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from filelock import FileLock

from camcore.auditing.report import write_report
from camcore.auditing.runs.run import Run
from tests.auditing.planted_repair import begun_repair, end_repair
from tests.auditing.planted_run import planted_run

pytest_plugins = ("visits",)  # the fixtures, from the file beside this one
pytestmark = pytest.mark.browser

SKY = "tank--sky-top-band"
_PATIENCE = 300_000  # milliseconds; two busy cores


@pytest.fixture
def run(tmp_path, monkeypatch) -> Iterator[Run]:
    """A run with a spurious finding, where the servers of the test keep theirs."""
    monkeypatch.setenv("CAMCORE_RUNS", str(tmp_path / "runs"))
    run = planted_run(tmp_path / "runs" / "planted")
    run.decide(SKY, "confirmed spurious", "Ada")
    write_report(run)
    return Run(run.folder)


def _open(visit):
    visit.page.goto(f"{visit.address}/audit?{urlencode({'run': 'planted', 'finding': SKY})}")
    return visit


def _sees(visit, text: str) -> None:
    visit.page.get_by_text(re.compile(text)).first.wait_for(timeout=_PATIENCE)


def test_a_repair_outlives_page_and_server_and_leads_to_its_proof(chromium, run, visitor, tmp_path):
    from visits import running_server

    record = begun_repair(run, SKY)
    at_work = FileLock(record.store.folder / "lock")
    at_work.acquire(timeout=5)
    with running_server(tmp_path) as address:
        visit = _open(visitor(address))
        _sees(visit, "20 of 80 pictures")
        visit.page.reload()
        _sees(visit, "20 of 80 pictures")
    with running_server(tmp_path) as address:
        visit = _open(visitor(address))
        _sees(visit, "20 of 80 pictures")
        end_repair(run, record, "repaired")
        at_work.release()
        _sees(visit, "Repaired. The worst group rose from 25 % to 88 %")  # without a click
        visit.page.get_by_role("button", name="The repaired model").wait_for(timeout=_PATIENCE)
        visit.settle()
        visit.page.get_by_role("link", name="Both runs compared").click()
        visit.page.wait_for_url("**view=compare*", timeout=_PATIENCE)
        _sees(visit, "recognises")
        assert not visit.page.get_by_test_id("stAlertContentError").count()
