"""Audits that run, stop, fail or need a mapping."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pages.parts.audit import launching
from pages.parts.audit.first_images import first_images
from tests.pages.app_page import assert_calm
from tests.pages.parts.audit.reading import stopped_run, the_error, words

NO_MATCH = "None of the labels 'bush', 'panzer' is a class of the model"


def test_a_running_audit_says_where_it_is_and_can_be_paused(visit, runs, busy):
    run = stopped_run(runs / "one", "interrupted")
    busy(run)
    app = visit(run="one")
    assert_calm(app)
    assert "100 of 400 images" in words(app)
    assert "3 files unreadable" in words(app)
    app.button(key="audit-pause").click().run()
    assert (run.folder / "stop").read_text() == "paused"
    assert "Pausing" in words(app)


def test_a_running_audit_shows_the_first_pictures_it_has_seen(visit, run, busy):
    busy(run)
    app = visit(run="planted")
    assert_calm(app)
    assert "The first pictures under their maps" in words(app)
    captions = [f"{label} → {answer}" for _, label, answer in first_images(str(run.folder), run)]
    answers = run.images[run.images["error"] == ""][["klass", "predicted"]]
    names = run.class_names
    possible = {f"{names[klass]} → {names[answer]}" for klass, answer in answers.to_numpy()}
    assert len(captions) == 6
    assert set(captions) <= possible


def test_a_running_audit_tells_its_leads_as_untested(visit, run, busy):
    busy(run)
    app = visit(run="planted")
    assert "not yet tested on the other" in words(app)
    turned = next(line for line in words(app).split("\n") if "- tank: " in line)
    rows = run.trials("discovery")
    rows = rows[rows["klass"] == run.class_names.index("tank")]
    excess = rows.assign(
        excess=(rows["edited"] == rows["klass"]).astype(int)
        - (rows["controlled"] == rows["klass"]).astype(int)
    )
    most = excess.groupby("probe")["excess"].mean().max()
    assert f"turns {most:.0%} more" in turned


def test_an_audit_that_only_scans_has_no_leads(visit, runs, busy):
    run = stopped_run(runs / "one", "interrupted")
    busy(run)
    assert "Leads so far" not in words(visit(run="one"))


def test_cancelling(visit, runs, busy):
    run = stopped_run(runs / "one", "interrupted")
    busy(run)
    visit(run="one").button(key="audit-cancel").click().run()
    assert (run.folder / "stop").read_text() == "cancelled"


@pytest.mark.parametrize("state", ["interrupted", "paused", "cancelled"])
def test_a_stopped_audit_says_so_and_goes_on(visit, runs, launched, state):
    run = stopped_run(runs / "one", state)
    app = visit(run="one")
    assert_calm(app)
    assert state in app.info[0].value
    assert "100 of 400 images" in app.info[0].value
    app.button(key="audit-go-on").click().run()
    assert launched == [(launching.settings_of(run), run.folder)]
    assert "Starting" in words(app)


def test_a_failed_audit_says_why_in_one_sentence(visit, runs, launched):
    stopped_run(runs / "one", "failed", message="the disk of /data is full; make room.")
    app = visit(run="one")
    assert the_error(app) == "The disk of /data is full; make room."
    app.button(key="audit-go-on").click().run()
    assert len(launched) == 1


def test_a_run_of_the_command_line_that_told_nothing(visit, runs):
    (runs / "one").mkdir(parents=True)
    (runs / "one" / "lock").touch()
    (runs / "one" / "log.txt").write_text("all is lost\n")
    app = visit(run="one")
    assert_calm(app)
    assert "all is lost" in words(app)
    assert "command line" in words(app)


def test_labels_that_match_nothing_are_mapped_right_there(visit, runs, launched, tmp_path):
    for place in ("bush/1.png", "panzer/2.png", "panzer/3.png"):
        (tmp_path / "data" / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "data" / place)
    run = stopped_run(
        runs / "one", "asking", message=NO_MATCH, source=str(tmp_path / "data"), seed=5
    )
    app = visit(run="one")
    assert_calm(app)
    (asked,) = [own.value for own in app.info]
    assert "is a class of the model." in asked
    assert "--labels" not in asked
    assert not app.error
    labels = [own.label for own in app.multiselect]
    assert labels == ["bush · 1 picture", "panzer · 2 pictures"]
    button = next(own for own in app.button if own.label == "Audit with this mapping")
    button.click().run()
    assert "Choose at least one class" in app.error[-1].value
    app.multiselect(key="audit-map-bush").set_value([0])
    app.text_input(key="audit-map-numbers-panzer").set_value("1-1")
    next(own for own in app.button if own.label == "Audit with this mapping").click().run()
    ((settings, folder),) = launched
    assert folder == run.folder, "nothing was begun there"
    assert (settings.source, settings.seed) == (str(tmp_path / "data"), 5)
    assert json.loads(Path(settings.labels).read_text()) == {"bush": [0], "panzer": ["1-1"]}


def test_what_only_speaks_of_labels_is_no_question(visit, runs):
    stopped_run(runs / "one", "failed", message="map.csv cannot be read; give another --labels.")
    app = visit(run="one")
    assert "map.csv cannot be read" in the_error(app)
    assert not app.multiselect
    assert app.button(key="audit-go-on").label == "Try again"


def test_another_mapping_begins_another_run_with_what_was_given(visit, run, launched):
    (run.folder / "given").mkdir()
    (run.folder / "given" / "pets.zip").write_bytes(b"a zip")
    record = json.loads((run.folder / "run.json").read_text())
    record["settings"]["source"] = str(run.folder / "given" / "pets.zip")
    (run.folder / "run.json").write_text(json.dumps(record))
    app = visit(run="planted", view="run")
    app.button(key="audit-map-anew").click().run()
    app.button(key="audit-by-prediction").click().run()
    assert_calm(app)
    ((settings, folder),) = launched
    assert folder != run.folder
    assert settings.labels == "none"
    assert settings.source == str(folder / "given" / "pets.zip")
    assert Path(settings.source).read_bytes() == b"a zip"
