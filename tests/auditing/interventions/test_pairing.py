"""Donors, recipients and controls are who they should be."""

from __future__ import annotations

import numpy as np
import pandas as pd

from camcore.auditing.interventions.pairing import halves, pairs_from_class, pairs_to_class


def table(classes: int = 3, each: int = 40, wrong: float = 0.0, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    klass = np.repeat(np.arange(classes), each)
    predicted = np.where(rng.random(len(klass)) < wrong, (klass + 1) % classes, klass)
    index = pd.Index(1000 + np.arange(len(klass)), name="id")
    return pd.DataFrame(
        {"klass": klass, "predicted": predicted, "group": np.arange(len(klass))}, index=index
    )


def test_halves_are_even_in_every_class_and_keep_copies_together():
    images = table()
    images["group"] = np.arange(len(images)) // 2  # pairs of near-duplicates
    half = halves(images, seed=1)
    assert (np.bincount(images["klass"], half) == 20).all()
    assert (pd.Series(half).groupby(images["group"].to_numpy()).nunique() == 1).all()
    assert (halves(images, seed=1) == half).all()
    assert (halves(images, seed=2) != half).any()


def test_pairs_to_a_class():
    images = table(wrong=0.2)
    pairs = pairs_to_class(images, 1, 60, np.random.default_rng(0))
    klass, predicted = images["klass"], images["predicted"]
    assert len(pairs) == 60
    assert (klass[pairs.donors] == 1).all()
    assert (predicted[pairs.donors] == 1).all()
    assert (klass[pairs.recipients] != 1).all()
    assert (predicted[pairs.recipients] != 1).all()
    assert (klass[pairs.controls].to_numpy() == klass[pairs.recipients].to_numpy()).all()
    assert (pairs.controls != pairs.recipients).all()
    assert len(set(pairs.recipients)) == 60
    assert np.bincount(pairs.donors).max() <= 2
    # The classes take turns, so a part of the pairs holds them alike.
    assert abs(int((klass[pairs.recipients[:20]] == 0).sum()) - 10) <= 1


def test_donors_that_are_not_recognised_give_only_where_there_are_no_others():
    images = table()
    images.loc[images["klass"] == 1, "predicted"] = 2
    pairs = pairs_to_class(images, 1, 30, np.random.default_rng(0))
    assert len(pairs) == 30


def test_pairs_from_a_class():
    images = table(wrong=0.2)
    pairs = pairs_from_class(images, 1, 25, np.random.default_rng(0))
    klass, predicted = images["klass"], images["predicted"]
    assert (klass[pairs.recipients] == 1).all()
    assert (predicted[pairs.recipients] == 1).all()
    assert (klass[pairs.donors] != 1).all()
    assert (klass[pairs.controls] == 1).all()
    assert (pairs.controls != pairs.recipients).all()


def test_one_of_each_group_of_near_duplicates_is_used():
    images = table(classes=2)
    images.loc[images["klass"] == 0, "group"] = np.repeat(np.arange(500, 505), 8)
    pairs = pairs_to_class(images, 1, 60, np.random.default_rng(0))
    assert sorted(images["group"][pairs.recipients]) == [500, 501, 502, 503, 504]
    same = (
        images["group"][pairs.recipients].to_numpy() == images["group"][pairs.controls].to_numpy()
    )
    assert not same.any()


def test_no_partner_no_pair():
    images = table(classes=2, each=1)
    assert len(pairs_to_class(images, 1, 5, np.random.default_rng(0))) == 0  # nobody to control
    assert len(pairs_to_class(table(classes=1), 0, 5, np.random.default_rng(0))) == 0
