"""One natural case from pictures to claims: draw, train, measure the truth, audit, check."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import camcore
from benchmarks.truth.alarms import UNTRIED, Answer, Held, carrier, check
from benchmarks.truth.cases import Case
from benchmarks.truth.checks import region_mask
from benchmarks.truth.cues import Picture
from benchmarks.truth.data import Data, write
from benchmarks.truth.natural_bases import Given
from benchmarks.truth.natural_data import any_cue, make_natural
from benchmarks.truth.natural_networks import as_seen, log_odds, natural_network
from benchmarks.truth.networks import predicted
from benchmarks.truth.reliance import RELIED, Reliance, reliance

SURROUNDINGS = (
    "background", "frame", "sky/top-band", "bottom-band", "side-band", "tag", "colour",
    "illumination", "brightness", "texture",
)  # fmt: skip
"""Families that name a natural ground rightly: its places, and what light and colour it has."""

_CHECKED = 8  # claims of a case, the first ones; each costs some thousand passes
_SHOWN = 10  # flagged images that a person looks at
_LATTICE = 64  # where places in pictures of many sizes are compared


def run_natural(case: Case, work: Path, given: Given) -> dict[str, Any]:
    """Everything that one natural case tells.

    Parameters
    ----------
    case : Case
    work : Path
        Keeps trained networks.
    given : Given

    Returns
    -------
    dict
        The case and its truth, what the audit said, and ``claims``: each proven finding that the
        audit does not excuse itself, in its order, with what an independent edit says of it.
    """
    data = make_natural(case, given)
    network = natural_network(case, data, given, work / "networks")
    side = network.input_shape[1]
    truth = _truth(network, data, side)
    with tempfile.TemporaryDirectory() as folder:
        write(data, Path(folder, "pictures"))
        model = camcore.KerasClassifier(network, class_names=data.classes)
        begun = time.perf_counter()
        run = camcore.audit(Path(folder, "pictures"), model, out=Path(folder, "run"))
        took = time.perf_counter() - begun
        summary = run.summary
        places = {int(row.Index): int(Path(row.path).stem) for row in run.images.itertuples()}
    held = Held(
        as_seen(data.held, side),
        _labels(data.held),
        _held_masks(data, side) if data.masks or case.kind == "context" else None,
        partial(log_odds, network),
    )
    claims: list[dict[str, Any]] = []
    for finding in summary["findings"]:
        if finding["level"] != "relied on" or excused(finding):
            continue
        answer = UNTRIED
        if len(claims) < _CHECKED:
            klass = data.classes.index(finding["class"])
            answer = check(held, klass, finding["family"], finding["region"], case.seed + 100)
        claims.append(_claim(finding, answer, data, places))
    bearers = [name for name, value in zip(data.classes, data.value_of_class, strict=True) if value]
    pulls = dict(zip(data.classes, truth.pulls, strict=True))
    return {
        "case": case.name,
        **vars(case),
        "reliance": truth.lost,
        "accuracy": _accuracy(network, data.audited, side),
        "held_accuracy": _accuracy(network, data.held, side),
        "accepted": ";".join(_accepted(case)),
        "classes": ";".join(
            name
            for name, pull in pulls.items()
            if pull >= RELIED or (name in bearers and truth.lost >= RELIED)
        ),
        "bearers": ";".join(bearers),
        "truth_kind": {"planted": "artefact", "context": "context"}.get(case.kind, ""),
        "passes": summary["made"]["passes"],
        "seconds": took,
        "score": float(summary["score"]),
        "scores": summary["scores"],
        "lead": summary["lead"],
        "excused": sum(
            1
            for finding in summary["findings"]
            if finding["level"] == "relied on" and excused(finding)
        ),
        "claims": claims,
    }


def excused(finding: dict[str, Any]) -> bool:
    """Whether the audit itself says that a proven finding is no shortcut.

    Examples
    --------
    >>> excused({"kind": "object"}), excused({"kind": "artefact"}), excused({"trace": True})
    (True, False, True)
    """
    if finding.get("kind") == "object":
        return True
    return any(finding.get(name) for name in ("on_object", "may_be_object", "trace"))


def _claim(
    finding: dict[str, Any], answer: Answer, data: Data, places: dict[int, int]
) -> dict[str, Any]:
    klass = data.classes.index(finding["class"])
    fields = {
        name: finding[name]
        for name in ("id", "class", "family", "kind", "presence", "effect", "joined", "overlaps")
    }
    return fields | {
        "iou": _overlap(finding["region"], data.audited),
        "precision": _precision(finding["images"], klass, data, places),
        "carrier": carrier(answer),
        **answer.as_row(),
    }


def _truth(network: Any, data: Data, side: int) -> Reliance:
    if not data.versions:
        return Reliance(0.0, (0.0,) * len(data.classes))
    under = [predicted(network, as_seen(version, side)) for version in data.versions]
    return reliance(under, _labels(data.versions[0]), data.value_of_class)


def _labels(pictures: Sequence[Picture]) -> np.ndarray:
    return np.array([picture.klass for picture in pictures])


def _accuracy(network: Any, pictures: Sequence[Picture], side: int) -> float:
    return float((predicted(network, as_seen(pictures, side)) == _labels(pictures)).mean())


def _held_masks(data: Data, side: int) -> np.ndarray:
    return np.stack([_resized(picture.mask, side) for picture in data.held])


def _resized(mask: np.ndarray, side: int) -> np.ndarray:
    if mask.shape == (side, side):
        return mask
    return np.asarray(Image.fromarray(mask).resize((side, side), Image.Resampling.NEAREST))


def _accepted(case: Case) -> tuple[str, ...]:
    if case.kind == "context":
        return SURROUNDINGS
    return any_cue(case.cue).accepted if case.kind == "planted" else ()


def _overlap(region: dict[str, Any] | None, audited: Sequence[Picture]) -> float:
    """Intersection over union of a finding's region, and all places of a cue that stays put."""
    drawn = [picture.cue for picture in audited if picture.cue is not None]
    if not drawn or region is None or not region.get("cells"):
        return float("nan")
    on_lattice = np.stack([_resized(place, _LATTICE) for place in drawn])
    truth = on_lattice.any(axis=0)
    if on_lattice.mean(axis=0)[truth].mean() < 0.5:  # of a cue that moves
        return float("nan")
    claimed = region_mask(region, _LATTICE)
    return float((truth & claimed).sum() / (truth | claimed).sum())


def _precision(images: Sequence[int], klass: int, data: Data, places: dict[int, int]) -> float:
    """Of the first flagged images, the share that bears the class's value of the cue."""
    if not data.versions or not len(images):
        return float("nan")
    flagged = [places[int(image)] for image in images[:_SHOWN]]
    return float(np.mean(data.values[flagged] == data.value_of_class[klass]))
