"""Excess flips and margins on answers made by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from camcore.auditing.interventions.effects import differences

ROWS = pd.DataFrame(
    {
        "recipient": [1, 2, 3, 4],
        "donor": [7, 7, 8, 9],
        "edited": [0, 0, 1, 2],
        "controlled": [1, 0, 0, -1],
        "margin_edited": [2.0, 1.0, 0.0, -1.0],
        "margin_controlled": [0.0, 1.0, 1.0, -2.0],
    }
)


def test_flips_to_the_class():
    paired = differences(ROWS, 0)
    assert paired.flips.tolist() == [1, 0, -1, 0]
    assert paired.margins.tolist() == [2.0, 0.0, -1.0, 1.0]
    assert paired.groups.tolist() == [7, 7, 8, 9]
    assert paired.effect == 0.0
    # Mean .5, standard deviation sqrt(5/3), four pairs.
    assert paired.strength == pytest.approx(0.5 / (5 / 3) ** 0.5 * 2)


def test_flips_away_from_the_class():
    paired = differences(ROWS, 0, leaving=True)
    assert paired.flips.tolist() == [-1, 0, 1, 0]
    assert paired.margins.tolist() == [-2.0, 0.0, 1.0, -1.0]
    assert paired.groups.tolist() == [1, 2, 3, 4]


def test_an_unreal_picture_is_no_flip_and_no_move():
    paired = differences(ROWS.assign(realism=[0.9, 1.0, 2.0, 1.5]), 0)
    assert paired.flips.tolist() == [0, 0, -1, 0]
    assert paired.margins.tolist() == [0.0, 0.0, -1.0, 1.0]
    left = differences(ROWS.assign(realism=[0.9, 1.0, 2.0, 1.5]), 0, leaving=True)
    assert left.flips.tolist() == [0, 0, 1, 0]


def test_nothing_moves_nothing_is_strong():
    still = ROWS.assign(margin_edited=1.0, margin_controlled=1.0)
    assert differences(still, 0).strength == 0.0
    assert differences(ROWS.iloc[:0], 0).effect == 0.0
