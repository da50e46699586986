"""Findings that pictures and maps tell by themselves, before any intervention."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from camcore.auditing.edits.regions import Region, region_of_map
from camcore.auditing.runs.findings import Finding, finding_id
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.run import Run
from camcore.auditing.scan.image_properties import PROPERTIES

_SCALES = (("yellow", "blue"), ("red", "green"))


def associated(findings: dict[tuple[int, str], Finding], run: Run, plan: Plan) -> None:
    """The property of each family that tells a class best, where it tells enough."""
    table = run.evidence("association")
    rules = plan.rules
    table = table[(table["auc"] >= rules.association_auc) & (table["q"] < rules.significance)]
    responses = run.evidence("response").set_index(["class", "property"])["rho"]
    titles = {image_property.name: image_property.title for image_property in PROPERTIES}
    best = table.sort_values(["auc", "property"], ascending=[False, True])
    for row in best.drop_duplicates(["class", "family"]).itertuples(index=False):
        klass, family = int(row[table.columns.get_loc("class")]), row.family
        name, identity = name_of(plan, klass, family)
        rho = responses.get((klass, row.property))
        findings[klass, family] = Finding(
            identity,
            name,
            family,
            _directed(titles[row.property], int(row.direction)),
            "associated",
            property=row.property,
            auc=round(float(row.auc), 6),
            auc_q=float(row.q),
            response=None if rho is None or np.isnan(rho) else round(float(rho), 6),
        )


def _directed(title: str, direction: int) -> str:
    """Which end of a colour scale a class is at; other properties as they are called.

    Examples
    --------
    >>> _directed("yellow against blue in row 1", -1), _directed("brightness", 1)
    ('blue rather than yellow in row 1', 'brightness')
    """
    for ends in _SCALES:
        near, far = ends if direction > 0 else ends[::-1]
        title = title.replace(" against ".join(ends), f"{near} rather than {far}")
    return title


def attended(findings: dict[tuple[int, str], Finding], run: Run, plan: Plan) -> None:
    """Where the maps of a class lie and those of the others do not."""
    for row in run.evidence("attention").itertuples(index=False):
        hot = np.frombuffer(row.cells, bool).reshape(plan.grid)
        region = region_of_map(hot, plan.frame) if hot.any() else None
        if region is None:
            continue
        klass, family = int(row[0]), region.family
        name, identity = name_of(plan, klass, family)
        finding = findings.get((klass, family)) or Finding(identity, name, family, "", "attended")
        smallest = float(np.frombuffer(row.pvalues, np.float32).reshape(plan.grid)[hot].min())
        findings[klass, family] = replace(
            finding,
            level="attended",
            cue=finding.cue or region.words,
            attended=smallest,
            region=region_json(region),
            area=region.area,
        )


def name_of(plan: Plan, klass: int, family: str) -> tuple[str, str]:
    """Class name and id of a finding."""
    name = plan.classes.classes[klass].name
    return name, finding_id(name, family)


def region_json(region: Region | None) -> dict[str, Any] | None:
    """A region as findings.json holds it."""
    if region is None:
        return None
    return {
        "box": [round(side, 6) for side in region.box],
        "rows": region.rows,
        "columns": region.columns,
        "cells": [list(cell) for cell in region.cells],
    }
