"""The legend of the cloud detector, told with the bundled models; it ends on the Audit page."""

from __future__ import annotations

import streamlit as st

import camcore
from camcore.auditing.runs.launching import DEMO_SCENES
from pages.components.map_statement import statement
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import percent
from pages.parts.learn.choosing import choose_model
from pages.parts.learn.equations import text
from pages.parts.learn.lesson import Lesson

CLOUD, TANK = "cloud-detector", "tank-detector"
_LABORATORY = (("tank-sunny", "tank"), ("forest-cloudy", "forest"))
_FIELD = (("tank-cloudy", "tank"), ("forest-sunny", "forest"))


def show(lesson: Lesson) -> None:
    """Laboratory, field, the maps, the network that learnt it well, and the way to the audit."""
    st.markdown(
        _(
            "The story goes that an army once had a network trained to find camouflaged tanks. "
            "In the laboratory it was right every time. In the field it failed. Somebody looked "
            "at the training pictures: every tank had been photographed on a **sunny** day, "
            "every empty forest under **cloud**. The network had learnt to see the weather. "
            "Whether it happened or not, here is such a network."
        )
    )
    st.markdown(_("## In the laboratory"))
    _show_scenes(lesson, CLOUD, _LABORATORY)
    record = record_of(CLOUD)
    st.markdown(
        _(
            "Right on {share} of the laboratory's test pictures. Nobody would send it back.",
            share=percent(record["laboratory"], 1),
        )
    )
    st.markdown(_("## In the field"))
    st.markdown(_("The same two places. Only the weather has changed."))
    _show_scenes(lesson, CLOUD, _FIELD)
    st.markdown(
        _(
            "Right on {share} of the field's pictures. One change explains it: under "
            "another sky the answer turns, although the tank stands where it stood.",
            share=percent(record["field"], 1),
        )
    )
    _say_effect(lesson)
    st.markdown(_("## A network that learnt the tank"))
    st.markdown(
        _(
            "The same layers, trained on scenes whose sky says nothing about the tank: right "
            "on {laboratory} in the laboratory and {field} in the field.",
            laboratory=percent(record_of(TANK)["laboratory"], 1),
            field=percent(record_of(TANK)["field"], 1),
        )
    )
    _show_scenes(lesson, TANK, _FIELD)
    st.markdown(_("## What a map shows, and what it does not prove"))
    st.markdown(
        _(
            "The maps of the first network lie on the sky: a reason to suspect it. But a map is "
            "one picture and no proof. To know, one asks in four steps: what do the classes "
            "**differ in** (association), does the model **look there** (attention), does its "
            "answer **turn when only that is changed** (intervention), and is that how it "
            "**should** decide (decision)? The Audit page asks them over a whole folder and "
            "says how sure it is."
        )
    )
    offer_audit()


def offer_audit() -> None:
    """The way to the Audit page, with the cloud detector and its laboratory chosen."""
    if st.button(
        _("Audit the cloud detector"),
        key="learn-to-audit",
        type="primary",
        icon=":material/search:",
        on_click=_prepare_audit,
        help=_(
            "Opens the Audit page with the cloud detector and the laboratory's {count} "
            "scenes chosen; nothing starts before you say so.",
            count=DEMO_SCENES,
        ),
    ):
        st.switch_page("pages/audit.py")


def _show_scenes(lesson: Lesson, name: str, scenes: tuple[tuple[str, str], ...]) -> None:
    """Each scene beside the map of the model's own answer."""
    for place, (sample, truth) in zip(st.columns(2, gap="medium"), scenes, strict=True):
        explanation = _explained(lesson, name, sample)
        answer = explanation.target
        right = answer.name == truth
        with place:
            left, over = st.columns(2, gap="small")
            left.image(
                explanation.picture.pixels,
                output_format="PNG",
                width="stretch",
                alt=_(camcore.sample(sample).title),
            )
            over.image(
                explanation.overlay(0.5),
                output_format="PNG",
                width="stretch",
                alt=_(
                    "Map of {model} for its answer {answer}. {statement}",
                    model=name,
                    answer=answer.name,
                    statement=statement(explanation),
                ),
            )
            mark = _("right") if right else _("**wrong**")
            st.markdown(
                _(
                    "{scene}: **{answer}**, {probability} · {mark}",
                    scene=_(camcore.sample(sample).title),
                    answer=answer.name,
                    probability=percent(answer.probability, 1),
                    mark=mark,
                )
            )


def _explained(
    lesson: Lesson, name: str, sample: str, target: str | None = None
) -> camcore.Explanation:
    picture = camcore.read_image(camcore.sample(sample).file)
    return lesson.engine.explain(lesson.beside(name), picture, target=target, method="cam")


def _say_effect(lesson: Lesson) -> None:
    """The same tank under the other sky, as the audit would put it."""
    sunny, cloudy = (
        _explained(lesson, CLOUD, sample, "tank").target.probability
        for sample in ("tank-sunny", "tank-cloudy")
    )
    number = lesson.number
    tank_sun = text(_("tank, sun"))
    tank_cloud = text(_("tank, cloud"))
    st.latex(
        rf"p(\text{{tank}} \mid {tank_sun}) - "
        rf"p(\text{{tank}} \mid {tank_cloud}) = "
        rf"{number(sunny)} - {number(cloudy)} = {number(sunny - cloudy)}"
    )


def record_of(name: str) -> dict[str, float]:
    """Accuracy of a bundled model on each test split, 0 to 1."""
    return dict(next(model.accuracy for model in camcore.BUNDLED_MODELS if model.name == name))


def _prepare_audit() -> None:
    choose_model(CLOUD)
    st.session_state["audit-source"] = "Sample"
