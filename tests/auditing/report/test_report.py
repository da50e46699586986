"""The report as a file: what it says, that it stands alone, and that it never fails."""

from __future__ import annotations

import itertools
import re
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from camcore.auditing.report import words, write_report, writing
from camcore.auditing.run import Run
from camcore.auditing.store import Store
from camcore.errors import StoreError
from tests.auditing.planted_run import planted_run


class Page(HTMLParser):
    """What a reader of the page meets: tags, text, and whether tags are closed in order."""

    VOID = ("img", "meta", "br", "link", "input")

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        if "style" not in self._open:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    @property
    def charts(self) -> list[dict]:
        return [attrs for _, attrs in self.tags if attrs.get("role") == "img"]

    def all(self, tag: str) -> list[dict]:
        return [attrs for name, attrs in self.tags if name == tag]


def page_of(run: Run) -> Page:
    return Page(write_report(run).read_text(encoding="utf-8"))


def change(run: Run, name: str, edit) -> Run:
    value = run.store.read_json(name)
    edit(value)
    run.store.write_json(name, value)
    return Run(run.folder)


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    run = planted_run(tmp_path_factory.mktemp("report") / "run")
    write_report(run)
    return run


@pytest.fixture(scope="module")
def page(planted):
    return Page((planted.folder / "report.html").read_text(encoding="utf-8"))


@pytest.fixture
def run(planted, tmp_path):
    """A copy to change; its pictures stay where they are."""
    shutil.copytree(planted.folder, tmp_path / "run", ignore=shutil.ignore_patterns("pictures"))
    return Run(tmp_path / "run")


def only(run: Run, *levels: str) -> Run:
    def edit(summary):
        summary["findings"] = [one for one in summary["findings"] if one["level"] in levels]

    return change(run, "findings.json", edit)


# Stands alone


def test_nothing_is_fetched_and_nothing_runs(planted, page):
    html = (planted.folder / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"https?://|@import|url\(", html)
    assert page.all("script") == page.all("link") == []
    assert all(own["src"].startswith("data:image/") for own in page.all("img"))
    assert len(html) < 8_000_000


def test_every_picture_has_words_and_every_table_its_heads(page):
    images, charts = page.all("img"), page.charts
    assert (len(images), len(charts)) == (58, 10)
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


# Says


def test_the_verdict_comes_first_in_plain_words(page):
    told = (
        "The model relies on the top band for the classes tank and forest: given to images of "
        "other classes, it turns 90 more of every 100 into the class it is taken from than the "
        "control does."
    )
    assert told in page.text
    assert page.text.index(told) < page.text.index("Not detected: corner tag, brightness, colour.")
    assert page.text.index("Not detected: corner tag") < page.text.index("Findings")
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
    assert len(strips) == 8  # four pairs for each of the two proven findings
    assert sum(own["alt"].endswith("predicted tank") for own in strips) == 4


def test_weaker_findings_do_not_sound_like_a_verdict(run):
    run = only(run, "attended", "associated")
    assert words.verdict(run) == [
        "No reliance on any tested cue was proven.",
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
        summary["findings"][1].update({"class": "tank", "overlaps": "tank--sky-top-band"})

    run = change(run, "findings.json", edit)
    first, *_ = words.verdict(run)
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
        f"--budget 2000 --seed 3 --out {run.folder}" in text
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
    assert "No reliance on any tested cue was proven." in text
    assert "What the words mean" in text


# Tables


def test_images_table_has_a_row_an_image(planted):
    table = pd.read_csv(planted.folder / "images.csv", keep_default_na=False)
    assert list(table.columns) == [
        "id",
        "path",
        "label",
        "predicted",
        "margin",
        "error",
        "rank tank--sky-top-band",
        "strength tank--sky-top-band",
        "rank forest--sky-top-band",
        "strength forest--sky-top-band",
    ]
    assert table["id"].tolist() == list(range(42))
    assert table.loc[25, ["path", "label", "predicted"]].tolist() == [
        "tank/tank-25.png",
        "tank",
        "forest",
    ]
    assert table.loc[40, ["predicted", "margin", "error"]].tolist() == [
        "",
        "",
        "jeep-40.png is empty; copy it anew.",
    ]


def test_images_table_ranks_by_how_much_a_cue_decides(planted):
    table = pd.read_csv(planted.folder / "images.csv").set_index("id")
    ranks = table["rank tank--sky-top-band"].dropna()
    finding = planted.finding("tank--sky-top-band")
    assert ranks.sort_values().index.tolist() == list(finding.images)
    trials = planted.trials("necessity")
    image = finding.images[0]
    own = trials[(trials["recipient"] == image) & (trials["fill"] == "transfer")]
    assert len(own) == 2
    expected = np.mean([row.margin_controlled - row.margin_edited for row in own.itertuples()])
    assert table.at[image, "strength tank--sky-top-band"] == pytest.approx(expected, abs=1e-3)
    assert table["strength tank--sky-top-band"].notna().sum() == 10  # half of the tanks


def test_cells_that_a_spreadsheet_would_run_are_text(run):
    table = run.store.read_table("images/00000.parquet")
    table.loc[0, ["path", "label"]] = ["=cmd|' /C calc'!A0", "@SUM(1)"]
    run.store.write_table("images/00000.parquet", table)
    write_report(run)
    read = pd.read_csv(run.folder / "images.csv")
    assert read.loc[0, ["path", "label"]].tolist() == ["'=cmd|' /C calc'!A0", "'@SUM(1)"]


def test_bad_table(planted):
    table = pd.read_csv(planted.folder / "bad.csv")
    assert table["path"].tolist() == ["jeep/jeep-40.png", "jeep/jeep-41.png"]
    assert table["error"][0] == "jeep-40.png is empty; copy it anew."
