"""Feature maps as a gallery, each with its weight, its mean, and what it adds to the score."""

from __future__ import annotations

import streamlit as st

from pages.components.channel_gallery import show_gallery
from pages.languages.catalogues import gettext as _
from pages.parts.learn import equations
from pages.parts.learn.contributions import Contributions
from pages.parts.learn.lesson import Lesson

_PAGE, _ON_A_SLIDE = 24, 8  # feature maps at a time


def show(lesson: Lesson) -> None:
    """Gallery and equation."""
    features, weights = lesson.features(), lesson.weights()
    parts = Contributions(features.activations, weights.values)
    height, width, count = features.activations.shape
    st.markdown(
        _(
            "The layer turns the picture into {count} small pictures of {height} × {width} "
            "cells: its **feature maps** $A_k$. Each is bright where the network found one "
            "thing that it has learnt to look for.",
            count=count,
            height=height,
            width=width,
        )
    )
    if weights.bias is not None:
        st.markdown(
            _(
                "For the answer only their **means** $\\overline{{A_k}}$ count (global average "
                "pooling), and the class *{target_name}* has learnt a **weight** $w_k$ for each. "
                "What one feature map adds is the product.",
                target_name=lesson.target_name,
            )
        )
        st.latex(equations.score(parts, weights, float(features.scores[lesson.target])))
    else:
        st.markdown(
            _(
                "Behind this layer the network does not simply average, so there is no weight "
                "for each feature map to read off. Grad-CAM makes one: the **mean gradient** "
                "$\\alpha_k$ of the class score, how much the score rises when the whole feature "
                "map does. The products say where the evidence for *{target_name}* comes from.",
                target_name=lesson.target_name,
            )
        )
        st.latex(equations.mean_gradient(parts, *features.activations.shape[:2]))
    show_gallery(
        parts.small(),
        parts.weights,
        parts.means,
        symbol=weights.symbol,
        page=_ON_A_SLIDE if lesson.presenting else _PAGE,
        key="learn-channels-gallery",
    )
    adding, against = int((parts.added > 0).sum()), int((parts.added < 0).sum())
    st.caption(
        _(
            "{adding} feature maps speak for {target_name}, {against} against it, {silent} "
            "are silent. Yellow is the map's largest value. Bars to the right add to the "
            "score, bars to the left take from it.",
            adding=adding,
            target_name=lesson.target_name,
            against=against,
            silent=count - adding - against,
        )
    )
