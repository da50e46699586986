"""``serve`` on the command line: the pages for a team, and whether the machine is ready."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import click

from camcore.cli.outcome import DONE, INPUT, Outcome
from camcore.cli.terminal import say
from camcore.errors import InputError


@click.command()
@click.option("--check", "only_check", is_flag=True, help="Look at the machine; start nothing.")
def serve(only_check: bool) -> Outcome:
    """Serve the pages from the folder that holds dashboard.py.

    Address and hosts are those of .streamlit/config.toml. With --check, one line each says whether
    configuration, data root, login, folders, memory and a map of a bundled model are as a team's
    server needs them, and what to do. Exit status then: 0 where all is, 2 where something is not.
    """
    from camcore.serving.readiness import DASHBOARD, check

    if only_check:
        points = check(Path.cwd())
        for point in points:
            line = f"{'ok' if point.ok else 'not ok'}: {point.name}: {point.found}"
            say(f"{line}; {point.advice}" if point.advice else line)
        ready = all(point.ok for point in points)
        rows = [{"ok": point.ok} | asdict(point) for point in points]
        return Outcome({"ready": ready, "points": rows}, DONE if ready else INPUT)
    if not Path(DASHBOARD).is_file():
        raise InputError(f"there is no {DASHBOARD} here; start it in the folder of CAM Audit.")
    words = [sys.executable, "-m", "streamlit", "run", DASHBOARD]
    ended = subprocess.call(words, stdout=2)  # stdout is kept for the object
    if ended:
        raise InputError(f"the server ended with status {ended}; its own lines say why.")
    return Outcome()
