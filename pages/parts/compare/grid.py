"""The grid of maps: what is cheap at once, what is costly when somebody asks."""

from __future__ import annotations

from collections.abc import Hashable

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import camcore
from pages.components.map_grid import Heading, Tile, show_map_grid
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.languages.numbers import whole
from pages.parts.compare.reasons import why_not
from pages.parts.compare.view import View
from pages.session.background_work import run_with_progress, spoken

Maps = dict[tuple[str, str], tuple[camcore.Explanation, ...]]
"""One explanation for each target, by method and layer."""

_WANTED = "compare-wanted"

_COST = {
    "head": marked("{passes} forward passes of the network behind the layer: about {time}."),
    "image": marked("{passes} forward passes of the whole network: about {time}."),
}
_RUNNING = {
    "head": marked("{passes} forward passes of the network behind the layer: running …"),
    "image": marked("{passes} forward passes of the whole network: running …"),
}


def make_maps(view: View) -> Maps:
    """Every map that is possible and either cheap or known already."""
    return {
        (name, layer.name): _explain(view, name, layer)
        for layer in view.layers
        for name in view.methods
        if camcore.METHODS[name].possible(layer) and not _seconds(view, name, layer)
    }


def make_wanted(view: View, place: DeltaGenerator) -> None:
    """Make what somebody has asked for, with progress, and run the page again after each.

    Parameters
    ----------
    place : DeltaGenerator
        An `st.empty` for the progress.
    """
    for layer in view.layers:
        for name in view.methods:
            pair = _pair(view, name, layer)
            if pair in _wanted():
                try:
                    _run(view, name, layer, place)
                except Exception:  # not a rerun of the page, which goes on waiting
                    _wanted().discard(pair)
                    raise
                _wanted().discard(pair)  # made or stopped
                st.rerun()


def show_grid(view: View, maps: Maps) -> None:
    """Methods as rows, layers (and classes) as columns."""
    names = view.model.class_names
    two = len(view.targets) > 1
    columns = [
        Heading(
            layer.name,
            f"{layer.height} × {layer.width}" + (f" · {names[target]}" if two else ""),
        )
        for layer in view.layers
        for target in view.targets
    ]
    rows = [Heading(camcore.METHODS[name].title, _aside(name)) for name in view.methods]
    tiles = [
        _tile(view, maps, name, layer, number)
        for name in view.methods
        for layer in view.layers
        for number in range(len(view.targets))
    ]
    pairs = {
        _ask(name, layer): _pair(view, name, layer)
        for name in view.methods
        for layer in view.layers
    }
    show_map_grid(
        view.picture,
        rows,
        columns,
        tiles,
        key="compare-grid",
        on_ask=lambda ask: _wanted().add(pairs[ask]),
    )


def _aside(name: str) -> str:
    return _("knows no class") if camcore.METHODS[name].class_agnostic else ""


def _tile(view: View, maps: Maps, name: str, layer: camcore.Layer, number: int) -> Tile:
    method = camcore.METHODS[name]
    if (name, layer.name) in maps:
        return Tile(maps[name, layer.name][number])
    if not method.possible(layer):
        why = why_not(method, view.model.name, layer.name)
        return Tile(words=_("{method} is not possible here. {why}", method=method.title, why=why))
    passes = whole(method.passes(layer, view.model.input_shape))
    if _pair(view, name, layer) in _wanted():
        return Tile(words=_(_RUNNING[method.needs], passes=passes))
    seconds = spoken(_seconds(view, name, layer))
    cost = _(_COST[method.needs], passes=passes, time=seconds)
    return Tile(words=cost, ask=_ask(name, layer), label=_("Run"))


def _seconds(view: View, name: str, layer: camcore.Layer) -> float:
    """About how long a map takes that somebody has to ask for; 0 for all others."""
    if not camcore.METHODS[name].costly(layer, view.model.input_shape):
        return 0.0
    return view.engine.estimate(
        view.model, view.picture, method=name, layer=layer.name, **view.options
    )


def _wanted() -> set[Hashable]:
    """What has been asked for and is not there yet."""
    return st.session_state.setdefault(_WANTED, set())


def _pair(view: View, name: str, layer: camcore.Layer) -> Hashable:
    return view.engine.key(
        view.model, view.picture, method=name, targets=view.targets, layer=layer.name,
        **view.options,
    )  # fmt: skip


def _ask(name: str, layer: camcore.Layer) -> str:
    return f"{name} {layer.name}"


def _explain(view: View, name: str, layer: camcore.Layer) -> tuple[camcore.Explanation, ...]:
    return view.engine.explain_each(
        view.model, view.picture, view.targets, layer=layer.name, method=name, **view.options
    )


def _run(view: View, name: str, layer: camcore.Layer, place: DeltaGenerator) -> None:
    engine, model, picture, options = view.engine, view.model, view.picture, view.options
    targets, title = view.targets, camcore.METHODS[name].title
    run_with_progress(
        ("passes", _pair(view, name, layer)),
        _("{method} at {layer}", method=title, layer=plain(layer.name)),
        lambda progress: engine.explain_each(
            model, picture, targets, layer=layer.name, method=name, progress=progress, **options
        ),
        place,
    )
