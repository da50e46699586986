"""SpRAy: separable clusters of maps, and how separability is measured."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.truth.baselines.spray import THRESHOLD, separability, spray
from benchmarks.truth.verdict import Verdict
from tests.benchmarks.truth.small_run import GRID, small_run


def _spots(count: int, rows: slice, columns: slice, seed: int) -> np.ndarray:
    """Maps with a bright block, a little of everything else, and noise."""
    rng = np.random.default_rng(seed)
    maps = rng.random((count, GRID, GRID)) * 0.05
    maps[:, rows, columns] += 1 + rng.random((count, 1, 1))
    return maps


def test_a_corner_in_some_maps_of_a_class_is_a_tag(tmp_path):
    corner, middle = slice(0, 2), slice(2, 6)
    tagged = np.concatenate([_spots(20, corner, corner, 0), _spots(30, middle, middle, 1)])
    run = small_run(tmp_path, maps={"plain": _spots(50, middle, middle, 2), "tagged": tagged})
    verdict = spray(run)
    assert verdict.score > THRESHOLD
    assert (verdict.detected, verdict.family, verdict.klass) == (True, "tag", "tagged")


def test_few_maps_say_nothing(tmp_path):
    everywhere = slice(None)
    maps = {name: _spots(29, everywhere, everywhere, 0) for name in "ab"}
    assert spray(small_run(tmp_path, maps=maps)) == Verdict(0.0, False)


def test_maps_without_evidence_are_left_out(tmp_path):
    maps = {"a": -np.ones((40, GRID, GRID)), "b": -np.ones((40, GRID, GRID))}
    assert spray(small_run(tmp_path, maps=maps)) == Verdict(0.0, False)


def test_equal_maps_are_not_separable(tmp_path):
    maps = np.zeros((40, GRID, GRID))
    maps[:, 4, 4] = 1
    assert spray(small_run(tmp_path, maps={"a": maps, "b": maps})) == Verdict(0.0, False)


def test_separability_is_the_same_in_any_coordinates():
    rng = np.random.default_rng(0)
    member = np.arange(60) < 25
    places = rng.normal(size=(60, 3)) + member[:, None]
    turned = places @ np.array([[2.0, 1, 0], [0, 1, 3], [1, 0, 1]])
    assert separability(turned, member) == pytest.approx(separability(places, member), abs=1e-4)


def test_separability_grows_with_the_distance():
    rng = np.random.default_rng(0)
    member = np.arange(60) < 25
    noise = rng.normal(size=(60, 3))
    near, far = (separability(noise + way * member[:, None], member) for way in (0.5, 5))
    assert near < 0.5 < 0.9 < far < 1
