"""What the evidence is taken from: a bounded sample that keeps the classes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.evidence.stage import SAMPLE, normalised, sampled


def rows(counts: list[int]) -> pd.DataFrame:
    klass = np.repeat(np.arange(len(counts)), counts)
    return pd.DataFrame({"klass": klass, "error": ""}, index=np.arange(len(klass)) + 10)


def test_a_small_folder_is_taken_whole_but_for_what_cannot_be_used():
    table = rows([30, 40])
    table.loc[10, "error"] = "broken"
    table.loc[11, "klass"] = -1
    assert sampled(table, seed=0).index.tolist() == list(range(12, 80))


def test_a_large_folder_is_taken_in_proportion():
    taken = sampled(rows([9000, 1000]), seed=0)
    assert len(taken) == SAMPLE
    assert taken["klass"].value_counts().tolist() == [int(0.9 * SAMPLE), int(0.1 * SAMPLE)]
    assert taken.index.is_monotonic_increasing
    assert taken.index.equals(sampled(rows([9000, 1000]), seed=0).index)
    assert not taken.index.equals(sampled(rows([9000, 1000]), seed=1).index)


def test_of_many_classes_the_largest_keep_enough_images():
    taken = sampled(rows([20] * 500 + [60] * 50), seed=0)
    counts = taken["klass"].value_counts()
    assert set(counts.index) == set(range(500, 550))
    assert counts.min() >= 45


def test_maps_sum_to_one_or_are_empty():
    grid = np.array([[2.0, -1.0], [0.0, 6.0]], np.float16)
    nothing = np.array([[-1.0, -2.0], [0.0, 0.0]], np.float16)
    maps = normalised(pd.Series([grid.tobytes(), nothing.tobytes(), None]), (2, 2))
    assert maps.tolist() == [[[0.25, 0.0], [0.0, 0.75]], [[0, 0], [0, 0]], [[0, 0], [0, 0]]]
