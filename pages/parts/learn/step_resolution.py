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
        own.name: own.accuracy["test"] for own in camcore.BUNDLED_MODELS if own.name in _PAIR
    }
    rows = [
        f"| {name} | {_grid(shown)} | {shown.heatmap.raw.size} | {_stride(shown):.0f} | "
        f"{shown.target.probability:.1%} | {accuracy[name]:.1%} |"
        for name, shown in zip(_PAIR, (small, large), strict=True)
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
    alike = agreement(*(own.heatmap.upsampled("bicubic") for own in (small, large)))
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


def _grid(shown: camcore.Explanation) -> str:
    return f"{shown.layer.height} × {shown.layer.width}"


def _stride(shown: camcore.Explanation) -> float:
    """Pixels of the network's input between the centres of two cells beside each other."""
    lies = shown.layer.frame
    assert lies is not None  # of every layer of these two networks
    return (lies.x1 - lies.x0) / shown.layer.width


def _cells(shown: camcore.Explanation, title: str) -> MapFigure:
    heatmap = shown.heatmap
    return MapFigure(heatmap.values, heatmap.frame, title, f"{_grid(shown)} cells", 0, 1)
