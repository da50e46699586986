"""Attention alone: what is attended, and how strongly."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.truth.baselines.attention_alone import attention_alone, correlations
from tests.benchmarks.truth.small_run import GRID, small_run


def _maps(count: int, corners: int) -> np.ndarray:
    """Evidence in one lower left cell in some maps, in the middle in all others."""
    maps = np.full((count, GRID, GRID), -1.0)
    maps[:corners, -1, 0] = 1
    maps[corners:, 4, 4] = 1
    return maps


MAPS = {"one": _maps(10, 0), "two": _maps(10, 8)}
PHI = np.sqrt(8 * 10 / (12 * 10))  # of the table 8, 2; 0, 10


def test_the_attended_class_and_place_are_named(tmp_path):
    hot = np.zeros((GRID, GRID), bool)
    hot[-1, 0] = True
    run = small_run(tmp_path, maps=MAPS, cells={"one": np.zeros_like(hot), "two": hot})
    verdict = attention_alone(run)
    assert verdict.score == pytest.approx(PHI, abs=1e-6)
    assert (verdict.detected, verdict.family, verdict.klass) == (True, "tag", "two")


def test_without_attended_cells_there_is_a_score_and_no_alarm(tmp_path):
    cold = np.zeros((GRID, GRID), bool)
    verdict = attention_alone(small_run(tmp_path, maps=MAPS, cells={"one": cold, "two": cold}))
    assert verdict.score == pytest.approx(PHI, abs=1e-6)
    assert (verdict.detected, verdict.family, verdict.klass) == (False, None, None)


def test_cells_that_are_always_equal_do_not_correlate():
    maps = np.full((6, 2, 2), 0.1, np.float32)
    assert correlations(maps, np.arange(6) < 2).tolist() == [[0, 0], [0, 0]]
