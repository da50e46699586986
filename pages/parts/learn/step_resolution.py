"""The same digit under a network with small maps and one with large maps."""

from __future__ import annotations

import streamlit as st

import camcore
from pages.components.map_row import MapFigure, show_maps
from pages.components.wording import plain
from pages.parts.learn.choosing import offer_model
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.showing import agreement, over

_PAIR = ("cam1", "cam2")


def show(lesson: Lesson) -> None:
    """cam1 beside cam2: cells, and both over the digit."""
    if lesson.choice.name not in _PAIR:
        offer_model(
            "This step compares two networks that read handwritten digits; "
            f"{plain(lesson.choice.title)} reads something else.",
            "cam1",
            image="digit-7",
        )
        return
    st.markdown(
        "Two networks with the same four convolutions. **cam1** halves its maps three times on the "
        "way (max pooling), **cam2** never does. Both read digits well; their maps are not alike."
    )
    small, large = (_explained(lesson, name) for name in _PAIR)
    figures = [
        _cells(small, "cam1, true cells"),
        over(small, "cam1, smoothed", "bicubic, over the digit", "bicubic"),
        _cells(large, "cam2, true cells"),
        over(large, "cam2, as it is", "nearest, over the digit", "nearest"),
    ]
    show_maps(figures, lesson.picture, key="learn-resolution-maps")
    accuracy = {
        model.name: model.accuracy["test"]
        for model in camcore.BUNDLED_MODELS
        if model.name in _PAIR
    }
    rows = [
        f"| {name} | {_grid(cam)} | {cam.heatmap.raw.size} | {_stride(cam):.0f} | "
        f"{cam.target.probability:.1%} | {accuracy[name]:.1%} |"
        for name, cam in zip(_PAIR, (small, large), strict=True)
    ]
    st.markdown(
        "\n".join(
            [
                f"| | map | numbers in it | input pixels from cell to cell | "
                f"probability of {lesson.target_name} | test accuracy |",
                "|---|---|---|---|---|---|",
                *rows,
            ]
        )
    )
    alike = agreement(*(cam.heatmap.upsampled("bicubic") for cam in (small, large)))
    if alike is not None:
        st.latex(
            rf"\mathrm{{Pearson}}\big(\text{{cam1 smoothed}},\ \text{{cam2}}\big) = {alike:.2f}"
        )
    st.markdown(
        "Smoothing cam1's nine cells gives a soft picture, not cam2's strokes. What a map can "
        "show is decided when the network is built: **resolution is real, or it is paint**."
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
    return MapFigure(heatmap.values, heatmap.frame, title, f"{_grid(cam)} cells", 0, 1)
