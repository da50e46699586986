"""Start an audit and go on with one: what was given lies in the run's own folder.

The server and its uploads may be gone tomorrow, so that uploaded files move into the run, and what
was asked for is noted there before the process begins.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

from camcore.auditing.runs.launching import launch, new_run_folder, runs_folder
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store
from camcore.errors import StoreError
from pages.session.uploads import upload_folder

_GIVEN = "given"
_ASKED = f"{_GIVEN}/asked.json"
_SLOW_START = 60.0  # seconds that a process of another server may take until its first news


def start(settings: Settings) -> Run:
    """Start an audit in a new folder of its own.

    Raises
    ------
    StoreError
        If the folder of runs cannot be written.
    """
    return _launch(settings, new_run_folder(settings))


def start_again(
    run: Run, settings: Settings, mapping: Mapping[str, Sequence[int | str]] | None = None
) -> Run:
    """Start with other labels: in the same folder where nothing was begun, else in a new one.

    Parameters
    ----------
    run : Run
    settings : Settings
    mapping : mapping, optional
        Labels and their classes, as a mapping file holds them; instead of `settings.labels`.
    """
    folder = new_run_folder(settings) if run.record else run.folder
    if mapping is not None:
        file = folder / _GIVEN / "labels.json"
        with writing_runs():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(mapping, ensure_ascii=False, indent=1), encoding="utf-8")
        settings = replace(settings, labels=str(file))
    return _launch(settings, folder)


def go_on(run: Run) -> None:
    """Go on with a run that stopped, or try one again that failed."""
    settings = settings_of(run)
    if settings is not None:
        _launch(settings, run.folder)


@contextmanager
def writing_runs() -> Iterator[None]:
    """What the disk refuses becomes a StoreError, in words."""
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"the folder of runs, {runs_folder()}, cannot be written ({error.strerror}); see to "
            "its permissions and room, or set CAMCORE_RUNS to another one."
        ) from None


def settings_of(run: Run) -> Settings | None:
    """What the run was asked to do; None where it stopped before that was written anywhere."""
    if run.record:
        return Settings.from_json(run.record["settings"])
    asked = _asked(run)
    return Settings.from_json(asked["settings"]) if asked else None


def unheard(run: Run) -> bool:
    """Whether a process has been started that gave no news yet."""
    progress = run.progress
    return _asked_at(run) > (0.0 if progress is None else progress.updated)


def starting(run: Run) -> bool:
    """Whether a process is on its way that has not yet taken the run up."""
    if not unheard(run):
        return False
    process = _processes().get(str(run.folder))
    if process is not None:
        return process.poll() is None
    return time.time() - _asked_at(run) < _SLOW_START


def last_words(run: Run) -> str:
    """The last line that the process left in the run's log."""
    try:
        lines = (run.folder / "log.txt").read_text(errors="replace").split("\n")
    except OSError:
        return ""
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


@st.cache_resource(show_spinner=False)
def _processes() -> dict[str, subprocess.Popen]:
    """Processes that this server started, by run folder."""
    return {}


def _launch(settings: Settings, folder: Path) -> Run:
    with writing_runs():
        (folder / _GIVEN).mkdir(parents=True, exist_ok=True)
        settings = _kept(settings, folder)
        note = {"settings": settings.as_json(), "time": time.time()}
        (folder / _ASKED).write_text(json.dumps(note, indent=1), encoding="utf-8")
        _processes()[str(folder)] = launch(settings, folder)
    return Run(folder)


def _asked(run: Run) -> dict | None:
    with suppress(OSError, ValueError):
        return json.loads((run.folder / _ASKED).read_text(encoding="utf-8"))
    return None


def _asked_at(run: Run) -> float:
    """When the page last started a process for the run; 0 if it never did."""
    asked = _asked(run)
    return asked["time"] if asked else 0.0


def _kept(settings: Settings, folder: Path) -> Settings:
    """The same settings with every file inside the run that was uploaded for it or another."""
    moved: dict[str, Any] = {}
    for name in ("source", "model", "labels", "class_names"):
        value = getattr(settings, name)
        if value is None:
            continue
        given, place = Path(value), folder / _GIVEN / Path(value).name
        of_another = (
            given.parent.name == _GIVEN
            and given.parent.parent != folder
            and Store(given.parent.parent).is_run()
        )
        if not of_another and not upload_folder().holds(value):
            continue
        place.unlink(missing_ok=True)
        try:
            os.link(value, place)
        except OSError:  # another disk
            shutil.copy2(value, place)
        moved[name] = str(place)
    return replace(settings, **moved)
