"""The tables beside a report: all images, files that could not be read, and boxes to be drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.csv_cells import without_formula


def images_table(run: Run) -> pd.DataFrame:
    """One row an image, and for each cue that is relied on how much it decides that image.

    Returns
    -------
    DataFrame
        ``id, path, label, predicted, margin, error`` and, for every finding that is relied on,
        ``rank <id>`` (1 shows it most) and ``strength <id>`` (log-odds of the class that the image
        loses without the cue, more than under the control; empty where it was not tested).
    """
    images = run.images
    names = pd.Series([*run.class_names, "another class"])
    known = images["error"] == ""
    predicted = names.iloc[images["predicted"].where(images["predicted"] >= 0, len(names) - 1)]
    table = pd.DataFrame(
        {
            "id": images.index,
            "path": _plain(images["path"]),
            "label": _plain(images["label"]),
            "predicted": _plain(predicted.where(known.to_numpy(), "")),
            "margin": images["margin"].to_numpy(float).round(4),
            "error": _plain(images["error"]),
        }
    )
    for finding in run.findings:
        if finding.level == "relied on":
            rank = {image: place for place, image in enumerate(finding.images, 1)}
            table[f"rank {finding.id}"] = pd.array(
                [rank.get(int(image), pd.NA) for image in images.index], "Int64"
            )
            table[f"strength {finding.id}"] = table["id"].map(_strength(run, finding)).round(4)
    return table


def bad_table(run: Run) -> pd.DataFrame:
    """Files that could not be used, with the reason."""
    return pd.DataFrame({"path": _plain(run.bad["path"]), "error": _plain(run.bad["error"])})


def asked_table(run: Run) -> pd.DataFrame:
    """Pictures whose boxes would tell whether cues in doubt are the object, most telling first.

    Returns
    -------
    DataFrame
        ``path, decides, x0, y0, x1, y1``: the classes whose findings a picture decides, and an
        empty box to be filled in, in pixels of the file. A second box of a picture is a second
        row. The file is read again by ``--boxes``.
    """
    decides: dict[int, list[str]] = {}
    asked = run.summary.get("asked", ())
    for place in range(max((len(question["pictures"]) for question in asked), default=0)):
        for question in asked:
            if place < len(question["pictures"]):
                decides.setdefault(question["pictures"][place], []).append(question["class"])
    paths = run.images["path"].reindex(list(decides))
    table = pd.DataFrame(
        {
            "path": _plain(paths),
            "decides": _plain(pd.Series([", ".join(names) for names in decides.values()])),
        }
    )
    return table.assign(**dict.fromkeys(("x0", "y0", "x1", "y1"), ""))


def _strength(run: Run, finding: Finding) -> pd.Series:
    trials = run.trials("necessity")
    if trials.empty:
        return pd.Series(dtype=np.float64)
    klass = run.class_names.index(finding.class_name)
    exchanged = trials[
        (trials["klass"] == klass)
        & (trials["probe"] == finding.probe)
        & (trials["fill"] == "transfer")
    ]
    lost = exchanged["margin_controlled"] - exchanged["margin_edited"]
    return lost.groupby(exchanged["recipient"]).mean().astype(np.float64)


def _plain(texts: pd.Series) -> list[str]:
    return [without_formula(text) for text in map(str, texts.fillna(""))]
