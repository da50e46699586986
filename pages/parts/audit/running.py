"""A run that is not complete: where it is, how to stop it, how to go on."""

from __future__ import annotations

import time

import streamlit as st

from camcore.auditing.runs.progress import STAGES, Progress, ask_to_stop
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import DamagedError
from pages.components.wording import calmly, plain, reported, sentence
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.languages.numbers import decimal, whole
from pages.parts.audit import labelling, launching, words
from pages.parts.audit.first_images import show_first_images
from pages.parts.audit.leads import show_leads
from pages.parts.audit.runs import state_of
from pages.session.visitor import may_change, require_own

_EVERY = 1.0  # seconds between two looks at the run folder
_SILENT = 20.0  # seconds after which a page says that it waits
_STAGES = {
    "unpacking": (marked("Unpacking the zip"), marked("{done} of {total} files")),
    "listing": (marked("Listing the files"), marked("{done} of {total} files")),
    "model": (marked("Loading the model"), ""),
    "scan": (marked("Scanning the images"), marked("{done} of {total} images")),
    "evidence": (marked("Gathering the evidence"), marked("{done} of {total} steps")),
    "interventions": (
        marked("Making the interventions"),
        marked("{done} of {total} forward passes"),
    ),
    "report": (marked("Writing the report"), ""),
}
_SHORT = {
    "unpacking": marked("unpacking"),
    "listing": marked("listing"),
    "model": marked("model"),
    "scan": marked("scan"),
    "evidence": marked("evidence"),
    "interventions": marked("interventions"),
    "report": marked("report"),
}
_STOPPED = {
    "paused": marked("This audit is paused; all that is done is kept."),
    "cancelled": marked("This audit was cancelled; what is done is kept until the run is deleted."),
    "interrupted": marked(
        "This audit was interrupted: its process is gone, by a restart or a kill. All that is "
        "done is kept."
    ),
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
        starting = _("Starting: the process loads what it needs, in about ten seconds …")
        st.progress(0.0, text=starting)
        return
    show_bar(progress, *stage_of(progress.stage))
    st.caption(_ladder(progress.stage))
    silent = time.time() - progress.updated
    if silent > _SILENT:
        st.caption(
            _(
                "The last news is {seconds} s old; large steps give none for a while.",
                seconds=round(silent),
            )
        )


def stage_of(name: str) -> tuple[str, str]:
    """A stage of an audit in words, and how far it is in them, both to be translated."""
    return _STAGES.get(name, (name, ""))


def show_bar(progress: Progress, title: str, counted: str) -> None:
    """A stage as a bar, with how far it is and how fast it goes.

    Parameters
    ----------
    progress : Progress
    title, counted : str
        As `stage_of` gives them.
    """
    parts = []
    if progress.total and counted:
        parts.append(_(counted, done=whole(progress.done), total=whole(progress.total)))
    if progress.rate > 0:
        rate = whole(round(progress.rate)) if progress.rate >= 10 else decimal(progress.rate, 1)
        parts.append(_("{rate} a second", rate=rate))
    if progress.remaining is not None and progress.done < progress.total:
        parts.append(_("{time} left of this stage", time=words.duration(progress.remaining)))
    if progress.bad:
        parts.append(_("{files} unreadable", files=words.files(progress.bad)))
    share = min(1.0, progress.done / progress.total) if progress.total else 0.0
    st.progress(share, text=" · ".join([f"**{_(title)}**", *parts]))


def _ladder(stage: str) -> str:
    """All stages, those done with a tick."""
    order = [name for name in STAGES if name != "unpacking" or stage == name]
    place = order.index(stage) if stage in order else 0
    marks = [f"✓ {_(_SHORT[done])}" for done in order[:place]]
    coming = [_(_SHORT[name]) for name in order[place + 1 :]]
    return " → ".join([*marks, f"**{_(_SHORT.get(stage, stage))}**", *coming])


def _show_buttons(run: Run, state: str) -> None:
    asked = st.session_state.get(_asked_key(run))
    if asked:
        st.caption(_(asked))
        return

    if not may_change(run):
        st.caption(_("This run belongs to somebody else; it can be watched here."))
        return

    def stop(wanted: str, said: str) -> None:
        require_own(run)
        ask_to_stop(run.folder, wanted)
        st.session_state[_asked_key(run)] = said

    with st.container(horizontal=True):
        st.button(
            _("Pause"),
            key="audit-pause",
            icon=":material/pause:",
            on_click=stop,
            args=("paused", marked("Pausing: the process stops after the images at hand …")),
            disabled=state == "starting",
            help=_("Stops after the images at hand; going on loses nothing."),
        )
        st.button(
            _("Cancel"),
            key="audit-cancel",
            icon=":material/close:",
            on_click=stop,
            args=(
                "cancelled",
                marked("Cancelling: the process stops after the images at hand …"),
            ),
            disabled=state == "starting",
            help=_("Stops for good; what is done stays in the list of runs until it is deleted."),
        )
    st.caption(_("You may close this tab: the audit goes on, and this address finds it again."))


def _asked_key(run: Run) -> str:
    return f"audit-asked-{run.folder}"


def _show_stopped(run: Run, state: str) -> None:
    st.session_state.pop(_asked_key(run), None)
    progress = run.progress
    notices = st.container()
    if state in ("failed", "asking"):
        message = progress.message if progress else ""
        said = reported(sentence(message)) if message else _("The audit failed without a word.")
        if state == "asking":  # nothing went wrong: a question is open
            st.info(plain(said), icon=":material/help:")
        else:
            st.error(plain(said), icon=":material/error:")
    else:
        done = _how_far(progress)
        st.info(" ".join([_(_STOPPED[state]), *done]), icon=":material/info:")
        silent = progress is None or launching.unheard(run)
        if silent and (last_line := launching.last_words(run)):
            st.caption(_("The process's last words: {line}", line=plain(last_line)))
    if not may_change(run):
        return
    if state == "asking":
        with calmly(notices):
            labelling.offer_mapping(run)
        return
    if launching.settings_of(run) is None:
        st.caption(
            _(
                "This run was begun from the command line and stopped before it noted what it was "
                "asked to do; the same command goes on with it."
            )
        )
        return
    label = _("Try again") if state == "failed" else _("Go on")
    if st.button(label, key="audit-go-on", type="primary", icon=":material/play_arrow:"):
        with calmly(notices):
            launching.go_on(run)
            st.rerun()


def offer_repair(run: Run, error: DamagedError) -> None:
    """Say which part of a run is damaged, and let the audit make it anew."""
    st.error(plain(reported(sentence(str(error)))), icon=":material/error:")
    able = launching.settings_of(run) is not None and may_change(run)
    if able and st.button(
        _("Make it anew"), key="audit-repair", type="primary", icon=":material/healing:"
    ):
        with calmly(st.container()):
            launching.go_on(run)
            st.rerun()


def _how_far(progress: Progress | None) -> list[str]:
    if progress is None or not progress.total:
        return []
    title, counted = stage_of(progress.stage)
    if not counted:
        return [_("It stood at: {stage}.", stage=_(title).lower())]
    far = _(counted, done=whole(progress.done), total=whole(progress.total))
    return [_("It stood at: {stage}, {far}.", stage=_(title).lower(), far=far)]
