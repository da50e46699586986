"""How a running audit tells where it is, and how it is asked to stop."""

from __future__ import annotations

import contextlib
import json
import os
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from camcore.errors import CamcoreError, LabelsError

STAGES = ("unpacking", "listing", "model", "scan", "evidence", "interventions", "report")
STATES = ("running", "paused", "cancelled", "asking", "failed", "complete")
_FILE = "progress.json"
_STOP = "stop"
_EVERY = 0.4  # seconds between two writes
_WINDOW = 30.0  # seconds that the rate is taken over


class StoppedError(CamcoreError):
    """The audit was asked to stop; all that is done is kept."""

    code = "stopped"


@dataclass(frozen=True)
class Progress:
    """Where an audit is.

    Attributes
    ----------
    state : str
        ``running``, ``paused``, ``cancelled``, ``asking`` where it waits for what the labels stand
        for, ``failed`` or ``complete``.
    stage : str
        One of `STAGES`.
    done, total : int
        Images, or forward passes of the interventions.
    bad : int
        Files that could not be read.
    rate : float
        Of `done`, per second.
    remaining : float or None
        Seconds until this stage is done, as far as the rate tells.
    message, code : str
        Why it failed or what it asks, in words, and the `CamcoreError.code` of that.
    updated : float
        Unix time.
    """

    state: str = "running"
    stage: str = "listing"
    done: int = 0
    total: int = 0
    bad: int = 0
    rate: float = 0.0
    remaining: float | None = None
    message: str = ""
    code: str = ""
    updated: float = 0.0


class Watch:
    """Writes the progress of a run beside its results, and reads requests to stop.

    Parameters
    ----------
    folder : path
        The run.
    show : callable, optional
        Called with every `Progress`, for a bar on the command line.
    """

    def __init__(self, folder: Path, show: Callable[[Progress], Any] | None = None) -> None:
        self._folder = folder
        self._show = show
        self._now = Progress()
        self._written = 0.0
        self._seen: deque[tuple[float, int]] = deque()
        self._counting = threading.Lock()
        with contextlib.suppress(OSError):
            (folder / _STOP).unlink(missing_ok=True)

    def begin(self, stage: str, total: int = 0, done: int = 0, bad: int = 0) -> None:
        """Start a stage; `done` of an earlier start counts as done, not towards the rate.

        Raises
        ------
        StoppedError
            If somebody asked for a pause or an end.
        """
        self._seen = deque([(time.monotonic(), done)])
        self._now = Progress(stage=stage, total=total, done=done, bad=bad)
        self._write()
        self.check()

    def advance(self, done: int, bad: int = 0) -> None:
        """Count what is done since the last call; any thread may.

        Raises
        ------
        StoppedError
            If somebody asked for a pause or an end.
        """
        with self._counting:
            self._count(done, bad)

    def _count(self, done: int, bad: int) -> None:
        now = time.monotonic()
        total = self._now.done + done
        self._seen.append((now, total))
        while now - self._seen[0][0] > _WINDOW and len(self._seen) > 2:
            self._seen.popleft()
        began, before = self._seen[0]
        seconds = now - began
        rate = (total - before) / seconds if seconds > 0.2 else 0.0
        left = self._now.total - total
        self._now = Progress(
            stage=self._now.stage,
            total=self._now.total,
            done=total,
            bad=self._now.bad + bad,
            rate=rate,
            remaining=max(0.0, left / rate) if rate > 0 else None,
        )
        if now - self._written > _EVERY:
            self._write()
            self.check()

    def check(self) -> None:
        """Stop here if somebody asked for it.

        Raises
        ------
        StoppedError
        """
        try:
            wanted = (self._folder / _STOP).read_text()
        except OSError:
            return
        self.end("cancelled" if wanted == "cancelled" else "paused")
        raise StoppedError(f"the audit is {self._now.state}; the same command continues it.")

    def end(self, state: str, message: str = "", code: str = "") -> None:
        """Say how it ended."""
        now = self._now
        counts = {"done": now.done, "total": now.total, "bad": now.bad}
        self._now = Progress(state, now.stage, **counts, message=message, code=code)
        self._write()

    @contextlib.contextmanager
    def run(self) -> Iterator[None]:
        """Say how the run inside ended, whatever ended it; an error goes on to the caller."""
        try:
            yield
        except StoppedError:
            if self._now.state == "running":  # a run inside this one was asked
                self.end("paused")
            raise
        except LabelsError as error:
            self.end("asking", error.problem, error.code)
            raise
        except CamcoreError as error:
            self.end("failed", error.problem, error.code)
            raise
        except KeyboardInterrupt:
            self.end("paused")
            raise
        except Exception as error:
            kind = type(error).__name__
            self.end("failed", f"something went wrong that should not have ({kind})")
            raise
        self.end("complete")

    def relay(self, stage: str) -> Callable[[Progress], None]:
        """What a run inside this one is shown by, as parts of a stage; it hears the same requests.

        Parameters
        ----------
        stage : str

        Returns
        -------
        callable
            For the ``show`` of the inner `Watch`; raises a `StoppedError` like `advance`.
        """

        def show(inner: Progress) -> None:
            if inner.state == "running":
                self._now = replace(inner, stage=f"{stage}: {inner.stage}")
                self._write()
                self.check()

        return show

    def _write(self) -> None:
        self._written = time.monotonic()
        value = asdict(self._now) | {"updated": time.time(), "process": os.getpid()}
        partial = self._folder / f".{_FILE}.new"
        # Only news: a full disk is reported by what has to be kept.
        with contextlib.suppress(OSError):
            partial.write_text(json.dumps(value, allow_nan=False))
            os.replace(partial, self._folder / _FILE)
        if self._show is not None:
            self._show(self._now)


def ask_to_stop(folder: Path, state: str = "paused") -> None:
    """Ask a running audit to stop after the images at hand.

    Parameters
    ----------
    state : {"paused", "cancelled"}
    """
    partial = folder / f".{_STOP}-{uuid.uuid4().hex[:8]}.partial"
    partial.write_text(state)
    os.replace(partial, folder / _STOP)


def read_progress(folder: Path) -> Progress | None:
    """The last progress that a run wrote, or None."""
    try:
        value = json.loads((folder / _FILE).read_text())
        value.pop("process", None)
        progress = Progress(**value)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        return None
    return progress if progress.state in STATES else None
