"""What was measured, for the audit's own reports: one sentence, and a small file of figures."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.truth.figures import Figures
from benchmarks.truth.natural_scores import ALL, NaturalScores
from benchmarks.truth.scores import Scores
from benchmarks.truth.table import percent, ranged, weak_points


def footnote(scores: Scores) -> str:
    """The measured rates in one sentence, as the audit's report prints it."""
    recall, alarms = scores.audit["recall"], scores.audit["false alarms"]
    words = weak_points(scores)
    weak = [cue for cue, phrase in words.items() if phrase.startswith("weak")]
    unmeasured = [cue for cue in words if cue not in weak]
    parts = [
        f"recall {percent(recall, ' %')} of {recall.n} planted cues that a network relied on, "
        f"false alarms {alarms.hits} of {alarms.n} clean runs{ranged(alarms, 100, '.0f', ' %')}",
        f"weak: {', '.join(weak) or 'none'}",
        *([f"not measured: {', '.join(unmeasured)}"] if unmeasured else []),
    ]
    return f"This tool's measured detection and false-alarm rates: {'; '.join(parts)}."


def write_measured(
    path: Path, scores: Scores, date: datetime.date, versions: Mapping[str, str]
) -> None:
    """Write the audit's figures, the footnote and what was run as a small JSON file.

    What `write_natural` put there stays.

    Parameters
    ----------
    path : Path
    scores : Scores
    date : date
        When the cases were run.
    versions : mapping of str to str
        Of the packages that ran them.
    """
    measured = {
        "date": date.isoformat(),
        "versions": dict(versions),
        "cases": scores.cases,
        "footnote": footnote(scores),
        "weak": weak_points(scores),
        "recall": {
            cue: [figures["recall"].hits, figures["recall"].n]
            for cue, figures in scores.families.items()
        },
        "figures": _plain(scores.audit),
        "left out of tuning": _plain(scores.left_out),
        "left out, and fresh": _plain(scores.fresh),
    }
    if path.exists():
        kept = json.loads(path.read_text("utf-8"))
        measured |= {name: kept[name] for name in ("natural",) if name in kept}
    _write(path, measured)


def natural_footnote(scores: NaturalScores) -> str:
    """The rates on natural pictures in one sentence, for reports on data of that kind."""
    figures = scores.bases[ALL]
    recall, alarms = figures["recall"], figures["false alarms"]
    names = ", ".join(name for name in scores.bases if name != ALL)
    return (
        f"On natural pictures without masks ({names}) this tool named {recall.hits} of {recall.n} "
        f"planted cues that a network relied on{ranged(recall, 100, '.0f', ' %')}, and raised a "
        f"false alarm on {alarms.hits} of {alarms.n} networks without a plant"
        f"{ranged(alarms, 100, '.0f', ' %')}."
    )


def write_natural(path: Path, scores: NaturalScores, date: datetime.date, source: str) -> None:
    """Put the figures of natural cases beside the others in the same file.

    Parameters
    ----------
    path : Path
        As `write_measured` wrote it; all else in it stays.
    scores : NaturalScores
    date : date
        When the cases were run.
    source : str
        Of the audit that they were run with.
    """
    measured = json.loads(path.read_text("utf-8"))
    measured["natural"] = {
        "date": date.isoformat(),
        "source": source,
        "footnote": natural_footnote(scores),
        "bases": {name: _plain(figures) for name, figures in scores.bases.items()},
    }
    _write(path, measured)


def _write(path: Path, measured: Mapping[str, Any]) -> None:
    text = json.dumps(measured, indent=1, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8")


def _plain(figures: Figures) -> dict[str, dict[str, float | int | None]]:
    return {
        name: {
            key: None if part is None or math.isnan(part) else round(part, 4)
            for key, part in asdict(figure).items()
        }
        for name, figure in figures.items()
    }
