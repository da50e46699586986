"""Two runs side by side: what got better, and what is new."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from camcore.auditing.edits.families import FAMILIES
from camcore.auditing.report import words as report_words
from camcore.auditing.run_comparison.compare_runs import compare
from camcore.auditing.run_comparison.run_comparison import Comparison, Effect, Row
from camcore.auditing.runs.launching import list_runs
from camcore.auditing.runs.run import Run
from pages.components.wording import calmly, plain
from pages.parts.audit import figures, places, tables, words
from pages.parts.audit.places import Place
from pages.parts.audit.runs import titles_of


def show_comparison(run: Run, place: Place) -> None:
    """Choose another run with findings, and see both."""
    others = {places.name_of(own): own for own in list_runs() if own.state == "complete"}
    others.pop(places.name_of(run), None)
    if place.other and place.other not in others:
        others[place.other] = places.run_named(place.other)
    if not others:
        st.info(
            "There is no other complete run to compare with: audit another model on these "
            "pictures, or this one on others.",
            icon=":material/compare_arrows:",
        )
        return
    key = "audit-other"
    st.session_state[key] = place.other or None

    def to_other() -> None:
        places.go(Place(place.run, "compare", other=st.session_state[key] or ""))

    name = st.selectbox(
        "Compare with",
        list(others),
        key=key,
        format_func=lambda own: f"{' · '.join(titles_of(others[own]))} · {own}",
        placeholder="choose another run",
        help="The one that began earlier stands on the left.",
        on_change=to_other,
    )
    if name is None:
        return
    with calmly(st.container()):
        a, b = sorted((run, places.results_of(others[name])), key=_began)
        _show(_compared(f"{figures.stamp_of(a)} {figures.stamp_of(b)}", a, b))


@st.cache_resource(max_entries=8, show_spinner="Comparing …")
def _compared(stamps: str, _a: Run, _b: Run) -> Comparison:
    return compare(_a, _b)


def _began(run: Run) -> str:
    return run.record.get("started", "")


def _show(both: Comparison) -> None:
    st.markdown(
        f"**a**: {plain(both.model_a)}, {plain(Path(both.a).name)}  \n"
        f"**b**: {plain(both.model_b)}, {plain(Path(both.b).name)}"
    )
    own = both.accuracy
    if own.a is not None and own.b is not None:
        st.markdown(
            f"Of {words.count(own.images, 'shared image')}, a recognises "
            f"{report_words.share(own.a)} and b {report_words.share(own.b)}: {own.only_a:,} only "
            f"a, {own.only_b:,} only b."
        )
    for note in both.notes:
        st.caption(f"Note: {plain(note)}")
    told = [row for row in both.rows if _matters(row)]
    if told:
        tables.show(("verdict", "class", "cue", "a", "b", "change"), map(_line, told))
        for row in told:
            if row.note:
                st.caption(f"{plain(row.class_name)}, {plain(_title(row))}: {plain(row.note)}.")
    if rest := len(both.rows) - len(told):
        st.caption(
            f"{words.count(rest, 'more cue')} of a class {'was' if rest == 1 else 'were'} tried in "
            "one of them or both; neither relies on "
            f"{'it' if rest == 1 else 'them'}."
        )


def _matters(row: Row) -> bool:
    relied = any(one is not None and one.relied_on for one in (row.a, row.b))
    return relied or row.verdict not in ("unchanged", "not tested")


def _line(row: Row) -> tuple[str, ...]:
    change = "" if row.change is None else words.points(row.change)
    return row.verdict, row.class_name, _title(row), _cell(row.a), _cell(row.b), change


def _title(row: Row) -> str:
    return FAMILIES[row.family].title


def _cell(effect: Effect | None) -> str:
    if effect is None:
        return "not tried"
    value, low, high = (f"{round(100 * one)}" for one in (effect.value, *effect.interval))
    return f"{value} ({low} to {high})" + ("" if effect.relied_on else ", not relied on")
