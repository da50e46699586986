"""Attention: planted places are found, and what all classes share cancels."""

import numpy as np
import pytest

from camcore.auditing.evidence import attention as module
from camcore.auditing.evidence.attention import attention
from camcore.auditing.rules import Rules


def maps_of(count, seed=0, side=6):
    """An object somewhere near the centre, and a little noise; each map of sum 1."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    y, x = rng.normal(side / 2 - 0.5, side / 6, (2, count, 1, 1))
    maps = np.exp(-((rows - y) ** 2) - (columns - x) ** 2) + 0.05 * rng.random((count, side, side))
    return normalised(maps)


def normalised(maps):
    return (maps / maps.sum(axis=(1, 2), keepdims=True)).astype(np.float32)


def attended(maps, classes, groups=None, seed=0):
    groups = np.arange(len(classes)) if groups is None else groups
    return attention(maps, classes, groups=groups, seed=seed)


def test_means_and_difference_by_hand():
    maps = np.zeros((60, 1, 2), np.float32)
    maps[:30, 0, 0] = 1  # class 0: all on the left
    maps[30:, 0] = [0.25, 0.75]
    left, right = attended(maps, np.repeat([0, 4], 30))
    assert (left.klass, right.klass) == (0, 4)
    assert left.mean.tolist() == right.others.tolist() == [[1, 0]]
    assert right.mean.tolist() == left.others.tolist() == [[0.25, 0.75]]
    assert left.difference.tolist() == [[0.75, -0.75]]
    assert left.pvalues.tolist() == [[1 / 500, 1]]
    assert left.cells.tolist() == [[True, False]]
    assert left.share == 1
    assert right.share == 0.75


def test_a_planted_corner_is_found_in_its_class_alone():
    classes = np.arange(240) % 4
    maps = maps_of(240)
    marked = (classes == 2) & (np.arange(240) % 8 == 2)  # every other image of class 2
    assert marked.sum() == 30
    maps[marked, 0, 5] += 0.3
    maps = normalised(maps)
    cells = [compared.cells for compared in attended(maps, classes)]
    assert np.argwhere(cells).tolist() == [[2, 0, 5]]


def test_what_all_classes_share_cancels():
    maps = maps_of(120)
    maps[:, :, 0] += 0.2  # padding that all maps light up
    for compared in attended(normalised(maps), np.arange(120) % 3):
        assert not compared.cells.any()
        assert compared.share == 0


def test_a_difference_too_small_to_count_is_no_cell():
    classes = np.repeat([0, 1], 200)
    maps = np.full((400, 4, 4), 1.0) + np.random.default_rng(0).normal(0, 0.01, (400, 4, 4))
    maps[:200, 1, 1] += 0.2
    first, _ = attended(normalised(maps), classes)
    assert first.pvalues[1, 1] == 1 / 500
    assert not first.cells.any()


def test_noise_is_not_flagged(monkeypatch):
    monkeypatch.setattr(module, "RULES", Rules(shuffles=99))
    alarms = 0
    for seed in range(40):
        result = attended(maps_of(120, seed), np.arange(120) % 3, seed=seed)
        alarms += min(compared.pvalues.min() for compared in result) <= 0.05
    assert alarms <= 5  # at 5 %: 2 expected, 5 is the 99 % quantile


def test_maps_without_evidence_are_counted_and_say_nothing_else():
    maps, classes = maps_of(100), np.repeat([0, 1], 50)
    expected = [compared.mean for compared in attended(maps, classes)]
    empty = np.zeros((10, *maps.shape[1:]), np.float32)
    result = attended(np.concatenate([maps, empty]), np.append(classes, np.ones(10, int)))
    assert [compared.no_evidence for compared in result] == [0, 10 / 60]
    np.testing.assert_allclose([compared.mean for compared in result], expected, rtol=1e-6)


def test_too_few_maps_prove_nothing():
    maps = np.zeros((80, 2, 2), np.float32)
    maps[:40, 0, 0] = 1
    maps[40:69, 1, 1] = 1  # 29 with evidence, of 40 images
    first, second = attended(maps, np.repeat([0, 1], 40))
    for compared in (first, second):
        assert (compared.pvalues == 1).all()
        assert not compared.cells.any()
    assert second.no_evidence == pytest.approx(11 / 40)


def test_a_class_alone_and_maps_all_empty():
    (alone,) = attended(maps_of(40), np.zeros(40, int))
    assert (alone.others == 0).all()
    assert (alone.pvalues == 1).all()
    for compared in attended(np.zeros((80, 3, 3), np.float32), np.repeat([0, 1], 40)):
        assert compared.no_evidence == 1
        assert (compared.mean == 0).all()
        assert compared.share == 0
    assert attended(maps_of(40), np.arange(40) % 2) == []  # no class has thirty images
    assert attended(np.zeros((0, 3, 3), np.float32), np.zeros(0, int)) == []


def test_copies_are_no_evidence():
    maps, classes = maps_of(80), np.repeat([0, 1], 40)
    copies = np.repeat(np.arange(80), 9)
    once = attended(maps, classes)
    often = attended(maps[copies], classes[copies], groups=copies)
    for compared, other in zip(once, often, strict=True):
        np.testing.assert_array_equal(compared.mean, other.mean)
        np.testing.assert_array_equal(compared.pvalues, other.pvalues)


def test_the_same_seed_gives_the_same_bits():
    maps, classes = maps_of(90), np.arange(90) % 3
    for compared, other in zip(attended(maps, classes), attended(maps, classes), strict=True):
        np.testing.assert_array_equal(compared.pvalues, other.pvalues)
        np.testing.assert_array_equal(compared.mean, other.mean)
