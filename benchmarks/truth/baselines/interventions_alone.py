"""Interventions alone: the coarse scan, taken at its word."""

from __future__ import annotations

from benchmarks.truth.verdict import Verdict
from camcore import Run
from camcore.auditing.edits import probe_named
from camcore.auditing.interventions.effects import effects_of
from camcore.auditing.runs.plan import Plan

_BY_MASK = {"object", "background"}


def interventions_alone(run: Run) -> Verdict:
    """The largest excess flips of the audit's coarse scan, without anything behind it.

    No held-out half, no test, no masks, no evidence: the best of some dozens of probes, found and
    judged on the same pairs. The alarm is the audit's practical floor.

    Parameters
    ----------
    run : Run

    Returns
    -------
    Verdict
        Score: the largest share of excess flips, -1 to 1; 0 where nothing was tried.
    """
    rows = run.trials("discovery")
    if rows.empty:
        return Verdict(0.0, False)
    rows = rows[~rows["family"].isin(_BY_MASK)]
    effects = [
        (paired.effect, paired.strength, probe_named(name).family, run.class_names[int(klass)])
        for klass, tried in rows.groupby("klass")
        for name, paired in effects_of(tried, int(klass)).items()
    ]
    effect, _, family, klass_name = max(effects, default=(0.0, 0.0, None, None))
    return Verdict(effect, effect >= Plan(run.record).rules.floor, family, klass_name)
