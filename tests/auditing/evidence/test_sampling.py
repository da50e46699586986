"""Which images count: one a source, enough of a class, and no more than a step can take."""

import numpy as np

from camcore.auditing.evidence import sampling as module
from camcore.auditing.evidence.sampling import independent


def test_one_image_a_group_and_class():
    classes = np.array([0, 0, 1, 1, 1, -1])
    groups = np.array([4, 4, 4, 2, 2, 2])
    rows, chosen = independent(classes, groups, seed=0)
    assert rows.tolist() == [0, 2, 3]
    assert chosen.tolist() == []


def test_classes_need_thirty_independent_images():
    classes = np.repeat([3, 5, 8], [30, 29, 60])
    groups = np.arange(119)
    groups[59:91] = 59  # class 8 has 60 images of 29 sources
    assert independent(classes, groups, seed=0)[1].tolist() == [3]


def test_of_many_classes_the_largest_are_chosen(monkeypatch):
    monkeypatch.setattr(module, "MOST_CLASSES", 2)
    classes = np.repeat([0, 1, 2], [40, 60, 50])
    assert independent(classes, np.arange(150), seed=0)[1].tolist() == [1, 2]


def test_a_sample_keeps_small_classes(monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 200)
    monkeypatch.setattr(module, "MOST_CLASSES", 2)
    classes = np.concatenate([np.repeat([0, 1], [5000, 35]), np.repeat(np.arange(2, 90), 20)])
    rows, chosen = independent(classes, np.arange(len(classes)), seed=0)
    assert chosen.tolist() == [0, 1]
    assert len(rows) == len(set(rows)) == 200
    assert (np.diff(rows) > 0).all()
    counts = np.bincount(classes[rows])
    assert counts[1] == 35  # all of it
    assert counts[0] > counts[2:].sum() > 0  # the rest is there too, as common as it is
    again, _ = independent(classes, np.arange(len(classes)), seed=0)
    np.testing.assert_array_equal(rows, again)
    assert (rows != independent(classes, np.arange(len(classes)), seed=1)[0]).any()


def test_no_images():
    rows, chosen = independent(np.zeros(0, int), np.zeros(0, int), seed=0)
    assert len(rows) == len(chosen) == 0
