"""The network as two networks: from the image to the feature maps, and from there to the scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

import camcore
from camcore.drawing.network_figure import Captions, Gap, Parts, draw_parts, drawn_layers
from camcore.drawing.theme import DARK, LIGHT, as_png
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import ngettext, pgettext, spoken
from pages.parts.learn.equations import text
from pages.parts.learn.lesson import Lesson

_SHOWN = 90  # pixels on the page for an inch of the figure
_TALLEST = 420  # pixels of a table; longer ones scroll


def show(lesson: Lesson) -> None:
    """The figure of the last layers, and both tables."""
    parts, layer = lesson.model.parts(lesson.layer.name), lesson.layer
    before, behind = parts
    st.markdown(
        _(
            "Every network that tells pictures apart is two networks. The first turns the "
            "picture into **feature maps** $A$: here {channels} of them, {height} × {width} "
            "cells each. The second turns $A$ into **class scores**: here {scores}. All "
            "maps of this lesson are about what happens at the border.",
            channels=lesson.count(layer.channels),
            height=layer.height,
            width=layer.width,
            scores=lesson.count(len(lesson.model.class_names)),
        )
    )
    image = text(_("image"))
    first_network = text(_("first network"))
    second_network = text(_("second network"))
    st.latex(
        rf"\underbrace{{{image}}}_{{"
        + r" \times ".join(map(str, lesson.model.input_shape))
        + rf"}} \ \xrightarrow{{\ {first_network}\ }}\ \underbrace{{A}}_{{"
        + rf"{layer.height} \times {layer.width} \times {layer.channels}"
        + rf"}} \ \xrightarrow{{\ {second_network}\ }}\ \underbrace{{y}}_{{"
        + rf"{len(lesson.model.class_names)}"
        + "}"
    )
    show_anatomy(f"{lesson.model.sha256} {lesson.model.output} {layer.name}", parts, layer)
    if not lesson.presenting:
        left, right = st.columns(2, gap="medium")
        with left:
            _table(_("image → A"), before, lesson.count)
        with right:
            _table(_("A → class scores"), behind, lesson.count)
    else:
        st.markdown("  \n".join(_summary(title, rows, lesson.count) for title, rows in (
            (_("image → A"), before), (_("A → class scores"), behind),
        )))  # fmt: skip
    if beside := sum(row.beside for row in before):
        st.caption(
            ngettext(
                "{count} layer of the first table lies beside A: the scores depend on it by a "
                "branch that goes around this layer.",
                "{count} layers of the first table lie beside A: the scores depend on them by a "
                "branch that goes around this layer.",
                beside,
            )
        )


def show_anatomy(identity: str, parts: Parts, layer: camcore.Layer) -> None:
    """The figure of the last layers, in the theme of the page.

    Parameters
    ----------
    identity : str
        Everything that the figure depends on.
    parts : pair of sequences of LayerRow
    layer : Layer
    """
    dark = st.context.theme.type == "dark"
    png, width = _figure(f"{identity} {dark} {spoken()}", parts, layer, dark)
    st.image(png, width=width, alt=_alt(parts, layer.name))
    st.caption(
        _(
            "The layers next to the border, in the order of computation. Height: the map's grid; "
            "length: its channels; logarithmic. A bar is a vector. Below: shape and parameters."
        )
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _figure(identity: str, _parts: Parts, _layer: camcore.Layer, _dark: bool) -> tuple[bytes, int]:
    """The figure as a PNG file, and the pixels that it is shown with where there is room.

    Its font has Latin letters and symbols, so its words are translated into no others.
    """
    captions = Captions(
        before=pgettext("figure", "image → A"),
        behind=pgettext("figure", "A → class scores"),
        more=pgettext("figure", "{count} more\nlayers"),
        beside=pgettext("figure", "layers that reach the scores beside A: {count}"),
    )
    figure = draw_parts(_parts, _layer.name, DARK if _dark else LIGHT, captions)
    return as_png(figure), round(_SHOWN * figure.get_figwidth())


def _alt(parts: Parts, layer: str) -> str:
    described = []
    for rows in drawn_layers(parts, layer):
        words = [
            _("{count} more layers", count=row.count)
            if isinstance(row, Gap)
            else f"{row.name} {_shape(row)}"
            for row in rows
        ]
        described.append(", ".join(words))
    return _(
        "The last layers from the image to A: {before}. From A to the scores: {behind}.",
        before=described[0],
        behind=described[1],
    )


def _table(title: str, rows: Sequence[camcore.LayerRow], count: Callable[[int], str]) -> None:
    st.markdown(_summary(title, rows, count))
    table = pd.DataFrame(
        {
            _("layer"): [
                _("{layer} (beside A)", layer=row.name) if row.beside else row.name for row in rows
            ],
            _("kind"): [row.kind for row in rows],
            _("output"): [_shape(row) for row in rows],
            _("parameters"): [row.parameters for row in rows],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(rows) <= 10 else _TALLEST,
        column_config={_("parameters"): st.column_config.NumberColumn(format="localized")},
    )


def _summary(title: str, rows: Sequence[camcore.LayerRow], count: Callable[[int], str]) -> str:
    parameters = sum(row.parameters for row in rows)
    return ngettext(
        "**{title}** · {count} layer, {parameters} parameters",
        "**{title}** · {count} layers, {parameters} parameters",
        len(rows),
        title=plain(title),
        parameters=count(parameters),
    )


def _shape(row: camcore.LayerRow) -> str:
    return " × ".join("?" if side is None else str(side) for side in row.shape)
