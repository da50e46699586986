"""The sanity check, when somebody asks for it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

import camcore
from camcore.metrics import sanity_check
from pages.components.wording import plain
from pages.parts.compare.view import View
from pages.session.background_work import run_with_progress

_STAGES = 5
_DONE = "compare-sanity"


def show_sanity(view: View) -> None:
    """A method and a layer, the cost, a button, and what came out."""
    st.markdown(
        "A map that explains the model should change when the model's weights are shuffled, from "
        "the answer down to the first layer (Adebayo et al. 2018)."
    )
    row = st.container(horizontal=True, vertical_alignment="bottom")
    methods = [
        name
        for name in view.methods
        if any(camcore.METHODS[name].possible(layer) for layer in view.layers)
    ]
    if not methods:
        st.caption("None of the methods is possible at these layers.")
        return
    name = row.selectbox(
        "Method",
        methods,
        key="compare-sanity-method",
        format_func=lambda own: camcore.METHODS[own].title,
        width=220,
    )
    layers = {own.name: own for own in view.layers if camcore.METHODS[name].possible(own)}
    layer = row.selectbox("At layer", list(layers)[::-1], key="compare-sanity-layer", width=220)
    passes = (_STAGES + 1) * (1 + view.passes(name, layers[layer]))
    key = (view.identity, view.targets[0], name, layer)
    if row.button(f"Run: about {passes:,} forward passes", key="compare-sanity-run"):
        st.session_state[_DONE] = (key, None)
    wanted, found = st.session_state.get(_DONE, (None, None))
    if wanted != key:
        return
    if found is None:
        found = _run(view, name, layer, key)
        if found is None:
            st.session_state.pop(_DONE)
            return
        st.session_state[_DONE] = (key, found)
    st.markdown(f"**{plain(found.statement)}**")
    st.dataframe(
        pd.DataFrame(
            {
                "stage": [own.name for own in found.stages],
                "layers": [own.layers for own in found.stages],
                "pearson": [own.pearson for own in found.stages],
                "spearman": [own.spearman for own in found.stages],
                "evidence": [own.evidence for own in found.stages],
            }
        ),
        hide_index=True,
        column_config={
            "stage": "Shuffled down to",
            "layers": st.column_config.NumberColumn("Layers shuffled"),
            "pearson": st.column_config.NumberColumn(
                "r", format="%.3f", help="Pearson correlation with the map of the trained model."
            ),
            "spearman": st.column_config.NumberColumn(
                "ρ", format="%.3f", help="Spearman rank correlation with it."
            ),
            "evidence": "Evidence",
        },
    )


def _run(view: View, name: str, layer: str, key):
    engine, model, picture, options = view.engine, view.model, view.picture, view.options
    target = view.targets[0]
    return run_with_progress(
        ("compare-sanity", key),
        "Shuffling weights",
        lambda progress: sanity_check(
            engine, model, picture, layer=layer, target=target, method=name, stages=_STAGES,
            progress=progress, **options,
        ),
        st.empty(),
    )  # fmt: skip
