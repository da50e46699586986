"""The weighted sum of the feature maps, growing one by one."""

from __future__ import annotations

from functools import partial

import streamlit as st

from camcore.drawing.growing_sum import growing_sum_gif
from pages.components.growing_sum import show_growing_sum
from pages.languages.catalogues import gettext as _
from pages.parts.learn import equations
from pages.parts.learn.contributions import Contributions
from pages.parts.learn.lesson import Lesson


def show(lesson: Lesson) -> None:
    """The sum under a slider, and its mean on the way to the class score."""
    features, weights = lesson.features(), lesson.weights()
    parts = Contributions(features.activations, weights.values)
    st.markdown(
        _(
            "Lay the feature maps over each other, each as strong as its weight for "
            "*{target_name}*. Where many that matter are bright, the sum grows: that is the "
            "**class activation map**.",
            target_name=lesson.target_name,
        )
    )
    st.latex(equations.weighted_sum(parts, weights))
    show_growing_sum(
        parts.small(),
        parts.weights,
        parts.added,
        bias=weights.bias,
        symbol=weights.symbol,
        frame=features.frame,
        picture=lesson.picture,
        key="learn-sum",
    )
    if not lesson.presenting:
        first = parts.largest_first
        st.download_button(
            _("The growing sum as GIF"),
            partial(
                growing_sum_gif,
                parts.small()[first],
                parts.weights[first],
                lesson.picture.pixels,
                features.frame,
                lesson.model.class_names[lesson.target],
                _("{title}: {n} of {count} feature maps"),
            ),
            file_name=f"sum-{lesson.target}.gif",
            mime="image/gif",
            key="learn-sum-gif",
            on_click="ignore",
            icon=":material/gif_box:",
            help=_("For a slide: the largest contributions first, as cells and over the picture."),
        )
    if weights.bias is not None:
        st.markdown(
            _(
                "Average the finished map over its cells and add the bias: that **is** the "
                "class score. The map hands the score out to the places it came from, and "
                "nothing is left over."
            )
        )
        st.latex(equations.mean_of_map(parts, weights, float(features.scores[lesson.target])))
    else:
        st.markdown(
            _(
                "With mean gradients for weights the mean of the map is not the class score: other "
                "layers follow, and the gradient only says how the score changes near this picture."
            )
        )
