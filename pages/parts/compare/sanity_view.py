"""The sanity check, when somebody asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

import camcore
from camcore.metrics import sanity_check
from camcore.metrics.sanity import Sanity
from pages.components.map_row import MapFigure, show_maps
from pages.components.wording import plain, reported
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.languages.numbers import decimal, whole
from pages.parts.compare.view import View
from pages.parts.learn.showing import over
from pages.session.background_work import run_with_progress

_STAGES, _SHUFFLES = 5, 3
_MEANING = {
    True: marked(
        "That is no verdict on the model. It says that here the place comes from the features "
        "alone: all of them answer to the same part of the picture, so that any weights on them "
        "light it up. Another picture, or a layer that tells places apart, may well pass."
    ),
    False: marked(
        "What the map shows is therefore the model's own: another network of this build would "
        "show something else."
    ),
}
_DONE = "compare-sanity"


def show_sanity(view: View) -> None:
    """A method and a layer, the cost, a button, and what came out."""
    st.markdown(
        _(
            "A map that explains the model should change when the model's weights are shuffled, "
            "from the answer down to the first layer (Adebayo et al. 2018)."
        )
    )
    row = st.container(horizontal=True, vertical_alignment="bottom")
    methods = [
        name
        for name in view.methods
        if any(camcore.METHODS[name].possible(layer) for layer in view.layers)
    ]
    if not methods:
        st.caption(_("None of the methods is possible at these layers."))
        return
    name = row.selectbox(
        _("Method"),
        methods,
        key="compare-sanity-method",
        format_func=lambda method: camcore.METHODS[method].title,
        width=220,
    )
    layers = {layer.name: layer for layer in view.layers if camcore.METHODS[name].possible(layer)}
    layer = row.selectbox(_("At layer"), list(layers)[::-1], key="compare-sanity-layer", width=220)
    passes = (1 + _SHUFFLES * _STAGES) * (1 + view.passes(name, layers[layer]))
    key = (view.identity, view.targets[0], name, layer)
    cost = _("Run: about {passes} forward passes", passes=whole(passes))
    if row.button(cost, key="compare-sanity-run"):
        st.session_state[_DONE] = (key, None)
    wanted, check = st.session_state.get(_DONE, (None, None))
    if wanted != key:
        return
    if check is None:
        check = _run(view, name, layer, key)
        if check is None:
            st.session_state.pop(_DONE)
            return
        st.session_state[_DONE] = (key, check)
    st.markdown(f"**{plain(reported(check.statement))}**")
    if check.original.evidence == "positive":
        st.markdown(_(_MEANING[check.insensitive]))
    _show_maps(check, view.picture)
    st.dataframe(
        pd.DataFrame(
            {
                "stage": [stage.name for stage in check.stages],
                "layers": [stage.layers for stage in check.stages],
                "pearson": [stage.pearson for stage in check.stages],
                "range": [_range(stage.pearsons) for stage in check.stages],
                "spearman": [stage.spearman for stage in check.stages],
                "evidence": [stage.evidence for stage in check.stages],
            }
        ),
        hide_index=True,
        column_config={
            "stage": _("Shuffled down to"),
            "layers": st.column_config.NumberColumn(_("Layers shuffled")),
            "pearson": st.column_config.NumberColumn(
                "r",
                format="%.3f",
                help=_(
                    "Pearson correlation with the map of the trained model, the median over the "
                    "shuffles."
                ),
            ),
            "range": st.column_config.TextColumn(
                _("r, all shuffles"),
                help=_("Lowest and highest over {count} shuffles.", count=_SHUFFLES),
            ),
            "spearman": st.column_config.NumberColumn(
                "ρ", format="%.3f", help=_("Spearman rank correlation with it.")
            ),
            "evidence": _("Evidence"),
        },
    )


def _show_maps(check: Sanity, picture: camcore.Picture) -> None:
    """The trained model's map, and one of each stage."""
    maps = [over(check.original, _("Trained"), _("as it was learned"))]
    for stage in check.stages:
        heatmap, sub = stage.heatmap, f"r {_range(stage.pearsons)}"
        maps.append(
            MapFigure(
                heatmap.values,
                heatmap.frame,
                _("Down to {layer}", layer=stage.name),
                sub,
                0,
                1,
                over=True,
            )
        )
    show_maps(maps, picture, key="compare-sanity-maps")


def _range(values: Sequence[float]) -> str:
    known = [value for value in values if value == value]  # NaN: a map without evidence
    if not known:
        return _("no evidence")
    low, high = (decimal(bound, 2).replace("-", "−") for bound in (min(known), max(known)))
    return _("{low} to {high}", low=low, high=high)


def _run(view: View, name: str, layer: str, key):
    engine, model, picture, options = view.engine, view.model, view.picture, view.options
    target = view.targets[0]
    return run_with_progress(
        ("compare-sanity", key),
        _("Shuffling weights"),
        lambda progress: sanity_check(
            engine, model, picture, layer=layer, target=target, method=name, stages=_STAGES,
            shuffles=_SHUFFLES, progress=progress, **options,
        ),
        st.empty(),
    )  # fmt: skip
