"""The progress of long work on stderr."""

from __future__ import annotations

import sys
from typing import Any

import click

from camcore.auditing.runs.progress import Progress
from camcore.cli.terminal import say


class ProgressBars:
    """One progress bar a stage on stderr."""

    def __init__(self) -> None:
        self._stage = ""
        self._bar: Any = None

    def __call__(self, now: Progress) -> None:
        if now.stage != self._stage:
            self.close()
            self._stage = now.stage
            if now.total:
                self._bar = click.progressbar(
                    length=now.total, label=now.stage.ljust(13), file=sys.stderr, show_pos=True
                )
                self._bar.__enter__()
            else:
                say(now.stage, err=True)
        if self._bar is not None:
            self._bar.update(now.done - self._bar.pos)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.__exit__(None, None, None)
            self._bar = None
