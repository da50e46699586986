"""How often the audit finds a planted cue, and how often it cries without one."""

from __future__ import annotations

import datetime
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
import pandas as pd
import platformdirs

import camcore
from benchmarks.truth.audit_source import audit_source
from benchmarks.truth.campaign import run_cases
from benchmarks.truth.cases import TUNED, Case, is_fresh, protocol, quick, tuning
from benchmarks.truth.measured import write_measured, write_natural
from benchmarks.truth.naming import named
from benchmarks.truth.natural_bases import Given, natural_bases
from benchmarks.truth.natural_cases import natural_protocol, natural_quick, natural_tuning
from benchmarks.truth.natural_scores import flat, natural_score
from benchmarks.truth.natural_table import natural_tables
from benchmarks.truth.scores import Scores, read, score
from benchmarks.truth.table import as_markdown, as_text, rules_table, tables
from camcore.errors import CamcoreError

KEPT = Path(__file__).parent / "measured"
"""The small tables that are kept in the repository."""

SHIPPED = Path(__file__).parents[2] / "camcore" / "auditing" / "verdict" / "measured.json"
"""What the audit's own reports say of it."""

_PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "tensorflow",
    "keras",
    "cleanlab",
    "cleanvision",
    "ppscore",
)


def _print_rules(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        click.echo(as_markdown([rules_table()]))
        context.exit()


@click.command(help=__doc__)
@click.option("--quick", "few", is_flag=True, help="30 telling cases only.")
@click.option(
    "--tuning", "tune", is_flag=True, help="The cases that chose the audit's constants, instead."
)
@click.option(
    "--mnist",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="MNIST as keras.datasets has it (mnist.npz). Without it digits are drawn, and the "
    "recipes that need MNIST are left out.",
)
@click.option(
    "--natural",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Natural bases, instead: a folder of .npz files (X, y, names) and of folders of class "
    "folders.",
)
@click.option(
    "--backbone",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A network of pixels in -1..1 whose features photographs are told apart by; without it "
    "folders of photographs are left out.",
)
@click.option(
    "--work",
    type=click.Path(file_okay=False, path_type=Path),
    default=lambda: platformdirs.user_cache_path("camcore") / "truth",
    show_default="the user's cache folder",
    help="Keeps what was rendered, trained and measured; a run that was stopped goes on there.",
)
@click.option(
    "--first", type=click.IntRange(min=1),
    help="Only so many cases: every beginning of a protocol is a fair sample of it.",
)  # fmt: skip
@click.option("--workers", default=2, show_default=True, help="Cases at once, a core each.")
@click.option("--keep", is_flag=True, help="Write the results into the repository.")
@click.option(
    "--rules", is_flag=True, is_eager=True, expose_value=False, callback=_print_rules,
    help="Print the numbers that the audit judges by, and stop.",
)  # fmt: skip
def main(
    few: bool, tune: bool, mnist: Path | None, natural: Path | None, backbone: Path | None,
    work: Path, first: int | None, workers: int, keep: bool,
) -> None:  # fmt: skip
    """Train the cases, audit them, and score what the audit said against what was planted."""
    if keep and (few or tune or first):
        raise click.UsageError("--keep writes what the whole protocol told; leave the other out.")
    if backbone and not natural:
        raise click.UsageError("--backbone is for photographs; give them by --natural.")
    given = Given(mnist, natural, backbone)
    if natural:
        _natural(given, natural, few, tune, work, first, workers, keep)
    else:
        _rendered(given, few, tune, work, first, workers, keep)


def _rendered(
    given: Given, few: bool, tune: bool, work: Path, first: int | None, workers: int, keep: bool
) -> None:
    from benchmarks.truth.baselines import BASELINES

    digits = "mnist" if given.mnist else "digits"
    cases = (tuning if tune else quick if few else protocol)(digits)[:first]
    rows = _run(cases, work, given, workers)
    place = KEPT if keep else work / "tables"
    write_tables(rows, place)
    scores = score(*read(place))
    click.echo(as_text(tables(scores)))
    for name in BASELINES.keys() - scores.detectors.keys():
        click.echo(f"{name} is left out: its package of benchmarks/requirements.txt is missing.")
    if keep:
        _keep(scores, cases)


def _natural(
    given: Given,
    folder: Path,
    few: bool,
    tune: bool,
    work: Path,
    first: int | None,
    workers: int,
    keep: bool,
) -> None:
    try:
        arrays, photos = natural_bases(folder)
    except CamcoreError as error:
        raise click.ClickException(str(error)) from None
    chosen = natural_tuning if tune else natural_quick if few else natural_protocol
    cases = chosen(arrays, photos if given.backbone else ())[:first]
    cases_table, claims_table = flat(_run(cases, work, given, workers))
    place = KEPT if keep else work / "tables"
    place.mkdir(parents=True, exist_ok=True)
    for name, table in (("cases", cases_table), ("claims", claims_table)):
        table.to_csv(place / f"natural_{name}.csv", index=False, float_format="%.4g")
    scores = natural_score(cases_table, claims_table)
    measured_tables = natural_tables(scores)
    click.echo(as_text(measured_tables))
    if keep:
        today, version_of = datetime.date.today(), audit_source()
        write_natural(SHIPPED, scores, today, version_of)
        source = f"{len(cases_table)} cases, {today}, with the audit of source {version_of}."
        (KEPT / "natural.md").write_text(
            f"{source}\n\n{as_markdown([*measured_tables, rules_table()])}\n", "utf-8"
        )
        click.echo(f"kept {len(cases_table)} of {len(cases)} cases in {KEPT}")


def _run(cases: tuple[Case, ...], work: Path, given: Given, workers: int) -> list[dict[str, Any]]:
    rows = run_cases(cases, work, given, workers, click.echo)
    if not rows:
        raise click.ClickException("no case came to its end, so there is nothing to print.")
    return rows


def write_tables(rows: list[dict[str, Any]], folder: Path) -> None:
    """Write ``cases.csv`` and ``verdicts.csv``, sorted and rounded."""
    folder.mkdir(parents=True, exist_ok=True)
    cases, verdicts = [], []
    for row in map(named, sorted(rows, key=lambda row: row["case"])):
        fields = {name: entry for name, entry in row.items() if name != "verdicts"}
        chose = {"tuned": row["cue"] in TUNED, "fresh": is_fresh(row["kind"], row["seed"])}
        cases.append(fields | chose)
        for detector, verdict in row["verdicts"].items():
            verdicts.append({"case": row["case"], "detector": detector, **verdict})
    for name, table in (("cases", cases), ("verdicts", verdicts)):
        pd.DataFrame(table).to_csv(folder / f"{name}.csv", index=False, float_format="%.4g")


def _keep(scores: Scores, cases: tuple[Case, ...]) -> None:
    today = datetime.date.today()
    versions = {name: version(name) for name in _PACKAGES}
    versions |= {"python": platform.python_version(), "camcore": camcore.__version__}
    write_measured(SHIPPED, scores, today, versions)
    (KEPT / "tables.md").write_text(as_markdown([*tables(scores), rules_table()]) + "\n", "utf-8")
    click.echo(f"kept {scores.cases} of {len(cases)} cases in {KEPT} and {SHIPPED}")


if __name__ == "__main__":
    main()
