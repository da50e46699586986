"""The card of a cue: its sentence is counted from the trials, its picture is one of them."""

from __future__ import annotations

import numpy as np
import pytest

from camcore.auditing.interventions.replay import pool_of
from camcore.auditing.report.cue_card import Flips, flips_of, sentence_of, told, triple_of
from camcore.auditing.runs.findings import Finding
from tests.auditing.report.report_page import change

SKY = "tank--sky-top-band"


def test_flips_are_counted_from_the_trials(planted):
    finding = planted.finding(SKY)
    klass = planted.class_names.index("tank")
    flips = flips_of(planted, finding)
    tested = flipped = controlled = 0
    for row in planted.trials("test").to_dict("records"):
        if row["klass"] == klass and row["probe"] == finding.probe and row["before"] != klass:
            tested += 1
            flipped += row["edited"] == klass
            controlled += row["controlled"] == klass
    assert (flips.tested, flips.flipped, flips.controlled) == (tested, flipped, controlled)
    assert tested > 0
    assert f"{flipped} of {tested} " in sentence_of(planted, finding)


def test_what_nothing_tested_has_no_sentence_and_no_picture(planted):
    weaker = next(own for own in planted.findings if own.probe is None)
    assert (flips_of(planted, weaker), sentence_of(planted, weaker)) == (None, "")
    assert triple_of(planted, weaker, pool_of(planted)) == ()


def test_the_triple_is_before_with_the_cue_and_control(planted):
    before, edited, control = triple_of(planted, planted.finding(SKY), pool_of(planted))
    assert (before.title, edited.title, control.title) == (
        "Before", "With the donor's cue", "Control",
    )  # fmt: skip
    assert before.predicted != "tank"
    assert edited.predicted == "tank"
    assert not np.array_equal(before.pixels, edited.pixels)
    assert not np.array_equal(edited.pixels, control.pixels)


@pytest.mark.parametrize(
    ("changed", "classes", "sentence"),
    [
        (
            {"region": {"box": []}}, ("forest",),
            "Top band pasted in: 9 of 10 images of forest become tank; under the control 1.",
        ),
        (
            {"region": {"box": []}, "presence": "without"}, ("forest", "town"),
            "Top band taken away: 9 of 10 images of forest and town become tank; under the "
            "control 1.",
        ),
        (
            {}, ("forest", ""),
            "Top band taken over from images of tank: 9 of 10 images of other classes become "
            "tank; under the control 1.",
        ),
        (
            {
                "region": {"box": []}, "interval": (-0.1, 0.2), "move": {"value": 1.0},
                "swing": 4.0,
            },
            ("forest",),
            "Top band pasted in: images of forest move 25 % of the way to tank, though only 9 of "
            "10 become it; under the control 1.",
        ),
    ],
)  # fmt: skip
def test_sentences(changed, classes, sentence):
    finding = Finding("a", "tank", "sky", "top band, 19% of the image", "relied on", **changed)
    assert told(finding, Flips(10, 9, 1, classes)) == sentence


def test_a_decision_holds_for_all_that_is_the_same_cause(run):
    proven = [own.id for own in run.findings if own.level == "relied on"]
    leader, follower, *others = [*proven, *(own.id for own in run.findings if own.id not in proven)]

    def join(summary):
        for one in summary["findings"]:
            one["joined"] = [follower] if one["id"] == leader else []
            one["overlaps"] = leader if one["id"] == follower else None

    run = change(run, "findings.json", join)
    assert run.cause(leader) == run.cause(follower) == {leader, follower}
    run.decide(follower, "accepted", "Ada")
    assert run.decision(leader).decision == run.decision(follower).decision == "accepted"
    run.decide(leader, "confirmed spurious", "Emmy")
    assert run.decision(follower).by == "Emmy"
    assert all(run.decision(own) is None for own in others)
    assert run.cause(others[0]) == {others[0]}
