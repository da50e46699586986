"""Two models on one picture: a second one beside the first, for the same class."""

from __future__ import annotations

from typing import Any

import streamlit as st

import camcore
from pages.components.map_row import show_maps
from pages.components.map_statement import statement
from pages.components.wording import plain, share
from pages.languages.catalogues import gettext as _
from pages.parts.learn.choosing import bundled_choice
from pages.parts.learn.showing import over
from pages.pickers.model_picker import ModelChoice
from pages.session.address import asked, refuse
from pages.session.model_loading import load_with_progress

_ON, _CHOSEN, _OPENED = "second-model", "second-model-name", "second-model-opened"
_MOST = 6  # models that were opened here and are offered again


def follow_link() -> None:
    """Take over the second model that a link asks for."""
    name = next(iter(asked("beside")), None)
    st.session_state[_ON] = name is not None
    if name is not None:
        st.session_state[_CHOSEN] = name


def offer(choice: ModelChoice) -> ModelChoice | None:
    """The switch and the list; None where no second model is wanted.

    Offered are the bundled models, and those of Keras and of one's own that were opened here.
    """
    opened: dict[str, ModelChoice] = st.session_state.setdefault(_OPENED, {})
    first = _name(choice)
    opened[first] = opened.pop(first, choice)
    for name in list(opened)[:-_MOST]:
        del opened[name]
    choices = {model.name: bundled_choice(model.name) for model in camcore.BUNDLED_MODELS} | opened
    del choices[first]
    st.session_state.setdefault(_ON, False)
    wanted = st.toggle(
        _("A second model"),
        key=_ON,
        persist_state="session",
        help=_(
            "The same picture and class under another model: a bundled one, or one that you have "
            "opened here before."
        ),
    )
    if not wanted:
        return None
    if (asked_for := st.session_state.get(_CHOSEN)) not in choices:
        if asked_for not in (None, first):
            refuse(
                _(
                    "The link asks for a second model that has not been opened here: open it as "
                    "the model first."
                )
            )
        st.session_state[_CHOSEN] = _likest(choice, choices)
    name = st.selectbox(
        _("Second model"),
        list(choices),
        key=_CHOSEN,
        persist_state="session",
        format_func=lambda name: choices[name].title,
        width=340,
    )
    return choices[name]


def link() -> dict[str, str | None]:
    """What an address says of the second model."""
    return {"beside": st.session_state.get(_CHOSEN) if st.session_state.get(_ON) else None}


def show(
    engine: camcore.Engine,
    model: camcore.Classifier,
    first: camcore.Explanation,
    title: str,
    second: ModelChoice,
) -> None:
    """Both maps of the class over the picture, side by side, and what each model answers.

    Parameters
    ----------
    engine : Engine
    model : Classifier
        The page's.
    first : Explanation
        By the page's model.
    title : str
        What the page's model is called.
    second : ModelChoice
    """
    beside = load_with_progress(second, None, st.empty())
    slow = camcore.METHODS[first.method].many_passes
    options: dict[str, Any] = {} if first.fit == model.fit else {"fit": first.fit}
    target = _same_class(beside, first.target.name)
    try:
        method = "grad-cam" if slow else first.method
        other = engine.explain(beside, first.picture, target=target, method=method, **options)
    except camcore.MethodError:  # CAM where there is no pooled head
        other = engine.explain(beside, first.picture, target=target, method="grad-cam", **options)
    if target is None:
        st.caption(
            _(
                "{model} has no class {name}: its map is that of its own answer.",
                model=plain(second.title),
                name=plain(first.target.name),
            )
        )
    show_maps(
        [
            over(explanation, f"{name}: {explanation.target.name}", _told(answering, explanation))
            for name, answering, explanation in (
                (title, model, first),
                (second.title, beside, other),
            )
        ],
        first.picture,
        key="second-model-maps",
    )
    for name, explanation in ((title, first), (second.title, other)):
        st.markdown(f"**{plain(name)}:** {plain(statement(explanation))}")


def _name(choice: ModelChoice) -> str:
    return str(choice.link()["model"])


def _likest(choice: ModelChoice, choices: dict[str, ModelChoice]) -> str:
    """A model that shares the first one's samples, where there is one."""
    samples = [sample.models for sample in camcore.SAMPLES if choice.name in sample.models]
    related = {name for models in samples for name in models}
    return next((name for name in choices if name in related), next(iter(choices)))


def _same_class(model: camcore.Classifier, name: str) -> int | None:
    """The class of a name; a number that is a name is never taken for an index.

    Spelling matters as little as it does in a link.
    """
    if name.isdecimal() and name not in model.class_names:
        return None
    try:
        return camcore.match_label(model.class_names, name)
    except camcore.InputError:
        return None


def _told(model: camcore.Classifier, explanation: camcore.Explanation) -> str:
    """What the model answers, and how the map was made."""
    layer = explanation.layer
    values = {
        "method": camcore.METHODS[explanation.method].title,
        "layer": layer.name,
        "height": layer.height,
        "width": layer.width,
    }
    if model.output_kind == "regression":
        return _(
            "{value}. {method} at {layer}, {height} × {width}",
            value=f"{explanation.target.score:.4g}",
            **values,
        )
    answer = explanation.predictions[0]
    return _(
        "{probability}; its answer: {answer}, {sure}. {method} at {layer}, {height} × {width}",
        probability=share(explanation.target.probability),
        answer=answer.name,
        sure=share(answer.probability),
        **values,
    )
