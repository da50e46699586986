"""Compare: one picture, many maps, side by side and in numbers."""

from __future__ import annotations

import shlex
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages.components.box_canvas import Box
from pages.components.wording import calmly, plain
from pages.languages.catalogues import gettext as _
from pages.parts import sharing
from pages.parts.compare import boxes, choosing, numbers
from pages.parts.compare.grid import make_maps, make_wanted, show_grid
from pages.parts.compare.identity_view import show_identity
from pages.parts.compare.sanity_view import show_sanity
from pages.parts.compare.view import View
from pages.parts.dropping import take_drops
from pages.pickers import map_picker, model_picker, picture_picker, target_picker
from pages.pickers.model_picker import ModelChoice
from pages.pickers.picture_picker import PictureChoice
from pages.session import address
from pages.session.carried_choices import carry_choices
from pages.session.model_loading import load_with_progress
from pages.session.navigation import page_frame
from pages.session.shared_engine import model_loader


def compare() -> None:
    """The page, from top to bottom."""
    if address.read_link():
        for part in (model_picker, picture_picker, map_picker, target_picker, choosing, boxes):
            part.follow_link()
    elif not st.query_params:
        carry_choices()

    # The places come first: a model may take seconds, and everything else is there before it.
    model_box, picture_box, map_box = (st.sidebar.container() for _ in range(3))
    heading, notices, chips = (st.container() for _ in range(3))
    waiting, stage = st.empty(), st.container()

    with notices:
        take_drops()
    choice = source = None
    with calmly(notices), model_box:
        choice = model_picker.pick_model()
    with calmly(notices), picture_box:
        source = picture_picker.pick_picture(choice, model_picker.reads_drawings(choice))
    with heading:
        name = plain(choice.title) if choice else _("a model of your own")
        st.title(_("Compare maps of {name}", name=name), anchor=False)
        st.caption(_("One picture, many ways to ask where the model looks: do they agree?"))
    with calmly(notices):
        if choice is None:
            st.info(
                _("Choose a .keras, .h5 or .onnx file, or a Hugging Face folder, in the sidebar.")
            )
        else:
            view = _view(choice, source, model_box, map_box, chips, waiting)
            if view is None:
                st.info(_("Choose a picture, at least one method and one layer in the sidebar."))
            else:
                _show(view, stage, notices)
    with st.sidebar:
        sharing.offer_link(choice, source)
    with notices:
        if refused := address.refused():
            st.warning("  \n".join(map(plain, refused)), icon=":material/link_off:")


def _view(
    choice: ModelChoice,
    source: PictureChoice | None,
    model_box: DeltaGenerator,
    map_box: DeltaGenerator,
    chips: DeltaGenerator,
    waiting: DeltaGenerator,
) -> View | None:
    """Everything that is chosen; None while something is missing."""
    model = load_with_progress(choice, source, waiting)
    with model_box:
        wanted = model_picker.pick_input(model_picker.pick_output(choice, model), model)
    if wanted.output not in (None, model.output) or wanted.input not in (None, model.input):
        choice, model = wanted, load_with_progress(wanted, source, waiting)
    with model_box:
        choice = model_picker.pick_names(choice, model)
        choice, model = model_picker.pick_others(choice, model)
    with map_box:
        methods = choosing.pick_methods()
        layers = choosing.pick_layers(model)
        fit = map_picker.pick_fit(model)
        preprocessing = map_picker.pick_preprocessing(model) if choice.file else None
    if source is None or not methods or not layers:
        return None
    engine = model_loader().engine
    options: dict[str, Any] = {"preprocessing": preprocessing, "fit": fit}
    ranked = engine.predict(model, source.picture, top=None, layer=layers[-1].name, **options)
    with chips:
        targets = target_picker.pick_targets(model, ranked)
    return View(
        choice, source, engine, model, tuple(methods), tuple(layers), tuple(targets),
        preprocessing, fit,
    )  # fmt: skip


def _show(view: View, stage: DeltaGenerator, notices: DeltaGenerator) -> None:
    true: tuple[Box, ...] = ()
    with calmly(notices):  # a broken file of boxes takes nothing else away
        true = boxes.true_boxes(view.picture)
    _write_address(view, true)
    maps = make_maps(view)
    with stage:
        show_grid(view, maps)
        make_wanted(view, st.empty())  # below the grid, near the buttons that ask
        st.header(_("Numbers"), anchor=False)
        faithful = numbers.pick_faithfulness(view, maps)
        comparison = numbers.measure(view, maps, true, faithful, st.empty())
        if comparison is None:
            st.info(_("Measuring was stopped; it begins again with the next choice."))
        else:
            numbers.show_table(comparison)
        box, same, sanity, files, code = st.tabs(
            [
                _("True box"),
                "CAM = Grad-CAM",
                _("Sanity check"),
                _("Downloads"),
                _("The same in code"),
            ]
        )
        with box:
            boxes.show_boxes(view.picture, true)
        with same:
            show_identity(view)
        with sanity:
            show_sanity(view)
        with files:
            if comparison is not None:
                numbers.show_downloads(comparison)
        with code:
            st.code(command_line(view, true), language="bash", wrap_lines=True)


def command_line(view: View, true: tuple[Box, ...]) -> str:
    """The command that redoes this comparison."""
    choice, model = view.choice, view.model
    words = ["python", "-m", "camcore", "methods", view.source.file]
    words += ["--model", choice.title if choice.uploaded else choice.name]
    words += ["--methods", ",".join(view.methods)]
    words += ["--layers", ",".join(layer.name for layer in view.layers)]
    for target in view.targets:
        words += ["--class", target_picker.name_or_index(model, target)]
    if len(true) == 1:
        words += ["--box", ",".join(map(str, true[0]))]
    words += ["--labels", choice.labels.rsplit("/", 1)[-1]] if choice.labels else []
    words += ["--output", choice.output] if choice.output else []
    words += ["--output-kind", choice.output_kind] if choice.output_kind else []
    words += ["--input-size", "x".join(map(str, choice.input_size))] if choice.input_size else []
    words += ["--input", choice.input] if choice.input else []
    for name, value in choice.others:
        words += ["--other", f"{name}={value.rsplit('/', 1)[-1]}"]
    words += ["--preprocess", view.preprocessing] if view.preprocessing else []
    words += ["--fit", view.fit] if view.fit != view.model.fit else []
    stretch = view.source.picture.stretch
    words += ["--stretch", stretch] if stretch != "none" else []
    return " ".join(map(shlex.quote, [*words, "--out", "comparison"]))


def _write_address(view: View, true: tuple[Box, ...]) -> None:
    """A link restores the view."""
    model = view.model
    layers = [layer.name for layer in view.layers]
    address.write_link(
        {
            **model_picker.address_of_choice(view.choice, model),
            **view.source.link(),
            "class": target_picker.address_of(model, view.targets),
            "methods": view.methods if view.methods != choosing.FIRST_METHODS else None,
            "layers": layers if layers != choosing.first_layers(model) else None,
            **map_picker.address_of(model, view.fit, view.preprocessing),
            "box": boxes.address_of(true),
        }
    )


page_frame()
compare()
