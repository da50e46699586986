"""Two runs side by side: what got better, and what is new."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import streamlit as st

from camcore.auditing.report import words as report_words
from camcore.auditing.run_comparison.before_after import BeforeAfter, before_after
from camcore.auditing.run_comparison.compare_runs import compare
from camcore.auditing.run_comparison.comparison_page import comparison_csv, comparison_page
from camcore.auditing.run_comparison.run_comparison import Comparison, Effect, Row
from camcore.auditing.runs.run import Run
from pages.components.wording import calmly, plain
from pages.parts.audit import figures, places, words
from pages.parts.audit.places import Place
from pages.parts.audit.runs import titles_of
from pages.session.visitor import visible_runs

_TILE, _STRIP = 140, 640  # pixels: a tile at least, a row of them at most
_MARKS = {"good": ":green-badge", "bad": ":red-badge", "neutral": ":gray-badge"}
_SIGNS = {"good": "✓", "bad": "✗", "neutral": "·"}


def show_comparison(run: Run, place: Place) -> None:
    """Choose another run with findings, and see both."""
    others = {
        places.name_of(candidate): candidate
        for candidate in visible_runs()
        if candidate.state == "complete"
    }
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
        format_func=lambda other: f"{' · '.join(titles_of(others[other]))} · {other}",
        placeholder="choose another run",
        help="The one that began earlier stands on the left.",
        on_change=to_other,
    )
    if name is None:
        return
    with calmly(st.container()):
        a, b = sorted((run, places.results_of(others[name])), key=_began)
        stamps = f"{figures.stamp_of(a)} {figures.stamp_of(b)}"
        _show(_compared(stamps, a, b), stamps, a, b)


@st.cache_resource(max_entries=8, show_spinner="Comparing …")
def _compared(stamps: str, _a: Run, _b: Run) -> Comparison:
    return compare(_a, _b)


@st.cache_resource(max_entries=8, show_spinner="Making the pictures …")
def _strips(stamps: str, _comparison: Comparison, _a: Run, _b: Run) -> tuple[BeforeAfter, ...]:
    return before_after(_comparison, _a, _b)


def _began(run: Run) -> str:
    return run.record.get("started", "")


def _show(both: Comparison, stamps: str, a: Run, b: Run) -> None:
    st.markdown(f"## {plain(both.sentence)}")
    st.markdown(
        f"**a**: {plain(both.model_a)}, {plain(Path(both.a).name)}  \n"
        f"**b**: {plain(both.model_b)}, {plain(Path(both.b).name)}"
    )
    accuracy = both.accuracy
    if accuracy.a is not None and accuracy.b is not None:
        st.markdown(
            f"Of {words.count(accuracy.images, 'shared image')}, a recognises "
            f"{report_words.share(accuracy.a)} and b {report_words.share(accuracy.b)}: "
            f"{accuracy.only_a:,} only a, {accuracy.only_b:,} only b."
        )
    for note in both.notes:
        st.caption(f"Note: {plain(note)}")
    with calmly(st.container()):
        for strip in _strips(stamps, both, a, b):
            _show_strip(strip)
    if both.relevant:
        _show_table(both.relevant)
    if rest := len(both.rows) - len(both.relevant):
        st.caption(
            f"{words.count(rest, 'more cue')} of a class {'was' if rest == 1 else 'were'} tried in "
            "one of them or both; neither relies on "
            f"{'it' if rest == 1 else 'them'}."
        )
    _offer_files(both, a, b)


def _show_strip(strip: BeforeAfter) -> None:
    """A picture before and after it took the cue that a run relies on."""
    with st.container(border=True, width=_STRIP):
        st.markdown(plain(strip.caption))
        if strip.problem:
            st.caption(plain(strip.problem))
        if strip.tiles:
            grid = st.grid(3, min_column_width=_TILE)
            for tile in strip.tiles:
                with grid.cell():
                    if data := tile.png():
                        st.image(data, width="stretch", alt=tile.alt)
                    st.caption(f"**{plain(tile.title)}**  \n{plain(tile.caption)}")


def _show_table(rows: Sequence[Row]) -> None:
    table = pd.DataFrame(
        [
            {
                "verdict": f"{_MARKS[row.mark]}[{_SIGNS[row.mark]} {row.verdict}]",
                "class": plain(row.class_name),
                "cue": plain(_cue(row)),
                "a": _cell(row.a),
                "b": _cell(row.b),
                "change": "" if row.change is None else words.points(row.change),
            }
            for row in rows
        ]
    )
    st.table(table, border="horizontal", hide_index=True)
    st.caption(
        "Excess flips in points of 100, with 95 % intervals; a change counts where they lie apart. "
        "✓ got better, ✗ got worse; reliance on the object is neither."
    )
    for row in rows:
        if row.note:
            st.caption(f"{plain(row.class_name)}, {plain(row.effect.cue)}: {plain(row.note)}.")


def _cue(row: Row) -> str:
    return f"{row.effect.cue} (the object, or perhaps so)" if row.effect.excused else row.effect.cue


def _cell(effect: Effect | None) -> str:
    if effect is None:
        return "not tried"
    value, low, high = (f"{round(100 * fraction)}" for fraction in (effect.value, *effect.interval))
    return f"{value} ({low} to {high})" + ("" if effect.relied_on else ", not relied on")


def _offer_files(both: Comparison, a: Run, b: Run) -> None:
    name = f"{Path(both.a).name}-{Path(both.b).name}"
    with st.container(horizontal=True):
        st.download_button(
            "Comparison",
            lambda: comparison_page(both, a, b),
            file_name=f"{name}.html",
            mime="text/html",
            key="audit-comparison-page",
            icon=":material/download:",
            on_click="ignore",
            help="One HTML file with sentence, pictures and table, to send or to print.",
        )
        st.download_button(
            "comparison.csv",
            lambda: comparison_csv(both),
            file_name=f"{name}.csv",
            mime="text/csv",
            key="audit-comparison-table",
            on_click="ignore",
            help="A row for each cue that was tried, with the numbers.",
        )
