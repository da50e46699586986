"""Start a repair and go on with one; it lies in the folder of its run."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import streamlit as st

from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.launching import LOG
from camcore.auditing.runs.repairs import RepairRecord, new_repair
from camcore.auditing.runs.run import Run
from pages.components.wording import PageError
from pages.languages.catalogues import gettext as _
from pages.parts.audit import launching
from pages.session.uploads import typed_path
from pages.session.visitor import require_own

_SLOW_START = 60.0  # seconds that a process of another server may take until its first news


def start(run: Run, finding: Finding, new: str, deep: bool) -> None:
    """Start a repair of a finding in a folder of its own inside the run.

    Parameters
    ----------
    run : Run
    finding : Finding
    new : str
        Folder of new pictures as somebody typed it; "" for none.
    deep : bool

    Raises
    ------
    InputError
        If the finding cannot be mended, or the folder of new pictures may not be read.
    StoreError
        If the run cannot be written.
    """
    # Late: numbers that only a repair needs.
    from camcore.repairing.target import columns_of, targets

    targets(run, finding.id)
    columns_of(run)
    folder = typed_path(new) if new.strip() else None
    if folder is not None and not Path(folder).is_dir():
        raise PageError(
            _(
                "{folder} is no folder on the computer that this page runs on; give one with a "
                "folder of pictures for each class.",
                folder=folder,
            )
        )
    out = new_repair(run, finding.id)
    _launch(run, RepairRecord(out, finding.id, (finding.id,), folder, deep))


def go_on(run: Run, record: RepairRecord) -> None:
    """Go on with a repair that stopped, or try one again that failed."""
    if record.new is not None:
        typed_path(record.new)  # what may be read may have changed since
    _launch(run, record)


def export(run: Run, record: RepairRecord, folder: Path) -> None:
    """Write the pictures that a repair learned from into a folder."""
    from camcore.repairing.export import export_set

    require_own(run)
    export_set(run, folder, finding=record.finding)


def state_of(record: RepairRecord) -> str:
    """The repair's state, or ``starting`` while its process has not taken it up yet."""
    state = record.state
    return "starting" if state != "running" and _starting(record) else state


def last_words(record: RepairRecord) -> str:
    """The last line that the process left in the repair's log."""
    try:
        text = (record.store.folder / LOG).read_text(errors="replace")
    except OSError:
        return ""
    return next((line.strip()[:300] for line in reversed(text.split("\n")) if line.strip()), "")


def _starting(record: RepairRecord) -> bool:
    progress = record.progress
    if progress is not None and progress.updated > record.started:
        return False
    process = _processes().get(str(record.out))
    if process is not None:
        return process.poll() is None
    return time.time() - record.started < _SLOW_START


@st.cache_resource(show_spinner=False)
def _processes() -> dict[str, subprocess.Popen]:
    """Processes that this server started, by the file that they write."""
    return {}


def _launch(run: Run, record: RepairRecord) -> None:
    from camcore.repairing.launching import launch_repair

    require_own(run)
    launching.check_settings(run.plan.settings)
    with launching.writing_runs():
        record = replace(record, out=record.out.absolute())
        _processes()[str(record.out)] = launch_repair(run, record)
