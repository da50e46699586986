"""What one audit is asked to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, get_args

from camcore.engine.precision import PrecisionName
from camcore.errors import InputError
from camcore.methods import METHODS, method_named
from camcore.pictures.levels import STRETCHES
from camcore.pictures.preprocessing import check_fit
from camcore.storage.place import absolute

PRECISIONS: tuple[PrecisionName, ...] = get_args(PrecisionName)


@dataclass(frozen=True)
class Settings:
    """Everything that a person chooses for an audit.

    Attributes
    ----------
    source : str
        Folder, zip or CSV, or the address of one.
    model : str
        Name or file, as for `camcore.load_model`.
    layer : str or None
        The model's default layer if None.
    method : str
        Makes the maps; one of `camcore.METHODS` that scans.
    labels : str or None
        File that says which classes of the model each label means; ``none`` audits by predicted
        class, and ``groups`` by the predicted one of `camcore.sources.synsets.GROUPS`, which join
        ImageNet's classes.
    class_names : str or None
        File with the model's own class names.
    preprocessing, output, output_kind, input_size, input, others
        As for `camcore.load_model`. Of a table, ``column:NAME`` as the value of another input is
        a column that holds each picture's own: a number, numbers between commas, or the path of a
        picture. An input without a value takes the column of its name, where there is one.
    fit : str or None
        One of `camcore.FITS`, or a resizing that is written out; the model's own if None.
    split : str or None
        Which of several splits is audited; see `camcore.sources.splits.choose_splits`.
    stretch : str
        Which values of 16-bit pictures are black and white, as for `camcore.read_image`.
    budget : int
        Most forward passes that interventions may take; 0 makes the scan and the evidence only.
    seed : int
    precision : {"auto", "float32", "bfloat16"}
        ``auto`` measures at the start which is faster, and takes bfloat16 only where the answers
        and maps agree.
    """

    source: str
    model: str
    layer: str | None = None
    method: str = "grad-cam"
    labels: str | None = None
    class_names: str | None = None
    preprocessing: str | None = None
    output: str | None = None
    output_kind: str | None = None
    input_size: tuple[int, int] | None = None
    input: str | None = None
    others: dict[str, Any] | None = None
    fit: str | None = None
    split: str | None = None
    stretch: str = "none"
    budget: int = 100_000
    seed: int = 0
    precision: PrecisionName = "auto"

    def __post_init__(self) -> None:
        if not method_named(self.method).scans:
            suited = ", ".join(key for key, method in METHODS.items() if method.scans)
            raise InputError(
                f"method {self.method!r} does not suit thousands of images: it makes many passes "
                f"of each, or knows no class; choose one of {suited}."
            )
        for name, allowed in (
            ("stretch", STRETCHES), ("precision", PRECISIONS),
        ):  # fmt: skip
            if getattr(self, name) not in allowed:
                raise InputError(
                    f"{name} {getattr(self, name)!r} is not known; choose one of "
                    f"{', '.join(allowed)}."
                )
        if self.fit is not None:
            check_fit(self.fit)
        for name in ("budget", "seed"):
            if getattr(self, name) < 0:
                raise InputError(f"{name} is {getattr(self, name)}; it must be 0 or more.")
        for name in ("source", "labels", "class_names"):
            value = getattr(self, name)
            if value is not None and value not in ("none", "groups", "imagenet", "numbers"):
                object.__setattr__(self, name, str(absolute(value)))
        if Path(self.model).is_file() or Path(self.model, "config.json").is_file():
            object.__setattr__(self, "model", str(Path(self.model).absolute()))
        if not self.others:
            object.__setattr__(self, "others", None)
        if self.input_size is not None:
            object.__setattr__(self, "input_size", tuple(self.input_size))

    def as_json(self) -> dict[str, Any]:
        """The settings as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Settings:
        """The settings that `as_json` wrote."""
        known = {field.name for field in fields(cls)}
        return cls(**{name: entry for name, entry in value.items() if name in known})

    def differences(self, other: Settings) -> tuple[str, ...]:
        """Names of the settings that differ.

        Examples
        --------
        >>> Settings("a", "cam1").differences(Settings("a", "cam2", seed=3))
        ('model', 'seed')
        """
        return tuple(
            field.name
            for field in fields(self)
            if getattr(self, field.name) != getattr(other, field.name)
        )
