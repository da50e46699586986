"""What to audit: the data, the model and the options, and the button that starts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import streamlit as st

import camcore
from camcore.auditing.runs.launching import DEMO_SCENES, demo_scenes
from camcore.auditing.runs.settings import Settings
from camcore.pictures.levels import STRETCHES
from camcore.storage.place import place_of
from pages.components.wording import PageError, calmly, plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.parts.audit import launching, places, preflight
from pages.pickers import model_picker
from pages.pickers.map_picker import FITS
from pages.pickers.model_picker import ModelChoice
from pages.session.uploads import ask_upload, typed_path

SAMPLE, PATH, UPLOAD = marked("Sample"), marked("Path"), marked("Upload")
_LARGEST_ZIP = 1024  # MB; the page rounds: 800 would be told as 1 GB
_DEFAULT = Settings(".", "cam1")
_LABELS = {
    "": marked("matched to the model's classes by name or number"),
    "none": marked("set aside: audit by predicted class"),
    "groups": marked("set aside: audit by ImageNet's groups (dogs, birds, …)"),
    "file": marked("given by a mapping file"),
}


_FITS = {"": marked("Model's own"), **FITS}
_SPLITS = {
    "": marked("the one called test, else val, else all"),
    "train": "train",
    "val": "val",
    "test": "test",
    "all": marked("all together"),
}


def choose() -> None:
    """The whole form; starts the audit and goes to it."""
    notices = st.container()
    data_box, model_box = st.columns(2, gap="medium", border=True)
    choice = None
    with data_box:
        st.markdown(_("**1 · The pictures**"))
        source, data = _pick_data()
    with model_box:
        st.markdown(_("**2 · The model**"))
        with calmly(notices):
            choice = model_picker.pick_model()
        if choice and choice.about:
            st.caption(plain(choice.about))
    with st.expander(_("Options"), icon=":material/tune:"):
        options = _pick_options(choice)
    checked, refused = None, True
    with calmly(notices):
        if source != SAMPLE and data and data.strip():
            with st.container(border=True):
                st.markdown(_("**3 · Before it starts**"))
                checked = preflight.check(_place_of(source, data), choice, options)
        refused = False
    start = st.button(
        _("Start the audit"), key="audit-start", type="primary", icon=":material/search:"
    )
    if start and not refused:  # why it was refused stands above
        with calmly(notices):
            _start(source, data, choice, options, checked)


def _pick_data() -> tuple[str, str | None]:
    """Where the pictures are from, and a typed path or the place of an upload."""
    source = st.segmented_control(
        _("Where they are"),
        [SAMPLE, PATH, UPLOAD],
        key="audit-source",
        persist_state="session",
        default=SAMPLE,
        format_func=_,
        required=True,
        width="stretch",
        help=_(
            "A folder of class folders, a flat folder, a CSV (path,label and, where there are "
            "any, box and mask), or a zip of these."
        ),
    )
    if source == SAMPLE:
        st.markdown(_("The legend's laboratory: forest scenes"))
        st.caption(
            _(
                "{count} scenes of 128 pixels: every tank stands under the sun, every empty "
                "forest under cloud. Rendered when they are first needed, in about a quarter of a "
                "minute.",
                count=DEMO_SCENES,
            )
        )
        return source, None
    if source == PATH:
        typed = st.text_input(
            _("Folder, CSV or zip on this machine"),
            key="audit-path",
            persist_state="session",
            placeholder="/data/pictures",
            help=_("Read where it lies; nothing is copied, but for a zip, which is unpacked."),
        )
        return source, typed
    return source, ask_upload(
        _("A zip of class folders"),
        key="audit-upload",
        type=["zip"],
        max_upload_size=_LARGEST_ZIP,
        help=_("Up to {most} MB; give a larger one by its path.", most=_LARGEST_ZIP),
    )


def _pick_options(choice: ModelChoice | None) -> dict[str, Any]:
    left, right = st.columns(2, gap="medium")
    with left:
        layer = st.text_input(
            _("Layer"),
            key="audit-layer",
            persist_state="session",
            placeholder=_("the last one that holds a map"),
            help=_("Where the maps are read. Explore lists a model's layers."),
        )
        method = st.selectbox(
            _("Method"),
            methods := [name for name, cam_method in camcore.METHODS.items() if cam_method.scans],
            index=methods.index(_DEFAULT.method),
            key="audit-method",
            persist_state="session",
            format_func=lambda name: camcore.METHODS[name].title,
            help=_("Makes the maps. They are evidence; the verdict comes from interventions."),
        )
        fit = st.segmented_control(
            _("Fit"),
            list(_FITS),
            default="",
            key="audit-fit",
            persist_state="session",
            required=True,
            format_func=lambda name: _(_FITS[name]),
            help=_("How a picture becomes the model's input, as it was in training."),
        )
        preprocessing = None
        if choice is not None and choice.file:
            preprocessing = st.selectbox(
                _("Pixels as"),
                list(camcore.PREPROCESSINGS),
                index=None,
                key="audit-preprocessing",
                persist_state="session",
                format_func=lambda name: _(camcore.PREPROCESSINGS[name].title),
                placeholder=_("as the file tells, else what names most pictures rightly"),
                help=_(
                    "The preprocessing that the network was trained with. Explore compares the "
                    "answers under each."
                ),
            )
    with right:
        labels = _pick_labels()
        split = st.selectbox(
            _("Of train, val and test folders"),
            list(_SPLITS),
            key="audit-split",
            persist_state="session",
            format_func=lambda name: _(_SPLITS[name]),
            help=_(
                "Where the pictures lie in splits, however they are spelled. The result says "
                "which was taken and which left out."
            ),
        )
        stretch = st.selectbox(
            _("Black and white of 16-bit pictures"),
            list(STRETCHES),
            key="audit-stretch",
            persist_state="session",
            format_func=lambda name: f"{name}: {_(STRETCHES[name])}",
            help=_("Scans often use 12 of 16 bits and are nearly black otherwise."),
        )
        budget = st.number_input(
            _("Most forward passes of the interventions"),
            min_value=0,
            value=_DEFAULT.budget,
            step=10_000,
            key="audit-budget",
            persist_state="session",
            help=_(
                "Fewer are faster and see only larger effects; with 0 nothing is proven, and the "
                "audit says what is associated and attended only."
            ),
        )
        seed = st.number_input(
            _("Seed"),
            min_value=0,
            value=_DEFAULT.seed,
            key="audit-seed",
            persist_state="session",
            help=_("Decides every random choice: the same seed gives the same result."),
        )
    return {
        "layer": layer.strip() or None,
        "method": method,
        "fit": fit or None,
        "preprocessing": preprocessing,
        "labels": labels,
        "split": split or None,
        "stretch": stretch,
        "budget": int(budget),
        "seed": int(seed),
    }


def _pick_labels() -> str | None:
    kind = st.selectbox(
        _("Folder names (labels) are"),
        list(_LABELS),
        key="audit-labels",
        persist_state="session",
        format_func=lambda kind: _(_LABELS[kind]),
        help=_("Where no name matches a class, you say below what each folder stands for."),
    )
    if kind != "file":
        return kind or None
    return ask_upload(
        _("Mapping file"),
        key="audit-mapping",
        type=["json", "csv"],
        max_upload_size=8,
        help=_('JSON like {"cat": ["tabby", "282-285"]}, or CSV with columns label,class.'),
    )


def _start(
    source: str,
    data: str | None,
    choice: ModelChoice | None,
    options: dict[str, Any],
    checked: preflight.Checked | None,
) -> None:
    if choice is None:
        raise PageError(
            _("Choose a model: a .keras, .h5 or .onnx file, a Hugging Face folder, or one by name.")
        )
    if options["labels"] is None and st.session_state["audit-labels"] == "file":
        raise PageError(_("Choose a mapping file, or another option for the folder names."))
    settings = Settings(
        _place_of(source, data),
        choice.name,
        class_names=choice.labels,
        output=choice.output,
        output_kind=choice.output_kind,
        input_size=choice.input_size,
        **options,
    )
    if checked is not None:
        settings = replace(
            settings,
            preprocessing=checked.preprocessing,
            class_names=checked.class_names,
            labels=settings.labels or checked.labels,
        )
    if checked is None or checked.mapping is None:
        run = launching.start(settings)
    elif not checked.mapping:
        raise PageError(_("Choose at least one class for one of the folders."))
    elif checked.first_asked:
        return  # nobody has seen yet what the folders are said to stand for
    else:
        run = launching.start_mapped(settings, checked.mapping)
    places.go(places.Place(run=places.name_of(run)))
    st.rerun()


def _place_of(source: str, data: str | None) -> str:
    if source == SAMPLE:
        return str(_rendered_scenes())
    if not data or not data.strip():
        raise PageError(
            _("Choose the pictures: type the path of a folder, a CSV or a zip.")
            if source == PATH
            else _("Choose the pictures: upload a zip.")
        )
    place = data if source == UPLOAD else typed_path(data)
    try:
        there = place_of(place).exists()
    except OSError as error:
        raise PageError(
            _("{place} cannot be read ({reason}).", place=place, reason=error.strerror)
        ) from None
    if not there:
        raise PageError(_("{place} does not exist; check the path.", place=place))
    return place


def _rendered_scenes() -> Path:
    bar = st.progress(0.0, text=_("Rendering the scenes …"))
    done = 0

    def one_more() -> None:
        nonlocal done
        done += 1
        text = _("Rendering scene {done} of {count} …", done=done, count=DEMO_SCENES)
        bar.progress(done / DEMO_SCENES, text=text)

    try:
        with launching.writing_runs():
            return demo_scenes(one_more)
    finally:
        bar.empty()
