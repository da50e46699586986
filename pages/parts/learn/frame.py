"""The frame around a step: its title, the way to the others, and what is looked at."""

from __future__ import annotations

import streamlit as st

from pages.components.wording import plain, share
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.parts.learn import predicting, presenting
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.steps import STEPS, Step
from pages.session.address import asked_one

_KEY = "learn-step"
_NUMBERS = {step.slug: number for number, step in enumerate(STEPS, start=1)}

# Another step begins at its top, also where the button to it stood at the end of the last one.
_top = st.components.v2.component(
    "camaudit_learn_top",
    html="<i></i>",
    js="""export default function ({ data, parentElement }) {
      const mark = parentElement.querySelector("i");
      if (mark.dataset.step && mark.dataset.step !== data) {
        document.querySelector("[data-testid=stMain]").scrollTo(0, 0);
      }
      mark.dataset.step = data;
    }""",
)


def follow_link() -> None:
    """Take over the step that a link asks for."""
    st.session_state[_KEY] = asked_one("step", _NUMBERS, marked("the step")) or STEPS[0].slug


def show_head(presents: bool) -> Step:
    """The list of steps, the way to the next one, and the title; gives the step that is shown."""
    st.session_state.setdefault(_KEY, STEPS[0].slug)
    # The list below follows a link, a button, or itself: what it holds is known before it is drawn.
    _top(key="learn-top", data=st.session_state[_KEY])
    with st.container(horizontal=True, vertical_alignment="center", key="learn-head"):
        slug = st.selectbox(
            _("Step"),
            list(_NUMBERS),
            key=_KEY,
            persist_state="session",
            format_func=lambda slug: f"{_NUMBERS[slug]} · {_(STEPS[_NUMBERS[slug] - 1].title)}",
            label_visibility="collapsed",
            width=460 if presents else 340,  # pixels; the type is larger
        )
        number = _NUMBERS[slug]
        _go(_("Previous"), number - 1, "head-previous", shortcut="Left")
        _go(_("Next"), number + 1, "head-next", shortcut="Right", answers=presents)
        st.space("stretch")
        predicting.show_toggle()
        presenting.show_toggle()
    step = STEPS[number - 1]
    with st.container(key="learn-progress"):
        st.progress(number / len(STEPS))
    if presents:
        presenting.watch_keys(slug, lambda to: _turn(number, to))
    st.title(_(step.title), anchor=False)
    return step


def show_subject(lesson: Lesson) -> None:
    """One line that says what all the numbers are about."""
    answer = lesson.features()
    layer = lesson.layer
    name = plain(layer.name)
    subject = {
        "model": plain(lesson.choice.title),
        "picture": plain(lesson.picture.name),
        "layer": name,
        "channels": layer.channels,
        "height": layer.height,
        "width": layer.width,
        "target": lesson.target_name,
    }
    if lesson.model.output_kind == "regression":
        st.caption(
            _(
                "**{model}** on {picture} · layer {layer}, {channels} feature maps of {height} × "
                "{width} cells · output: {target} ({value})",
                value=f"{float(answer.scores[lesson.target]):.4g}",
                **subject,
            )
        )
        return
    st.caption(
        _(
            "**{model}** on {picture} · layer {layer}, {channels} feature maps of {height} × "
            "{width} cells · class: {target} ({value})",
            value=share(float(answer.probabilities[lesson.target])),
            **subject,
        )
    )


def show_foot(step: Step) -> None:
    """The way on, where a step has been read to its end."""
    number = _NUMBERS[step.slug]
    if number < len(STEPS):
        with st.container(key="learn-foot"):
            title = _(STEPS[number].title)
            _go(_("Next: {title}", title=title), number + 1, "foot-next")


def _turn(number: int, to: str) -> None:
    """Another slide; the first and the last one stay where they are.

    A question is answered before the next slide comes.
    """
    if to == "next" and predicting.is_asking(STEPS[number - 1].slug):
        predicting.reveal(STEPS[number - 1].slug)
        return
    wanted = {"next": number + 1, "previous": number - 1, "first": 1, "last": len(STEPS)}[to]
    if 1 <= wanted <= len(STEPS):
        _choose(STEPS[wanted - 1].slug)


def _go(
    label: str, to: int, where: str, shortcut: str | None = None, *, answers: bool = False
) -> None:
    """A button to another step; in a hall the one to the next answers the question first."""
    inside = 1 <= to <= len(STEPS)
    asks = answers and predicting.is_asking(STEPS[to - 2].slug)
    st.button(
        label,
        key=f"learn-{where}",
        on_click=_turn if asks else _choose,
        args=(to - 1, "next") if asks else (STEPS[to - 1].slug if inside else "",),
        disabled=not (inside or asks),
        shortcut=shortcut,
        type="primary" if where == "foot-next" else "secondary",
    )


def _choose(slug: str) -> None:
    st.session_state[_KEY] = slug
