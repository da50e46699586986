"""run.json as a value: what exactly runs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from camcore.auditing.audited_classes import AuditClass, Classes
from camcore.auditing.held_columns import HeldColumn
from camcore.auditing.rules import RULES, Rules
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import runs_folder
from camcore.classifier import OutputKind
from camcore.errors import InputError, StoreError
from camcore.pictures.preprocessing import Frame, whole_frame
from camcore.storage.address import Address
from camcore.storage.place import Place, check_readable, place_of

FORMAT = 2
"""Of run.json and findings.json; 1 held four thresholds and no other rules."""

PART = 256
"""Rows of a part of the scan: images that a killed one may have to see again."""


def part_of(image: int) -> str:
    """The part of the store that holds an image's row.

    Examples
    --------
    >>> part_of(256)
    'images/00001.parquet'
    """
    return f"images/{image // PART:05d}.parquet"


@dataclass(frozen=True)
class Plan:
    """What runs: run.json as a value.

    Attributes
    ----------
    record : dict
        The content of run.json.
    """

    record: dict[str, Any]

    @cached_property
    def settings(self) -> Settings:
        """What was asked for."""
        return Settings.from_json(self.record["settings"])

    @property
    def is_current(self) -> bool:
        """Whether it was made in today's format and by the rules in force."""
        made_by = Rules.from_json(self.record.get("rules", {}))
        return self.record.get("format") == FORMAT and made_by == RULES

    @cached_property
    def rules(self) -> Rules:
        """The numbers by which this run looks, tests and judges.

        Raises
        ------
        StoreError
            If the run was made by rules that this version does not know.
        """
        rules = Rules.from_json(self.record.get("rules", {}))
        if rules is None:
            raise StoreError(
                "this run was judged by the rules of another version of CAM Audit; begin a new one "
                "to have it judged by today's."
            )
        return rules

    @cached_property
    def classes(self) -> Classes:
        """The audited classes."""
        value = self.record["classes"]
        classes = (AuditClass(c["name"], tuple(c["columns"]), c["label"]) for c in value["classes"])
        return Classes(tuple(classes), value["by"], tuple(value["notes"]))

    @cached_property
    def klass_of_label(self) -> dict[str, int]:
        """Index of the class that a label stands for."""
        if self.classes.by == "prediction":
            return {}
        return {audit_class.label: index for index, audit_class in enumerate(self.classes.classes)}

    @property
    def root(self) -> Place:
        """The folder or address that listed paths are relative to."""
        return place_of(self.record["source"]["root"])

    def file_of(self, path: str) -> Place:
        """Where a listed file lies.

        Raises
        ------
        InputError
            If it leads out of the data, or out of what this server may read.
        """
        root, place = self.root, self.root / path
        if isinstance(root, Address):
            inside = str(place).startswith(f"{root}/")
        else:
            inside = Path(os.path.normpath(place)).is_relative_to(os.path.normpath(root))
        if not inside and self.record["source"]["kind"] != "table":
            raise InputError(f"{path!r} leads out of the folder of pictures.")
        check_readable(place, runs_folder())
        return place

    @property
    def layer(self) -> str:
        """Name of the layer that the maps are of."""
        layer: str = self.record["model"]["layer"]
        return layer

    @property
    def grid(self) -> tuple[int, int]:
        """Height and width of the maps in cells."""
        height, width = self.record["model"]["grid"]
        return height, width

    @cached_property
    def frame(self) -> Frame:
        """Where the maps lie in what the model sees."""
        height, width, _ = self.input_shape
        stored = self.record["model"].get("frame")
        if stored is None:
            return whole_frame(width, height)
        reach = stored["reach"]
        return Frame(**stored | {"reach": None if reach is None else tuple(reach)})

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Height, width and channels of what the model sees."""
        height, width, channels = self.record["model"]["input_shape"]
        return height, width, channels

    @property
    def preprocessing(self) -> str:
        """How pixels become inputs."""
        preprocessing: str = self.record["model"]["preprocessing"]
        return preprocessing

    @property
    def fit(self) -> str:
        """How a picture becomes the model's input."""
        fit: str = self.record["model"].get("fit") or self.record["settings"]["fit"]
        return fit

    @property
    def output_kind(self) -> OutputKind:
        """How the model's output is read."""
        kind: OutputKind = self.record["model"]["output_kind"]
        return kind

    @cached_property
    def held(self) -> tuple[HeldColumn, ...]:
        """The other inputs that take their values from columns of the table."""
        return tuple(map(HeldColumn.from_json, self.record["model"].get("held", ())))

    @property
    def bfloat16(self) -> bool:
        """Whether the networks run in bfloat16."""
        bfloat16: bool = self.record["precision"]["bfloat16"]
        return bfloat16
