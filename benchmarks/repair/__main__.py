"""How well networks that rely on a planted cue are repaired, beside other ways to a new head."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click
import platformdirs

from benchmarks.repair.cases import quick, repairs
from benchmarks.repair.rivals import RIVALS
from benchmarks.repair.scores import aims, lines
from benchmarks.truth.audit_source import imported_from, meaning
from benchmarks.truth.cases import Case
from camcore.errors import CamcoreError

KEPT = Path(__file__).parent / "measured.md"


@click.command(help=__doc__)
@click.option("--quick", "few", is_flag=True, help="Six families and one pair of cues only.")
@click.option(
    "--mnist", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="MNIST as keras.datasets has it (mnist.npz); without it digits are drawn.",
)  # fmt: skip
@click.option(
    "--work", type=click.Path(file_okay=False, path_type=Path),
    default=lambda: platformdirs.user_cache_path("camcore") / "truth",
    show_default="the user's cache folder",
    help="Keeps what was rendered, trained and measured; a run that was stopped goes on there.",
)  # fmt: skip
@click.option("--workers", default=2, show_default=True, help="Cases at once, a core each.")
@click.option("--keep", is_flag=True, help="Write the tables into the repository.")
def main(few: bool, mnist: Path | None, work: Path, workers: int, keep: bool) -> None:
    """Train the cases, audit and repair them, and print what was reached."""
    cases = (quick if few else repairs)("mnist" if mnist else "digits")
    rows = _done(cases, work, mnist, workers)
    if not rows:
        raise click.ClickException("no case came to its end, so there is nothing to print.")
    text = as_markdown(rows)
    click.echo(text)
    if keep:
        KEPT.write_text(f"{'--quick' if few else 'The protocol'}, {len(rows)} cases.\n\n{text}\n")
        click.echo(f"kept in {KEPT}")


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """Both tables, in Markdown."""
    told = ["| aim | reached |", "|---|---|"]
    told += [f"| {own.aim} | {own.reached} |" for own in aims(rows)]
    table = lines(rows)
    if len(table):
        told += ["", "Accuracies and Reliance in percent; of the rivals, the worst group.", ""]
        told += ["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns)]
        told += ["| " + " | ".join(map(str, own)) + " |" for own in table.to_numpy()]
        told += ["", *(f"- {name}: {about}" for name, about in RIVALS.items())]
    return "\n".join(told)


@cache
def repair_source() -> str:
    """Hash, in short, of every module that a repair's numbers can depend on."""
    digest = hashlib.sha256()
    own = {f"benchmarks.repair.{name}" for name in ("cases", "measuring", "rivals", "trial")}
    for name in sorted(imported_from(("camcore.repairing.pipeline",)) | own):
        spec = find_spec(name)
        assert spec is not None
        assert spec.origin is not None
        digest.update(
            name.encode() + b"\0" + meaning(Path(spec.origin).read_text("utf-8")).encode()
        )
    return digest.hexdigest()[:12]


def _done(
    cases: Sequence[Case], work: Path, mnist: Path | None, workers: int
) -> list[dict[str, Any]]:
    """What all cases told; those that are kept from before are not done again."""
    results = work / "repairs" / repair_source()
    results.mkdir(parents=True, exist_ok=True)
    files = {case: results / f"{case.name}.json" for case in cases}
    left = [case for case, file in files.items() if not file.exists()]
    if len(left) < len(cases):
        click.echo(f"{len(cases) - len(left)} of {len(cases)} cases are done already")
    # Inherited by the processes before they import TensorFlow: one core each.
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    spawn = get_context("spawn")
    # TensorFlow keeps what it has traced, so that each case has a process of its own.
    with ProcessPoolExecutor(workers, mp_context=spawn, max_tasks_per_child=1) as processes:
        jobs = {processes.submit(_keep, case, files[case], work, mnist): case for case in left}
        for number, job in enumerate(as_completed(jobs), 1):
            click.echo(f"{number:3d}/{len(left)}  {jobs[job].name:60s} {job.result()}")
    return [json.loads(file.read_text("utf-8")) for file in files.values() if file.exists()]


def _keep(case: Case, file: Path, work: Path, mnist: Path | None) -> str:
    from benchmarks.repair.trial import run_case

    try:
        row = run_case(case, work, mnist)
    except CamcoreError as error:
        return f"failed: {error}"
    partial = file.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps(row), "utf-8")
    os.replace(partial, file)
    if not row["relies"]:
        return "does not rely on the cue"
    if not row["caught"]:
        return "not caught"
    worst = row["before"]["worst"], (row["after"] or row["before"])["worst"]
    return f"{row['repair']['status']}, worst group {worst[0]:.2f} -> {worst[1]:.2f}"


if __name__ == "__main__":
    main()
