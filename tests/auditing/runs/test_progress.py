"""Progress that others can read, and requests to stop that are heard."""

from __future__ import annotations

import pytest

from camcore.auditing.runs.progress import StoppedError, Watch, ask_to_stop, read_progress
from camcore.errors import InputError, LabelsError


def test_progress_is_read_back(tmp_path):
    watch = Watch(tmp_path)
    watch.begin("scan", total=10, done=2)
    now = read_progress(tmp_path)
    assert (now.state, now.stage, now.done, now.total) == ("running", "scan", 2, 10)
    watch.advance(3, bad=1)
    watch.end("complete")
    now = read_progress(tmp_path)
    assert (now.state, now.done, now.bad) == ("complete", 5, 1)


def test_the_rate_leaves_out_what_an_earlier_start_did(tmp_path, monkeypatch):
    now = 100.0
    monkeypatch.setattr("camcore.auditing.runs.progress.time.monotonic", lambda: now)
    states = []
    watch = Watch(tmp_path, states.append)
    watch.begin("scan", total=100, done=50)
    now = 110.0
    watch.advance(20)
    assert states[-1].rate == pytest.approx(2.0)
    assert states[-1].remaining == pytest.approx(15.0)


@pytest.mark.parametrize("state", ["paused", "cancelled"])
def test_a_request_to_stop_is_heard(tmp_path, state):
    watch = Watch(tmp_path)
    watch.begin("scan", total=10)
    watch.check()
    ask_to_stop(tmp_path, state)
    with pytest.raises(StoppedError, match=state):
        watch.check()
    assert read_progress(tmp_path).state == state
    Watch(tmp_path).check()  # a new start forgets the old request


def test_no_progress_or_a_damaged_one_is_none(tmp_path):
    assert read_progress(tmp_path) is None
    for damaged in ('{"state": "run', '{"state": "x"}', '{"state": []}', "5", "[]", "[" * 100_000):
        (tmp_path / "progress.json").write_text(damaged)
        assert read_progress(tmp_path) is None
    (tmp_path / "progress.json").write_text('{"state": "paused"}')
    assert read_progress(tmp_path).state == "paused"


@pytest.mark.parametrize(
    ("raised", "state", "message"),
    [
        (LabelsError("which class is it?"), "asking", "which class is it?"),
        (InputError("no such folder."), "failed", "no such folder."),
        (KeyboardInterrupt(), "paused", ""),
        (ZeroDivisionError(), "failed", "something went wrong that should not have"),
        (None, "complete", ""),
    ],
)
def test_a_run_says_how_it_ended(tmp_path, raised, state, message):
    watch = Watch(tmp_path)

    def work():
        with watch.run():
            watch.begin("scan", total=10)
            if raised is not None:
                raise raised

    if raised is None:
        work()
    else:
        with pytest.raises(type(raised)):
            work()
    now = read_progress(tmp_path)
    assert (now.state, now.stage) == (state, "scan")
    assert now.message.startswith(message)


def test_a_question_is_kept_by_its_code_without_advice_for_the_command_line(tmp_path):
    watch = Watch(tmp_path)
    with (
        pytest.raises(LabelsError, match="'cat'; give --labels MAP"),
        watch.run(),
    ):
        raise LabelsError("no class is called 'cat'", "give --labels MAP.")
    now = read_progress(tmp_path)
    assert (now.code, now.message) == ("labels", "no class is called 'cat'")


def test_a_run_inside_another_is_told_and_stopped_by_it(tmp_path):
    outer, inner = tmp_path / "outer", tmp_path / "inner"
    outer.mkdir()
    inner.mkdir()
    outer_watch = Watch(outer)

    def work():
        with outer_watch.run():
            watch = Watch(inner, outer_watch.relay("proof"))
            with watch.run():
                watch.begin("scan", total=10, done=2)
                assert read_progress(outer).stage == "proof: scan"
                assert read_progress(outer).done == 2
                ask_to_stop(outer)
                watch.begin("report")

    with pytest.raises(StoppedError, match="paused"):
        work()
    assert [read_progress(own).state for own in (outer, inner)] == ["paused", "paused"]
