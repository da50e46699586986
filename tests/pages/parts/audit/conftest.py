"""A run written by hand, and the Audit page opened on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from camcore.auditing.report import write_report
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from pages.parts.audit import launching
from pages.session import navigation
from tests.auditing.planted_run import planted_run
from tests.pages.app_page import DASHBOARD
from tests.pages.parts.audit.reading import AUDIT


@pytest.fixture(scope="session")
def original(tmp_path_factory) -> Path:
    """One complete run; tests work on copies."""
    folder = tmp_path_factory.mktemp("original") / "run"
    write_report(planted_run(folder))
    return folder


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    """The folder of runs, empty."""
    monkeypatch.setenv("CAMCORE_RUNS", str(tmp_path / "runs"))
    return tmp_path / "runs"


@pytest.fixture
def run(runs, original) -> Run:
    """A complete run called ``planted``."""
    shutil.copytree(original, runs / "planted")
    return Run(runs / "planted")


@pytest.fixture
def visit(monkeypatch, runs) -> Callable[..., AppTest]:
    """Open the Audit page, or another, at an address.

    AppTest starts every run of a page that is not the default one without dashboard.py, so that
    what a widget says comes a run late: the page that is opened is made the default one.
    """
    monkeypatch.chdir(DASHBOARD.parent)

    def open_page(page: str = AUDIT, **query: str) -> AppTest:
        first = sorted(navigation.PAGES, key=lambda own: own.path != page)
        monkeypatch.setattr(navigation, "PAGES", tuple(first))
        app = AppTest.from_file(str(DASHBOARD), default_timeout=180)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return open_page


class _Process:
    """A process that does nothing, and has not ended."""

    def poll(self) -> int | None:
        return None


@pytest.fixture
def launched(monkeypatch) -> list[tuple[Settings, Path]]:
    """What would have been started; nothing is."""
    calls: list[tuple[Settings, Path]] = []

    def launch(settings: Settings, folder: Path) -> _Process:
        (folder / "lock").touch()
        calls.append((settings, folder))
        return _Process()

    monkeypatch.setattr(launching, "launch", launch)
    return calls


@pytest.fixture
def busy() -> Iterator[Callable[[Run], None]]:
    """Hold the lock of a run, as its process does."""
    held = []

    def hold(run: Run) -> None:
        lock = FileLock(run.folder / "lock")
        lock.acquire(timeout=5)
        held.append(lock)

    yield hold
    for lock in held:
        lock.release()
