"""Other detectors, on the data and the run that the audit has.

Each takes the finished run of an audit and gives a `Verdict`. Those that need a package of
``benchmarks/requirements.txt`` raise `MissingPackage` where it is not installed.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.truth.baselines.attention_alone import attention_alone
from benchmarks.truth.baselines.image_properties import as_cleanlab, corrected
from benchmarks.truth.baselines.interventions_alone import interventions_alone
from benchmarks.truth.baselines.packages import MissingPackage
from benchmarks.truth.baselines.predictive_power import predictive_power
from benchmarks.truth.baselines.spray import spray
from benchmarks.truth.verdict import Verdict
from camcore import Run

__all__ = ["BASELINES", "MissingPackage"]

BASELINES: dict[str, Callable[[Run], Verdict]] = {
    "properties (cleanlab)": as_cleanlab,
    "properties (corrected)": corrected,
    "predictive power (deepchecks)": predictive_power,
    "SpRAy": spray,
    "attention alone": attention_alone,
    "interventions alone": interventions_alone,
}
"""By the names under which they stand in the table."""
