"""Steps that are about a pooled head: where it is, or the way to a model that has one."""

from __future__ import annotations

import streamlit as st

import camcore
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.parts.learn.choosing import FIRST_MODEL, offer_model
from pages.parts.learn.lesson import Lesson


def pooled_head(lesson: Lesson) -> camcore.ClassWeights | None:
    """The class weights behind the lesson's layer; None where there are none, which is said."""
    head = lesson.model.class_weights(lesson.layer.name)
    if head is not None:
        return head
    name = plain(lesson.layer.name)
    pooled = next((layer.name for layer in reversed(lesson.model.layers) if layer.cam), None)
    if pooled is None:
        offer_model(
            _(
                "{title} has no layer behind which its maps are averaged and weighted, so there "
                "are no class weights to show this with; {model} has one.",
                title=plain(lesson.choice.title),
                model=FIRST_MODEL,
            ),
            FIRST_MODEL,
        )
        return None
    st.info(
        _(
            "Behind {name} the maps go on through other layers; {layer} is the one that is "
            "averaged and weighted.",
            name=name,
            layer=plain(pooled),
        )
    )
    st.button(
        _("Take layer {layer}", layer=plain(pooled)),
        key="learn-take-pooled-layer",
        type="primary",
        on_click=_take,
        args=(pooled,),
    )
    return None


def _take(layer: str) -> None:
    st.session_state["map-layer"] = layer
