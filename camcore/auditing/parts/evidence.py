"""What a run holds about a proven part: where it lies, how alike it is, what of it acts alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from camcore.auditing.edits.part import Part, Way
from camcore.auditing.interventions.effects import differences, matching
from camcore.auditing.parts.placing import detail_file, parts_file
from camcore.auditing.parts.trials import ASKED
from camcore.auditing.parts.windows import central, scatter
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.run import Run

_BOX = ["top", "left", "bottom", "right"]
_ALONE: tuple[tuple[str, Way], ...] = (
    ("shared", "shared"),
    ("another_place", "another place"),
    ("elsewhere", "from beside"),
)


def part_evidence(run: Run, probe: Part) -> dict[str, Any]:
    """Numbers and windows of a part, as a finding holds them.

    Parameters
    ----------
    run : Run
    probe : Part

    Returns
    -------
    dict
        ``layer``: the layer whose component it is, empty for the hottest window of the maps.
        ``alike``: 0 to 1, `camcore.auditing.parts.alikeness.alikeness`; from `Rules.parts_alike`
        on the part is one thing that recurs, below it rather each picture's object or ground.
        ``recurs``: whether it is. ``detail``: the same of its fine detail alone: from
        `Rules.parts_drawn` on it was drawn. ``scatter``: 0 at one place, 1 anywhere in the picture.
        ``central``: the share of the class's windows that lie wholly in the picture's
        middle.
        ``shared``, ``another_place``, ``elsewhere``: paired moves in log-odds by the content that
        donors share alone, by the part put to another place, and by a window from elsewhere in
        the donor put to the part's place; None where no trial asked. ``elsewhere_flips``: excess
        flips of the last.
        ``windows``: ``[id, top, left, bottom, right]`` of each image of the class, in pixels of
        what the model sees, those with most of the part first. ``picture``: height and width of
        that, in pixels.
    """
    table = _windows(run, probe)
    of_class = table[(run.images["klass"].loc[table["id"]] == probe.klass).to_numpy()]
    of_class = of_class.sort_values(["presence", "id"], ascending=[False, True])
    boxes = of_class[_BOX].to_numpy(np.int64)
    alike = float(of_class["alike"].iloc[0])
    picture = tuple(run.record["model"]["input_shape"][:2])
    evidence: dict[str, Any] = {
        "layer": str(of_class["layer"].iloc[0]),
        "alike": round(alike, 6),
        "detail": (run.store.read_json(detail_file(probe.klass)) or {}).get("detail", 0.0),
        "recurs": alike >= Plan(run.record).rules.parts_alike,
        "scatter": round(scatter(boxes, *picture), 6),
        "central": round(central(boxes, *picture), 6),
        "picture": list(picture),
    }
    for name, way in _ALONE:
        rows = matching(run.trials(ASKED), klass=probe.klass, probe=probe.done(way).name)
        moved = differences(rows, probe.klass).margins.mean() if len(rows) else None
        evidence[name] = None if moved is None else round(float(moved), 6)
        if name == "elsewhere":
            flips = differences(rows, probe.klass).effect if len(rows) else None
            evidence["elsewhere_flips"] = None if flips is None else round(flips, 6)
    evidence["windows"] = [
        [int(image), *map(int, box)] for image, box in zip(of_class["id"], boxes, strict=True)
    ]
    return evidence


def recurs(run: Run, probe: Part) -> bool:
    """Whether a part is one thing that recurs from picture to picture."""
    return bool(_windows(run, probe)["alike"].iloc[0] >= Plan(run.record).rules.parts_alike)


def _windows(run: Run, probe: Part) -> pd.DataFrame:
    table = run.store.read_table(parts_file(probe.klass))
    return table[table["number"] == probe.number]
