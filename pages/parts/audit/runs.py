"""Earlier runs: open one, or delete it."""

from __future__ import annotations

import shutil
from pathlib import Path

import streamlit as st

from camcore.auditing.runs.repairs import repairs_of
from camcore.auditing.runs.run import Run
from pages.components.wording import PageError, calmly, plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked, ngettext
from pages.parts.audit import launching, places, repair_launching, words
from pages.session.visitor import may_change, require_own, visible_runs

_PAGE = 8
_ASKED = "audit-delete-asked"
STATES = {
    "running": (marked("running"), "blue", ":material/progress_activity:"),
    "starting": (marked("starting"), "blue", ":material/hourglass_top:"),
    "complete": (marked("complete"), "green", ":material/check:"),
    "paused": (marked("paused"), "gray", ":material/pause:"),
    "cancelled": (marked("cancelled"), "gray", ":material/close:"),
    "interrupted": (marked("interrupted"), "orange", ":material/power_off:"),
    "asking": (marked("asks what the folders stand for"), "blue", ":material/help:"),
    "failed": (marked("failed"), "red", ":material/error:"),
}


def show_runs() -> None:
    """The runs that this visitor may find, newest first."""
    runs = visible_runs()
    st.header(_("Earlier runs"), anchor=False)
    if not runs:
        st.caption(_("None yet. What you start here stays on this machine until you delete it."))
        return
    pages = -(-len(runs) // _PAGE)
    listing = st.container(gap="xsmall")
    number = st.pagination(pages, key="audit-runs-page") if pages > 1 else 1
    with listing:
        for run in runs[_PAGE * (number - 1) : _PAGE * number]:
            _row(run)
            if st.session_state.get(_ASKED) == places.name_of(run):
                _ask_to_delete(run)


def state_of(run: Run) -> str:
    """The run's state, or ``starting`` while its process has not taken it up yet."""
    state = run.state
    return "starting" if state != "running" and launching.starting(run) else state


def show_state(state: str) -> None:
    """The state as a badge."""
    title, colour, icon = STATES[state]
    st.badge(_(title), color=colour, icon=icon)  # type: ignore[arg-type]


def titles_of(run: Run) -> tuple[str, str]:
    """Model and data of a run, as far as they are known."""
    settings = launching.settings_of(run)
    if settings is None:
        return "", ""
    return Path(settings.model).name, Path(settings.source).name


def _row(run: Run) -> None:
    name = places.name_of(run)
    notices = st.empty()
    with st.container(border=True, gap="xxsmall"), calmly(notices):
        state = state_of(run)
        with st.container(horizontal=True, vertical_alignment="center"):
            places.link(plain(name), places.Place(run=name), icon=":material/folder_open:")
            show_state(state)
            st.space("stretch")
            if may_change(run):
                st.button(
                    _("Delete"),
                    key=f"audit-delete-{name}",
                    type="tertiary",
                    icon=":material/delete:",
                    help=_("Asks first."),
                    on_click=_ask_about,
                    args=(name,),
                )
        st.caption(_about(run))


def _about(run: Run) -> str:
    model, data = titles_of(run)
    parts = [
        _("{data} under {model}", data=plain(data), model=plain(model))
        if model
        else _("nothing known of it")
    ]
    summary = run.summary
    if summary:
        # What is probably the same cue as a stronger one is not counted again.
        proven = sum(
            finding.level == "relied on" and finding.overlaps is None for finding in run.findings
        )
        parts += [
            words.images(summary["images"]["total"]),
            ngettext("{count} cue relied on", "{count} cues relied on", proven),
        ]
    if run.record:
        parts.append(words.when(run.record["started"]))
    return " · ".join(parts)


def _ask_about(name: str | None = None) -> None:
    st.session_state[_ASKED] = name


def _ask_to_delete(run: Run) -> None:
    st.dialog(_("Delete this run?"), on_dismiss=_ask_about)(_ask_whether)(run)


def _ask_whether(run: Run) -> None:
    st.markdown(
        _(
            "**{name}** with its findings, decisions and report is deleted for good. The pictures "
            "and the model that it read from elsewhere stay.",
            name=plain(run.folder.name),
        )
    )
    notices = st.container()
    with st.container(horizontal=True):
        sure = st.button(_("Delete it"), key="audit-delete-sure", type="primary")
        kept = st.button(_("Keep it"), key="audit-delete-not", on_click=_ask_about)
    if sure:
        with calmly(notices):
            _delete(run)
            _ask_about()
            st.rerun()
    if kept:
        st.rerun()


def _delete(run: Run) -> None:
    require_own(run)
    if launching.starting(run):
        raise PageError(_("this run is just starting; cancel it first."))
    if any(
        repair_launching.state_of(record) in ("running", "starting") for record in repairs_of(run)
    ):
        raise PageError(_("a repair of this run is at work; pause it first."))
    with run.store.locked():  # no process works on it
        shutil.rmtree(run.folder)
