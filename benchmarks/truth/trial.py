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
from benchmarks.truth.verdict import Verdict
from camcore.auditing.regions import region_named

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
        The columns of cases.csv, and ``verdicts``: detector -> the fields of a `Verdict`.
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
        verdicts = {"audit": audit_verdict(run)}
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
            "effect": _effect(run, accepted, classes),
            "iou": _overlap(run, data, accepted),
            "flag_auc": _flagged(run, data, accepted),
            "passes": run.summary["made"]["passes"],
            "seconds": took,
            "findings": [one.as_json() for one in run.findings if one.level == "relied on"],
        }
    return row | {"verdicts": {name: vars(own) for name, own in verdicts.items()}}


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


def audit_verdict(run: camcore.Run) -> Verdict:
    """What the audit says first of all that does not, and may not, work through the object."""
    proven = [one for one in run.findings if one.level == "relied on" and not one.excused()]
    score = float(run.summary["score"])
    if not proven:
        return Verdict(score, False)
    return Verdict(score, True, proven[0].family, proven[0].class_name)


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


def _matching(run: camcore.Run, accepted: tuple[str, ...]) -> list[camcore.Finding]:
    return [one for one in run.findings if one.level == "relied on" and one.family in accepted]


def _effect(run: camcore.Run, accepted: tuple[str, ...], classes: tuple[str, ...]) -> float:
    """The largest effect that the audit found for the cue; 0 if it found none."""
    found = [one.effect for one in _matching(run, accepted) if one.class_name in classes]
    return max((effect for effect in found if effect is not None), default=0.0)


def _overlap(run: camcore.Run, data: Data, accepted: tuple[str, ...]) -> float:
    """Intersection over union of the first region named rightly, and all places of the cue."""
    drawn = [one.cue for one in data.audited if one.cue is not None]
    found = [one.probe for one in _matching(run, accepted) if one.region is not None]
    if not drawn or not found or found[0] is None:
        return float("nan")
    truth = np.any(drawn, axis=0)
    named = region_named(found[0]).mask(*truth.shape)
    return float((truth & named).sum() / (truth | named).sum())


def _flagged(run: camcore.Run, data: Data, accepted: tuple[str, ...]) -> float:
    """Area under the ROC curve of the flagged images of a class against those that bear the cue."""
    found = _matching(run, accepted)
    if not found:
        return float("nan")
    finding = found[0]
    klass = data.classes.index(finding.class_name)
    trials = run.trials("necessity")
    asked = trials[(trials["klass"] == klass) & (trials["family"] == finding.family)]
    tested = asked["recipient"].unique()
    # A file is named by its place in `audited`.
    place = [int(Path(path).stem) for path in run.images.loc[tested, "path"]]
    bears = data.values[place] == data.value_of_class[klass]
    if bears.all() or not bears.any():
        return float("nan")
    rank = {image: -order for order, image in enumerate(finding.images)}
    return float(roc_auc_score(bears, [rank.get(int(one), -len(tested)) for one in tested]))
