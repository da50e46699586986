"""Predict first: a step asks its question, and is shown when the class has answered."""

from __future__ import annotations

import streamlit as st

import camcore
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.parts.learn.steps import Step
from pages.session.address import asked_one

_OFF = "off"
_KEY = "learn-predicting"
_REVEALED = "learn-revealed"  # names of the steps that have been shown
_PICTURE = 280  # pixels


def follow_link() -> None:
    """Take over what a link asks for."""
    st.session_state[_KEY] = asked_one("predict", [_OFF], marked("the way to predict")) != _OFF


def address_of() -> str | None:
    """What an address says of it; None while questions are asked."""
    return None if st.session_state.get(_KEY, True) else _OFF


def show_toggle() -> None:
    """The switch; switched on again, every step asks anew."""
    st.session_state.setdefault(_KEY, True)
    st.toggle(
        _("Predict first"),
        key=_KEY,
        persist_state="session",
        on_change=_begin_anew,
        help=_("Each step asks a question and waits before it shows the answer."),
    )


def _begin_anew() -> None:
    st.session_state[_REVEALED] = frozenset()


def is_asking(slug: str) -> bool:
    """Whether a step's question still stands."""
    return st.session_state.get(_KEY, True) and slug not in _revealed()


def _revealed() -> frozenset[str]:
    return st.session_state.get(_REVEALED, frozenset())


def reveal(slug: str) -> None:
    """Show a step from now on."""
    st.session_state[_REVEALED] = _revealed() | {slug}


def ask(step: Step, picture: camcore.Picture | None) -> None:
    """The question, beside the picture that it is about, and the button that shows the step."""
    left, right = (None, st.container()) if picture is None else st.columns([1, 2], gap="large")
    if left is not None and picture is not None:
        left.image(
            picture.pixels,
            output_format="PNG",
            width=_PICTURE,
            alt=_("The picture of the lesson, {name}.", name=picture.name),
        )
    with right:
        st.markdown(_("## What do you expect?"))
        st.markdown(plain(_(step.note.question)))
        st.button(
            _("Show the answer"),
            key="learn-reveal",
            type="primary",
            on_click=reveal,
            args=(step.slug,),
        )


def show_answer(step: Step, *, presents: bool) -> None:
    """The answer, where the step is shown after its question; a hall has just read that."""
    if not st.session_state.get(_KEY, True):
        return
    question = "" if presents else f"*{plain(_(step.note.question))}*  \n"
    answer = _("**Answer:** {answer}", answer=plain(_(step.note.answer)))
    with st.container(key="learn-answer"):
        st.markdown(f"{question}{answer}")
