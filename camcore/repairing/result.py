"""What a repair comes to, as a value and as the JSON that stands beside the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Status = Literal["repaired", "improved", "not repairable here"]
Way = Literal["edited pictures", "other backgrounds", "group weights", "new pictures", "deep", ""]


@dataclass(frozen=True)
class Group:
    """One class, with or without a cue, on pictures that no step was trained on.

    Attributes
    ----------
    class_name, cue : str
    present : bool
        Whether its pictures bear the cue.
    images : int
    before, after : float
        Accuracy of either model, 0 to 1; `after` of the best that was reached.
    interval : tuple of float
        95 % (Wilson), of `after`.
    edited : bool
        Whether the pictures were edited to be of this group, as too few are.
    """

    class_name: str
    cue: str
    present: bool
    images: int
    before: float
    after: float
    interval: tuple[float, float]
    edited: bool = False


@dataclass(frozen=True)
class Missing:
    """A cell of class and cue with too few pictures, and how many more it needs."""

    class_name: str
    cue: str
    present: bool
    needed: int


@dataclass(frozen=True)
class Repair:
    """What was reached, and how it is known.

    Attributes
    ----------
    status : {"repaired", "improved", "not repairable here"}
    file : Path or None
        The model; None where it is not repairable here.
    accuracy, interval : float, tuple of float
        Of the best head on pictures in which the cue tells nothing of the class, 95 %.
    layer : str
        The layer that was fitted, or the first that was trained.
    way : str
        What the head learned from.
    groups : tuple of Group
    before, after : float
        Excess flips by the finding's cue, of either model on the same held-out pairs.
    reliance_interval : tuple of float
        95 %, of `after`.
    gone, remaining, new : tuple of str
        Ids of findings, not excused: of the first run only, of both, of the second only.
    missing : tuple of Missing
    runs : tuple of Path or None
        Of the audit that began it, and of the proof.
    """

    status: Status
    file: Path | None
    accuracy: float
    interval: tuple[float, float]
    layer: str
    way: Way
    groups: tuple[Group, ...]
    before: float
    after: float
    reliance_interval: tuple[float, float]
    gone: tuple[str, ...]
    remaining: tuple[str, ...]
    new: tuple[str, ...]
    missing: tuple[Missing, ...]
    runs: tuple[Path, Path | None]

    @property
    def worst(self) -> tuple[float, float]:
        """Accuracy of the worst group before and after."""
        return min(group.before for group in self.groups), min(group.after for group in self.groups)

    def as_json(self) -> dict[str, Any]:
        """What ``FILE.repair.json`` holds."""
        return {
            "status": self.status,
            "check": {
                "accuracy": self.accuracy,
                "interval": list(self.interval),
                "layer": self.layer,
            },
            "way": self.way,
            "groups": [
                {
                    "class": group.class_name,
                    "cue": group.cue,
                    "present": group.present,
                    "images": group.images,
                    "before": group.before,
                    "after": group.after,
                    "interval": list(group.interval),
                }
                for group in self.groups
            ],
            "reliance": {
                "before": self.before,
                "after": self.after,
                "interval": list(self.reliance_interval),
            },
            "findings": {
                "gone": list(self.gone),
                "remaining": list(self.remaining),
                "new": list(self.new),
            },
            "missing": [_of_class(asdict(cell)) for cell in self.missing],
            "runs": {
                "before": str(self.runs[0]),
                "after": None if self.runs[1] is None else str(self.runs[1]),
            },
        }


def _of_class(value: dict[str, Any]) -> dict[str, Any]:
    return {"class": value.pop("class_name")} | value
