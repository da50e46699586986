"""Which class: the most probable ones as chips, any other by search; one, or two side by side."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

import camcore
from pages.components.wording import plain, share
from pages.languages.catalogues import gettext as _
from pages.session.address import asked, refuse

MOST = 2
_KEPT = "target-chosen"  # indices in the order of choice; empty means the predicted class
_OF = "target-of"
_CHIPS = "target-chips"
_SEARCH = "target-search"
_TWO = "target-two"
_PAIR = "target-pair"


def follow_link() -> None:
    """Keep the classes that a link asks for until the model is there to know them."""
    st.session_state["target-asked"] = asked("class")[:MOST]
    st.session_state[_TWO] = len(st.session_state["target-asked"]) == MOST
    st.session_state[_KEPT] = []


def pick_targets(model: camcore.Classifier, ranked: Sequence[camcore.Prediction]) -> list[int]:
    """The chips and the search; the predicted class until another is chosen.

    Parameters
    ----------
    ranked : sequence of Prediction
        All classes as `Engine.predict` gives them.

    Returns
    -------
    list of int
        One class index or two.
    """
    owner = f"{model.sha256} {model.output}"
    if st.session_state.get(_OF) != owner:
        if st.session_state.get(_OF) is not None:
            st.session_state[_KEPT] = []
        st.session_state[_OF] = owner
    st.session_state.setdefault(_TWO, False)
    for name in st.session_state.pop("target-asked", ()):
        _take_asked(model, name)
    by_index = {prediction.index: prediction for prediction in ranked}
    kept = [index for index in st.session_state.get(_KEPT, []) if index in by_index]
    chosen = kept or [ranked[0].index]
    offered = [prediction.index for prediction in ranked[:5]]
    offered += [index for index in chosen if index not in offered]

    chips, search = st.container(), None
    if len(ranked) > len(offered):
        chips, search = st.columns([3, 1], vertical_alignment="bottom")
    with chips:
        st.session_state[_CHIPS] = chosen
        row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
        row.pills(
            _("Effect on the output") if model.output_kind == "regression" else _("Class"),
            offered,
            selection_mode="multi",
            key=_CHIPS,
            format_func=lambda index: _chip(model, by_index[index]),
            on_change=_chips_changed,
            args=(tuple(chosen),),
            help=_("The class whose evidence is shown, with its class probability."),
        )
        row.toggle(
            _("Two at once"),
            key=_TWO,
            persist_state="session",
            on_change=_two_changed,
            args=(tuple(chosen),),
            help=_(
                "The next chip is added instead of taking the place of the last one: two "
                "classes on the same picture."
            ),
        )
        if len(ranked) > 1 and model.output_kind != "regression":
            predicted = ranked[0].index
            expected = next((index for index in chosen if index != predicted), ranked[1].index)
            row.button(
                _("Predicted beside expected"),
                key=_PAIR,
                disabled=chosen == [predicted, expected],
                on_click=_pair,
                args=(predicted, expected),
                help=_(
                    "Lays the map of the predicted class beside that of the class that should "
                    "have been: {name}. Choose another chip first where it should have been "
                    "another.",
                    name=plain(by_index[expected].name),
                ),
            )
    if search:
        search.selectbox(
            _("Any class"),
            [
                prediction.index
                for prediction in sorted(ranked, key=lambda prediction: prediction.index)
            ],
            index=None,
            key=_SEARCH,
            format_func=lambda index: f"{by_index[index].name} · {index}",
            placeholder=_("search name or number"),
            on_change=_searched,
            label_visibility="collapsed",
        )
    return chosen


def _chip(model: camcore.Classifier, prediction: camcore.Prediction) -> str:
    if model.output_kind == "regression":
        return f"{plain(prediction.name)} · {prediction.score:.4g}"
    return f"{plain(prediction.name)} · {share(prediction.probability)}"


def _chips_changed(before: tuple[int, ...]) -> None:
    """A new chip takes the place of the last one, or is added; the only one stays."""
    now = st.session_state[_CHIPS]
    added = [index for index in now if index not in before]
    if added:
        first = [index for index in before if index in now] if st.session_state[_TWO] else []
        st.session_state[_KEPT] = [*first, *added][-MOST:]
    elif now:
        st.session_state[_KEPT] = [index for index in before if index in now]


def _two_changed(before: tuple[int, ...]) -> None:
    if not st.session_state[_TWO] and len(before) == MOST:
        st.session_state[_KEPT] = [before[0]]


def _pair(predicted: int, expected: int) -> None:
    st.session_state[_TWO] = True
    st.session_state[_KEPT] = [predicted, expected]


def _searched() -> None:
    index = st.session_state[_SEARCH]
    st.session_state[_SEARCH] = None
    if index is not None:
        st.session_state[_KEPT] = [index]


def _take_asked(model: camcore.Classifier, name: str) -> None:
    try:
        index = camcore.match_label(model.class_names, name)
    except camcore.InputError as error:
        refuse(_("The link asks for a class that cannot be found. {problem}", problem=error))
        return
    if index not in st.session_state[_KEPT]:
        st.session_state[_KEPT] = [*st.session_state[_KEPT], index]


def address_of(model: camcore.Classifier, targets: Sequence[int]) -> list[str] | None:
    """The classes for a link; None where they follow the prediction."""
    if not st.session_state.get(_KEPT):
        return None
    return [name_or_index(model, index) for index in targets]


def name_or_index(model: camcore.Classifier, index: int) -> str:
    """A class by its name where that is short and its own, else by its index."""
    name = model.class_names[index]
    try:
        unique = camcore.match_label(model.class_names, name) == index
    except camcore.InputError:  # two classes of that name
        unique = False
    plainly = len(name) <= 60 and name == name.strip() and name.isprintable()
    return name if unique and plainly else str(index)
