"""The same audit again, of the repaired model on the pictures that no step was trained on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from camcore.auditing.pipeline import audit
from camcore.auditing.rules import RULES
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.progress import Progress
from camcore.auditing.runs.run import Run
from camcore.csv_cells import without_formulas
from camcore.repairing.bench import Bench


def proof_run(bench: Bench, file: Path, folder: Path, show: Callable[[Progress], None]) -> Run:
    """Audit the held-out pictures with the model of a file, with the settings of the first run."""
    settings = bench.plan.settings
    options = settings.as_json()
    for name in ("source", "model", "split", "layer", "labels"):
        options.pop(name)
    table = folder.with_name("held-out.csv")
    if not table.exists():
        without_formulas(held_out_listing(bench)).to_csv(table, index=False)
    options["class_names"] = str(_names(bench, folder))
    options["labels"] = str(_mapping(bench, folder))
    options["preprocessing"] = bench.plan.preprocessing
    options["fit"] = bench.plan.fit
    options["layer"] = bench.plan.layer
    return audit(table, file, out=folder, show=show, **options)


def told_findings(
    before: Run, after: Run
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Ids of findings that are gone, that remain, and that are new; none that anything excuses.

    A finding is gone where the interval of its effect lies below the floor, although a smaller move
    in log-odds may still be proven of it. What is new needs no effect to be told.
    """
    first, second = _standing(before), _standing(after)
    left = {key for key, finding in second.items() if key in first and not _below(finding)}
    return (
        tuple(finding.id for key, finding in first.items() if key not in left),
        tuple(finding.id for key, finding in second.items() if key in left),
        tuple(finding.id for key, finding in second.items() if key not in first),
    )


def _below(finding: Finding) -> bool:
    return finding.interval is not None and finding.interval[1] < RULES.floor


def _standing(run: Run) -> dict[tuple[str, str], Finding]:
    return {
        (finding.class_name, finding.family): finding
        for finding in run.findings
        if finding.level == "relied on" and not finding.excused()
    }


def held_out_listing(bench: Bench) -> pd.DataFrame:
    """The held-out pictures as a table to audit: path, label, and what is known of objects."""
    files = bench.run.store.read_table("files.parquet").set_index("id").loc[bench.ids(1)]
    table = pd.DataFrame(
        {
            "path": [str(bench.plan.file_of(path)) for path in files["path"]],
            "label": files["label"].to_numpy(),
        }
    )
    if (files["mask"].fillna("") != "").any():
        masks = files["mask"].fillna("")
        table["mask"] = [str(bench.plan.root / mask) if mask else "" for mask in masks]
    if files["box"].notna().any():
        table["box"] = ["" if box is None else " ".join(map(str, box)) for box in files["box"]]
    return table


def _names(bench: Bench, folder: Path) -> Path:
    file = folder.with_name("class-names.txt")
    names = [""] * len(bench.columns)
    for column, name in zip(bench.columns, bench.run.class_names, strict=True):
        names[column] = name
    file.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    return file


def _mapping(bench: Bench, folder: Path) -> Path:
    file = folder.with_name("labels.json")
    classes = bench.plan.classes.classes
    file.write_text(json.dumps({klass.label: list(klass.columns) for klass in classes}), "utf-8")
    return file
