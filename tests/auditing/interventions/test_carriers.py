"""The verdict on trials made by hand, whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from camcore.auditing.edits import probe_named
from camcore.auditing.interventions.carriers import carriers_of, share_left
from camcore.auditing.interventions.testing import judge, relied_on
from camcore.auditing.rules import Rules
from camcore.auditing.runs.plan import Plan
from camcore.auditing.runs.settings import Settings

PLAN = Plan(
    {
        "settings": Settings("data", "model").as_json(),
        "rules": Rules().as_json(),
        "classes": {
            "classes": [
                {"name": name, "columns": [k], "label": name} for k, name in enumerate("abc")
            ],
            "by": "label",
            "notes": [],
        },
    }
)
FLOOR = PLAN.rules.floor
SWINGS: dict[int, float] = {}  # no move is large against an unknown swing
TAG, TOP = "cells 4x4: 0,0", "top 1/3"
NONE = pd.DataFrame()


def rows(
    probe: str, flips: int, back: int = 0, klass: int = 0, pairs: int = 60, moved: float = 1.0
):
    """`flips` pairs go to the class under the edit only, `back` under the control only."""
    edited, controlled = np.ones((2, pairs), np.int32)
    edited[:flips] = klass
    controlled[flips : flips + back] = klass
    difference = np.zeros(pairs)
    difference[:flips], difference[flips : flips + back] = moved, -moved
    return pd.DataFrame(
        {
            "klass": klass,
            "probe": probe,
            "family": probe_named(probe).family,
            "fill": "transfer",
            "pair": np.arange(pairs),
            "recipient": np.arange(pairs),
            "donor": 100 + np.arange(pairs),
            "control": 200 + np.arange(pairs),
            "before": 1,
            "edited": edited if klass == 0 else np.where(edited == klass, klass, -1),
            "controlled": controlled if klass == 0 else np.where(controlled == klass, klass, -1),
            "margin_before": 0.0,
            "margin_edited": difference,
            "margin_controlled": 0.0,
        }
    )


def test_effect_q_and_floor():
    (result,) = judge(rows(TAG, flips=30), PLAN, SWINGS)
    assert result.effect == 0.5
    assert result.p == result.q == pytest.approx(1 / 5000)
    assert result.interval[0] < 0.5 < result.interval[1]
    assert relied_on(result, PLAN)
    # Five flips of sixty are surely real, but less than ten points.
    (weak,) = judge(rows(TAG, flips=5), PLAN, SWINGS)
    assert weak.p == pytest.approx(2.0**-5)
    assert not relied_on(weak, PLAN)
    # Seven of sixty are above the floor, but may be chance above a much smaller share.
    (unsure,) = judge(rows(TAG, flips=7), PLAN, SWINGS)
    assert unsure.effect > 0.1
    assert 0 < unsure.interval[0] < 0.05
    assert not relied_on(unsure, PLAN)
    # Excess flips above the floor that go both ways as well.
    (mixed,) = judge(rows(TAG, flips=18, back=11), PLAN, SWINGS)
    assert mixed.effect == pytest.approx(7 / 60)
    assert mixed.p > 0.05
    assert not relied_on(mixed, PLAN)


def test_the_smallest_region_that_keeps_most_stands_for_the_family():
    both = pd.concat([rows("corners 1/4", 40), rows(TAG, 36)])
    (result,) = judge(both, PLAN, SWINGS)
    assert result.probe.name == TAG
    weaker = pd.concat([rows("corners 1/4", 40), rows(TAG, 35)])
    assert judge(weaker, PLAN, SWINGS)[0].probe.name == "corners 1/4"


def test_what_pictures_outline_stands_for_its_family():
    both = pd.concat([rows("corners 1/4", 40), rows(TAG, 20)])
    (mark,) = judge(both, PLAN, SWINGS, {(0, TAG)})
    assert mark.probe.name == TAG
    assert mark.effect == pytest.approx(20 / 60)
    (elsewhere,) = judge(both, PLAN, SWINGS, {(1, TAG)})
    assert elsewhere.probe.name == "corners 1/4"
    idle = pd.concat([rows("corners 1/4", 40), rows(TAG, 2)])  # there, but it does nothing
    assert judge(idle, PLAN, SWINGS, {(0, TAG)})[0].probe.name == "corners 1/4"


def test_a_sure_head_moves_but_does_not_flip():
    # Nothing flips; every pair moves by 3 of the 12 log-odds that lie between the classes.
    still = rows(TAG, flips=60, moved=3.0).assign(edited=1)
    (moved,) = judge(still, PLAN, {0: 12.0})
    assert moved.effect == 0.0
    assert moved.moved == pytest.approx(0.25)
    assert relied_on(moved, PLAN)
    assert moved.sufficiency == pytest.approx((0.25, 0.25))
    # The same move between classes that lie 50 apart would not matter.
    (little,) = judge(still, PLAN, {0: 50.0})
    assert not relied_on(little, PLAN)
    # Half of the pairs move, the other half move back as far: chance.
    (mixed,) = judge(rows(TAG, 30, back=28, moved=3.0).assign(edited=1), PLAN, {0: 12.0})
    assert not relied_on(mixed, PLAN)


def test_q_is_holm_over_classes_and_families():
    table = pd.concat([rows(TAG, 6), rows(TOP, 6), rows("brightness", 6, klass=1)])
    tested = judge(table, PLAN, SWINGS)
    assert [result.p for result in tested] == pytest.approx([2.0**-6] * 3)
    assert [result.q for result in tested] == pytest.approx([3 * 2.0**-6] * 3)


def test_no_trials_no_verdict():
    assert judge(pd.DataFrame(), PLAN, SWINGS) == ()


def test_a_cue_is_the_object_where_sparing_the_object_ends_its_effect():
    tested = judge(pd.concat([rows(TAG, 30), rows(TOP, 30), rows("brightness", 30)]), PLAN, SWINGS)
    spared = pd.concat([rows(TAG, 14), rows(TOP, 15), rows("brightness", 2)])
    assert carriers_of(tested, spared.assign(fill="spared"), NONE, FLOOR) == {
        (0, TAG): "the object",
        (0, TOP): "not the object",
        (0, "brightness"): "the object",
    }
    assert carriers_of(tested, NONE, NONE, FLOOR) == {}
    (thing,) = judge(rows("object", 30), PLAN, SWINGS)
    assert carriers_of((thing,), NONE, NONE, FLOOR) == {(0, "object"): "the object"}
    (behind,) = judge(rows("background", 30), PLAN, SWINGS)
    assert carriers_of((behind,), NONE, NONE, FLOOR) == {(0, "background"): "not the object"}


def test_a_place_is_the_object_where_sparing_the_object_ends_its_move():
    """A sure network still flips by the third of a cue that is left."""
    tested = judge(rows(TAG, flips=30), PLAN, SWINGS)
    third, whole = (rows(TAG, 30, moved=moved).assign(fill="spared") for moved in (0.3, 1.0))
    assert carriers_of(tested, third, NONE, FLOOR) == {(0, TAG): "the object"}
    assert carriers_of(tested, whole, NONE, FLOOR) == {(0, TAG): "not the object"}


def test_a_property_is_the_object_only_where_nearly_all_of_its_move_is_gone():
    # Most flips are lost where a part of the picture keeps its own, whatever the cue works through.
    tested = judge(
        pd.concat([rows("noise", 30), rows("brightness", 30), rows("blur", 20)]), PLAN, SWINGS
    )
    shares = ("noise", 0.25), ("brightness", 0.15), ("blur", 0.15)
    assert carriers_of(tested, off(*shares).assign(fill="spared"), NONE, FLOOR) == {
        (0, "noise"): "not the object",
        (0, "brightness"): "the object",
        (0, "blur"): "the object",  # 22 % of an effect of a third would not matter
    }
    (blur,) = judge(rows("blur", 20), PLAN, SWINGS)
    half = rows("blur", 10, moved=0.5).assign(fill="spared")
    assert carriers_of((blur,), half, NONE, FLOOR) == {(0, "blur"): "not the object"}


def off(*shares: tuple[str, float]) -> pd.DataFrame:
    """Trials without the middle that keep this share of 30 moves, though no flip."""
    trials = pd.concat([rows(probe, 30, moved=share) for probe, share in shares])
    return trials.assign(fill="ring", edited=1)


def test_a_cue_may_be_the_object_where_sparing_the_middle_ends_its_move():
    tested = judge(pd.concat([rows(TAG, 30), rows(TOP, 30)]), PLAN, SWINGS)
    assert carriers_of(tested, off((TAG, 0.45), (TOP, 0.35)), NONE, FLOOR) == {
        (0, TOP): "perhaps the object"
    }


def test_the_share_of_a_move_that_is_left():
    (tag,) = judge(rows(TAG, 30), PLAN, SWINGS)
    assert share_left(tag, off((TAG, 0.25))) == pytest.approx(0.25)
    assert share_left(tag, off((TAG, -0.5))) == 0.0
    assert share_left(tag, off((TAG, 1.5))) == 1.0


def test_a_property_that_quarters_do_not_show_is_the_trace_of_a_place():
    tested = judge(pd.concat([rows("blur", 30), rows("brightness", 30)]), PLAN, SWINGS)
    quarters = off(("blur", 0.3), ("brightness", 0.6)).assign(fill="quarter")
    carriers = carriers_of(tested, NONE, quarters, FLOOR)
    assert carriers == {(0, "blur"): "a place"}
