"""One case from pictures to verdicts: render, train, measure the truth, audit, compare."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

import camcore
from benchmarks.truth.baselines import BASELINES, MissingPackage
from benchmarks.truth.bases import load_base
from benchmarks.truth.cases import Case
from benchmarks.truth.cues import CUES
from benchmarks.truth.data import Data, arrays, make, write
from benchmarks.truth.networks import build, fit, predicted
from benchmarks.truth.reliance import RELIED, Reliance, reliance
from camcore.auditing.edits.regions import region_named

_EPOCHS = {"scenes": 8}
_DIGIT_EPOCHS = 14
_LEARNED = 0.65  # balanced accuracy in training; less is not worth an audit
_ATTEMPTS = 3
_RECIPE_CUES = {"Decoy-MNIST": ("tag",), "Colored MNIST": ("colour",)}


def run_case(case: Case, work: Path, mnist: Path | None) -> dict[str, Any]:
    """Everything that one case tells.

    Parameters
    ----------
    case : Case
    work : Path
        Keeps rendered stocks and trained networks, which do not depend on the audit.
    mnist : Path, optional

    Returns
    -------
    dict
        Columns of cases.csv, the audit's ``score`` and proven ``findings``, each with its overlap
        with the cue (IoU) and how well its images are those that bear it (area under the ROC
        curve), and ``verdicts``: baseline -> the fields of a `Verdict`.
    """
    data = make(case, load_base(case.base, work / "stock", mnist))
    network = trained(case, data, work / "networks")
    truth, accuracy = _truth(network, data)
    with tempfile.TemporaryDirectory() as folder:
        write(data, Path(folder, "pictures"))
        model = camcore.KerasClassifier(network, class_names=data.classes)
        begun = time.perf_counter()
        run = camcore.audit(Path(folder, "pictures"), model, out=Path(folder, "run"))
        took = time.perf_counter() - begun
        verdicts = {}
        for name, baseline in BASELINES.items():
            with contextlib.suppress(MissingPackage):
                verdicts[name] = baseline(run)
        accepted, classes = _accepted(case), _classes(data, truth)
        row = {
            "case": case.name,
            **vars(case),
            "reliance": truth.lost,
            "accuracy": accuracy,
            "accepted": ";".join(accepted),
            "classes": ";".join(classes),
            "passes": run.summary["made"]["passes"],
            "seconds": took,
            "score": float(run.summary["score"]),
            "findings": [
                finding.as_json()
                | {"iou": _overlap(finding, data), "flag_auc": _flagged(run, finding, data)}
                for finding in run.findings
                if finding.level == "relied on"
            ],
        }
    return row | {"verdicts": {name: vars(verdict) for name, verdict in verdicts.items()}}


def trained(case: Case, data: Data, folder: Path) -> Any:
    """The case's network, trained once and then read from `folder`.

    A training that came to nothing, as now and then one does, is begun again.
    """
    import keras

    file = folder / f"{case.name}.keras"
    if file.exists():
        return keras.models.load_model(file)
    pixels, labels = arrays(data.train)
    for attempt in range(_ATTEMPTS):
        seed = case.seed + 100 + 1000 * attempt
        network = build(case.network, pixels.shape[1], len(data.classes), seed)
        if case.cue == "random weights":
            break
        fit(network, pixels, labels, _EPOCHS.get(case.base, _DIGIT_EPOCHS))
        if balanced_accuracy_score(labels, predicted(network, pixels)) >= _LEARNED:
            break
    folder.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(f".{os.getpid()}.keras")
    network.save(partial)
    os.replace(partial, file)
    return network


def _truth(network: Any, data: Data) -> tuple[Reliance, float]:
    """What the network owes to the cue, and how well it does on the audited pictures."""
    pixels, labels = arrays(data.audited)
    accuracy = float((predicted(network, pixels) == labels).mean())
    if not data.versions:
        return Reliance(0.0, (0.0,) * len(data.classes)), accuracy
    under = [predicted(network, arrays(version)[0]) for version in data.versions]
    return reliance(under, arrays(data.versions[0])[1], data.value_of_class), accuracy


def _accepted(case: Case) -> tuple[str, ...]:
    if case.kind == "recipe":
        return _RECIPE_CUES[case.cue]
    return CUES[case.cue].accepted if case.kind == "planted" else ()


def _classes(data: Data, truth: Reliance) -> tuple[str, ...]:
    pairs = zip(data.classes, truth.pulls, strict=True)
    return tuple(name for name, pull in pairs if pull >= RELIED)


def _overlap(finding: camcore.Finding, data: Data) -> float:
    """Intersection over union of a finding's region, and all places of the cue."""
    drawn = [picture.cue for picture in data.audited if picture.cue is not None]
    if not drawn or finding.region is None or finding.probe is None:
        return float("nan")
    truth = np.any(drawn, axis=0)
    claimed = region_named(finding.probe).mask(*truth.shape)
    return float((truth & claimed).sum() / (truth | claimed).sum())


def _flagged(run: camcore.Run, finding: camcore.Finding, data: Data) -> float:
    """Area under the ROC curve of the flagged images of a class against those that bear the cue."""
    klass = data.classes.index(finding.class_name)
    trials = run.trials("necessity")
    of_finding = trials[(trials["klass"] == klass) & (trials["family"] == finding.family)]
    tested = of_finding["recipient"].unique()
    # A file is named by its place in `audited`.
    place = [int(Path(path).stem) for path in run.images.loc[tested, "path"]]
    bears = data.values[place] == data.value_of_class[klass]
    if bears.all() or not bears.any():
        return float("nan")
    rank = {image: -order for order, image in enumerate(finding.images)}
    return float(roc_auc_score(bears, [rank.get(int(image), -len(tested)) for image in tested]))
