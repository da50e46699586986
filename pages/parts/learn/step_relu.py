"""The raw map with its negative cells, ReLU, and min-max."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

import camcore
from pages.components.map_row import MapFigure, show_maps, signed_figure
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import decimal, percent
from pages.parts.learn import equations
from pages.parts.learn.contributions import Contributions
from pages.parts.learn.equations import text
from pages.parts.learn.lesson import Lesson


def show(lesson: Lesson) -> None:
    """Three scalings of the same numbers, and what each of them hides."""
    name = lesson.target_name
    st.markdown(
        _(
            "A cell of the map can speak **for** {name} (above zero), **against** it (below "
            "zero), or not at all. To show only what speaks for it, everything below zero is "
            "cut (**ReLU**), and the largest value becomes 1.",
            name=name,
        )
    )
    if _is_cut(lesson):
        _three_scalings(lesson, "chosen")
        return
    rival = _rival(lesson)
    st.markdown(
        _(
            "## {target_name}, a class that the picture speaks against; for {name} nothing is cut",
            target_name=rival.target_name,
            name=name,
        )
    )
    _three_scalings(rival, "rival")
    if not lesson.presenting:
        st.markdown(_("## {name}, the class of the lesson", name=name))
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
            signed_figure(raw, frame, _("Raw map"), _("blue against, white zero, red for")),
            MapFigure(heatmap.values, frame, "ReLU", _("below zero is cut"), 0, 1),
            MapFigure(stretched, frame, _("Min-max"), _("the lowest becomes 0"), 0, 1),
        ],
        lesson.picture,
        key=f"learn-relu-{key}",
    )
    st.markdown(_what_is_cut(raw, lesson))
    if heatmap.evidence == "none":
        st.latex(rf"\max_{{ij}} M_{{ij}} = {lesson.number(high)} \le 0")
        st.markdown(
            _(
                "No cell speaks for {name}: ReLU leaves **no positive evidence**, and an honest "
                "map stays empty. Min-max paints the least negative cell as bright as any "
                "evidence.",
                name=name,
            )
        )
        return
    min_max = text(_("min-max"))
    st.latex(
        rf"\mathrm{{ReLU}}:\ \frac{{\max(0, M_{{ij}})}}{{\max M}} = "
        rf"\frac{{\max(0, M_{{ij}})}}{{{lesson.number(high)}}}"
        rf"\qquad {min_max}:\ "
        r"\frac{M_{ij} - \min M}{\max M - \min M} = "
        rf"\frac{{M_{{ij}} - {equations.in_brackets(low)}}}{{{lesson.number(high - low)}}}"
    )
    st.markdown(_what_zero_becomes(low, high, name))


def _what_is_cut(raw: np.ndarray, lesson: Lesson) -> str:
    cut = int((raw < 0).sum())
    if cut == 0:
        return _("Here nothing is cut: none of the {size} cells is below zero.", size=raw.size)
    against = float(raw[raw < 0].sum(dtype=np.float64))
    others = float(raw[raw >= 0].sum(dtype=np.float64))
    return _(
        "Here ReLU cuts **{cut} of {size} cells**. They sum to ${against}$, the others "
        "to ${others}$.",
        cut=cut,
        size=raw.size,
        against=lesson.number(against),
        others=lesson.number(others),
    )


def _what_zero_becomes(low: float, high: float, name: str) -> str:
    if low < 0:
        return _(
            "Min-max keeps everything, and so hides where zero is: a cell that says nothing "
            "about {name} becomes **{value}**, as if it were evidence.",
            name=name,
            value=decimal(-low / (high - low), 2),
        )
    return _(
        "Min-max takes away what all cells have in common: the weakest cell has {share} of "
        "the strongest, and min-max paints it as nothing.",
        share=percent(low / high),
    )
