"""Interventions alone: the best probe of the coarse scan."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benchmarks.truth.baselines.interventions_alone import interventions_alone
from benchmarks.truth.verdict import Verdict
from tests.benchmarks.truth.small_run import small_run


def _tried(klass: int, probe: str, family: str, flips: int) -> pd.DataFrame:
    """Twenty pairs, of which some flip under the edit, and none under the control."""
    flipped = np.arange(20) < flips
    return pd.DataFrame(
        {
            "klass": klass,
            "probe": probe,
            "family": family,
            "fill": "transfer",
            "donor": np.arange(20),
            "recipient": np.arange(20),
            "edited": np.where(flipped, klass, 1 - klass),
            "controlled": 1 - klass,
            "margin_edited": np.where(flipped, 1.0, -1.0),
            "margin_controlled": -1.0,
        }
    )


def _run(folder, *rows):
    return small_run(folder, trials=pd.concat(rows, ignore_index=True))


def test_the_largest_effect_counts_but_not_one_that_needs_masks(tmp_path):
    run = _run(
        tmp_path,
        _tried(0, "brightness", "brightness", 4),
        _tried(1, "corners 1/4", "tag", 7),
        _tried(1, "object", "object", 20),
    )
    assert interventions_alone(run) == Verdict(0.35, True, "tag", "b")


@pytest.mark.parametrize(("flips", "detected"), [(1, False), (2, True)])
def test_the_alarm_is_the_floor_of_ten_points(tmp_path, flips, detected):
    run = _run(tmp_path, _tried(0, "brightness", "brightness", flips))
    assert interventions_alone(run) == Verdict(flips / 20, detected, "brightness", "a")


def test_a_run_without_interventions_raises_no_alarm(tmp_path):
    assert interventions_alone(small_run(tmp_path)) == Verdict(0.0, False)
