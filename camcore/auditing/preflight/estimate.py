"""What an audit will take, measured on a few of its pictures before it starts."""

from __future__ import annotations

import os
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from camcore.auditing.audited_model import asked_model, audited_model
from camcore.auditing.preflight.cost import Cost, cost, pictures_of_classes
from camcore.auditing.runs.beginning import MEASURED_ON, begin, some_inputs
from camcore.auditing.runs.progress import Watch
from camcore.auditing.runs.settings import Settings
from camcore.auditing.runs.store import Store
from camcore.auditing.scan.scan import BATCH, scan_part
from camcore.classifier import Classifier
from camcore.cores import usable_cores

_HOUR = 3600.0


@dataclass(frozen=True)
class Estimate:
    """What an audit will take on this machine.

    Attributes
    ----------
    pictures : int
        Listed.
    classes : int
        Audited.
    cost : Cost
        Forward passes and seconds, from and to, and the classes that interventions are made for.
    cores : int
        That this process may use.
    measured : int
        Pictures that were scanned to measure it.
    scan_seconds : float
        That the scan took for one of them.
    pass_seconds : float
        That one forward pass of one picture took.
    """

    pictures: int
    classes: int
    cost: Cost
    cores: int
    measured: int
    scan_seconds: float
    pass_seconds: float

    @property
    def core_hours(self) -> tuple[float, float]:
        """Cores times hours, from and to: what a machine is paid by."""
        soonest, latest = (seconds * self.cores / _HOUR for seconds in self.cost.seconds)
        return soonest, latest

    def as_json(self) -> dict[str, Any]:
        """The numbers as a JSON object, those of `cost` beside the others."""
        values = asdict(self)
        values |= {"tested_classes": values["cost"].pop("classes"), **values.pop("cost")}
        return values | {"core_hours": self.core_hours}


def estimate(
    source: str | os.PathLike[str], model: str | os.PathLike[str] | Classifier, **options: Any
) -> Estimate:
    """What an audit will take; at most 64 pictures are looked at, and nothing is kept.

    The audit is begun in a folder that is removed again, so what it would refuse is refused here,
    and the network is measured in the precision that the audit would take.

    Parameters
    ----------
    source : path
    model : str, path or Classifier
    **options
        As for `camcore.audit`, but for where it is written.

    Returns
    -------
    Estimate

    Raises
    ------
    InputError, ModelError, MethodError
        If the data, the model and the options do not fit together.
    """
    in_memory, name = asked_model(model)
    settings = Settings(os.fspath(source), name, **options)
    with tempfile.TemporaryDirectory(prefix="camaudit-plan-") as folder:
        store = Store(Path(folder) / "run")
        with store.locked():
            plan, classifier = begin(
                store, settings, lambda: audited_model(settings, in_memory), Watch(store.folder)
            )
        files = store.read_table("files.parquet")
        places = np.linspace(0, len(files) - 1, num=min(len(files), MEASURED_ON)).astype(int)
        looked_at = files.iloc[places]
        scan_part(looked_at.iloc[:BATCH], plan, classifier)  # builds what later batches use
        began = time.perf_counter()
        scan_part(looked_at, plan, classifier)
        scan_seconds = (time.perf_counter() - began) / len(looked_at)
        pass_seconds = _pass_seconds(*some_inputs(looked_at, classifier, plan), plan.layer)
    labels = files.loc[files["label"] != "", "label"].value_counts()
    counts = pictures_of_classes(labels.to_dict(), len(files), plan.classes)
    expected = cost(counts, settings.budget, pass_seconds, scan_seconds)
    return Estimate(
        pictures=len(files),
        classes=len(counts),
        cost=expected,
        cores=usable_cores(),
        measured=len(looked_at),
        scan_seconds=scan_seconds,
        pass_seconds=pass_seconds,
    )


def _pass_seconds(inputs: np.ndarray, classifier: Classifier, layer: str) -> float:
    """Of one picture, in the batches of an audit; the first pass builds what later ones use."""
    batches = [inputs[start : start + BATCH] for start in range(0, len(inputs), BATCH)]
    for size in {len(batch) for batch in batches}:
        classifier.forward(inputs[:size], layer)
    began = time.perf_counter()
    for batch in batches:
        classifier.forward(batch, layer)
    return (time.perf_counter() - began) / len(inputs)
