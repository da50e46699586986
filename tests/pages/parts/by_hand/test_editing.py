"""What if this were not there? The edit on Explore and in the lesson, and the audit's number."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from tests.auditing.planted_run import planted_run
from tests.pages.app_page import DASHBOARD, address, assert_calm

SCENE = {"model": "cloud-detector", "image": "tank-sunny"}


@pytest.fixture
def visit(monkeypatch, tmp_path) -> Callable[..., AppTest]:
    """Open a page at an address; no audit is kept but what a test puts into ``runs``."""
    monkeypatch.chdir(DASHBOARD.parent)
    monkeypatch.setenv("CAMCORE_RUNS", str(tmp_path / "runs"))

    def open_page(page: str = "", **query: str) -> AppTest:
        app = AppTest.from_file(str(DASHBOARD), default_timeout=180)
        if page:
            app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        return assert_calm(app.run())

    return open_page


def texts(app: AppTest) -> str:
    parts = [*app.markdown, *app.caption]
    return "\n".join(part.value for part in parts).replace("\\", "")


def audited(folder: Path, sha256: str) -> None:
    """A complete run, by hand, of a network of this content."""
    run = planted_run(folder)
    record = run.record
    record["model"]["sha256"] = sha256
    run.store.write_json("run.json", record)


def test_explore_asks_only_where_it_is_wanted(visit):
    app = visit(**SCENE)
    assert not app.metric
    assert "edit" not in address(app)
    app.toggle(key="explore-editing").set_value(True).run()
    assert_calm(app)
    assert address(app)["edit"] == "brush,surroundings"
    assert "The answer stays: tank" in texts(app)
    assert "Nothing of the picture is replaced." in texts(app)


def test_a_link_makes_the_edit_and_the_answer_turns(visit):
    app = visit(**SCENE, edit="sky,picture,0,0", donor="forest-cloudy")
    assert "The answer turns: tank → forest" in texts(app)
    assert {metric.label: metric.value for metric in app.metric} == {
        "tank": "<1%",
        "forest": "100%",
    }
    assert address(app)["edit"] == "sky,picture,0,0"
    assert address(app)["donor"] == "forest-cloudy"
    app.slider(key="explore-edit-down-slider").set_value(-33).run()
    assert_calm(app)
    assert "The answer stays: tank" in texts(app)
    assert address(app)["edit"] == "sky,picture,0,-33"


def test_a_link_to_no_edit_is_told_and_makes_none(visit):
    app = visit(**SCENE, edit="moon,magic,9,9")
    assert any("there is not; none is made" in note.value for note in app.warning)
    assert "Nothing of the picture is replaced." in texts(app)


def test_what_is_chosen_begins_anew_and_is_undone(visit):
    app = visit(**SCENE, edit="frame,gray,10,10")
    assert "29% of the picture" not in texts(app)
    assert "Nothing of" not in texts(app)
    app.button(key="explore-edit-clear").click().run()
    assert "Nothing of the picture is replaced." in texts(app)
    assert address(app)["edit"] == "frame,gray,0,-100"


def test_the_audits_number_is_that_of_a_kept_audit_of_this_network(visit, tmp_path, bundled_model):
    edit = {"edit": "sky,picture,0,0", "donor": "forest-cloudy"}
    app = visit(**SCENE, **edit)
    assert "No audit of cloud-detector is kept here" in texts(app)
    audited(tmp_path / "runs" / "other", "another network")
    assert "No audit of cloud-detector is kept here" in texts(visit(**SCENE, **edit))
    audited(tmp_path / "runs" / "this", bundled_model("cloud-detector").sha256)
    findings = json.loads((tmp_path / "runs" / "this" / "findings.json").read_text())["findings"]
    effects = [own["effect"] for own in findings if own["family"] == "sky/top-band"]
    assert f"Over many pictures: +{round(100 * max(effects))} points" in texts(
        visit(**SCENE, **edit)
    )
    app = visit(**SCENE, edit="frame,gray,0,0")
    assert "has proven no reliance on this part" in texts(app)


def test_the_lesson_tells_the_story_and_keeps_the_edit_for_the_other_network(visit):
    app = visit(
        "pages/learn.py", step="fool-it", predict="off", edit="sky,picture,0,0",
        donor="forest-cloudy",
    )  # fmt: skip
    assert "The answer turns: tank → forest" in texts(app)
    assert "None of this network has been tried here." in texts(app)
    app.button(key="learn-fool-other").click().run()
    assert_calm(app)
    assert "The answer stays: tank" in texts(app)
    assert address(app)["network"] == "tank-detector"
    assert address(app)["edit"] == "sky,picture,0,0"
