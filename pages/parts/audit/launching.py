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

from camcore.auditing.runs.launching import launch, new_run_folder
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store, runs_folder
from camcore.errors import InputError, StoreError
from camcore.storage.bounds import is_within
from camcore.storage.place import check_readable, place_of
from pages.components.wording import PageError
from pages.languages.catalogues import gettext as _
from pages.session.uploads import upload_folder
from pages.session.visitor import require_own, take_over, unguessable

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
    return _launch(settings, unguessable(new_run_folder(settings)))


def start_mapped(settings: Settings, mapping: Mapping[str, Sequence[int | str]]) -> Run:
    """Start in a new folder, with what each label stands for.

    Raises
    ------
    StoreError
        If the folder of runs cannot be written.
    """
    folder = unguessable(new_run_folder(settings))
    return _launch(replace(settings, labels=_write_mapping(folder, mapping)), folder)


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
    if not run.record:
        require_own(run)
    check_settings(settings)
    folder = unguessable(new_run_folder(settings)) if run.record else run.folder
    if mapping is not None:
        settings = replace(settings, labels=_write_mapping(folder, mapping))
    return _launch(settings, folder)


def _write_mapping(folder: Path, mapping: Mapping[str, Sequence[int | str]]) -> str:
    file = folder / _GIVEN / "labels.json"
    with writing_runs():
        Store(folder).write_json(f"{_GIVEN}/{file.name}", mapping)
    return str(file)


def go_on(run: Run) -> None:
    """Go on with a run that stopped, or try one again that failed."""
    settings = settings_of(run)
    if settings is not None:
        require_own(run)
        check_settings(settings)
        _launch(settings, run.folder)


def check_settings(settings: Settings) -> None:
    """Raise an InputError where a run names files that this server may not read."""
    named = [settings.source, settings.labels, settings.class_names]
    if Path(settings.model).is_file():
        named.append(settings.model)
    for path in named:
        if path not in (None, "none", "groups", "imagenet", "numbers"):
            check_readable(place_of(path), runs_folder(), upload_folder().place)


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
        lines = own_file(run, "log.txt").read_text(errors="replace").split("\n")
    except (OSError, InputError):
        return ""
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def own_file(run: Run, name: str) -> Path:
    """A file of a run; an InputError where it is a link that leads out of it."""
    file = run.folder / name
    if not is_within(file, run.folder):
        raise PageError(_("{name} of this run lies elsewhere; it is not shown.", name=name))
    return file


@st.cache_resource(show_spinner=False)
def _processes() -> dict[str, subprocess.Popen]:
    """Processes that this server started, by run folder."""
    return {}


def _launch(settings: Settings, folder: Path) -> Run:
    with writing_runs():
        (folder / _GIVEN).mkdir(parents=True, exist_ok=True)
        settings = _kept(settings, folder)
        store = Store(folder)
        if not store.is_run():
            take_over(store)
        store.write_json(_ASKED, {"settings": settings.as_json(), "time": time.time()})
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
