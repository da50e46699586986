"""What the cases tell together: a line for each, and the aims beside what was reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.repair.cases import BOTH, PAIR
from benchmarks.repair.rivals import RIVALS
from benchmarks.truth.cues import CUES
from benchmarks.truth.figures import proportion
from benchmarks.truth.reliance import RELIED
from camcore.repairing.rules import RULES

Row = dict[str, Any]
_NEAR, _FELL, _CALM = 0.05, 0.05, 0.05
NOT_HERE = "not repairable here"


@dataclass(frozen=True)
class Aim:
    """One aim, and what was reached."""

    aim: str
    reached: str


def lines(rows: Sequence[Row]) -> pd.DataFrame:
    """A line for each case whose cue the audit proved; accuracies and Reliance in percent."""
    found = []
    for row in caught(rows):
        before, after = row["before"], row["after"] or {}
        found.append(
            {
                "case": row["case"],
                "said": row["repair"]["status"],
                "way": row["repair"]["way"],
                **{
                    f"{name} {when}": _percent(own.get(name))
                    for name in ("worst", "mean", "original", "reliance")
                    for when, own in (("before", before), ("after", after))
                },
                **{name: _percent(row["rivals"][name]["worst"]) for name in RIVALS},
                "new": len(row["repair"]["findings"]["new"]),
                "seconds": round(row["seconds"]),
            }
        )
    return pd.DataFrame(found)


def caught(rows: Sequence[Row]) -> list[Row]:
    """The cases whose cue the audit proved."""
    return [row for row in rows if row["caught"]]


def aims(rows: Sequence[Row]) -> list[Aim]:
    """The aims that the project holds itself to, with what was reached."""
    single = [row for row in caught(rows) if row["cue"] != BOTH]
    written = [row for row in single if row["after"] is not None]
    relying = [row for row in rows if row["relies"]]
    told = [
        Aim("networks that rely on the cue", f"{len(relying)} of {len(rows)}"),
        Aim("of these, caught by the audit", f"{len(caught(rows))} of {len(relying)}"),
    ]
    if written:
        rise = [row["after"]["worst"] - row["before"]["worst"] for row in written]
        near = [row["after"]["worst"] >= row["rivals"]["DFR"]["worst"] - _NEAR for row in written]
        fall = [row["before"]["original"] - row["after"]["original"] for row in written]
        calm = [row["after"]["reliance"] < _CALM for row in written]
        told += [
            Aim(
                "worst group rises by 40 points in the median, or is within 5 of DFR",
                f"median {_percent(np.median(rise))} points; within 5 of DFR {_share(near)}",
            ),
            Aim(
                "accuracy on the original data falls by at most 5 points",
                f"median {_percent(np.median(fall))} points; at most 5 "
                f"{_share([own <= _FELL for own in fall])}",
            ),
            Aim("Reliance below .05 in 80 %", _share(calm)),
        ]
    if single:
        told.append(Aim("the check is right in 90 %", _share([check_right(row) for row in single])))
    said = [row for row in single if row["repair"]["status"] == "repaired"]
    wrong = [row["after"]["reliance"] >= RELIED for row in said]
    told.append(Aim("“repaired” is never said where Reliance stays at .10 or more", _share(wrong)))
    told += [_two_cues(row) for row in caught(rows) if row["cue"] == BOTH]
    return told


def check_right(row: Row) -> bool:
    """Whether what is said to be repairable at the head is what new pictures can repair there."""
    chance = 1 / row["classes"]
    bar = chance + RULES.reached * (row["before"]["original"] - chance)
    return (row["repair"]["status"] != NOT_HERE) == (row["rivals"]["DFR"]["mean"] >= bar)


def left_of(repair: dict[str, Any]) -> set[str]:
    """Which of the two cues the audit after a repair still finds, or finds anew."""
    ids = [*repair["findings"]["remaining"], *repair["findings"]["new"]]
    return {
        name
        for name in PAIR
        if any(own.split("--")[-1] == family for own in ids for family in CUES[name].accepted)
    }


def _two_cues(row: Row) -> Aim:
    one, both = row["repair"], row["both"]["repair"]
    after = row["both"]["after"]
    worst = "no file" if after is None else f"worst group {_percent(after['worst'])} %"
    return Aim(
        f"two cues at once: repairing one shows the other ({row['base']}, {row['network']})",
        f"the first mended: {one['status']}, left {_names(left_of(one))}; both mended: "
        f"{both['status']}, left {_names(left_of(both))}, {worst}",
    )


def _names(left: set[str]) -> str:
    return " and ".join(sorted(left)) or "neither"


def _share(hits: Sequence[bool]) -> str:
    figure = proportion(hits)
    if not figure.n:
        return "no case"
    return f"{figure.hits} of {figure.n} ({100 * figure.low:.0f} to {100 * figure.high:.0f} %)"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.0f}"
