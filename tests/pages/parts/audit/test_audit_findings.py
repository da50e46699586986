"""Findings as cards, and the evidence of each, on a run that was written by hand."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, urlsplit

import pytest

from camcore.auditing.report import cue_card
from tests.pages.app_page import assert_calm
from tests.pages.parts.audit.reading import SKY, links, the_error, words


def test_findings_as_cards(visit, run):
    app = visit(run="planted")
    assert_calm(app)
    finding = run.finding(SKY)
    low, high = (round(100 * side) for side in finding.interval)
    text = words(app)
    assert f"+{round(100 * finding.effect)} points ({low} to {high}) · tank by top band" in text
    assert f"**{cue_card.sentence_of(run, finding)}**" in text
    assert "with the cue" in text
    assert "not on the object" in text
    assert "33 % of the picture" in text
    assert run.summary["not_detected"]["text"] in text
    assert "Insufficient: jeep." in text
    assert links(app)["See the evidence"]["run"] == "planted"
    opened = [own.proto.query_string for own in app.page_link if own.value == "See the evidence"]
    assert f"finding={SKY}" in opened[0]
    assert not any(own.proto.expanded for own in app.expander)


@pytest.mark.parametrize(
    ("told", "where", "colour"),
    [
        ({"on_object": True}, "the object", "gray"),
        ({"on_object": None, "kind": "object"}, "the object", "gray"),
        ({"on_object": False, "kind": "unknown"}, "not the object", "red"),
        (
            {"on_object": None, "kind": "object", "may_be_object": True},
            "may be the object",
            "orange",
        ),
        ({"on_object": None, "kind": "artefact"}, "not the object", "red"),
        ({"on_object": None, "kind": "context"}, "not the object", "red"),
        ({"on_object": None, "kind": "unknown"}, "may be the object", "orange"),
        ({"on_object": False, "may_be_object": True}, "may be the object", "orange"),
        ({"on_object": None, "trace": True}, "may be a trace", "orange"),
    ],
)
def test_a_card_is_coloured_by_what_the_cue_is(visit, run, told, where, colour):
    summary = run.store.read_json("findings.json")
    tank = next(own for own in summary["findings"] if own["id"] == SKY)
    tank.update({"kind": None, "may_be_object": False, "trace": False} | told)
    run.store.write_json("findings.json", summary)
    app = visit(run="planted", finding=SKY)
    badge = next(own.value for own in app.markdown if "relied on · " in own.value)
    assert badge.startswith(f":{colour}-badge[")
    assert badge.endswith(f"relied on · {where}]")


def test_a_difference_is_no_share(visit, run):
    """Fewer leave the class without the cue than under the control: both are told as they are."""

    def edit(summary):
        tank = next(own for own in summary["findings"] if own["id"] == SKY)
        tank.update(share=-0.04, removal=tank["removal"] | {"transfer": 0.02, "control": 0.06})

    summary = run.store.read_json("findings.json")
    edit(summary)
    run.store.write_json("findings.json", summary)
    text = words(visit(run="planted"))
    assert "2 % of its images leave the class without it, 6 % under the control" in text
    assert "-4" not in text
    assert "−4" not in text


@pytest.mark.parametrize("guessed", [True, False])
def test_a_guess_that_everything_rests_on_is_said_loudly(visit, run, guessed):
    record = run.store.read_json("run.json")
    record["model"]["preprocessing_guessed"] = guessed
    run.store.write_json("run.json", record)
    app = visit(run="planted")
    assert any("was a guess: none" in own.value for own in app.warning) is guessed


def test_evidence_has_its_own_address(visit, run):
    app = visit(run="planted", finding=SKY)
    assert_calm(app)
    text = words(app)
    assert "**forest → tank**, under the control forest" in text
    for part in (
        "Before and after", "Where the maps lie", "The images that show it most", "In the data",
        "How the answer follows it", "With the cue and without it", "Decision",
    ):  # fmt: skip
        assert f"## {part}" in text
    assert "Flipped by the cue" in app.table[0].value["number"].tolist()
    assert "with the cue: **" in text
    pictures = [own.proto for own in app.image]
    assert all(one.imgs[0].alt for one in pictures), "every picture has a text alternative"
    opened = [urlsplit(one.link) for one in pictures if one.link]
    assert {one.path for one in opened} == {"explore"}
    shown = {parse_qs(one.query)["path"][0] for one in opened}
    assert {str(run.path_of(image)) for image in run.finding(SKY).images[:8]} <= shown


@pytest.mark.parametrize("name", ["forest--tag", "tank--colour"])
def test_evidence_of_what_is_not_proven(visit, run, name):
    app = visit(run="planted", finding=name)
    assert_calm(app)
    assert "Whether the model uses it was not shown." in words(app)
    assert "Before and after" not in words(app)


def test_pictures_that_are_gone_cost_one_sentence(visit, run, tmp_path):
    record = json.loads((run.folder / "run.json").read_text())
    record["source"]["root"] = str(tmp_path / "gone")
    (run.folder / "run.json").write_text(json.dumps(record))
    app = visit(run="planted", finding=SKY)
    assert len(app.error) == 1, "of the swaps"
    assert "## Decision" in words(app)
    assert "can no longer be read" in words(app)
    assert_calm(visit(run="planted", view="images"))


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"run": "no-such-run"}, "holds no audit"),
        ({"run": "../../etc"}, "holds no audit"),
        ({"run": "planted", "finding": "no-such"}, "no finding"),
        ({"run": "planted", "view": "compare", "other": "no-such-run"}, "holds no audit"),
    ],
)
def test_an_address_of_what_there_is_not(visit, run, query, sentence):
    assert sentence in the_error(visit(**query))


def test_names_from_outside_stay_words(visit, run):
    hostile = "![x](http://a.b/c) <b>$x$"
    for name in ("run.json", "findings.json"):
        text = (run.folder / name).read_text()
        (run.folder / name).write_text(text.replace('"tank"', json.dumps(hostile)))
    for query in ({}, {"finding": SKY}, {"view": "run"}, {"view": "images"}):
        app = visit(run="planted", **query)
        assert_calm(app)
        for kind in (app.markdown, app.caption, app.page_link):
            for own in kind:
                text = str(own.value).replace("\\!\\[x\\]\\(http\\://a.b/c\\) \\<b\\>\\$x\\$", "")
                assert "http" not in text
                assert "<b>" not in text


def test_a_finding_leads_to_the_next_and_the_last_to_none(visit, run):
    leaders = [own for own in run.findings if own.level == "relied on" and own.overlaps is None]
    assert len(leaders) > 1
    for own, following in zip(leaders, [*leaders[1:], None], strict=True):
        found = {
            words: query
            for words, query in links(visit(run="planted", finding=own.id)).items()
            if words.startswith("Next: ")
        }
        expected = (
            {f"Next: {following.class_name} by {following.cue}": following.id} if following else {}
        )
        assert {words: query["finding"] for words, query in found.items()} == expected


def test_no_list_of_broken_files_where_none_is_broken(visit, run):
    def offered() -> set[str]:
        return {own.label for own in visit(run="planted").get("download_button")}

    assert "bad.csv" in offered()
    part = run.store.read_table("images/00000.parquet")
    run.store.write_table("images/00000.parquet", part.assign(error=""))
    run.store.write_json("findings.json", run.summary)  # the page keeps tables until it changes
    assert "bad.csv" not in offered()
