"""A repair as a process of its own."""

from __future__ import annotations

import subprocess
from pathlib import Path

from camcore.auditing.runs.launching import start_process
from camcore.auditing.runs.repairs import RepairRecord, remember_repair
from camcore.auditing.runs.run import Run


def repair_command(run: Path, record: RepairRecord) -> list[str]:
    """The words of the command line that do this repair.

    Examples
    --------
    >>> record = RepairRecord(Path("mended.keras"), "cat--tag", ("cat--tag",), None, True)
    >>> " ".join(repair_command(Path("run"), record))
    'python -m camcore repair run --finding cat--tag --deep --out mended.keras'
    """
    words = ["python", "-m", "camcore", "repair", str(run)]
    if record.finding is not None:
        words += ["--finding", record.finding]
    if record.new is not None:
        words += ["--new", record.new]
    if record.deep:
        words.append("--deep")
    return [*words, "--out", str(record.out)]


def launch_repair(run: Run, record: RepairRecord) -> subprocess.Popen[bytes]:
    """Start or continue a repair beside this process; it outlives it.

    Raises
    ------
    StoreError
        If the run cannot be written.
    """
    remember_repair(run, record)
    return start_process(repair_command(run.folder, record), record.store.folder)
