"""Global average pooling beside global maximum pooling, on the same feature maps."""

from __future__ import annotations

import numpy as np
import streamlit as st

from pages.components.map_row import show_maps, signed_figure
from pages.languages.catalogues import gettext as _
from pages.parts.learn.choosing import FIRST_MODEL, choose_model
from pages.parts.learn.equations import text
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
        _(
            "Each feature map has {cells} cells, and one number of it goes on to the class "
            "score. **Global average pooling** (GAP) takes the mean: every cell has a say. "
            "**Global maximum pooling** (GMP) takes the largest value: one cell speaks for "
            "the whole map, and the others could be anything below it.",
            cells=lesson.count(cells),
        )
    )
    _say_what_is_kept(lesson, features.activations, mean, largest, weights)
    st.markdown(_("## The cells that the score listens to"))
    in_every_cell = text(_("in every cell"))
    in_the_largest_cell_of = text(_("in the largest cell of"))
    elsewhere = text(_("elsewhere"))
    st.latex(
        r"\frac{\partial y^{\mathrm{GAP}}}{\partial A_{ijk}} = \frac{w_k}{HW}"
        rf" = \frac{{w_k}}{{{lesson.count(cells)}}}"
        rf"\ {in_every_cell}\,,\qquad "
        r"\frac{\partial y^{\mathrm{GMP}}}{\partial A_{ijk}} = "
        rf"\begin{{cases}} w_k & {in_the_largest_cell_of}\ A_k \\ 0 & "
        rf"{elsewhere}\end{{cases}}"
    )
    k = int(np.abs(mean.kept * weights).argmax())
    of_one = features.activations[..., [k]]
    one_mean = by_mean(of_one, weights[[k]], 0.0)
    one_largest = by_maximum(of_one, weights[[k]], 0.0)
    show_maps(
        [
            signed_figure(
                one_mean.shares,
                features.frame,
                _("Map {k} under GAP", k=k),
                _("every cell speaks for it"),
            ),
            signed_figure(
                one_largest.shares,
                features.frame,
                _("Map {k} under GMP", k=k),
                _("one cell speaks for it"),
            ),
            signed_figure(
                mean.shares,
                features.frame,
                _("All maps, GAP"),
                _(
                    "{heard} of {cells} cells are heard",
                    heard=lesson.count(mean.heard),
                    cells=lesson.count(cells),
                ),
            ),
            signed_figure(
                largest.shares,
                features.frame,
                _("All maps, GMP"),
                _(
                    "{heard} of {cells} cells are heard",
                    heard=lesson.count(largest.heard),
                    cells=lesson.count(cells),
                ),
            ),
        ],
        lesson.picture,
        key="learn-pooling-maps",
    )
    st.caption(
        _(
            "$S_{ij}$, what each cell adds to the class score: gradient times activation, "
            "summed over the feature maps. Each map has its own scale."
        )
    )
    number = lesson.number
    st.latex(
        rf"y^{{\mathrm{{GAP}}}} = \sum_{{ij}} S_{{ij}} + b = {number(mean.score - bias)} + "
        rf"({number(bias)}) = {number(mean.score)} \qquad y^{{\mathrm{{GMP}}}} = "
        rf"{number(largest.score - bias)} + ({number(bias)}) = {number(largest.score)}"
    )
    st.markdown(
        _(
            "The network was trained with means, so its score under GMP is not a better or a "
            "worse answer, only another question to the same maps. Trained with GMP it would "
            "learn to find **one telling point** of an object (Oquab et al. 2015); with GAP it "
            "gains by finding **all of its extent**, because every cell that it misses lowers "
            "the mean (Zhou et al. 2016). This is why maps of GAP networks cover objects."
        )
    )
    if lesson.choice.name == FIRST_MODEL:
        st.button(
            _("Take cam2: finer maps tell the two apart more clearly"),
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
    of_all = _("the mean of {cells} cells", cells=cells)
    alone = _("row {row}, column {column} alone", row=row + 1, column=column + 1)
    gap_keeps = text(_("GAP keeps"))
    gmp_keeps = text(_("GMP keeps"))
    st.latex(
        rf"\begin{{aligned}} {gap_keeps}\quad & \frac{{1}}{{HW}}\sum_{{ij}} A_{{ij\,{k}}}"
        rf" = {number(mean.kept[k])} && \text{{{of_all}}}"
        rf" \\ {gmp_keeps}\quad & \max_{{ij}} A_{{ij\,{k}}} = {number(largest.kept[k])} && "
        rf"\text{{{alone}}} \end{{aligned}}"
    )
    st.caption(
        _(
            "Feature map {k}, the one that adds most to the score of {target_name}.",
            k=k,
            target_name=lesson.target_name,
        )
    )
