"""Global average pooling beside global maximum pooling, on the same feature maps."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.components.map_row import show_maps, signed_figure
from pages.parts.learn.choosing import FIRST_MODEL, choose_model
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.pooled_layer import pooled_head
from pages.parts.learn.two_poolings import Pooled, by_maximum, by_mean


def show(lesson: Lesson) -> None:
    """What each keeps of a feature map, the score it gives, and the cells it listens to."""
    head = pooled_head(lesson)
    if head is None:
        return
    features = lesson.features()
    weights, bias = head.weights[:, lesson.target], float(head.bias[lesson.target])
    mean = by_mean(features.activations, weights, bias)
    largest = by_maximum(features.activations, weights, bias)
    cells = mean.shares.size
    st.markdown(
        f"Each feature map has {lesson.count(cells)} cells, and one number of it goes on to the "
        "class score. **Global average pooling** (GAP) takes the mean: every cell has a say. "
        "**Global maximum pooling** (GMP) takes the largest value: one cell speaks for the whole "
        "map, and the others could be anything below it."
    )
    _say_what_is_kept(lesson, features.activations, mean, largest, weights)
    st.markdown("## The cells that the score listens to")
    st.latex(
        r"\frac{\partial y^{\mathrm{GAP}}}{\partial A_{ijk}} = \frac{w_k}{HW}"
        rf" = \frac{{w_k}}{{{lesson.count(cells)}}}"
        r"\ \text{in every cell}\,,\qquad "
        r"\frac{\partial y^{\mathrm{GMP}}}{\partial A_{ijk}} = "
        r"\begin{cases} w_k & \text{in the largest cell of } A_k \\ 0 & \text{elsewhere}"
        r"\end{cases}"
    )
    k = int(np.abs(mean.kept * weights).argmax())
    of_one = features.activations[..., [k]]
    one_mean = by_mean(of_one, weights[[k]], 0.0)
    one_largest = by_maximum(of_one, weights[[k]], 0.0)
    show_maps(
        [
            signed_figure(
                one_mean.shares, features.frame, f"Map {k} under GAP", "every cell speaks for it"
            ),
            signed_figure(
                one_largest.shares, features.frame, f"Map {k} under GMP", "one cell speaks for it"
            ),
            signed_figure(
                mean.shares,
                features.frame,
                "All maps, GAP",
                f"{lesson.count(mean.heard)} of {lesson.count(cells)} cells are heard",
            ),
            signed_figure(
                largest.shares,
                features.frame,
                "All maps, GMP",
                f"{lesson.count(largest.heard)} of {lesson.count(cells)} cells are heard",
            ),
        ],
        lesson.picture,
        key="learn-pooling-maps",
    )
    st.caption(
        "$S_{ij}$, what each cell adds to the class score: gradient times activation, summed over "
        "the feature maps. Each map has its own scale."
    )
    number = lesson.number
    st.latex(
        rf"y^{{\mathrm{{GAP}}}} = \sum_{{ij}} S_{{ij}} + b = {number(mean.score - bias)} + "
        rf"({number(bias)}) = {number(mean.score)} \qquad y^{{\mathrm{{GMP}}}} = "
        rf"{number(largest.score - bias)} + ({number(bias)}) = {number(largest.score)}"
    )
    st.markdown(
        "The network was trained with means, so its score under GMP is not a better or a worse "
        "answer, only another question to the same maps. Trained with GMP it would learn to find "
        "**one telling point** of an object (Oquab et al. 2015); with GAP it gains by finding "
        "**all of its extent**, because every cell that it misses lowers the mean "
        "(Zhou et al. 2016). This is why maps of GAP networks cover objects."
    )
    if lesson.choice.name == FIRST_MODEL:
        st.button(
            "Take cam2: finer maps tell the two apart more clearly",
            key="learn-pooling-finer",
            on_click=choose_model,
            args=("cam2",),
        )


def _say_what_is_kept(
    lesson: Lesson, maps: np.ndarray, mean: Pooled, largest: Pooled, weights: np.ndarray
) -> None:
    """Both numbers of the feature map that adds most to the score."""
    number = lesson.number
    k = int(np.abs(mean.kept * weights).argmax())
    row, column = np.unravel_index(int(maps[..., k].argmax()), maps.shape[:2])
    cells = lesson.count(maps[..., k].size)
    st.latex(
        rf"\begin{{aligned}} \text{{GAP keeps}}\quad & \frac{{1}}{{HW}}\sum_{{ij}} A_{{ij\,{k}}}"
        rf" = {number(mean.kept[k])} && \text{{the mean of {cells} cells}}"
        rf" \\ \text{{GMP keeps}}\quad & \max_{{ij}} A_{{ij\,{k}}} = {number(largest.kept[k])} && "
        rf"\text{{row {row + 1}, column {column + 1} alone}} \end{{aligned}}"
    )
    st.caption(f"Feature map {k}, the one that adds most to the score of {lesson.target_name}.")
