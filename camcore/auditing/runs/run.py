"""A run as its readers see it: the page, the report, the comparison and Python."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from camcore.auditing.runs.findings import DECISIONS, Finding
from camcore.auditing.runs.plan import Plan, part_of
from camcore.auditing.runs.progress import Progress, read_progress
from camcore.auditing.runs.schema import DECIDED, RECORD, SUMMARY, read_checked
from camcore.auditing.runs.store import Store
from camcore.drawing import notebook
from camcore.errors import InputError, StoreError
from camcore.pictures.model_view import decode
from camcore.pictures.preprocessing import Frame
from camcore.storage.place import Place

_HEAVY = ("map_predicted", "map_label", "thumb")
MAP_KINDS = ("label", "predicted")
_PATIENCE = 20.0  # seconds that a decision waits for another, and for its report


@dataclass(frozen=True)
class Decision:
    """What a person decided about a finding.

    Attributes
    ----------
    finding : str
        Its id.
    decision : {"confirmed spurious", "accepted"}
    by, note : str
    time : str
        ISO 8601, UTC.
    role : str
        Of the person who decided; "" where it was not given.
    """

    finding: str
    decision: str
    by: str
    note: str
    time: str
    role: str = ""


class Run:
    """What lies in a run folder; reads only, but for decisions.

    Parameters
    ----------
    folder : path

    Raises
    ------
    StoreError
        If the folder holds no run.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self.store = Store(self.folder)
        if not self.store.is_run():
            raise StoreError(f"{self.folder} holds no audit; give the folder of a run.")
        self._tables: dict[tuple[str, ...], pd.DataFrame] = {}

    def __repr__(self) -> str:
        return f"Run({str(self.folder)!r}, {self.state})"

    def _repr_html_(self) -> str:
        """What is relied on, in a notebook."""
        title = notebook.paragraph(f"Audit {self.folder.name}, {self.state}")
        if not self.summary:
            return str(title)
        proven = [finding for finding in self.findings if finding.level == "relied on"]
        rows = [
            (finding.class_name, finding.cue, finding.kind or "", finding.measured())
            for finding in proven
        ]
        heads = ("class", "relies on", "kind", "excess flips of 100")
        listed = notebook.table(heads, rows) if rows else notebook.paragraph("Nothing is proven.")
        hints = len(self.findings) - len(proven)
        rest = notebook.paragraph(f"Hints that nothing proves: {hints}.") if hints else ""
        return str(title + listed + rest)

    @property
    def state(self) -> str:
        """As of `Progress`, or ``interrupted`` where its process has gone."""
        if self.store.busy():
            return "running"
        progress = self.progress
        if progress is None or progress.state == "running":
            return "interrupted"  # killed, or the machine went down
        return progress.state

    @property
    def progress(self) -> Progress | None:
        """The last news of the process."""
        return read_progress(self.folder)

    @cached_property
    def record(self) -> dict[str, Any]:
        """run.json: what exactly runs. Empty until the model is loaded and the files are listed."""
        return read_checked(self.store, RECORD) or {}

    @property
    def plan(self) -> Plan:
        """run.json as a value: what `scan_part` needs beside files and a classifier."""
        return Plan(self.record)

    @property
    def is_current(self) -> bool:
        """Whether it was made in today's format and by the rules in force."""
        return self.plan.is_current

    @property
    def rules(self) -> dict[str, Any]:
        """Name and value of each rule that it was judged by; of format 1, the four thresholds."""
        rules: dict[str, Any] = self.record.get("rules") or self.record["thresholds"]
        return rules

    @cached_property
    def summary(self) -> dict[str, Any]:
        """findings.json. Empty until there are findings."""
        return read_checked(self.store, SUMMARY) or {}

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Strongest first."""
        return tuple(Finding.from_json(entry) for entry in self.summary.get("findings", ()))

    def finding(self, name: str) -> Finding:
        """The finding of an id.

        Raises
        ------
        InputError
        """
        for finding in self.findings:
            if finding.id == name:
                return finding
        raise InputError(f"this run has no finding {name!r}; it has {len(self.findings)} others.")

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the audited classes; `klass` and `predicted` in tables are indices of these."""
        return tuple(audit_class["name"] for audit_class in self.record["classes"]["classes"])

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the maps, in cells."""
        height, width = self.record["model"]["grid"]
        return height, width

    @property
    def frame(self) -> Frame:
        """Where the maps lie in what the model sees."""
        return Plan(self.record).frame

    @cached_property
    def images(self) -> pd.DataFrame:
        """One row an image, index ``id``, without maps; what the scan has seen until now."""
        tables = []
        for part in self.store.parts("images"):
            table = self.store.read_table(part)
            tables.append(table.drop(columns=[name for name in _HEAVY if name in table]))
        if not tables:
            return pd.DataFrame(columns=["id", "path", "klass", "error"]).set_index("id")
        return pd.concat(tables, ignore_index=True).set_index("id")

    @property
    def bad(self) -> pd.DataFrame:
        """Files that could not be used: path and reason."""
        return self.images.loc[self.images["error"] != "", ["path", "error"]]

    def maps(self, ids: list[int] | np.ndarray, kind: str = "label") -> np.ndarray:
        """Raw class activation maps on their native grid.

        Parameters
        ----------
        ids : sequence of int
        kind : {"label", "predicted"}

        Returns
        -------
        ndarray, shape (len(ids), h, w), float32
            Before ReLU; NaN where the image has none.
        """
        place_of = {int(image_id): place for place, image_id in enumerate(ids)}
        maps = np.full((len(place_of), *self.grid), np.nan, np.float32)
        columns = ["id", f"map_{kind}", f"scale_{kind}"]
        held = {part_of(image_id) for image_id in place_of}
        for part in sorted(held.intersection(self.store.parts("images"))):
            table = self.store.read_table(part, columns)
            table = table[table["id"].isin(place_of.keys())]
            for image_id, data, scale in table.itertuples(index=False):
                if data:
                    cells = np.frombuffer(data, np.float16).astype(np.float32)
                    maps[place_of[image_id]] = cells.reshape(self.grid) * scale
        return maps

    def path_of(self, image: int) -> Place:
        """Where an image lies; it may be gone since.

        Raises
        ------
        InputError
            If that is out of the run's data, or of what this server may read.
        """
        return self.plan.file_of(self.images.at[image, "path"])

    def seen(self, image: int) -> np.ndarray:
        """What the model sees of an image: uint8, the input's height, width and channels.

        Raises
        ------
        ImageError
            If the file is gone or broken by now.
        """
        model, settings = self.record["model"], self.record["settings"]
        return decode(
            self.path_of(image),
            tuple(model["input_shape"]),
            self.plan.fit,
            stretch=settings.get("stretch", "none"),
        ).seen

    def evidence(self, name: str) -> pd.DataFrame:
        """A table of the evidence: ``association``, ``attention``, ``strategies``, ``response``."""
        return self.store.read_table(f"evidence/{name}.parquet")

    def trials(self, stage: str | None = None) -> pd.DataFrame:
        """Every forward pass of the interventions: one row a pair and probe."""
        parts = self.store.parts(f"trials/{stage}" if stage else "trials")
        if stage is None:
            parts = tuple(
                part
                for folder in sorted((self.folder / "trials").glob("*/"))
                for part in self.store.parts(f"trials/{folder.name}")
            )
        if not parts:
            return pd.DataFrame()
        if parts not in self._tables:  # parts never change once they are there
            self._tables[parts] = pd.concat(map(self.store.read_table, parts), ignore_index=True)
        return self._tables[parts]

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All decisions, oldest first; the last one about a finding holds."""
        return tuple(Decision(**entry) for entry in read_checked(self.store, DECIDED) or ())

    def decision(self, finding: str) -> Decision | None:
        """The decision that holds for a finding: the last about it, or about the same cause."""
        same = self.cause(finding)
        return next(
            (decision for decision in reversed(self.decisions) if decision.finding in same), None
        )

    def cause(self, finding: str) -> frozenset[str]:
        """Ids of the findings that are told as one cause with this one, and its own."""
        for leader in self.findings:
            if leader.joined and finding in (leader.id, *leader.joined):
                return frozenset((leader.id, *leader.joined))
        return frozenset((finding,))

    def decide(
        self, finding: str, decision: str, by: str, note: str = "", role: str = ""
    ) -> Decision:
        """Keep a person's decision with the run.

        Raises
        ------
        InputError
            If there is no such finding or decision, or nobody signs it.
        StoreError
            If another process works on the run, or it cannot be written.
        """
        self.finding(finding)
        if decision not in DECISIONS:
            raise InputError(f"{decision!r} is no decision; a finding is {' or '.join(DECISIONS)}.")
        if not by.strip():
            raise InputError("a decision needs the name of the person who decides.")
        with self.store.locked(_PATIENCE):
            now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
            made = Decision(finding, decision, by.strip(), note.strip(), now, role.strip())
            self.store.write_json(DECIDED, [vars(kept) for kept in (*self.decisions, made)])
        return made
