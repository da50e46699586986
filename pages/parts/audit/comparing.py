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
from pages.components.wording import calmly, plain, reported
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import ngettext
from pages.languages.numbers import whole
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
            _(
                "There is no other complete run to compare with: audit another model on these "
                "pictures, or this one on others."
            ),
            icon=":material/compare_arrows:",
        )
        return
    key = "audit-other"
    st.session_state[key] = place.other or None

    def to_other() -> None:
        places.go(Place(place.run, "compare", other=st.session_state[key] or ""))

    name = st.selectbox(
        _("Compare with"),
        list(others),
        key=key,
        format_func=lambda other: f"{' · '.join(titles_of(others[other]))} · {other}",
        placeholder=_("choose another run"),
        help=_("The one that began earlier stands on the left."),
        on_change=to_other,
    )
    if name is None:
        return
    with calmly(st.container()):
        a, b = sorted((run, places.results_of(others[name])), key=_began)
        stamps = f"{figures.stamp_of(a)} {figures.stamp_of(b)}"
        with st.spinner(_("Comparing …")):
            both = _compared(stamps, a, b)
        _show(both, stamps, a, b)


@st.cache_resource(max_entries=8, show_spinner=False)
def _compared(stamps: str, _a: Run, _b: Run) -> Comparison:
    return compare(_a, _b)


@st.cache_resource(max_entries=8, show_spinner=False)
def _strips(stamps: str, _comparison: Comparison, _a: Run, _b: Run) -> tuple[BeforeAfter, ...]:
    return before_after(_comparison, _a, _b)


def _began(run: Run) -> str:
    return run.record.get("started", "")


def _show(both: Comparison, stamps: str, a: Run, b: Run) -> None:
    st.markdown(f"## {plain(reported(both.sentence))}")
    st.markdown(
        f"**a**: {plain(both.model_a)}, {plain(Path(both.a).name)}  \n"
        f"**b**: {plain(both.model_b)}, {plain(Path(both.b).name)}"
    )
    accuracy = both.accuracy
    if accuracy.a is not None and accuracy.b is not None:
        st.markdown(
            ngettext(
                "Of {count} shared image, a recognises {share_a} and b {share_b}: {only_a} only a, "
                "{only_b} only b.",
                "Of {count} shared images, a recognises {share_a} and b {share_b}: {only_a} only "
                "a, {only_b} only b.",
                accuracy.images,
                count=whole(accuracy.images),
                share_a=report_words.share(accuracy.a),
                share_b=report_words.share(accuracy.b),
                only_a=whole(accuracy.only_a),
                only_b=whole(accuracy.only_b),
            )
        )
    for note in both.notes:
        st.caption(_("Note: {note}", note=plain(reported(note))))
    with calmly(st.container()):
        with st.spinner(_("Making the pictures …")):
            strips = _strips(stamps, both, a, b)
        for strip in strips:
            _show_strip(strip)
    if both.relevant:
        _show_table(both.relevant)
    if rest := len(both.rows) - len(both.relevant):
        st.caption(
            ngettext(
                "{count} more cue of a class was tried in one of them or both; neither relies on "
                "it.",
                "{count} more cues of a class were tried in one of them or both; neither relies "
                "on them.",
                rest,
                count=whole(rest),
            )
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
                _("verdict"): f"{_MARKS[row.mark]}[{_SIGNS[row.mark]} {row.verdict}]",
                _("class"): plain(row.class_name),
                _("cue"): plain(_cue(row)),
                "a": _cell(row.a),
                "b": _cell(row.b),
                _("change"): "" if row.change is None else words.points(row.change),
            }
            for row in rows
        ]
    )
    st.table(table, border="horizontal", hide_index=True)
    st.caption(
        _(
            "Excess flips in points of 100, with 95 % intervals; a change counts where they lie "
            "apart. ✓ got better, ✗ got worse; reliance on the object is neither."
        )
    )
    for row in rows:
        if row.note:
            st.caption(f"{plain(row.class_name)}, {plain(row.effect.cue)}: {plain(row.note)}.")


def _cue(row: Row) -> str:
    if not row.effect.excused:
        return row.effect.cue
    return _("{cue} (the object, or perhaps so)", cue=row.effect.cue)


def _cell(effect: Effect | None) -> str:
    if effect is None:
        return _("not tried")
    value, low, high = (f"{round(100 * fraction)}" for fraction in (effect.value, *effect.interval))
    values = {"value": value, "low": low, "high": high}
    if effect.relied_on:
        return _("{value} ({low} to {high})", **values)
    return _("{value} ({low} to {high}), not relied on", **values)


def _offer_files(both: Comparison, a: Run, b: Run) -> None:
    name = f"{Path(both.a).name}-{Path(both.b).name}"
    with st.container(horizontal=True):
        st.download_button(
            _("Comparison"),
            lambda: comparison_page(both, a, b),
            file_name=f"{name}.html",
            mime="text/html",
            key="audit-comparison-page",
            icon=":material/download:",
            on_click="ignore",
            help=_("One HTML file with sentence, pictures and table, to send or to print."),
        )
        st.download_button(
            "comparison.csv",
            lambda: comparison_csv(both),
            file_name=f"{name}.csv",
            mime="text/csv",
            key="audit-comparison-table",
            on_click="ignore",
            help=_("A row for each cue that was tried, with the numbers."),
        )
