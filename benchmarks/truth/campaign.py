"""Many cases, side by side, each kept when it is done: a campaign that is killed goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from benchmarks.truth.audit_source import audit_source
from benchmarks.truth.cases import Case
from benchmarks.truth.natural_bases import Given
from camcore.errors import CamcoreError

_CASES_A_PROCESS = 16  # then fresh ones: TensorFlow keeps what it has traced


def run_cases(
    cases: Sequence[Case],
    work: Path,
    given: Given,
    workers: int,
    tell: Callable[[str], Any],
) -> list[dict[str, Any]]:
    """Do the cases that are not done yet, and return what all of them told.

    Results belong to the source of the audit that they were made with; a changed audit begins
    anew, with the networks that are trained already.

    Parameters
    ----------
    cases : sequence of Case
    work : Path
    given : Given
        What the person who runs it has.
    workers : int
        Processes, of one thread of computation each.
    tell : callable
        Called with a line for each case.
    """
    results = work / "results" / audit_source()
    results.mkdir(parents=True, exist_ok=True)
    files = {case: results / f"{case.name}.json" for case in cases}
    open_ones = [case for case, file in files.items() if not file.exists()]
    if len(open_ones) < len(cases):
        tell(f"{len(cases) - len(open_ones)} of {len(cases)} cases are done already")
    # Inherited by the processes before they import TensorFlow: one core each.
    os.environ |= {"TF_NUM_INTRAOP_THREADS": "1", "TF_NUM_INTEROP_THREADS": "1"}
    done = 0
    for some in _batched(open_ones, workers * _CASES_A_PROCESS):
        with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as processes:
            jobs = {processes.submit(_keep, case, files[case], work, given): case for case in some}
            for job in as_completed(jobs):
                done += 1
                tell(f"{done:4d}/{len(open_ones)}  {jobs[job].name:60s} {job.result()}")
    return [json.loads(file.read_text("utf-8")) for file in files.values() if file.exists()]


def _batched(cases: Sequence[Case], size: int) -> Iterator[Sequence[Case]]:
    """Some cases after the other; `itertools.batched` came with Python 3.12."""
    return (cases[start : start + size] for start in range(0, len(cases), size))


def _keep(case: Case, file: Path, work: Path, given: Given) -> str:
    try:
        row = _run(case, work, given)
    except CamcoreError as error:
        return f"failed: {error}"
    partial = file.with_suffix(f".{os.getpid()}.partial")
    partial.write_text(json.dumps(row), "utf-8")
    os.replace(partial, file)
    return _natural_words(row) if case.natural else _words(row)


def _run(case: Case, work: Path, given: Given) -> dict[str, Any]:
    if case.natural:
        from benchmarks.truth.natural_trial import run_natural

        return run_natural(case, work, given)
    from benchmarks.truth.trial import run_case

    return run_case(case, work, given.mnist)


def _natural_words(row: dict[str, Any]) -> str:
    claims = row["claims"]
    summary = "silent"
    if claims:
        first = claims[0]
        summary = f"{len(claims)} claims, first {first['family']} for {first['class']}"
        summary += f" ({first['verdict']})"
    return f"reliance {row['reliance']:.2f}, score {row['score']:.2f}, {summary}"


def _words(row: dict[str, Any]) -> str:
    from benchmarks.truth.naming import named

    verdict = named(row)["verdicts"]["audit"]
    summary = f"{verdict['family']} for {verdict['klass']}" if verdict["detected"] else "silent"
    return f"reliance {row['reliance']:.2f}, score {verdict['score']:.2f}, {summary}"
