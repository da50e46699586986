"""Which model: bundled, one of Keras Applications, or a file."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import streamlit as st

import camcore
from camcore.models.imagenet import imagenet_names, takes_imagenet_names
from camcore.models.loading import IMAGENET, NUMBERS
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.session.address import asked, asked_one, asked_where, refuse
from pages.session.uploads import (
    address_of,
    ask_upload,
    asked_upload,
    follow_upload,
    is_token,
    typed_path,
)

BUNDLED, CATALOGUE, FILE = marked("Bundled"), "Keras", marked("Your file")
_RANDOM = ":weights=random"
_LARGEST_FILE = 1024  # MB; the page rounds: 800 would be told as 1 GB
MODEL_TYPES = ["keras", "h5", "hdf5", "onnx", "zip"]
UPLOADER, _LABELS = "model-upload", "model-labels"
LABEL_TYPES = ["txt", "json", "csv", "tsv", "yaml", "yml"]
_PICTURE_TYPES = ["png", "jpg", "jpeg", "webp", "bmp", "tif", "tiff"]
_SIDES = (16, 2048)
_OUTPUT_KINDS = {
    "": marked("as the model tells"),
    "logits": marked("class scores"),
    "sigmoid": marked("one logit, yes or no"),
    "multi-label": marked("several yes-or-no answers"),
    "regression": marked("plain numbers (regression)"),
}


_DRAWN_SIDE = 64  # gray models up to this size read digits and the like: one may draw


@dataclass(frozen=True)
class ModelChoice:
    """What `camcore.load_model` is to be called with.

    Attributes
    ----------
    name : str
        A name or the path of a file.
    title, about : str
        As people call it, and one sentence, in the visitor's language.
    file, uploaded : bool
        Whether it is somebody's own file, and whether it came through the browser.
    stamp : tuple
        What changes when the file changes.
    labels, output, output_kind, input_size, input
        As in `camcore.load_model`.
    imagenet : bool
        Whether 1000 classes that a file does not name are called by ImageNet's names.
    others : tuple of pairs of str
        What the model's other inputs are held at: a loaded model is asked to hold them.
    """

    name: str
    title: str = field(compare=False)  # a model is not loaded anew for another language
    about: str = field(default="", compare=False)
    file: bool = False
    uploaded: bool = False
    stamp: tuple = ()
    labels: str | None = None
    output: str | None = None
    output_kind: str | None = None
    input_size: tuple[int, int] | None = None
    input: str | None = None
    imagenet: bool = True
    others: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    def load(self) -> camcore.Classifier:
        """Load it; slow the first time."""
        options: dict[str, Any] = {
            "labels": self.labels or (None if self.imagenet else NUMBERS),
            "output": self.output,
            "output_kind": self.output_kind,
            "input_size": self.input_size,
            "input": self.input,
        }
        return camcore.load_model(self.name, **options)

    def link(self) -> dict[str, str | Iterable[str] | None]:
        """What an address says of the model; an uploaded file goes by its content."""
        if not self.file:
            return {"model": self.name}
        side = str(self.input_size[0]) if self.input_size else None
        return {
            "model": address_of(self.name),
            "labels": address_of(self.labels if self.imagenet else self.labels or NUMBERS),
            "kind": self.output_kind,
            "side": side,
            "other": [f"{name}={address_of(value)}" for name, value in self.others] or None,
        }


def follow_link() -> None:
    """Set the widgets below to what a link asks for."""
    file = asked_upload("model") or asked_where("model", is_place)
    st.session_state["model-linked"] = file
    st.session_state["model-input"] = next(iter(asked("input")), None)
    st.session_state["model-others-asked"] = dict(
        value.split("=", 1) for value in asked("other") if "=" in value
    )
    if file:
        _follow_link_to_file(file)
        return
    names = {model.name: BUNDLED for model in camcore.BUNDLED_MODELS}
    for entry in camcore.CATALOGUE.values():
        names |= {entry.name: CATALOGUE, f"{entry.name}{_RANDOM}": CATALOGUE}
    name = asked_one("model", names, marked("the model"))
    st.session_state["model-output"] = next(iter(asked("output")), None)
    group = names[name] if name else BUNDLED
    st.session_state["model-group"] = group
    if name and group == CATALOGUE:
        st.session_state["model-keras"] = name.removesuffix(_RANDOM)
        st.session_state["model-random"] = name.endswith(_RANDOM)
    else:
        st.session_state["model-bundled"] = name or first_bundled()


def is_place(text: str) -> bool:
    """Whether a link means a file, or a folder by its path."""
    return text.lower().endswith(tuple(MODEL_TYPES)) or "/" in text or "\\" in text


def _follow_link_to_file(file: str) -> None:
    st.session_state["model-group"] = FILE
    if is_token(file):
        follow_upload(file, UPLOADER, marked("a model"))
    else:
        st.session_state["model-path"] = file
        st.session_state[f"{UPLOADER}-kept"] = None
    st.session_state["model-output"] = next(iter(asked("output")), None)
    labels = next(iter(asked("labels")), "")
    if is_token(labels):
        follow_upload(labels, _LABELS, marked("a list of class names"))
    else:
        st.session_state[f"{_LABELS}-kept"] = None
    st.session_state["model-imagenet"] = labels != NUMBERS
    named = not is_token(labels) and labels not in (IMAGENET, NUMBERS)
    st.session_state["model-labels-linked"] = labels if named else ""
    st.session_state["model-kind"] = (
        asked_one("kind", _OUTPUT_KINDS, marked("the output kind")) or ""
    )
    side = asked_one("side", map(str, range(_SIDES[0], _SIDES[1] + 1)), marked("the input size"))
    st.session_state["model-side"] = int(side) if side else None


def first_bundled() -> str:
    """The model that a first visit sees."""
    return next(model.name for model in camcore.BUNDLED_MODELS if model.input_shape[2] == 3)


def pick_model() -> ModelChoice | None:
    """The widgets; None while no file has been given."""
    st.session_state.setdefault("model-group", BUNDLED)
    group = st.segmented_control(
        _("Model"),
        [BUNDLED, CATALOGUE, FILE],
        key="model-group",
        persist_state="session",
        format_func=_,
        required=True,
        width="stretch",
        help=_(
            "Models that come with CAM Audit, Keras Applications with ImageNet weights, "
            "or a .keras, .h5 or .onnx file or a Hugging Face folder."
        ),
    )
    if group == FILE:
        return _pick_file()
    return _pick_keras() if group == CATALOGUE else _pick_bundled()


def _pick_bundled() -> ModelChoice:
    models = {model.name: model for model in camcore.BUNDLED_MODELS}
    st.session_state.setdefault("model-bundled", first_bundled())
    name = st.selectbox(
        _("Bundled model"),
        list(models),
        key="model-bundled",
        persist_state="session",
        label_visibility="collapsed",
    )
    return ModelChoice(name, name, _(models[name].description))


def _pick_keras() -> ModelChoice:
    def label(name: str) -> str:
        entry = camcore.CATALOGUE[name]
        return f"{name} · {entry.size} px{' · CAM' if entry.cam else ''}"

    st.session_state.setdefault("model-keras", "MobileNetV2")
    name = st.selectbox(
        _("Keras Applications"),
        list(camcore.CATALOGUE),
        key="model-keras",
        persist_state="session",
        format_func=label,
        label_visibility="collapsed",
        help=_(
            "CAM: global average pooling leads straight into the class scores, "
            "so plain CAM is possible."
        ),
    )
    random = st.toggle(
        _("Random weights (for lessons)"),
        key="model-random",
        persist_state="session",
        help=_("The untrained network, always the same one; needs no download."),
    )
    entry = camcore.CATALOGUE[name]
    if random:
        about = _(
            "{name} untrained: its answers mean nothing, its maps show what training adds.",
            name=name,
        )
        return ModelChoice(name + _RANDOM, _("{name}, untrained", name=name), about)
    about = _("ImageNet, 1000 classes; {megabytes} MB of weights.", megabytes=entry.megabytes)
    return ModelChoice(name, name, about)


def _pick_file() -> ModelChoice | None:
    upload = ask_upload(
        _("Model file"),
        key=UPLOADER,
        type=MODEL_TYPES,
        max_upload_size=_LARGEST_FILE,
        label_visibility="collapsed",
        help=_(
            "A .keras, .h5 or .onnx file, or a zip of a Hugging Face folder (config.json and "
            "safetensors). Inspected in a separate process before it is loaded."
        ),
    )
    typed = st.text_input(
        _("or its path on this machine"),
        key="model-path",
        persist_state="session",
        help=_("Of a file, or of a Hugging Face folder."),
    )
    with st.expander(_("Class names and more")):
        labels = ask_upload(
            _("Class names"),
            key=_LABELS,
            type=LABEL_TYPES,
            max_upload_size=8,
            help=_("Text with one name a line, JSON or CSV, in the order of the outputs."),
        )
        kind = st.selectbox(
            _("Read the output as"),
            list(_OUTPUT_KINDS),
            key="model-kind",
            persist_state="session",
            format_func=lambda kind: _(_OUTPUT_KINDS[kind]),
            help=_("Only where the model ends without softmax or sigmoid."),
        )
        side = st.number_input(
            _("Input size in pixels"),
            min_value=_SIDES[0],
            max_value=_SIDES[1],
            value=None,
            key="model-side",
            persist_state="session",
            placeholder=_("the model's own"),
            help=_("Only where the model takes pictures of any size; 224 otherwise."),
        )
    if upload:
        path = upload
    elif typed.strip():
        path = typed_path(typed)
    else:
        return None
    linked = not upload and typed == st.session_state.get("model-linked")
    if linked and not labels and (named := st.session_state.get("model-labels-linked")):
        labels = typed_path(named)
    return ModelChoice(
        path,
        Path(path).name,
        file=True,
        uploaded=bool(upload),
        stamp=_stamp(path),
        labels=labels,
        imagenet=st.session_state.get("model-imagenet", True),
        output_kind=kind or None,
        input_size=(side, side) if side else None,
    )


def _stamp(path: str) -> tuple:
    try:
        files = sorted(os.scandir(path), key=lambda file: file.name) if os.path.isdir(path) else ()
        return tuple(
            (status.st_size, status.st_mtime_ns)
            for status in (os.stat(path), *(file.stat() for file in files))
        )
    except (OSError, ValueError):
        return ()


def pick_output(choice: ModelChoice, model: camcore.Classifier) -> ModelChoice:
    """The same choice with one of several outputs; needs the loaded model to know them."""
    if len(model.outputs) < 2:
        return choice
    wanted = st.session_state.get("model-output")
    if wanted not in model.outputs:
        if wanted is not None:
            refuse(
                _(
                    "The link asks for the output “{name}”, which the model does not have.",
                    name=wanted,
                )
            )
        st.session_state["model-output"] = model.output
    output = st.selectbox(
        _("Output"), model.outputs, key="model-output", persist_state="session", format_func=str
    )
    return replace(choice, output=output)


def pick_input(choice: ModelChoice, model: camcore.Classifier) -> ModelChoice:
    """The same choice with one of several inputs for the picture."""
    if len(model.inputs) < 2:
        return choice
    wanted = st.session_state.get("model-input")
    if wanted not in model.inputs:
        if wanted is not None:
            refuse(
                _(
                    "The link asks for the input “{name}”, which the model does not have.",
                    name=wanted,
                )
            )
        st.session_state["model-input"] = model.input
    chosen = st.selectbox(
        _("Input that takes the picture"), model.inputs, key="model-input", persist_state="session"
    )
    return replace(choice, input=chosen)


def pick_names(choice: ModelChoice, model: camcore.Classifier) -> ModelChoice:
    """The same choice with ImageNet's names or numbers, where a file does not name its classes."""
    assumed = model.class_names == imagenet_names()
    if not choice.file or choice.labels or not (assumed or takes_imagenet_names(model)):
        return choice
    st.session_state.setdefault("model-imagenet", True)
    st.checkbox(
        _("Its 1000 classes are ImageNet's"),
        key="model-imagenet",
        persist_state="session",
        help=_(
            "The file does not name its classes. A network with 1000 of them was usually trained "
            "on ImageNet, whose names come with CAM Audit."
        ),
    )
    return replace(choice, labels=IMAGENET if assumed else NUMBERS)


def pick_others(
    choice: ModelChoice, model: camcore.Classifier
) -> tuple[ModelChoice, camcore.Classifier]:
    """The model with its inputs beside the picture held at what a person gives.

    Raises
    ------
    camcore.CamcoreError
        If a value does not fit.
    """
    values = {}
    linked = st.session_state.pop("model-others-asked", {})
    for other in model.other_inputs:
        key = f"model-other-{other.name}"
        if wanted := linked.get(other.name):
            if not other.takes_picture:
                st.session_state[key] = wanted
            elif is_token(wanted):
                follow_upload(wanted, key, _("a picture for {name}", name=other.name))
        if other.takes_picture:
            value = ask_upload(
                _("Picture for {name}", name=other.name), key=key, type=_PICTURE_TYPES,
                help=_("Black where there is none."),
            )  # fmt: skip
        else:
            value = st.text_input(
                _("Value of {name}", name=other), key=key, persist_state="session", placeholder="0",
                help=_("One number, or numbers between commas."),
            ).strip()  # fmt: skip
        if value:
            values[other.name] = value
    if not values:
        return choice, model
    return replace(choice, others=tuple(values.items())), model.holding(values)


def address_of_choice(
    choice: ModelChoice, model: camcore.Classifier
) -> dict[str, str | Iterable[str] | None]:
    """What an address says of the model, with its output and its input where there are several."""
    return {
        **choice.link(),
        "output": model.output if len(model.outputs) > 1 else None,
        "input": model.input if len(model.inputs) > 1 else None,
    }


def reads_drawings(choice: ModelChoice | None) -> bool:
    """Whether the model reads small gray pictures, as far as that is known before it is loaded."""
    shapes = {model.name: model.input_shape for model in camcore.BUNDLED_MODELS}
    shapes |= st.session_state.get("input-shapes", {})
    height, _, channels = shapes.get(choice.name if choice else "", (0, 0, 3))
    return channels == 1 and height <= _DRAWN_SIDE
