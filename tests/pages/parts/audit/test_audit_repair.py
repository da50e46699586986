"""The repair behind a finding: offered, started, followed, stopped, gone on with, and told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from camcore.auditing.runs.repairs import repairs_of
from camcore.auditing.runs.run import Run
from tests.auditing.planted_repair import begun_repair, ended_repair
from tests.pages.app_page import assert_calm
from tests.pages.parts.audit.reading import SKY, links, the_error, words


@pytest.fixture
def spurious(run) -> Run:
    """A run with a finding that a person has called spurious."""
    run.decide(SKY, "confirmed spurious", "Ada")
    return run


@pytest.fixture
def started(monkeypatch) -> list[tuple[Path, object]]:
    """What would have been started; nothing is."""
    from camcore.auditing.runs.repairs import remember_repair
    from camcore.repairing import launching

    calls: list[tuple[Path, object]] = []

    class Process:
        def poll(self) -> int | None:
            return None

    def launch(run, record):
        record.store.folder.mkdir(parents=True, exist_ok=True)
        (record.store.folder / "lock").touch()
        remember_repair(run, record)
        calls.append((run.folder, record))
        return Process()

    monkeypatch.setattr(launching, "launch_repair", launch)
    return calls


def _start(app, new: str = "", deep: bool = False):
    app.text_input(key="audit-mend-new").set_value(new)
    app.checkbox(key="audit-mend-deep").set_value(deep)
    (button,) = (own for own in app.button if own.proto.is_form_submitter and "mend" in own.form_id)
    return button.click().run()


def _labels(app) -> set[str]:
    return {button.label for button in app.button}


def test_only_what_is_called_spurious_can_be_repaired(visit, run):
    for decision in (None, "accepted"):
        if decision is not None:
            run.decide(SKY, decision, "Ada")
        app = assert_calm(visit(run="planted", finding=SKY))
        assert "Repair the model" not in _labels(app)
    run.decide(SKY, "confirmed spurious", "Ada")
    assert "Repair the model" in _labels(assert_calm(visit(run="planted", finding=SKY)))
    other = assert_calm(visit(run="planted", finding="forest--tag"))  # attended only
    assert "Repair the model" not in _labels(other)


def test_a_repair_is_started_with_what_was_asked(visit, spurious, started, tmp_path):
    app = visit(run="planted", finding=SKY)
    _start(app, str(tmp_path / "nowhere"))
    assert "is no folder" in the_error(app)
    assert not started
    (tmp_path / "new").mkdir()
    _start(app, str(tmp_path / "new"), deep=True)
    assert_calm(app)
    ((folder, record),) = started
    assert folder == spurious.folder
    assert (record.finding, record.new, record.deep) == (SKY, str(tmp_path / "new"), True)
    assert record.out.is_relative_to(spurious.folder)
    assert "Starting" in words(app)
    assert "Starting" in words(visit(run="planted", finding=SKY)), "another tab finds it"


def test_a_repair_is_followed_and_paused(visit, spurious, busy):
    record = begun_repair(spurious, SKY)
    busy(record.store)
    app = assert_calm(visit(run="planted", finding=SKY))
    assert "20 of 80 pictures" in words(app)
    app.button(key="audit-mend-pause").click().run()
    assert (record.store.folder / "stop").read_text() == "paused"
    assert "Pausing" in words(app)


@pytest.mark.parametrize("state", ["paused", "interrupted", "failed"])
def test_a_stopped_repair_says_so_and_goes_on(visit, spurious, started, state):
    record = begun_repair(spurious, SKY, state, deep=True)
    app = visit(run="planted", finding=SKY)
    if state == "failed":
        assert the_error(app) == "The disk of /data is full; make room."
    else:
        assert_calm(app)
        assert state in words(app)
    app.button(key="audit-mend-on").click().run()
    ((_, again),) = started
    assert (again.out, again.finding, again.deep) == (record.out, SKY, True)
    assert len(repairs_of(spurious)) == 1


def test_the_outcome_is_told_and_leads_to_the_proof(visit, spurious):
    record = ended_repair(spurious, SKY, "repaired")
    app = assert_calm(visit(run="planted", finding=SKY))
    (told,) = (own.value.replace("\\", "") for own in app.success)
    assert told.startswith("Repaired. The worst group rose from 25 % to 88 % right (69 to 96)")
    table = app.table[-1].value
    assert table.shape == (4, 5)
    assert table.iloc[3].str.replace("\\", "").tolist() == [
        "tank", "without top band", "24, edited", "75 %", "88 % (69 to 96)",
    ]  # fmt: skip
    assert "11 more pictures of tank without top band" in words(app)
    assert "Repair the model" not in _labels(app)
    after = str(record.store.folder / "after")
    assert links(app)["The run of the proof"] == {"run": after}
    both = links(app)["Both runs compared"]
    assert both == {"run": "planted", "view": "compare", "other": after}
    assert_calm(visit(run=after))
    assert_calm(visit(**both))


def test_what_cannot_be_repaired_says_what_would_help(visit, spurious, started):
    ended_repair(spurious, SKY, "not repairable here")
    app = assert_calm(visit(run="planted", finding=SKY))
    (told,) = (own.value.replace("\\", "") for own in app.warning)
    assert "is right in 55 % (50 to 60) of the pictures" in told
    assert "11 more pictures of tank" in words(app)
    assert "The run of the proof" not in links(app)
    _start(app, deep=True)
    ((_, record),) = started
    assert record.deep
    assert len(repairs_of(spurious)) == 2
    assert "Earlier, at the head: Not repairable here" in words(app)


def test_the_edited_pictures_are_written_where_it_cannot_be_repaired(visit, spurious, monkeypatch):
    def export_set(run, folder, *, finding):
        assert (run.folder, finding) == (spurious.folder, SKY)
        folder.mkdir()

    monkeypatch.setattr("camcore.repairing.export.export_set", export_set)
    record = ended_repair(spurious, SKY, "not repairable here")
    app = visit(run="planted", finding=SKY)
    app.button(key="audit-mend-export").click().run()
    assert_calm(app)
    assert (record.out.parent / "edited-pictures").is_dir()
    assert "pictures lie in" in words(app)
    assert "Write the edited pictures" not in _labels(app)


def test_a_run_is_not_deleted_under_its_repair(visit, spurious, busy):
    record = begun_repair(spurious, SKY)
    busy(record.store)
    app = visit()
    app.button(key="audit-delete-planted").click().run()
    app.button(key="audit-delete-sure").click().run()
    assert "a repair of this run is at work" in app.error[0].value.casefold()
    assert spurious.folder.is_dir()


def test_what_only_looks_like_a_proof_is_not_opened(visit, run, original):
    inside = run.folder / "unpacked" / "pets"
    place = inside / "repairs" / "x.1" / "mended.keras.repair" / "after"
    shutil.copytree(original, place)
    (inside / "lock").touch()
    assert "inside another run" in the_error(visit(run=str(place)))
