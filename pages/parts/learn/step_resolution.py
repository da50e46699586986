"""The same digit under a network with small maps and one with large maps."""

from __future__ import annotations

import streamlit as st

import camcore
from pages.components.map_row import MapFigure, show_maps
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import decimal, percent
from pages.parts.learn.choosing import offer_model
from pages.parts.learn.equations import text
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.showing import agreement, over

_PAIR = ("cam1", "cam2")


def show(lesson: Lesson) -> None:
    """cam1 beside cam2: cells, and both over the digit."""
    if lesson.choice.name not in _PAIR:
        offer_model(
            _(
                "This step compares two networks that read handwritten digits; {title} reads "
                "something else.",
                title=plain(lesson.choice.title),
            ),
            "cam1",
            image="digit-7",
        )
        return
    st.markdown(
        _(
            "Two networks with the same four convolutions. **cam1** halves its maps three times "
            "on the way (max pooling), **cam2** never does. Both read digits well; their maps "
            "are not alike."
        )
    )
    small, large = (_explained(lesson, name) for name in _PAIR)
    figures = [
        _cells(small, _("cam1, true cells")),
        over(small, _("cam1, smoothed"), _("bicubic, over the digit"), "bicubic"),
        _cells(large, _("cam2, true cells")),
        over(large, _("cam2, as it is"), _("nearest, over the digit"), "nearest"),
    ]
    show_maps(figures, lesson.picture, key="learn-resolution-maps")
    accuracy = {
        model.name: model.accuracy["test"]
        for model in camcore.BUNDLED_MODELS
        if model.name in _PAIR
    }
    rows = [
        f"| {name} | {_grid(cam)} | {cam.heatmap.raw.size} | {_stride(cam):.0f} | "
        f"{percent(cam.target.probability, 1)} | {percent(accuracy[name], 1)} |"
        for name, cam in zip(_PAIR, (small, large), strict=True)
    ]
    st.markdown(
        "\n".join(
            [
                _(
                    "| | map | numbers in it | input pixels from cell to cell | probability of "
                    "{target_name} | test accuracy |",
                    target_name=lesson.target_name,
                ),
                "|---|---|---|---|---|---|",
                *rows,
            ]
        )
    )
    alike = agreement(*(cam.heatmap.upsampled("bicubic") for cam in (small, large)))
    if alike is not None:
        cam1_smoothed = text(_("cam1 smoothed"))
        st.latex(
            rf"\mathrm{{Pearson}}\big({cam1_smoothed},\ \text{{cam2}}\big) = "
            + decimal(alike, 2).replace(",", "{,}")
        )
    st.markdown(
        _(
            "Smoothing cam1's nine cells gives a soft picture, not cam2's strokes. What a map can "
            "show is decided when the network is built: **resolution is real, or it is paint**."
        )
    )


def _explained(lesson: Lesson, name: str) -> camcore.Explanation:
    model = lesson.model if name == lesson.choice.name else lesson.beside(name)
    return lesson.engine.explain(
        model, lesson.picture, target=lesson.target, method="cam", fit=lesson.fit
    )


def _grid(cam: camcore.Explanation) -> str:
    return f"{cam.layer.height} × {cam.layer.width}"


def _stride(cam: camcore.Explanation) -> float:
    """Pixels of the network's input between the centres of two cells beside each other."""
    lies = cam.layer.frame
    assert lies is not None  # of every layer of these two networks
    return (lies.x1 - lies.x0) / cam.layer.width


def _cells(cam: camcore.Explanation, title: str) -> MapFigure:
    heatmap = cam.heatmap
    return MapFigure(heatmap.values, heatmap.frame, title, _("{grid} cells", grid=_grid(cam)), 0, 1)
