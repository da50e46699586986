"""Decisions, images, lists of runs, comparisons and downloads."""

from __future__ import annotations

import io
import json
import shutil
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pandas as pd

from pages.parts.audit import flagged
from pages.parts.audit.image_board import ticked_csv
from tests.pages.app_page import address, assert_calm
from tests.pages.parts.audit.reading import SKY, links, stopped_run, the_error, words


def test_a_decision_is_kept_and_reported(visit, run):
    app = visit(run="planted", finding=SKY)
    app.radio(key=f"audit-decision-kind-{SKY}").set_value("confirmed spurious")
    app.text_input(key="audit-decision-by").set_value("Ada *L*")
    app.text_input(key="audit-decision-role").set_value("reviewer")
    app.text_area(key=f"audit-decision-note-{SKY}").set_value("clouds are no tanks")
    next(own for own in app.button if own.label == "Keep the decision").click().run()
    assert_calm(app)
    assert (run.decision(SKY).decision, run.decision(SKY).by) == ("confirmed spurious", "Ada *L*")
    assert run.decision(SKY).role == "reviewer"
    assert "**confirmed spurious** by Ada *L*, reviewer, " in words(app)
    report = (run.folder / "report.html").read_text()
    assert "clouds are no tanks" in report
    app.radio(key=f"audit-decision-kind-{SKY}").set_value("accepted")
    next(own for own in app.button if own.label == "Keep the decision").click().run()
    assert [own.decision for own in run.decisions] == ["confirmed spurious", "accepted"]
    assert "accepted · Ada *L*" in words(visit(run="planted")), "on the card"


def test_a_decision_needs_a_name_and_a_choice(visit, run):
    app = visit(run="planted", finding=SKY)
    next(own for own in app.button if own.label == "Keep the decision").click().run()
    assert "Choose one of the two" in the_error(app)
    app.radio(key=f"audit-decision-kind-{SKY}").set_value("accepted")
    next(own for own in app.button if own.label == "Keep the decision").click().run()
    assert "name of the person" in the_error(app)
    assert run.decisions == ()


def test_flagged_images_by_finding_class_text_and_error(run):
    def chosen(*args, **options) -> list[int]:
        return flagged.select(run, *args, **options).index.tolist()

    images = run.images
    readable = images[images["error"] == ""]
    assert chosen(SKY) == list(run.finding(SKY).images), "strongest first"
    wrong = readable.index[readable["klass"] != readable["predicted"]]
    assert len(wrong) == 3, "as planted"
    assert chosen(flagged.ALL, wrong=True) == wrong.tolist()
    assert chosen(flagged.ALL, "tank") == readable.index[readable["label"] == "tank"].tolist()
    assert chosen(flagged.ALL, text="TANK-3") == [30, 31, 32, 33, 34, 35, 36, 37, 38, 39]
    assert chosen(flagged.ALL, text="no such name") == chosen(SKY, text="no such name") == []
    assert chosen(flagged.ALL) == readable.index.tolist()
    both = chosen(flagged.ANY)
    assert set(both) == {image for one in run.findings for image in one.images}


def test_the_table_of_images_leads_into_explore(visit, run):
    app = visit(run="planted", view="images")
    assert_calm(app)
    app.selectbox(key="audit-images-by").set_value(SKY).run()
    app.segmented_control(key="audit-images-as").set_value("Table").run()
    app.pills(key=f"audit-images-leaning-{SKY}").set_value([]).run()
    table = app.dataframe[0].value
    finding = run.finding(SKY)
    assert len(table) == len(finding.images)
    query = parse_qs(urlsplit(table["explore"][0]).query)
    assert query["path"] == [str(run.path_of(finding.images[0]))]
    assert (query["model"], query["layer"], query["class"]) == (
        ["cloud-detector"], [run.record["model"]["layer"]], ["1"]
    )  # fmt: skip
    assert table["picture"].str.startswith("data:image/png").all()
    bad = app.dataframe[1].value
    assert sorted(bad["path"]) == ["jeep/jeep-40.png", "jeep/jeep-41.png"]
    app.text_input(key="audit-images-text").set_value("no such name").run()
    assert "No image passes" in app.info[0].value


def test_the_board_ranks_by_what_the_cue_does(visit, run):
    table = flagged.select(run, SKY)
    leaning = flagged.leaning(table)
    for image, row in table.iterrows():
        lost, margin = row["strength"], row["margin"]
        if np.isnan(lost):
            expected = flagged.UNTRIED
        elif margin > 0 and margin - lost < 0:
            expected = flagged.DECIDED
        else:
            expected = flagged.HELPED if lost > 0 else flagged.UNHELPED
        assert leaning[image] == expected
    groups = flagged.groups_of(table)
    assert groups["images"].sum() == len(table)
    assert groups["images"].is_monotonic_decreasing
    app = visit(run="planted", view="images")
    app.selectbox(key="audit-images-by").set_value(SKY).run()
    assert_calm(app)
    app.button(key="audit-board-all").click().run()
    first = next(kind for kind in flagged.MEANINGS if (leaning == kind).any())
    ticked = app.session_state[f"audit-ticked-{run.folder}"]
    assert ticked == set(table.index[leaning == first]), "the cut shows what is decided most"
    rows = pd.read_csv(io.BytesIO(ticked_csv(run, sorted(ticked), table.assign(leaning=leaning))))
    assert rows["id"].tolist() == sorted(ticked)
    assert rows["path"].tolist() == [str(run.path_of(own)) for own in sorted(ticked)]
    assert set(rows["the cue"]) == {first}
    app.button(key="audit-board-none").click().run()
    assert app.session_state[f"audit-ticked-{run.folder}"] == set()


def test_runs_are_listed_and_deleted_after_a_question(visit, run, runs, busy):
    stopped_run(runs / "other", "paused")
    app = visit()
    assert links(app)["planted"] == {"run": "planted"}
    assert "2 cues relied on" in words(app)
    app.button(key="audit-delete-other").click().run()
    assert (runs / "other").exists(), "it asks first"
    app.button(key="audit-delete-not").click().run()
    assert (runs / "other").exists()
    app.button(key="audit-delete-other").click().run()
    app.button(key="audit-delete-sure").click().run()
    assert not (runs / "other").exists()
    assert run.folder.exists()
    busy(run)
    app = visit()
    app.button(key="audit-delete-planted").click().run()
    app.button(key="audit-delete-sure").click().run()
    assert run.folder.exists(), "a process works on it"


def test_many_runs_come_in_pages(visit, run, runs):
    for number in range(9):
        stopped_run(runs / f"run-{number}", "paused")
    app = visit()
    assert "planted" not in links(app)
    app.pagination(key="audit-runs-page").set_value(2).run()
    assert set(links(app)) == {"planted", "run-0"}


def test_two_runs_compared(visit, run, runs, original):
    shutil.copytree(original, runs / "second")
    record = json.loads((runs / "second" / "run.json").read_text())
    record["started"] = "2025-12-24T00:00:00Z"
    (runs / "second" / "run.json").write_text(json.dumps(record))
    app = visit(run="second", view="compare")
    app.selectbox(key="audit-other").set_value("planted").run()
    assert_calm(app)
    assert address(app) == {"run": "second", "view": "compare", "other": "planted"}
    text = words(app)
    assert text.index("planted") < text.index("**b**")
    row = app.table[0].value.set_index("class").loc["tank"]
    assert (row["verdict"], row["change"]) == (":gray-badge[· unchanged]", "0 points")
    assert "## b still relies on the top band for forest and tank." in text
    assert [own.label for own in app.download_button[-2:]] == ["Comparison", "comparison.csv"]
    assert "same model, bit for bit" in text


def test_nothing_to_compare_with(visit, run):
    app = visit(run="planted", view="compare")
    assert_calm(app)
    assert "no other complete run" in app.info[0].value


def test_views_have_addresses_and_downloads_their_files(visit, run):
    app = visit(run="planted")
    app.segmented_control(key="audit-view").set_value("run").run()
    assert address(app) == {"run": "planted", "view": "run"}
    assert "python -m camcore audit" in app.code[0].value
    assert [own.label for own in app.download_button] == [
        "Report", "findings.json", "images.csv", "bad.csv", "Evidence bundle"
    ]  # fmt: skip
