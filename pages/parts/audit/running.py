"""A run that is not complete: where it is, how to stop it, how to go on."""

from __future__ import annotations

import time

import streamlit as st

from camcore.auditing.runs.progress import STAGES, Progress, ask_to_stop
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import DamagedError
from pages.components.wording import calmly, plain, sentence
from pages.parts.audit import labelling, launching, words
from pages.parts.audit.first_images import show_first_images
from pages.parts.audit.leads import show_leads
from pages.parts.audit.runs import state_of
from pages.session.visitor import may_change, require_own

_EVERY = 1.0  # seconds between two looks at the run folder
_SILENT = 20.0  # seconds after which a page says that it waits
_STAGES = {
    "unpacking": ("Unpacking the zip", "files"),
    "listing": ("Listing the files", "files"),
    "model": ("Loading the model", ""),
    "scan": ("Scanning the images", "images"),
    "evidence": ("Gathering the evidence", "steps"),
    "interventions": ("Making the interventions", "forward passes"),
    "report": ("Writing the report", ""),
}
_STOPPED = {
    "paused": "This audit is paused; all that is done is kept.",
    "cancelled": "This audit was cancelled; what is done is kept until the run is deleted.",
    "interrupted": "This audit was interrupted: its process is gone, by a restart or a kill. "
    "All that is done is kept.",
}


def show_running(run: Run, state: str) -> None:
    """The run's progress for as long as it works, or why it does not and what can be done."""
    if state in ("running", "starting"):
        _follow(str(run.folder), state)
    else:
        _show_stopped(run, state)


@st.fragment(run_every=_EVERY)
def _follow(folder: str, before: str) -> None:
    """Looks at the run folder again and again; the whole page runs when the state changes."""
    run = Run(folder)
    state = state_of(run)
    if state != before:
        st.rerun()
    notices = st.container()
    with calmly(notices):
        progress = run.progress if state == "running" else None
        _show_progress(progress)
        _show_buttons(run, state)
        show_leads(run)
        show_first_images(run)


def _show_progress(progress: Progress | None) -> None:
    if progress is None or progress.state != "running":
        st.progress(0.0, text="Starting: the process loads what it needs, in about ten seconds …")
        return
    show_bar(progress, *stage_of(progress.stage))
    st.caption(_ladder(progress.stage))
    silent = time.time() - progress.updated
    if silent > _SILENT:
        st.caption(f"The last news is {silent:.0f} s old; large steps give none for a while.")


def stage_of(name: str) -> tuple[str, str]:
    """A stage of an audit in words, and what is counted in it."""
    return _STAGES.get(name, (name, ""))


def show_bar(progress: Progress, title: str, things: str) -> None:
    """A stage as a bar, with how far it is and how fast it goes."""
    parts = []
    if progress.total and things:
        parts.append(f"{progress.done:,} of {progress.total:,} {things}")
    if progress.rate > 0:
        rate = f"{progress.rate:,.0f}" if progress.rate >= 10 else f"{progress.rate:.1f}"
        parts.append(f"{rate} a second")
    if progress.remaining is not None and progress.done < progress.total:
        parts.append(f"{words.duration(progress.remaining)} left of this stage")
    if progress.bad:
        parts.append(f"{words.count(progress.bad, 'file')} unreadable")
    share = min(1.0, progress.done / progress.total) if progress.total else 0.0
    st.progress(share, text=" · ".join([f"**{title}**", *parts]))


def _ladder(stage: str) -> str:
    """All stages, those done with a tick."""
    order = [name for name in STAGES if name != "unpacking" or stage == name]
    place = order.index(stage) if stage in order else 0
    marks = [f"✓ {done}" for done in order[:place]]
    return " → ".join([*marks, f"**{stage}**", *order[place + 1 :]])


def _show_buttons(run: Run, state: str) -> None:
    asked = st.session_state.get(_asked_key(run))
    if asked:
        st.caption(f"{asked}: the process stops after the images at hand …")
        return

    if not may_change(run):
        st.caption("This run belongs to somebody else; it can be watched here.")
        return

    def stop(wanted: str, label: str) -> None:
        require_own(run)
        ask_to_stop(run.folder, wanted)
        st.session_state[_asked_key(run)] = label

    with st.container(horizontal=True):
        st.button(
            "Pause",
            key="audit-pause",
            icon=":material/pause:",
            on_click=stop,
            args=("paused", "Pausing"),
            disabled=state == "starting",
            help="Stops after the images at hand; going on loses nothing.",
        )
        st.button(
            "Cancel",
            key="audit-cancel",
            icon=":material/close:",
            on_click=stop,
            args=("cancelled", "Cancelling"),
            disabled=state == "starting",
            help="Stops for good; what is done stays in the list of runs until it is deleted.",
        )
    st.caption("You may close this tab: the audit goes on, and this address finds it again.")


def _asked_key(run: Run) -> str:
    return f"audit-asked-{run.folder}"


def _show_stopped(run: Run, state: str) -> None:
    st.session_state.pop(_asked_key(run), None)
    progress = run.progress
    notices = st.container()
    if state in ("failed", "asking"):
        message = (progress.message if progress else "") or "the audit failed without a word"
        if state == "asking":  # nothing went wrong: a question is open
            st.info(plain(sentence(message)), icon=":material/help:")
        else:
            st.error(plain(sentence(message)), icon=":material/error:")
    else:
        done = _how_far(progress)
        st.info(f"{_STOPPED[state]}{done}", icon=":material/info:")
        silent = progress is None or launching.unheard(run)
        if silent and (last_line := launching.last_words(run)):
            st.caption(f"The process's last words: {plain(last_line)}")
    if not may_change(run):
        return
    if state == "asking":
        with calmly(notices):
            labelling.offer_mapping(run)
        return
    if launching.settings_of(run) is None:
        st.caption(
            "This run was begun from the command line and stopped before it noted what it was "
            "asked to do; the same command goes on with it."
        )
        return
    label = "Try again" if state == "failed" else "Go on"
    if st.button(label, key="audit-go-on", type="primary", icon=":material/play_arrow:"):
        with calmly(notices):
            launching.go_on(run)
            st.rerun()


def offer_repair(run: Run, error: DamagedError) -> None:
    """Say which part of a run is damaged, and let the audit make it anew."""
    st.error(plain(sentence(str(error))), icon=":material/error:")
    able = launching.settings_of(run) is not None and may_change(run)
    if able and st.button(
        "Make it anew", key="audit-repair", type="primary", icon=":material/healing:"
    ):
        with calmly(st.container()):
            launching.go_on(run)
            st.rerun()


def _how_far(progress: Progress | None) -> str:
    if progress is None or not progress.total:
        return ""
    title, things = stage_of(progress.stage)
    return f" It stood at: {title.lower()}, {progress.done:,} of {progress.total:,} {things}."
