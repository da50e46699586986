"""Which images count: a bounded sample that keeps the classes, one a source, enough of a class."""

import numpy as np
import pandas as pd

from camcore.auditing.evidence.sampling import independent, sampled
from camcore.auditing.rules import RULES


def test_one_image_a_group_and_class():
    classes = np.array([0, 0, 1, 1, 1, -1])
    groups = np.array([4, 4, 4, 2, 2, 2])
    rows, chosen = independent(classes, groups)
    assert rows.tolist() == [0, 2, 3]
    assert chosen.tolist() == []


def test_classes_need_thirty_independent_images():
    classes = np.repeat([3, 5, 8], [30, 29, 60])
    groups = np.arange(119)
    groups[59:91] = 59  # class 8 has 60 images of 29 sources
    assert independent(classes, groups)[1].tolist() == [3]


def test_no_images():
    rows, chosen = independent(np.zeros(0, int), np.zeros(0, int))
    assert len(rows) == len(chosen) == 0


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
    assert len(taken) == RULES.most_images
    assert taken["klass"].value_counts().tolist() == [
        int(0.9 * RULES.most_images),
        int(0.1 * RULES.most_images),
    ]
    assert taken.index.is_monotonic_increasing
    assert taken.index.equals(sampled(rows([9000, 1000]), seed=0).index)
    assert not taken.index.equals(sampled(rows([9000, 1000]), seed=1).index)


def test_of_many_classes_the_largest_keep_enough_images():
    taken = sampled(rows([20] * 500 + [60] * 50), seed=0)
    counts = taken["klass"].value_counts()
    assert set(counts.index) == set(range(500, 550))
    assert counts.min() >= 45
