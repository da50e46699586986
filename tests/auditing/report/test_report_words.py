"""What the report says: the verdict first, each finding by what it rests on."""

from __future__ import annotations

import pytest

from camcore.auditing.report import words
from tests.auditing.report.report_page import change, only, page_of


def test_the_verdict_comes_first_in_plain_words(page):
    told = (
        "The model relies on the top band for the classes tank and forest: given to images of "
        "other classes, it turns 90 more of every 100 into the class it is taken from than the "
        "control does."
    )
    assert told in page.text
    assert page.text.index(told) < page.text.index("Not detected: corner tag, brightness, colour.")
    assert page.text.index("Not detected: corner tag") < page.text.index("What follows is folded")
    assert words.PROVES in page.text
    assert "jeep: too few readable images (0 images; 15 are needed)." in page.text


def test_one_class_is_named_in_the_verdict(run):
    run = change(run, "findings.json", lambda value: value["findings"].pop(1))
    assert words.verdict(run)[0] == (
        "The model relies on the top band for the class tank: given to images of other classes, "
        "it turns 90 more of every 100 into that class than the control does."
    )


def test_a_finding_tells_its_evidence(page):
    for told in (
        "Taken from an image of tank, the cue turned 90 more of every 100 images of other classes "
        "into tank than the same edit with another image of their own class did (95 % interval 75 "
        "to 100; 20 held-out pairs).",
        "With the cue 90 % of the images of tank are recognised, without it 0 %.",
        "It does not lie on the object, as far as masks or boxes tell.",
        "Taking the cue out in two ways did not give the same answer",  # forest
        "Flipped by the cue 18 of 20",
        "Flipped by the control 0 of 20",
        "Elsewhere 0.0 points",
        "Leave the class (neutral) 100 %",
        "Both fills agree no",
        "Nobody has decided yet",
    ):
        assert told in page.text


def test_before_and_after_pairs_have_predictions(page):
    strips = [own for own in page.all("img") if own["alt"].startswith("With the donor's cue")]
    assert len(strips) == 9  # four pairs for each of the two proven findings, one on the first page
    assert sum(own["alt"].endswith("predicted tank") for own in strips) == 5


def test_weaker_findings_do_not_sound_like_a_verdict(run):
    run = only(run, "attended", "associated")
    assert words.verdict(run) == [
        "Nothing that was tried moves the model, neither beside the middle of the pictures nor "
        "in it.",
        "The maps or the data point at 2 cues; nothing shows that the model uses them.",
    ]
    page = page_of(run)
    main = page.text.split("What the words mean")[0]
    assert "relies on" not in main.replace(words.PROVES, "")
    assert main.count("Whether the model uses it was not shown.") == 2
    assert "Effects" not in main


def test_without_interventions_nothing_is_proven(run):
    def edit(summary):
        summary["not_detected"]["smallest_effect"] = None
        summary["findings"] = []

    run = change(run, "findings.json", edit)
    assert words.verdict(run) == ["Nothing is proven, because no intervention was made."]
    assert "relied on" not in page_of(run).text.split("What the words mean")[0]


def test_a_cue_on_the_object_and_one_that_is_the_same_again(run):
    def edit(summary):
        summary["findings"][0]["on_object"] = True
        again = {"class": "tank", "overlaps": "tank--sky-top-band", "on_object": True}
        summary["findings"][1].update(again)

    run = change(run, "findings.json", edit)
    short, first, *_ = words.verdict(run)
    assert short == "No reliance was proven on anything but the object."
    assert first.endswith("That lies on the object: it may be what it should use.")
    assert sum("relies on the" in sentence for sentence in words.verdict(run)) == 1
    again = words.says(run, run.findings[1])[-1]
    assert again == "Its region is mostly that of “top band”: probably the same cue."


def test_what_lies_on_the_object_is_told_together_and_last(run):
    def edit(summary):
        first = summary["findings"][0] | {"on_object": True}
        more = {"bottom band": True, "left band": True, "frame": False}
        summary["findings"] = [first]
        for cue, on_object in more.items():
            summary["findings"].append(first | {"id": cue, "cue": cue, "on_object": on_object})

    run = change(run, "findings.json", edit)
    shortcut, rest = words.verdict(run)
    assert shortcut.startswith("The model relies on the frame for the class tank: given")
    assert rest == (
        "It also relies on the top band for the class tank (90 more of 100), the bottom band for "
        "the class tank (90 more of 100) and the left band for the class tank (90 more of 100). "
        "That lies on the object: it may be what it should use."
    )


def test_what_may_be_the_object_is_said_to_be_so(run):
    def edit(summary):
        summary["findings"] = summary["findings"][:1]
        summary["findings"][0].update(on_object=None, may_be_object=True)

    run = change(run, "findings.json", edit)
    for told in (words.verdict(run), words.says(run, run.findings[0])):
        assert sum("this may be the object itself" in sentence for sentence in told) == 1
    short = (
        "Nothing moves the model beside the middle of the pictures; what moves it there may be the "
        "object."
    )
    assert words.verdict(run)[0] == short


def test_one_cue_beside_the_object_is_enough_for_a_headline(run):
    def edit(summary):
        first = summary["findings"][0]
        summary["findings"] = [first, first | {"id": "b", "cue": "centre", "may_be_object": True}]
        summary["findings"][1]["on_object"] = None

    told = words.verdict(change(run, "findings.json", edit))
    assert told[0].startswith("The model relies on the top band for the class tank: given")
    assert not any("No reliance" in sentence for sentence in told)


@pytest.mark.parametrize(
    ("changed", "beginning"),
    [
        ({"kind": "artefact"}, "The model relies on an artefact, the top band, for the class tank"),
        ({"kind": "context"}, "The model relies on context, the top band, for the class tank"),
        ({"kind": "unknown"}, "Something moves the model and may be the object, the top band for"),
        (
            {"kind": "unknown", "family": "part"},
            "Something at no fixed place moves the model, the top band for the class tank",
        ),
        (
            {"kind": "artefact", "presence": "without"},
            "The model relies on an artefact, the lack of the top band, for the class tank",
        ),
    ],
)
def test_the_first_sentence_leads_with_the_kind(run, changed, beginning):
    def edit(summary):
        summary["findings"] = summary["findings"][:1]
        summary["findings"][0].update(changed)

    assert words.verdict(change(run, "findings.json", edit))[0].startswith(beginning)


def test_a_move_without_flips_is_told_in_log_odds(run):
    def edit(summary):
        summary["findings"] = summary["findings"][:1]
        move = {"value": 3.4, "interval": [2.9, 3.9]}
        more = {"effect": 0.01, "interval": [-0.05, 0.06], "move": move, "swing": 13.6}
        summary["findings"][0].update(kind="artefact", **more)

    first = words.verdict(change(run, "findings.json", edit))[0]
    assert "it moves the log-odds of that class by +3.4, 25 % of what lies between" in first


def test_what_may_be_a_trace_is_said_to_be_so(run):
    def edit(summary):
        summary["findings"] = summary["findings"][:1]
        summary["findings"][0].update(on_object=None, trace=True, in_part=0.1)

    run = change(run, "findings.json", edit)
    for told in (words.verdict(run), words.says(run, run.findings[0])):
        assert sum("mere trace of something in one place" in sentence for sentence in told) == 1
    assert "Left in a quarter" in page_of(run).text


@pytest.mark.parametrize(
    ("area", "on_object", "told"),
    [
        (0.05, None, "It takes up 5 % of the picture: little, as a shortcut would."),
        (0.05, False, "It takes up 5 % of the picture: little, as a shortcut would."),
        (
            0.47,
            None,
            "It takes up 47 % of the picture, enough to carry the object over: this need not be a "
            "shortcut.",
        ),
        (0.47, False, None),  # masks tell that it is not the object
        (0.15, None, None),
    ],
)
def test_how_much_of_the_picture_a_cue_takes_up(run, area, on_object, told):
    def edit(summary):
        summary["findings"] = summary["findings"][:1]
        summary["findings"][0].update(area=area, on_object=on_object)

    run = change(run, "findings.json", edit)
    assert any("It takes up" in one for one in words.says(run, run.findings[0])) == bool(told)
    assert words.verdict(run)[0].endswith(told or "than the control does.")


def test_the_decision_of_a_person_is_shown(run):
    made = run.decide("tank--sky-top-band", "confirmed spurious", "R. Viewer", "Sky.\nRetrain.")
    text = page_of(run).text
    day, clock = made.time.split("T")
    assert f"Confirmed spurious by R. Viewer, {day}, {clock[:5]} UTC." in text
    assert "Sky. Retrain." in text


def test_all_that_a_repetition_needs_is_there(run):
    def edit(record):
        record["settings"].update(seed=3, layer="my cells")

    run = change(run, "run.json", edit)
    text = page_of(run).text
    source = run.record["settings"]["source"]
    assert (
        f"python -m camcore audit {source} --model cloud-detector --layer 'my cells' "
        f"--fit stretch --budget 2000 --seed 3 --out {run.folder}" in text
    )
    for told in (
        run.record["model"]["sha256"],
        run.record["source"]["digest"],
        "floor 0.1",
        "numpy 2.4.0",
        "grid 8 x 8",
        "started 2025-11-03T09:30:00Z",
    ):
        assert told in text


def test_bad_files_are_listed_with_the_reason(page):
    assert "jeep/jeep-41.png jeep-41.png is broken and cannot be read; copy it anew." in page.text
