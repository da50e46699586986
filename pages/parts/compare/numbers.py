"""The table of a comparison, and its files."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import camcore
from camcore.comparing import COLUMNS, Comparison, compare
from camcore.comparing.measuring import FAITHFULNESS_PASSES
from camcore.engine.cache import BoundedCache
from pages.components.box_canvas import Box
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import whole
from pages.parts.compare.grid import Maps
from pages.parts.compare.view import View
from pages.session.background_work import run_with_progress

_KEPT_BYTES = 4 * 2**20
_STOPPED = "compare-stopped"
_SMALL = 20e6  # bytes of weights: models as small as the bundled ones answer in a moment


def pick_faithfulness(view: View, maps: Maps) -> bool:
    """Whether faithfulness is measured; small models need not be asked."""
    key = f"compare-faithfulness-{view.model.sha256[:12]}"
    st.session_state.setdefault(key, view.model.nbytes < _SMALL)
    if st.session_state.pop(_STOPPED, False):
        st.session_state[key] = False
    passes = len(maps) * len(view.targets) * FAITHFULNESS_PASSES
    passes += sum(
        len(view.targets) * view.passes(name, layer)
        for name in view.methods
        for layer in view.layers
        if (name, layer.name) in maps and view.costly(name, layer)
    )
    return st.toggle(
        _("Measure faithfulness (about {passes} forward passes)", passes=whole(passes)),
        key=key,
        persist_state="session",
        help=_(
            "Drop, increase, coherency, complexity, ADCC, deletion and insertion: what the model "
            "answers when only what a map shows is kept, or taken away."
        ),
    )


def measure(
    view: View, maps: Maps, boxes: tuple[Box, ...], faithful: bool, place: DeltaGenerator
) -> Comparison | None:
    """The numbers of all maps that are there; None where somebody stopped it.

    Stopping switches faithfulness off first.
    """
    pairs = {(name, layer.name) for name in view.methods for layer in view.layers}
    left_out = frozenset(pairs - maps.keys())
    engine, model, picture, targets = view.engine, view.model, view.picture, view.targets
    layers, kept = tuple(layer.name for layer in view.layers), _kept()
    methods, options = view.methods, view.options
    comparison = run_with_progress(
        ("compare-numbers", view.identity, methods, layers, targets, boxes, faithful, left_out),
        _("Measuring"),
        lambda progress: compare(
            engine,
            model,
            picture,
            methods=methods,
            layers=layers,
            targets=targets,
            boxes=boxes,
            faithfulness=faithful,
            left_out=left_out,
            kept=kept,
            progress=progress,
            **options,
        ),
        place,
    )
    if comparison is None and faithful:
        st.session_state[_STOPPED] = True
        st.rerun()  # without it
    return comparison


@st.cache_resource(show_spinner=False)
def _kept() -> BoundedCache:
    """Timings and faithfulness, for all sessions."""
    return BoundedCache(_KEPT_BYTES)


def show_table(comparison: Comparison) -> None:
    """One sortable table; maps that are not there are not in it."""
    table = comparison.table()
    table = table[table["evidence"] != ""].drop(columns="note")
    if len(comparison.targets) == 1:
        table = table.drop(columns="class")
    if (table["evidence"] == "positive").all():
        table = table.drop(columns="evidence")
    config = {
        name: st.column_config.NumberColumn(
            _(column.title), help=_(column.about), format=f"%{column.format}"
        )
        for name, column in COLUMNS.items()
        if name in table
    }
    # What a box is drawn for stands where it is seen: the table is wider than the page.
    boxed = [name for name in table if name in COLUMNS and COLUMNS[name].group == "box"]
    named = [name for name in table if name not in COLUMNS]
    st.dataframe(
        table,
        column_order=[*named, *boxed, *(name for name in table if name not in (*named, *boxed))],
        hide_index=True,
        placeholder="–",
        alt=_("Agreement, faithfulness and cost of each map; the same as a file under Downloads."),
        height="content" if len(table) <= 12 else 460,
        column_config={
            **config,
            "method": st.column_config.TextColumn(_("Method"), pinned=True),
            "layer": st.column_config.TextColumn(_("Layer")),
            "class": st.column_config.TextColumn(_("Class")),
            "evidence": st.column_config.TextColumn(
                _("Evidence"),
                help=_("“none” where nothing at this layer speaks for the class."),
            ),
        },
    )
    st.caption(
        _(
            "Click a column's head to sort; its tooltip says what it is. Agreement is with the "
            "map of the same layer and class, and says nothing about who is right."
        )
    )


def show_downloads(comparison: Comparison) -> None:
    """The figure and the table as files."""
    looks = st.container(horizontal=True, vertical_alignment="bottom")
    alpha = looks.slider(
        _("Opacity in the figure"), 0.0, 1.0, 0.4, 0.05, key="compare-alpha", width=240
    )
    colormap = looks.selectbox(
        _("Colours in the figure"), list(camcore.COLORMAPS), key="compare-colormap", width=180
    )
    stem = f"{comparison.picture.name.rsplit('.', 1)[0]}-comparison"
    files = st.container(horizontal=True)
    for label, ending, mime, make in (
        (_("Figure PNG"), "png", "image/png", partial(comparison.png, alpha, colormap)),
        (_("Figure SVG"), "svg", "image/svg+xml", partial(comparison.svg, alpha, colormap)),
        (_("Table CSV"), "csv", "text/csv", comparison.csv),
    ):
        files.download_button(
            label,
            make,
            file_name=f"{stem}.{ending}",
            mime=mime,
            key=f"compare-download-{ending}",
            on_click="ignore",
        )
    st.caption(_("The figure carries how it was made: as text chunks in the PNG, and in the SVG."))
