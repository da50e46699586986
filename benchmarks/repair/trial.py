"""One case: train, audit, call the planted cue spurious, repair, and measure beside the rivals."""

from __future__ import annotations

import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import camcore
from benchmarks.repair.cases import BOTH, PAIR, base_of, with_both
from benchmarks.repair.measuring import measured
from benchmarks.repair.rivals import rivals
from benchmarks.truth.cases import Case
from benchmarks.truth.cues import CUES
from benchmarks.truth.data import Data, make, write
from benchmarks.truth.networks import predicted
from benchmarks.truth.reliance import RELIED
from benchmarks.truth.trial import trained
from camcore.auditing.runs.findings import Finding
from camcore.repairing import Repair


def run_case(case: Case, work: Path, mnist: Path | None) -> dict[str, Any]:
    """Everything that one case tells.

    Parameters
    ----------
    case : Case
    work : Path
        Keeps rendered stocks and trained networks, those of `benchmarks.truth` among them.
    mnist : Path, optional

    Returns
    -------
    dict
        The case; ``relies``, whether the network learned the cue, and ``caught``, whether the audit
        proved it of such a network; and if so ``repair`` (what
        ``FILE.repair.json`` holds), ``before``, ``after`` (None without a file) and each rival, as
        measured, and ``seconds``. Of two cues, ``repair`` mends the first alone, and ``both`` all.
    """
    base = base_of(case, work / "stock", mnist)
    data = with_both(case, base) if case.cue == BOTH else make(case, base)
    network = trained(case, data, work / "networks")
    row: dict[str, Any] = {"case": case.name, **vars(case), "caught": False}
    row["before"] = measured(data, partial(predicted, network))
    row["relies"] = row["before"]["reliance"] >= RELIED
    if not row["relies"]:
        return row
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        write(data, place / "pictures")
        model = camcore.KerasClassifier(network, class_names=data.classes)
        run = camcore.audit(place / "pictures", model, out=place / "run")
        wanted = PAIR[0] if case.cue == BOTH else case.cue
        finding = planted_finding(run, CUES[wanted].accepted)
        if finding is None:
            return row
        begun = time.perf_counter()
        made = camcore.repair(run, place / "mended.keras", finding=finding.id, model=model)
        row |= {
            "caught": True,
            "seconds": time.perf_counter() - begun,
            "classes": len(data.classes),
        }
        row |= told_of(made, data)
        if case.cue == BOTH:
            both = camcore.repair(run, place / "both.keras", model=model)
            row["both"] = told_of(both, data)
            row["other"] = planted_finding(run, CUES[PAIR[1]].accepted) is not None
        row["rivals"] = rivals(run, finding, model, data, place / "bench")
    return row


def planted_finding(run: camcore.Run, families: tuple[str, ...]) -> Finding | None:
    """The strongest proven finding of the planted cue's families."""
    for own in run.findings:
        if own.level == "relied on" and own.family in families and own.probe is not None:
            return own
    return None


def told_of(made: Repair, data: Data) -> dict[str, Any]:
    """What a repair says, and what its file is worth."""
    import keras

    after = None
    if made.file is not None:
        after = measured(data, partial(predicted, keras.models.load_model(made.file)))
    return {"repair": made.as_json(), "after": after}
