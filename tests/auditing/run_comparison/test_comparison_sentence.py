"""The sentence over a comparison: what is gone, what is new, and what is no regression."""

from __future__ import annotations

import pytest

from camcore.auditing.run_comparison.comparison_sentence import in_a_sentence
from camcore.auditing.run_comparison.run_comparison import Effect, Row


def effect(cue, value=0.8, *, proven=True, excused=False, same_as=None):
    return Effect(value, (value - 0.1, value + 0.1), proven, True, cue, "id", excused, same_as)


def row(verdict, a, b, class_name="tank"):
    return Row(class_name, "region", a, b, None, verdict)


SKY, NO_SKY = effect("top band, 19% of the image"), effect("top band", 0.0, proven=False)
TANK = effect("lower centre, 6% of the image", excused=True)
NO_TANK = effect("lower centre", 0.0, proven=False)


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([row("gone", SKY, NO_SKY)], "b no longer relies on the top band for tank."),
        ([row("new", NO_SKY, SKY)], "b now relies on the top band for tank."),
        ([row("unchanged", SKY, SKY)], "b still relies on the top band for tank."),
        (
            [row("gone", SKY, NO_SKY), row("new", NO_TANK, TANK)],
            "b no longer relies on the top band for tank; it relies on what is, or may be, the "
            "object: the lower centre for tank.",
        ),
        (
            [row("gone", SKY, NO_SKY), row("gone", SKY, NO_SKY, "forest")],
            "b no longer relies on the top band for tank and forest.",
        ),
        ([row("not tested", SKY, None)],
         "b was not asked about what a relies on: the top band for tank."),
        (
            [row("unchanged", NO_SKY, NO_SKY)],
            "No reliance was proven in b that a does not have, and none of a's is surely gone.",
        ),
    ],
)  # fmt: skip
def test_the_sentence(rows, sentence):
    assert in_a_sentence(rows) == sentence


def test_what_a_did_not_rely_on_cannot_be_relied_on_less():
    weak = effect("right band", 0.9, proven=False)
    sentence = in_a_sentence([row("better", weak, effect("right band", 0.4, excused=True))])
    assert sentence == "b relies on what is, or may be, the object: the right band for tank."


def test_what_follows_a_stronger_cue_is_not_told_again():
    follower = effect("frame", same_as="tank--region")
    sentence = in_a_sentence([row("gone", SKY, NO_SKY), row("gone", follower, NO_SKY)])
    assert sentence == "b no longer relies on the top band for tank."


@pytest.mark.parametrize(
    ("verdict", "excused", "mark"),
    [
        ("new", False, "bad"), ("worse", False, "bad"), ("gone", False, "good"),
        ("better", False, "good"), ("unchanged", False, "neutral"), ("new", True, "neutral"),
        ("worse", True, "neutral"), ("gone", True, "neutral"), ("not tested", False, "neutral"),
    ],
)  # fmt: skip
def test_marks(verdict, excused, mark):
    proven = effect("cue", excused=excused)
    weak = effect("cue", 0.0, proven=False)
    pair = (proven, weak) if verdict in ("gone", "better") else (weak, proven)
    assert row(verdict, *pair).mark == mark
