"""Explore: one picture, one model, and an honest map of where the model looks."""

from __future__ import annotations

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import camcore
from pages.components.viewer import show_viewer
from pages.components.wording import calmly, plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.parts import results, second_model, sharing
from pages.parts.dropping import take_drops
from pages.parts.front_door import show_doors
from pages.pickers import map_picker, model_picker, picture_picker, target_picker
from pages.pickers.model_picker import ModelChoice
from pages.pickers.picture_picker import PictureChoice
from pages.session import address
from pages.session.carried_choices import carry_choices
from pages.session.model_loading import load_with_progress
from pages.session.navigation import page_frame
from pages.session.shared_engine import model_loader
from pages.session.slow_maps import explain_with_progress

_EDITING = "explore-editing"
_CHOOSE = marked("Choose a .keras, .h5 or .onnx file, or a Hugging Face folder, in the sidebar.")


def explore() -> None:
    """The page, from top to bottom."""
    if address.read_link():
        for part in (model_picker, picture_picker, map_picker, target_picker):
            part.follow_link()
        second_model.follow_link()
        st.session_state[_EDITING] = "edit" in st.query_params
    elif not st.query_params:
        carry_choices()

    # The places come first: a model may take seconds, and everything else is there before it.
    model_box, picture_box, map_box = (st.sidebar.container() for _ in range(3))
    heading, notices, chips = (st.container() for _ in range(3))
    waiting, stage, below = st.empty(), st.container(), st.container()

    with notices:
        take_drops()
    choice = source = None
    with calmly(notices), model_box:
        choice = model_picker.pick_model()
    with calmly(notices), picture_box:
        source = picture_picker.pick_picture(choice, model_picker.reads_drawings(choice))
    with heading:
        show_doors(choice, source)
        _say_what(choice)
    if choice is None:
        _show_alone(stage, source, _(_CHOOSE))
    else:
        with calmly(notices):
            _explain(choice, source, model_box, map_box, chips, waiting, stage, below, notices)
    with st.sidebar:
        sharing.offer_link(choice, source)
    with notices:
        if refused := address.refused():
            st.warning("  \n".join(map(plain, refused)), icon=":material/link_off:")


def _say_what(choice: ModelChoice | None) -> None:
    name = plain(choice.title) if choice else _("a model of your own")
    if ", " in name:  # an aside ends with a comma, too
        name += ","
    st.title(_("Where does {name} look?", name=name), anchor=False)
    if choice and choice.about:
        st.caption(plain(choice.about))


def _explain(
    choice: ModelChoice,
    source: PictureChoice | None,
    model_box: DeltaGenerator,
    map_box: DeltaGenerator,
    chips: DeltaGenerator,
    waiting: DeltaGenerator,
    stage: DeltaGenerator,
    below: DeltaGenerator,
    notices: DeltaGenerator,
) -> None:
    """Everything that needs the loaded model."""
    try:
        model = load_with_progress(choice, source, waiting)
    except Exception:
        _show_alone(stage, source)
        raise
    with model_box:
        wanted = model_picker.pick_input(model_picker.pick_output(choice, model), model)
    if wanted.output not in (None, model.output) or wanted.input not in (None, model.input):
        choice, model = wanted, load_with_progress(wanted, source, waiting)
    with model_box:
        choice = model_picker.pick_names(choice, model)
        choice, model = model_picker.pick_others(choice, model)
    _remember_shape(choice, model)
    with map_box:
        layer = map_picker.pick_layer(model)
        method = map_picker.pick_method(model, layer)
        of = map_picker.pick_explained(model, method)
        fit = map_picker.pick_fit(model)
        preprocessing = map_picker.pick_preprocessing(model) if choice.file else None
    if source is None:
        _show_alone(stage, None, _("Choose a picture in the sidebar."))
        return
    picture, engine = source.picture, model_loader().engine
    options: dict[str, Any] = {"layer": layer.name, "fit": fit, "preprocessing": preprocessing}
    ranked = engine.predict(model, picture, top=None, **options)
    with chips:
        targets = target_picker.pick_targets(model, ranked)
    statements, hand = below.container(), below.container()
    with hand, st.container(horizontal=True, gap="large"):
        editing = _offer_editing()
        second = second_model.offer(choice)
    _write_address(choice, source, model, targets, layer, method, of, fit, preprocessing)
    alone = stage.empty()
    if engine.estimate(model, picture, method=method, **options):
        with alone:  # until the passes are done, or while nobody has asked for them
            show_viewer(picture, key="viewer-alone")
    try:
        explanations = explain_with_progress(
            engine, model, picture, targets, method, of, options, waiting
        )
    except camcore.MethodError as error:
        with notices:
            st.warning(plain(error), icon=":material/info:")
        _show_alone(stage, source)
        return
    if explanations is None:
        return
    alone.empty()
    with stage:
        show_viewer(picture, explanations)
    with statements:
        results.show_statements(picture, explanations)
    if editing:
        with hand:
            _edit(engine, model, choice, source, explanations[0])
    if second:
        with calmly(hand), hand:
            second_model.show(engine, model, explanations[0], choice.title, second)
    with below:
        if choice.file and model.preprocessing_guessed:
            map_picker.compare_preprocessings(engine, model, picture, fit)
        _details(choice, source, model, ranked, explanations)


def _offer_editing() -> bool:
    st.session_state.setdefault(_EDITING, False)
    return bool(
        st.toggle(
            _("What if this were not there?"),
            key=_EDITING,
            persist_state="session",
            help=_(
                "Paint out a part of the picture, or put another picture's there, and watch the "
                "model's answer and its map."
            ),
        )
    )


def _edit(
    engine: camcore.Engine,
    model: camcore.Classifier,
    choice: ModelChoice,
    source: PictureChoice,
    explanation: camcore.Explanation,
) -> None:
    from pages.parts.by_hand import exploring  # late: the edits bring the audit's tables with them

    drawable = model_picker.reads_drawings(choice)
    exploring.show(engine, model, source, explanation, choice, drawable)


def _details(choice, source, model, ranked, explanations) -> None:
    answer, making, files, code = st.tabs(
        [_("Probabilities"), _("How this map was made"), _("Downloads"), _("The same in code")]
    )
    with answer:
        results.show_probabilities(model, ranked)
    with making:
        results.show_making(explanations)
    with files:
        results.show_downloads(explanations)
    with code:
        results.show_code(choice, source, model, explanations)


def _show_alone(stage: DeltaGenerator, source: PictureChoice | None, words: str = "") -> None:
    """The picture without a map."""
    with stage:
        if words:
            st.info(words)
        if source is not None:
            show_viewer(source.picture, key="viewer-alone")


def _remember_shape(choice: ModelChoice, model: camcore.Classifier) -> None:
    """A file's input is known once it is loaded; a gray one offers the drawing canvas."""
    shapes = st.session_state.setdefault("input-shapes", {})
    if choice.file and choice.name not in shapes:
        shapes[choice.name] = model.input_shape
        if model_picker.reads_drawings(choice):
            st.rerun()


def _write_address(choice, source, model, targets, layer, method, of, fit, preprocessing) -> None:
    """A link restores the view."""
    address.write_link(
        {
            **model_picker.address_of_choice(choice, model),
            **source.link(),
            "layer": layer.name,
            "class": target_picker.address_of(model, targets),
            "method": method,
            "of": of if of != "score" else None,
            **map_picker.address_of(model, fit, preprocessing),
            **second_model.link(),
            **_address_of_edit(),
        }
    )


def _address_of_edit() -> dict[str, str | None]:
    if not st.session_state[_EDITING]:
        return {}
    from pages.parts.by_hand import exploring

    return exploring.link()


page_frame()
explore()
