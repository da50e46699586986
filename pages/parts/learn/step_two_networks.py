"""The network as two networks: from the image to the feature maps, and from there to the scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

import camcore
from camcore.drawing.network_figure import Gap, Parts, draw_parts, drawn_layers
from camcore.drawing.theme import DARK, LIGHT, as_png
from pages.components.wording import plain
from pages.parts.learn.lesson import Lesson

_SHOWN = 90  # pixels on the page for an inch of the figure
_TALLEST = 420  # pixels of a table; longer ones scroll


def show(lesson: Lesson) -> None:
    """The figure of the last layers, and both tables."""
    parts, layer = lesson.model.parts(lesson.layer.name), lesson.layer
    before, behind = parts
    st.markdown(
        f"Every network that tells pictures apart is two networks. The first turns the picture "
        f"into **feature maps** $A$: here {lesson.count(layer.channels)} of them, "
        f"{layer.height} × {layer.width} cells each. The second turns $A$ into **class scores**: "
        f"here {lesson.count(len(lesson.model.class_names))}. All maps of this lesson are about "
        "what happens at the border."
    )
    st.latex(
        r"\underbrace{\text{image}}_{"
        + r" \times ".join(map(str, lesson.model.input_shape))
        + r"} \ \xrightarrow{\ \text{first network}\ }\ \underbrace{A}_{"
        + rf"{layer.height} \times {layer.width} \times {layer.channels}"
        + r"} \ \xrightarrow{\ \text{second network}\ }\ \underbrace{y}_{"
        + rf"{len(lesson.model.class_names)}"
        + "}"
    )
    show_anatomy(f"{lesson.model.sha256} {lesson.model.output} {layer.name}", parts, layer)
    if not lesson.presenting:
        left, right = st.columns(2, gap="medium")
        with left:
            _table("image → A", before, lesson.count)
        with right:
            _table("A → class scores", behind, lesson.count)
    else:
        st.markdown("  \n".join(_summary(title, rows, lesson.count) for title, rows in (
            ("image → A", before), ("A → class scores", behind),
        )))  # fmt: skip
    if beside := sum(row.beside for row in before):
        st.caption(
            f"{beside} layers of the first table lie beside A: the scores depend on them by a "
            "branch that goes around this layer."
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
    png, width = _figure(f"{identity} {dark}", parts, layer, dark)
    st.image(png, width=width, alt=_alt(parts, layer.name))
    st.caption(
        "The layers next to the border, in the order of computation. Height: the map's grid; "
        "length: its channels; logarithmic. A bar is a vector. Below: shape and parameters."
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _figure(identity: str, _parts: Parts, _layer: camcore.Layer, _dark: bool) -> tuple[bytes, int]:
    """The figure as a PNG file, and the pixels that it is shown with where there is room."""
    figure = draw_parts(_parts, _layer.name, DARK if _dark else LIGHT)
    return as_png(figure), round(_SHOWN * figure.get_figwidth())


def _alt(parts: Parts, layer: str) -> str:
    described = []
    for rows in drawn_layers(parts, layer):
        words = [
            f"{row.count} more layers" if isinstance(row, Gap) else f"{row.name} {_shape(row)}"
            for row in rows
        ]
        described.append(", ".join(words))
    return (
        f"The last layers from the image to A: {described[0]}. "
        f"From A to the scores: {described[1]}."
    )


def _table(title: str, rows: Sequence[camcore.LayerRow], count: Callable[[int], str]) -> None:
    st.markdown(_summary(title, rows, count))
    table = pd.DataFrame(
        {
            "layer": [row.name + (" (beside A)" if row.beside else "") for row in rows],
            "kind": [row.kind for row in rows],
            "output": [_shape(row) for row in rows],
            "parameters": [row.parameters for row in rows],
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        height="content" if len(rows) <= 10 else _TALLEST,
        column_config={"parameters": st.column_config.NumberColumn(format="localized")},
    )


def _summary(title: str, rows: Sequence[camcore.LayerRow], count: Callable[[int], str]) -> str:
    parameters = sum(row.parameters for row in rows)
    return f"**{plain(title)}** · {len(rows)} layers, {count(parameters)} parameters"


def _shape(row: camcore.LayerRow) -> str:
    return " × ".join("?" if side is None else str(side) for side in row.shape)
