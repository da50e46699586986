"""What a command comes to: an exit status, and with ``--json`` one object on stdout."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import click
import numpy as np

import camcore

DONE, INTERNAL, INPUT, FINDING, STOPPED = 0, 1, 2, 3, 130
"""Exit statuses: done; a fault of ours; what was given cannot be used; a score has reached its
limit, or a model cannot be repaired; paused, cancelled or interrupted."""

_FLAG = "--json"

json_option = click.Option(
    [_FLAG],
    is_flag=True,
    expose_value=False,  # what a command does is the same; `reported` looks at the words
    help="Write one JSON object to stdout, and all that is for people to stderr.",
)


@dataclass(frozen=True)
class Outcome:
    """What a command made, for programs, and its exit status.

    Attributes
    ----------
    result : dict
        Numbers, texts, paths, lists and dictionaries of them.
    status : int
    """

    result: dict[str, Any] = field(default_factory=dict)
    status: int = DONE


class Commands(click.Group):
    """Commands that all take ``--json``."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command, with the option."""
        cmd.params.append(json_option)
        super().add_command(cmd, name)


class Reporter:
    """Where the object goes that a program reads, if one does.

    Parameters
    ----------
    words : sequence of str
        The command line, without the program's name.
    commands : mapping
        By name.
    """

    def __init__(self, arguments: list[str], commands: Mapping[str, click.Command]) -> None:
        self._asked = _FLAG in arguments  # also where they cannot be read as options
        self._command = next((argument for argument in arguments if argument in commands), None)
        self._stdout = sys.stdout

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Keep stdout for the object: whatever else is printed there goes to stderr."""
        if not self._asked:
            yield
            return
        with contextlib.redirect_stdout(sys.stderr):
            yield

    def end(self, outcome: Outcome) -> NoReturn:
        """Leave with a command's result."""
        self._leave(outcome.status, result=outcome.result)

    def refuse(self, status: int, code: str, problem: str, advice: str = "") -> NoReturn:
        """Leave with what went wrong, as an object."""
        self._leave(status, error={"code": code, "problem": problem, "advice": advice})

    def _leave(self, status: int, **content: Any) -> NoReturn:
        if self._asked:
            report = {"camcore": camcore.__version__, "command": self._command, "status": status}
            self._stdout.write(json.dumps(as_json(report | content), allow_nan=False) + "\n")
            self._stdout.flush()
        sys.exit(status)


def as_json(value: Any) -> Any:
    """A value as JSON has it: paths as texts, and null for what is no number.

    Examples
    --------
    >>> from pathlib import PurePosixPath
    >>> as_json({"file": PurePosixPath("a/b"), "interval": (0.5, float("nan")), 3: np.int64(7)})
    {'file': 'a/b', 'interval': [0.5, None], '3': 7}
    """
    if isinstance(value, Mapping):
        return {str(name): as_json(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(entry) for entry in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, np.generic):
        return as_json(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
