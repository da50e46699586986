"""Weighted heads: the cue is left out where its groups are balanced, and used where not."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.errors import ModelError
from camcore.repairing.batches import any_donors
from camcore.repairing.heads import balanced, chosen_head, fit_head
from camcore.repairing.measurement import sure_accuracy
from camcore.repairing.rules import RULES, RepairRules


def groups(rng, count=2000, agrees=0.97):
    klass = rng.integers(0, 2, count)
    cue = np.where(rng.random(count) < agrees, klass, 1 - klass)
    features = np.column_stack([klass + rng.normal(0, 0.5, count), cue + rng.normal(0, 0.1, count)])
    return features.astype(np.float32), klass, cue


def worst(weights, bias, features, klass, cue):
    right = (features @ weights + bias).argmax(axis=1) == klass
    return min(right[(klass == k) & (cue == c)].mean() for k in (0, 1) for c in (0, 1))


def test_balanced_groups_take_the_cue_out():
    rng = np.random.default_rng(0)
    features, klass, cue = groups(rng)
    fair = groups(rng, agrees=0.5)
    plain = fit_head(features, klass, np.ones(len(klass)), 1.0)
    mended = fit_head(features, klass, balanced(klass, cue), 1.0)
    assert worst(*plain, *fair) < 0.3
    assert worst(*mended, *fair) > 0.75


def test_every_cell_weighs_the_same():
    klass, cue = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 1, 1, 1, 1])
    weights = balanced(klass, cue)
    sums = [weights[(klass == k) & (cue == c)].sum() for k, c in ((0, 0), (0, 1), (1, 1))]
    assert weights.mean() == pytest.approx(1)
    assert sums == pytest.approx([2, 2, 2])


def test_three_classes_have_three_columns_and_the_held_out_ones_choose():
    rng = np.random.default_rng(1)
    klass = rng.integers(0, 3, 300)
    features = (np.eye(3)[klass] + rng.normal(0, 0.2, (300, 3))).astype(np.float32)
    inner = np.arange(300) < 200
    judged = features[~inner], klass[~inner], np.ones(100)
    weights, bias, accuracy = chosen_head(features, klass, np.ones(300), inner, judged)
    assert weights.shape == (3, 3)
    assert bias.shape == (3,)
    assert accuracy > 0.95
    shuffled = judged[0], rng.permutation(judged[1]), judged[2]
    assert chosen_head(features, klass, np.ones(300), inner, shuffled)[2] < 0.6


def test_equal_features_are_refused():
    with pytest.raises(ModelError, match="same features"):
        fit_head(np.ones((4, 2), np.float32), np.array([0, 1, 0, 1]), np.ones(4), 1.0)


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_donors_tell_nothing_of_the_class(classes):
    labels = np.repeat(np.arange(classes), 7)
    labels = np.concatenate([labels, np.zeros(30, int)])
    drawn = labels[any_donors(labels, RULES.copies, np.random.default_rng(3))]
    assert drawn.shape == (RULES.copies, len(labels))
    counts = np.bincount(drawn.ravel(), minlength=classes) / drawn.size
    np.testing.assert_allclose(counts, 1 / classes, atol=0.12)
    most = -(-RULES.copies // classes)
    assert all(np.bincount(column).max() <= most for column in drawn.T)


def test_every_class_counts_the_same_in_the_check():
    klass = np.array([0] * 90 + [1] * 10)
    right = klass == 0
    accuracy, (low, high) = sure_accuracy(right, np.arange(100), klass)
    assert accuracy == pytest.approx(0.5)
    assert 0.3 < low < 0.5 < high < 0.7


def test_the_rules_are_written_as_plain_numbers():
    assert RepairRules().as_json()["depths"] == [0.5, 1.0]
