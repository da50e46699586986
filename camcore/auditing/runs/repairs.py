"""Repairs of a run: where they lie, how far each is, and what it came to."""

from __future__ import annotations

import hashlib
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from camcore.auditing.runs.progress import Progress, read_progress
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import Store
from camcore.errors import CamcoreError
from camcore.storage.bounds import check_bounds

FILE = "mended.keras"
_REPAIRS = "repairs"
_PROOF = "after"


@dataclass(frozen=True)
class RepairRecord:
    """A repair that was begun of a run, as the run remembers it.

    Attributes
    ----------
    out : Path
        The model that it writes; what it came to and its folder stand beside.
    finding : str or None
        Id that was asked for; None for all that there is to mend.
    findings : tuple of str
        Ids that are mended.
    new : str or None
        Folder of new pictures.
    deep : bool
    started : float
        Unix time of the last start.
    """

    out: Path
    finding: str | None
    findings: tuple[str, ...]
    new: str | None
    deep: bool
    started: float = 0.0

    @property
    def store(self) -> Store:
        """What it computes, and the run of its proof."""
        return Store(self.out.with_name(f"{self.out.name}.repair"))

    @property
    def progress(self) -> Progress | None:
        """The last news of its process."""
        return read_progress(self.store.folder)

    @property
    def state(self) -> str:
        """As of `Run.state`."""
        if self.store.busy():
            return "running"
        progress = self.progress
        if progress is None or progress.state == "running":
            return "interrupted"
        return progress.state

    @property
    def outcome(self) -> dict[str, Any]:
        """What ``FILE.repair.json`` holds; empty until there is one."""
        return Store(self.out.parent).read_json(f"{self.out.name}.repair.json") or {}

    @property
    def edited(self) -> tuple[bool, ...]:
        """Whether the pictures of each group of the outcome were edited to be of that group."""
        return tuple(self.store.read_json("edited.json") or ())


def new_repair(run: Run, finding: str) -> Path:
    """A file for a repaired model in a folder inside the run that is not there yet."""
    number = 1
    while (place := run.folder / _REPAIRS / f"{finding}.{number}").exists():
        number += 1
    return place / FILE


def remember_repair(run: Run, record: RepairRecord) -> None:
    """Keep with a run that a repair of it has been started.

    Raises
    ------
    StoreError
        If the run cannot be written.
    """
    out = record.out.absolute()
    inside = out.is_relative_to(run.folder.absolute())
    place = os.path.relpath(out, run.folder.absolute()) if inside else str(out)
    value = {
        "out": place,  # relative where it goes along with the run
        "finding": record.finding,
        "findings": list(record.findings),
        "new": record.new,
        "deep": record.deep,
        "started": time.time(),
    }
    name = hashlib.sha256(place.encode()).hexdigest()[:16]
    run.store.write_json(f"{_REPAIRS}/{name}.json", value)


def repairs_of(run: Run) -> tuple[RepairRecord, ...]:
    """The repairs that a run remembers and that are still there, last started first."""
    records = []
    for file in (run.folder / _REPAIRS).glob("*.json"):
        with suppress(CamcoreError, KeyError, TypeError):  # damaged, or out of what may be read
            value = run.store.read_json(f"{_REPAIRS}/{file.name}")
            out = run.folder / value.pop("out")
            check_bounds(out, run.folder)
            record = RepairRecord(out, findings=tuple(value.pop("findings")), **value)
            if record.store.folder.is_dir():
                records.append(record)
    return tuple(sorted(records, key=lambda record: record.started, reverse=True))


def told_of(folder: Path) -> Path:
    """The run that a proof belongs to where that holds it, else its repair; other runs as given.

    Examples
    --------
    >>> told_of(Path("/runs/pets/repairs/cat--tag.1/mended.keras.repair/after")).as_posix()
    '/runs/pets'
    >>> told_of(Path("/home/me/cat.keras.repair/after")).as_posix()
    '/home/me/cat.keras.repair'
    >>> told_of(Path("/runs/pets")).as_posix()
    '/runs/pets'
    """
    repair = folder.parent
    if folder.name != _PROOF or not repair.name.endswith(".keras.repair"):
        return folder
    if repair.name == f"{FILE}.repair" and repair.parents[1].name == _REPAIRS:
        return repair.parents[2]
    return repair
