"""Work beside the page: shared, shown, stopped, and ended when nobody looks."""

from __future__ import annotations

import threading
import time
from hashlib import sha256

import pytest
from streamlit.testing.v1 import AppTest

from pages.session import background_work as work


def join(key, do):
    return work._Workshop().join(key, do)


def test_sessions_that_ask_for_the_same_share_it():
    shop, go, calls = work._Workshop(), threading.Event(), []

    def do(progress):
        calls.append(1)
        go.wait(10)
        return 7

    first, second = shop.join("a", do), shop.join("a", do)
    assert first is second
    go.set()
    assert first.future.result(10) == 7
    assert len(calls) == 1
    deadline = time.monotonic() + 10
    while shop.join("a", lambda progress: 8) is first and time.monotonic() < deadline:
        time.sleep(0.01)
    assert shop.join("b", lambda progress: 9).future.result(10) == 9


def endless(progress):
    while True:
        progress(1, 10)
        time.sleep(0.01)


def test_a_stop_ends_the_work():
    running = join("endless", endless)
    running.stop.set()
    with pytest.raises(work._Stopped):
        running.future.result(10)


def test_who_stops_leaves_alone_and_the_last_one_ends_it():
    running = join("shared", endless)
    running.looked_at("first")
    running.looked_at("second")
    running.leave("first")
    assert not running.stop.is_set()
    time.sleep(0.1)
    assert not running.future.done()
    running.leave("second")
    with pytest.raises(work._Stopped):
        running.future.result(10)


def test_who_went_away_does_not_keep_it(monkeypatch):
    monkeypatch.setattr(work, "_AWAY", 0.05)
    running = join("left", endless)
    running.looked_at("gone")
    time.sleep(0.1)
    running.leave("here")
    with pytest.raises(work._Stopped):
        running.future.result(10)


def test_work_that_no_page_looks_at_ends(monkeypatch):
    monkeypatch.setattr(work, "_ALONE", 0.1)
    with pytest.raises(work._Stopped):
        join("lonely", endless).future.result(10)


def test_the_words_say_what_is_left():
    running = work._Running()
    running.started -= 10
    assert running.words() == "10 s"
    running.done, running.total = 1000, 3000
    assert running.words() == "1,000 of 3,000, about 21 s left"


def page():
    import streamlit as st

    from pages.session.background_work import run_with_progress

    def do(progress):
        for done in range(3):
            progress(done, 3, {"done": done})
        return "finished"

    place = st.empty()
    found = run_with_progress("test-page", "Doing", do, place)
    st.write(found)


def test_the_page_gets_the_result_and_the_place_is_empty_again():
    app = AppTest.from_function(page, default_timeout=20).run()
    assert not app.exception
    assert [own.value for own in app.markdown] == ["finished"]
    assert not app.button


def stoppable_page():
    import time

    import streamlit as st

    from pages.session.background_work import run_with_progress

    def do(progress):
        calls.append(1)
        for done in range(100):
            progress(done, 100)
            time.sleep(0.02)
        return "finished"

    calls = st.session_state.setdefault("calls", [])
    st.write(run_with_progress("stoppable", "Doing", do, st.empty()))


def test_what_was_stopped_does_not_begin_anew_in_the_same_breath():
    """The press is remembered: the run that it starts answers None, though the work has ended."""
    app = AppTest.from_function(stoppable_page, default_timeout=20)
    name = sha256(repr("stoppable").encode()).hexdigest()[:16]
    app.session_state[f"stop-{name}-pressed"] = True
    app.run()
    assert [own.value for own in app.markdown] == ["`None`"]
    assert app.session_state["calls"] == []
    app.run()
    assert [own.value for own in app.markdown] == ["finished"]
    assert app.session_state["calls"] == [1]
