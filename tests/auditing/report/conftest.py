"""A run written by hand, and its report."""

from __future__ import annotations

import shutil

import pytest

from camcore.auditing.report import write_report
from camcore.auditing.runs.run import Run
from tests.auditing.planted_run import planted_run
from tests.auditing.report.report_page import Page


@pytest.fixture(scope="session")
def planted(tmp_path_factory):
    run = planted_run(tmp_path_factory.mktemp("report") / "run")
    write_report(run)
    return run


@pytest.fixture(scope="session")
def page(planted):
    return Page((planted.folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture
def run(planted, tmp_path):
    """A copy to change; its pictures stay where they are."""
    shutil.copytree(planted.folder, tmp_path / "run", ignore=shutil.ignore_patterns("pictures"))
    return Run(tmp_path / "run")
