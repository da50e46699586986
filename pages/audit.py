"""Audit: a folder and a model in, proven findings out."""

from __future__ import annotations

import streamlit as st

from camcore.auditing.runs.run import Run
from camcore.auditing.runs.store import DamagedError
from pages.components.wording import calmly, plain
from pages.languages.catalogues import ENGLISH, spoken
from pages.languages.catalogues import gettext as _
from pages.parts.audit import (
    choosing,
    comparing,
    evidence_view,
    findings_list,
    images_view,
    places,
    running,
    runs,
    this_run,
)
from pages.parts.audit.places import Place
from pages.session.navigation import page_frame


def audit() -> None:
    """The page: the form and the earlier runs, or one run."""
    place = places.here()
    notices = st.container()
    if place.run:
        with calmly(notices):
            run = places.run_named(place.run)
            try:
                _show_run(run, place)
            except DamagedError as error:
                running.offer_repair(run, error)
            return
        places.link(_("To all runs"), Place(), icon=":material/arrow_back:")
        return
    st.title(_("What does this model rely on?"), anchor=False)
    st.markdown(
        _(
            "Give pictures and a model. CAM Audit looks where the model looks, swaps cues between "
            "pictures, and says which of them decide its answers, in which pictures, and how that "
            "is known."
        )
    )
    with calmly(notices):
        choosing.choose()
    with calmly(notices):
        runs.show_runs()


def _show_run(run: Run, place: Place) -> None:
    state = runs.state_of(run)
    model, data = runs.titles_of(run)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(
            _("{data} under {model}", data=plain(data), model=plain(model))
            if model
            else plain(run.folder.name),
            anchor=False,
            width="content",
        )
        runs.show_state(state)
        st.space("stretch")
        places.link(_("All runs"), Place(), icon=":material/arrow_back:")
    if state != "complete":
        running.show_running(run, state)
    run = places.results_of(run)
    if not run.summary:
        if state not in ("running", "starting"):
            this_run.show_run(run)
        return
    if spoken() != ENGLISH:
        st.caption(_("What the audit itself tells of its findings, and its files, are in English."))
    if place.finding:
        evidence_view.show_evidence(run, run.finding(place.finding))
        return
    this_run.show_downloads(run)
    this_run.warn_of_guess(run)
    _show_view(run, place)


def _show_view(run: Run, place: Place) -> None:
    key = "audit-view"
    st.session_state[key] = place.view

    def to_view() -> None:
        places.go(Place(run=place.run, view=st.session_state[key]))

    view = st.segmented_control(
        _("View"),
        list(places.VIEWS),
        key=key,
        format_func=lambda view: _(places.VIEWS[view]),
        required=True,
        label_visibility="collapsed",
        on_change=to_view,
    )
    if view == "images":
        images_view.show_images(run)
    elif view == "compare":
        comparing.show_comparison(run, place)
    elif view == "run":
        this_run.show_run(run)
    else:
        findings_list.show_findings(run)


page_frame()
audit()
