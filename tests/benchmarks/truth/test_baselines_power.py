"""Predictive power of properties."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.truth.baselines.predictive_power import predictive_power
from benchmarks.truth.verdict import Verdict
from tests.benchmarks.truth.small_run import small_run

pytest.importorskip("ppscore")


def test_a_cast_that_tells_the_classes_is_colour(tmp_path):
    light = np.random.default_rng(0).integers(20, 120, (60, 1, 1, 1))
    warm = (light[:30] * [2, 1, 1]).repeat(8, 1).repeat(8, 2).astype(np.uint8)
    cold = (light[30:] * [1, 1, 2]).repeat(8, 1).repeat(8, 2).astype(np.uint8)
    run = small_run(tmp_path, pictures={"warm": warm, "cold": cold})
    assert predictive_power(run) == Verdict(1.0, True, "colour", None)


def test_the_shape_of_files_counts(tmp_path):
    noise = np.random.default_rng(0).integers(0, 255, (60, 8, 12, 3), np.uint8)
    run = small_run(tmp_path, pictures={"tall": noise[:30].swapaxes(1, 2), "wide": noise[30:]})
    assert predictive_power(run) == Verdict(1.0, True, "dimensions", None)


def test_equal_pictures_tell_nothing(tmp_path):
    grey = np.full((60, 8, 8, 3), 90, np.uint8)
    verdict = predictive_power(small_run(tmp_path, pictures={"a": grey[:30], "b": grey[30:]}))
    assert (verdict.score, verdict.detected) == (0.0, False)
