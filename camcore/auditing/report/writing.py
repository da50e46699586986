"""From a run to report.html, images.csv, bad.csv and asked.csv."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from camcore.auditing import figures
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.interventions.replay import pool_of
from camcore.auditing.report import words
from camcore.auditing.report.album import Album
from camcore.auditing.report.rendering import rendered
from camcore.auditing.report.repair_chapter import COLUMNS, SURE, chapters_of
from camcore.auditing.report.sections import Cause, Chart, chart_of, opening_of, section_of
from camcore.auditing.report.tables import asked_table, bad_table, images_table
from camcore.auditing.runs.findings import LEVELS, Finding
from camcore.auditing.runs.launching import command
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.auditing.verdict.benchmark_figures import measured
from camcore.errors import StoreError

ROOM = 7_500_000  # characters of pictures, so that the file stays below 8 MB
_SECTIONS = {"relied on": 20, "attended": 8, "associated": 6}  # more of them are listed only
_ROWS = 100  # of bad files and classes; the tables beside the report have all of them
_HERE = Path(__file__).parent


def write_report(run: Run) -> Path:
    """Write report.html, images.csv, bad.csv and asked.csv into the run's folder.

    The page is one file without scripts: it opens anywhere, without a network, and prints. What
    a picture or a swap needs and is gone by now is said in its place.

    Parameters
    ----------
    run : Run
        With findings.

    Returns
    -------
    Path
        Of report.html.

    Raises
    ------
    StoreError
        If the audit has not come to findings yet, or the folder cannot be written.
    """
    if not run.summary:
        raise StoreError(
            f"{run.folder} holds no findings yet; start the same audit again, it goes on."
        )
    with run.store.locked():
        tables = {"images.csv": images_table(run), "bad.csv": bad_table(run)}
        for name, table in (tables | {"asked.csv": asked_table(run)}).items():
            run.store.write_bytes(name, table.to_csv(index=False, lineterminator="\n").encode())
        run.store.write_bytes("report.html", _page(run).encode())
    return run.folder / "report.html"


def _page(run: Run) -> str:
    album, pool = Album(ROOM), pool_of(run)
    opening = opening_of(run, album, pool)  # first, so that it always has room
    effects = _effects(run, album)
    levels = [(level, words.ABOUT[level], *_sections(run, level, album, pool)) for level in LEVELS]
    return rendered(
        _HERE / "page.html.jinja",
        run=run,
        record=run.record,
        summary=run.summary,
        verdict=words.verdict(run),
        proves=words.PROVES,
        ladder=words.LADDER,
        opening=opening,
        effects=effects,
        levels=levels,
        decisions={finding.id: run.decision(finding.id) for finding in run.findings},
        repairs=chapters_of(run),
        repair_columns=COLUMNS,
        repair_sure=SURE,
        classes=_classes(run),
        bad=run.bad.iloc[:_ROWS],
        asked=asked_table(run),
        bad_count=len(run.bad),
        rows=_ROWS,
        command=_command(run),
        made=_made(run),
        measured=measured(),
    )


def _effects(run: Run, album: Album) -> Chart | None:
    proven = [finding for finding in run.findings if finding.effect is not None]
    proven = proven[: _SECTIONS["relied on"]]
    if not proven:
        return None
    floor = run.rules["floor"]
    return chart_of(
        album,
        "Effects",
        "Excess flips with 95 % intervals. The dashed line is the floor: smaller effects do not "
        "count as reliance.",
        lambda: figures.effect_plot(proven, floor),
    )


def _sections(run: Run, level: str, album: Album, pool: Pool) -> tuple[list[Cause], list[Finding]]:
    """Findings of a level with their evidence, each cause once, and those that are only listed."""
    findings = [finding for finding in run.findings if finding.level == level]
    at_length = findings[: _SECTIONS[level]]
    ids = {finding.id for finding in at_length}
    leaders = [finding for finding in at_length if finding.overlaps not in ids]
    causes = [
        Cause(
            section_of(run, leader, album, pool),
            [
                section_of(run, finding, album, pool)
                for finding in at_length
                if finding.overlaps == leader.id
            ],
        )
        for leader in leaders
    ]
    return causes, findings[len(at_length) :]


def _classes(run: Run) -> list[tuple[str, int, int, float | None]]:
    """Each class: name, files, readable ones, and the share of them that is recognised."""
    images = run.images
    rows = []
    for klass, name in enumerate(run.class_names):
        of_class = images[images["klass"] == klass]
        read = of_class[of_class["error"] == ""]
        right = float((read["predicted"] == klass).mean()) if len(read) else None
        rows.append((name, len(of_class), len(read), right))
    return rows


def _command(run: Run) -> str:
    settings = Settings.from_json(run.record["settings"])
    return shlex.join(command(settings, run.folder))


def _made(run: Run) -> list[tuple[str, list[tuple[str, str]]]]:
    """What a repetition needs, in groups of names and values."""
    record = run.record
    groups: tuple[tuple[str, Any], ...] = (
        ("Model", record["model"]),
        ("Data", {name: value for name, value in record["source"].items() if name != "notes"}),
        ("Settings", record["settings"]),
        ("Rules", run.rules),
        ("Precision", record["precision"]),
        ("Versions", record["versions"]),
        (
            "Run",
            {
                "started": record["started"],
                "forward passes of the interventions": run.summary["made"].get("passes"),
                "score": run.summary["score"],
            },
        ),
    )
    return [(title, _pairs(value)) for title, value in groups]


def _pairs(value: Mapping[str, Any]) -> list[tuple[str, str]]:
    pairs = []
    for name, entry in value.items():
        if entry is not None and entry != "":
            text = " x ".join(map(str, entry)) if isinstance(entry, (list, tuple)) else str(entry)
            pairs.append((name.replace("_", " "), text))
    return pairs
