"""The verdict on trials made by hand, whose answer is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from camcore.auditing.edits import probe_named
from camcore.auditing.findings import Finding
from camcore.auditing.plan import Plan
from camcore.auditing.settings import Settings, Thresholds
from camcore.auditing.verdict import (
    in_order,
    judge,
    mark_overlaps,
    may_be_object,
    on_object,
    region_of_probe,
    relied_on,
    score,
)

PLAN = Plan(
    {
        "settings": Settings("data", "model").as_json(),
        "thresholds": vars(Thresholds()),
        "classes": {
            "classes": [
                {"name": name, "columns": [k], "label": name} for k, name in enumerate("abc")
            ],
            "by": "label",
            "notes": [],
        },
    }
)
TAG, TOP = "cells 4x4: 0,0", "top 1/3"


def rows(
    probe: str, flips: int, back: int = 0, klass: int = 0, pairs: int = 60, moved: float = 1.0
):
    """`flips` pairs go to the class under the edit only, `back` under the control only."""
    edited, controlled = np.ones((2, pairs), np.int32)
    edited[:flips] = klass
    controlled[flips : flips + back] = klass
    difference = np.zeros(pairs)
    difference[:flips], difference[flips : flips + back] = 1.0, -1.0
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
    (one,) = judge(rows(TAG, flips=30), PLAN)
    assert one.effect == 0.5
    assert one.p == one.q == pytest.approx(1 / 5000)
    assert one.interval[0] < 0.5 < one.interval[1]
    assert relied_on(one, PLAN)
    # Five flips of sixty are surely real, but less than ten points.
    (weak,) = judge(rows(TAG, flips=5), PLAN)
    assert weak.p == pytest.approx(2.0**-5)
    assert not relied_on(weak, PLAN)
    # Excess flips above the floor that go both ways as well.
    (mixed,) = judge(rows(TAG, flips=18, back=11), PLAN)
    assert mixed.effect == pytest.approx(7 / 60)
    assert mixed.p > 0.05
    assert not relied_on(mixed, PLAN)


def test_the_smallest_region_that_keeps_most_stands_for_the_family():
    both = pd.concat([rows("corners 1/4", 40), rows(TAG, 36)])
    (one,) = judge(both, PLAN)
    assert one.probe.name == TAG
    weaker = pd.concat([rows("corners 1/4", 40), rows(TAG, 35)])
    assert judge(weaker, PLAN)[0].probe.name == "corners 1/4"


def test_q_is_holm_over_classes_and_families():
    table = pd.concat([rows(TAG, 6), rows(TOP, 6), rows("brightness", 6, klass=1)])
    tested = judge(table, PLAN)
    assert [one.p for one in tested] == pytest.approx([2.0**-6] * 3)
    assert [one.q for one in tested] == pytest.approx([3 * 2.0**-6] * 3)


def test_no_trials_no_verdict():
    assert judge(pd.DataFrame(), PLAN) == ()
    assert score((), {}) == 0.0


def test_score_leaves_out_the_object():
    (tag,) = judge(rows(TAG, 30), PLAN)
    (thing,) = judge(rows("object", 50), PLAN)
    assert score((tag, thing), {(0, "object"): True}) == pytest.approx(tag.interval[0])
    assert score((thing,), {(0, "object"): True}) == 0.0
    assert score((tag,), {(0, TAG): True}) == 0.0
    assert score((tag,), {(0, TAG): False}) == pytest.approx(tag.interval[0])


def test_a_cue_is_the_object_where_sparing_the_object_ends_it():
    tested = judge(pd.concat([rows(TAG, 30), rows(TOP, 30), rows("brightness", 30)]), PLAN)
    spared = pd.concat([rows(TAG, 14), rows(TOP, 15)])
    assert on_object(tested, spared) == {(0, TAG): True, (0, TOP): False}
    assert on_object(tested, pd.DataFrame()) == {}
    (thing,) = judge(rows("object", 30), PLAN)
    assert on_object((thing,), pd.DataFrame()) == {(0, "object"): True}


def test_a_large_region_in_the_middle_may_be_the_object():
    middle = "cells 4x4: " + " ".join(f"{r},{c}" for r in (1, 2) for c in (1, 2))
    (central,) = judge(rows(middle, 30), PLAN)
    assert may_be_object(central, {})
    assert score((central,), {}) == 0.0
    # Once masks tell that the object is not what it works through, it counts.
    assert not may_be_object(central, {(0, middle): False})
    assert score((central,), {(0, middle): False}) == pytest.approx(central.interval[0])
    for elsewhere in (TAG, TOP, "ring 1/8", "cells 4x4: 1,1", "brightness"):
        assert not may_be_object(judge(rows(elsewhere, 30), PLAN)[0], {})


def finding(family: str, effect: float | None, probe: str | None = None, **more) -> Finding:
    level = "relied on" if effect is not None else "associated"
    region = region_of_probe(probe_named(probe)) if probe else None
    area = probe_named(probe).area if probe else None
    return Finding(
        f"a--{family}", "a", family, family, more.pop("level", level),
        effect=effect, probe=probe, region=region, area=area, **more,
    )  # fmt: skip


def test_a_tag_is_named_before_the_frame_that_contains_it():
    ordered = in_order(
        [
            finding("associated", None, auc=0.99),
            finding("brightness", 0.3, "brightness"),
            finding("frame", 0.62, "ring 1/8"),
            finding("tag", 0.58, TAG),
        ]
    )
    assert [one.family for one in ordered] == ["tag", "frame", "brightness", "associated"]


def test_a_weak_small_region_does_not_lead():
    ordered = in_order([finding("tag", 0.2, TAG), finding("brightness", 0.9, "brightness")])
    assert [one.family for one in ordered] == ["brightness", "tag"]


def test_overlaps_are_said_of_the_weaker_one():
    told = mark_overlaps(
        [
            finding("tag", 0.6, TAG),
            finding("frame", 0.5, "ring 1/8"),
            finding("bottom-band", 0.4, "bottom 1/3"),
            finding("brightness", 0.3, "brightness"),
        ]
    )
    assert [one.overlaps for one in told] == [None, "a--tag", None, None]


def test_a_background_holds_the_sky():
    sky = finding("sky/top-band", 0.9, TOP, on_object=False)
    told = mark_overlaps([sky, finding("background", 1.0, "background", on_object=False)])
    assert [one.overlaps for one in told] == [None, "a--sky/top-band"]
    unknown = finding("sky/top-band", 0.9, TOP)
    told = mark_overlaps([unknown, finding("background", 1.0, "background", on_object=False)])
    assert [one.overlaps for one in told] == [None, None]
