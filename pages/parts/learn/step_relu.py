"""The raw map with its negative cells, ReLU, and min-max."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

import camcore
from pages.components.map_row import MapFigure, show_maps, signed_figure
from pages.parts.learn import equations
from pages.parts.learn.contributions import Contributions
from pages.parts.learn.lesson import Lesson


def show(lesson: Lesson) -> None:
    """Three scalings of the same numbers, and what each of them hides."""
    name = lesson.target_name
    st.markdown(
        f"A cell of the map can speak **for** {name} (above zero), **against** it (below zero), or "
        "not at all. To show only what speaks for it, everything below zero is cut (**ReLU**), and "
        "the largest value becomes 1."
    )
    if _is_cut(lesson):
        _three_scalings(lesson, "chosen")
        return
    rival = _rival(lesson)
    st.markdown(
        f"## {rival.target_name}, a class that the picture speaks against; "
        f"for {name} nothing is cut"
    )
    _three_scalings(rival, "rival")
    if not lesson.presenting:
        st.markdown(f"## {name}, the class of the lesson")
        _three_scalings(lesson, "chosen")


def _is_cut(lesson: Lesson) -> bool:
    """Whether ReLU cuts anything of the class of the lesson."""
    raw = Contributions(lesson.features().activations, lesson.weights().values).total
    return bool((raw < 0).any())


def _rival(lesson: Lesson) -> Lesson:
    """The same picture and the class of the lowest score, whose map has most to cut."""
    return replace(lesson, target=int(lesson.features().scores.argmin()))


def _three_scalings(lesson: Lesson, key: str) -> None:
    """The maps and their numbers."""
    features, weights = lesson.features(), lesson.weights()
    raw = Contributions(features.activations, weights.values).total
    frame, name = features.frame, lesson.target_name
    heatmap = camcore.Heatmap(raw, frame)
    low, high = heatmap.raw_range
    stretched = (raw - low) / (high - low or 1)
    show_maps(
        [
            signed_figure(raw, frame, "Raw map", "blue against, white zero, red for"),
            MapFigure(heatmap.values, frame, "ReLU", "below zero is cut", 0, 1),
            MapFigure(stretched, frame, "Min-max", "the lowest becomes 0", 0, 1),
        ],
        lesson.picture,
        key=f"learn-relu-{key}",
    )
    st.markdown(_what_is_cut(raw, lesson))
    if heatmap.evidence == "none":
        st.latex(rf"\max_{{ij}} M_{{ij}} = {lesson.number(high)} \le 0")
        st.markdown(
            f"No cell speaks for {name}: ReLU leaves **no positive evidence**, and an honest map "
            "stays empty. Min-max paints the least negative cell as bright as any evidence."
        )
        return
    st.latex(
        rf"\mathrm{{ReLU}}:\ \frac{{\max(0, M_{{ij}})}}{{\max M}} = "
        rf"\frac{{\max(0, M_{{ij}})}}{{{lesson.number(high)}}}"
        r"\qquad \text{min-max}:\ \frac{M_{ij} - \min M}{\max M - \min M} = "
        rf"\frac{{M_{{ij}} - {equations.in_brackets(low)}}}{{{lesson.number(high - low)}}}"
    )
    st.markdown(_what_zero_becomes(low, high, name))


def _what_is_cut(raw: np.ndarray, lesson: Lesson) -> str:
    cut = int((raw < 0).sum())
    if cut == 0:
        return f"Here nothing is cut: none of the {raw.size} cells is below zero."
    against = float(raw[raw < 0].sum(dtype=np.float64))
    others = float(raw[raw >= 0].sum(dtype=np.float64))
    return (
        f"Here ReLU cuts **{cut} of {raw.size} cells**. They sum to ${lesson.number(against)}$, "
        f"the others to ${lesson.number(others)}$."
    )


def _what_zero_becomes(low: float, high: float, name: str) -> str:
    if low < 0:
        return (
            f"Min-max keeps everything, and so hides where zero is: a cell that says nothing about "
            f"{name} becomes **{-low / (high - low):.2f}**, as if it were evidence."
        )
    return (
        f"Min-max takes away what all cells have in common: the weakest cell has {low / high:.0%} "
        "of the strongest, and min-max paints it as nothing."
    )
