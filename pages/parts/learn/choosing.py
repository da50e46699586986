"""What the lesson looks at: model, picture, layer and one class, in the sidebar."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import camcore
from pages.components.wording import share
from pages.languages.catalogues import gettext as _
from pages.pickers import map_picker, model_picker, picture_picker
from pages.pickers.model_picker import BUNDLED, ModelChoice
from pages.pickers.picture_picker import SAMPLE
from pages.pickers.target_picker import name_or_index
from pages.session.address import asked, refuse
from pages.session.carried_choices import carry_choices

FIRST_MODEL = "cam1"
_BEGUN = "learn-begun"
_CLASS = "learn-class"
_CHOSEN = "learn-class-chosen"  # None while the class follows the prediction
_OF = "learn-class-of"


def bundled_choice(name: str) -> ModelChoice:
    """A bundled model as the picker would give it, so that it is loaded only once."""
    bundled = next(model for model in camcore.BUNDLED_MODELS if model.name == name)
    return ModelChoice(bundled.name, bundled.name, bundled.description)


def follow_link() -> None:
    """Set the widgets to what a link asks for; without a model it asks for the first one."""
    named = "model" in st.query_params
    for part in (model_picker, picture_picker, map_picker):
        part.follow_link()
    st.session_state["learn-class-asked"] = next(iter(asked("class")), None)
    st.session_state[_CHOSEN] = None
    if not named:
        choose_model(FIRST_MODEL)
    st.session_state[_BEGUN] = True


def arrive() -> None:
    """Come from another page with what is chosen there.

    The lesson itself begins with the first model, unless one of Keras or of somebody's own is
    chosen already.
    """
    carry_choices()
    if not st.session_state.get(_BEGUN):
        st.session_state[_BEGUN] = True
        if st.session_state.get("model-group", BUNDLED) == BUNDLED:
            choose_model(FIRST_MODEL)


def choose_model(name: str, image: str | None = None) -> None:
    """Set the widgets to a bundled model, and to a sample where one is named."""
    st.session_state["model-group"] = BUNDLED
    st.session_state["model-bundled"] = name
    if image is not None:
        st.session_state["picture-source"] = SAMPLE
        st.session_state["picture-sample"] = image


def offer_model(sentence: str, name: str, *, image: str | None = None) -> None:
    """Say why a step cannot run for the chosen model, and offer a bundled one that can.

    Parameters
    ----------
    sentence : str
        Why not; words from outside already made `plain`.
    name : str
        A bundled model.
    image : str, optional
        A sample picture to choose with it.
    """
    st.info(sentence)
    st.button(
        _("Take {name}", name=name),
        key=f"learn-take-{name}",
        type="primary",
        on_click=choose_model,
        args=(name, image),
    )


def pick_class(model: camcore.Classifier, ranked: Sequence[camcore.Prediction]) -> int:
    """The class of the lesson: the predicted one until another is chosen."""
    owner = f"{model.sha256} {model.output}"
    if st.session_state.get(_OF) != owner:
        if st.session_state.get(_OF) is not None:
            st.session_state[_CHOSEN] = None
        st.session_state[_OF] = owner
    wanted = st.session_state.pop("learn-class-asked", None)
    if wanted is not None:
        try:
            st.session_state[_CHOSEN] = camcore.match_label(model.class_names, wanted)
        except camcore.InputError as error:
            refuse(_("The link asks for a class that cannot be found. {error}", error=error))
    by_index = {prediction.index: prediction for prediction in ranked}
    chosen = st.session_state.get(_CHOSEN)
    st.session_state[_CLASS] = chosen if chosen in by_index else ranked[0].index

    def label(index: int) -> str:
        prediction = by_index[index]
        if model.output_kind == "regression":
            return f"{prediction.name} · {prediction.score:.4g}"
        return f"{prediction.name} · {share(prediction.probability)}"

    return st.selectbox(
        _("Class"),
        list(by_index),
        key=_CLASS,
        format_func=label,
        on_change=_class_chosen,
        help=_(
            "The class that the numbers are about, with its class probability; "
            "the most probable one comes first."
        ),
    )


def _class_chosen() -> None:
    st.session_state[_CHOSEN] = st.session_state[_CLASS]


def class_of_address(model: camcore.Classifier, target: int) -> str | None:
    """The class for a link; None where it follows the prediction."""
    return name_or_index(model, target) if st.session_state.get(_CHOSEN) is not None else None
