"""The report as a file: it stands alone, never fails and runs nothing."""

from __future__ import annotations

import itertools
import re

import pytest

from camcore.auditing.report import write_report, writing
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import Store
from camcore.errors import StoreError
from tests.auditing.report.report_page import Page, change, only, page_of

# Stands alone


def test_nothing_is_fetched_and_nothing_runs(planted, page):
    html = (planted.folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(", html)
    assert page.all("script") == page.all("link") == []
    assert all(own["src"].startswith("data:image/") for own in page.all("img"))
    assert len(html) < 8_000_000


def test_every_picture_has_words_and_every_table_its_heads(page):
    images, charts = page.all("img"), page.charts
    assert (len(images), len(charts)) == (61, 10)
    assert all(len(own["alt"]) > 10 for own in images)
    assert all(len(own["aria-label"]) > 50 for own in charts)
    assert len(page.all("svg")) == len(charts)
    assert {own["scope"] for own in page.all("th")} == {"col", "row"}


def test_charts_use_colours_that_the_page_sets(planted):
    html = (planted.folder / "report.html").read_text(encoding="utf-8")
    style, body = html.split("</style>")
    asked = set(re.findall(r'"var\((--\w+)\)"', body))
    assert asked == {"--ink", "--quiet", "--grid", "--own", "--other"}
    assert all(style.count(f"{name}: #") >= 2 for name in asked)  # light and dark


def test_headings_do_not_skip_a_level_and_links_lead_somewhere(page):
    levels = [int(tag[1]) for tag, _ in page.tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = [own["id"] for _, own in page.tags if "id" in own]
    assert len(ids) == len(set(ids))
    assert {own["href"] for own in page.all("a")} <= {f"#{one}" for one in ids}


def test_same_run_same_bytes(run):
    first = write_report(run).read_bytes()
    assert write_report(Run(run.folder)).read_bytes() == first


# Never fails, never executes


def test_everything_from_outside_is_escaped(run):
    evil = "<script>alert(1)</script>\"' & \u202egnp.x"

    def rename(value):
        for one in value["classes"]["classes"]:
            one["name"] = f"{evil} {one['name']}"
        value["model"]["name"] = evil

    def retell(value):
        for one in value["findings"]:
            one["class"] = f"{evil} {one['class']}"
            one["cue"] = evil
        value["notes"] = [evil]
        value["insufficient"][0]["class"] = evil

    def replace_paths(store: Store):
        table = store.read_table("images/00000.parquet")
        table["path"] = evil + table["path"]
        table["error"] = table["error"].where(table["error"] == "", evil)
        store.write_table("images/00000.parquet", table)

    run = change(change(run, "run.json", rename), "findings.json", retell)
    replace_paths(run.store)
    run.decide("tank--sky-top-band", "accepted", evil, evil)
    html = write_report(run).read_text(encoding="utf-8")
    page = Page(html)
    assert page.all("script") == []
    assert "alert(1)" in page.text
    assert "\u202e" not in html
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)


def test_pictures_that_are_gone_are_told_in_their_place(run, tmp_path):
    run = change(run, "run.json", lambda value: value["source"].update(root=str(tmp_path)))
    page = page_of(run)
    assert page.text.count("The pairs cannot be shown:") == 2
    assert page.text.count("the file can no longer be read") == 8 + 8 + 6 + 4
    assert page.all("img") == []
    assert len(page.charts) == 10  # they need none


def test_a_chart_that_cannot_be_made_is_told(run):
    table = run.evidence("attention")
    run.store.write_table("evidence/attention.parquet", table[table["class"] == 99])
    assert page_of(run).text.count("Not shown: no mean map was made for class") == 3


def test_the_file_stays_small(run, monkeypatch):
    monkeypatch.setattr(writing, "ROOM", 100_000)
    html = write_report(run).read_text(encoding="utf-8")
    assert len(html) < 200_000
    assert "left out to keep this file small" in html
    assert Page(html).all("img")


def test_many_findings_are_listed_and_few_are_shown_at_length(run, monkeypatch):
    monkeypatch.setattr(writing, "_SECTIONS", {"relied on": 1, "attended": 1, "associated": 1})
    text = page_of(run).text
    assert "Also relied on 1 further findings" in text
    assert "forest: top band" in text


def test_an_audit_without_findings_yet_is_refused(run):
    (run.folder / "findings.json").unlink()
    with pytest.raises(StoreError, match="no findings yet"):
        write_report(Run(run.folder))


def test_no_findings_at_all(run):
    text = page_of(only(run)).text
    assert "Nothing that was tried moves the model" in text
    assert "What the words mean" in text
