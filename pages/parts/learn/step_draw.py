"""Draw a digit and watch what two networks make of it."""

from __future__ import annotations

import hashlib

import pandas as pd
import streamlit as st

import camcore
from pages.components.digit_canvas import draw_digit
from pages.components.map_row import show_maps
from pages.components.map_statement import statement
from pages.components.wording import share
from pages.languages.catalogues import gettext as _
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.showing import over

_PAIR = ("cam1", "cam2")
_DIGITS = tuple("0123456789")


def show(lesson: Lesson) -> None:
    """The canvas, both answers as bars, and both maps."""
    st.markdown(
        _(
            "Draw a digit. Whenever you lift the pen, two networks that learnt to read handwriting "
            "answer: **cam1** with maps of 3 × 3 cells, **cam2** with maps of 28 × 28."
        )
    )
    left, right = st.columns([2, 3], gap="large")
    with left:
        png = draw_digit(key="learn-digit")
        st.caption(_("The ink goes to this server only, as a small picture."))
    with right:
        if png is None:
            st.info(
                _(
                    "**Begin here:** hold the mouse button, a pen or a finger down on the black "
                    "field and write one digit, about as large as the field. “Clear” starts "
                    "again."
                )
            )
            st.markdown(
                _(
                    "Then try, stroke by stroke:\n"
                    "- a **3**, and close it to an **8**: which stroke turns the answer?\n"
                    "- a **7**, then a bar through it;\n"
                    "- a **1**, and a hook that makes it a **7**;\n"
                    "- something that is no digit: how sure are they?"
                )
            )
            return
        picture = _picture(png)
        models = {name: lesson.beside(name) for name in _PAIR}
        answers = {
            name: lesson.engine.predict(model, picture, top=None) for name, model in models.items()
        }
        _show_answers(answers, lesson.presenting)
        if lesson.presenting:  # the maps stand beside the pen
            _show_maps(lesson, picture, models, answers)
    if not lesson.presenting:
        _show_maps(lesson, picture, models, answers)


@st.cache_resource(max_entries=8, show_spinner=False)
def _decoded(identity: str, _png: bytes) -> camcore.Picture:
    return camcore.read_image(_png, name="drawing.png")


def _picture(png: bytes) -> camcore.Picture:
    return _decoded(hashlib.sha256(png).hexdigest(), png)


def _show_answers(answers: dict[str, tuple[camcore.Prediction, ...]], in_short: bool) -> None:
    readings = [
        _(
            "**{model}** reads **{digit}** ({probability})",
            model=name,
            digit=ranked[0].name,
            probability=share(ranked[0].probability),
        )
        for name, ranked in answers.items()
    ]
    first, second = readings
    st.markdown(_("{first}, {second}.", first=first, second=second))
    if in_short:
        return
    bars = {
        name: [
            prediction.probability
            for prediction in sorted(ranked, key=lambda prediction: prediction.index)
        ]
        for name, ranked in answers.items()
    }
    bar = st.column_config.ProgressColumn(min_value=0.0, max_value=1.0, format="percent")
    st.dataframe(
        pd.DataFrame({_("digit"): _DIGITS, **bars}),
        hide_index=True,
        height="content",
        column_config=dict.fromkeys(_PAIR, bar),
    )


def _show_maps(
    lesson: Lesson,
    picture: camcore.Picture,
    models: dict[str, camcore.Classifier],
    answers: dict[str, tuple[camcore.Prediction, ...]],
) -> None:
    asked = st.segmented_control(
        _("What speaks for"),
        _DIGITS,
        key="learn-draw-class",
        persist_state="session",
        help=_("Each network's own answer until a digit is chosen."),
    )
    explanations = {
        name: lesson.engine.explain(
            model, picture, target=asked or answers[name][0].name, method="cam"
        )
        for name, model in models.items()
    }
    show_maps(
        [
            over(
                explanation,
                _("{model}: what speaks for {digit}", model=name, digit=explanation.target.name),
                _(
                    "{probability}; {height} × {width} cells",
                    probability=share(explanation.target.probability),
                    height=explanation.layer.height,
                    width=explanation.layer.width,
                ),
                "nearest",
            )
            for name, explanation in explanations.items()
        ],
        picture,
        key="learn-draw-maps",
    )
    for name, explanation in explanations.items():
        st.markdown(f"**{name}:** {statement(explanation)}")
