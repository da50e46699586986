"""VGG16, where CAM is impossible, before and after it is made ready for class activation maps."""

from __future__ import annotations

import gc
import tempfile
from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import camcore
from camcore.making.scenes import write_scenes
from camcore.retrofitting import Retrofit, retrofit
from pages.components.map_row import show_maps
from pages.components.wording import plain, share
from pages.languages.catalogues import ENGLISH, spoken
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import percent
from pages.parts.learn.equations import text
from pages.parts.learn.lesson import Lesson
from pages.parts.learn.showing import over
from pages.parts.learn.step_two_networks import show_anatomy
from pages.pickers.model_picker import ModelChoice
from pages.session.background_work import Progress, run_with_progress
from pages.session.model_loading import load_with_progress

_SCENES, _SEED = 60, 13
_WEIGHTS = "vgg16_weights_tf_dim_ordering_tf_kernels.h5"  # as keras.applications names it
_WEIGHTS_BYTES = 553_467_096
_ASKED = "learn-retrofit-asked"


@dataclass(frozen=True, eq=False)
class Ready:
    """What the retrofit left.

    Attributes
    ----------
    report : Retrofit
    model : camcore.Classifier
    """

    report: Retrofit
    model: camcore.Classifier


@st.cache_resource(show_spinner=False)
def _made() -> dict[str, Ready]:
    """Networks made ready, by backbone; the same for everybody, so made once."""
    return {}


def show(lesson: Lesson) -> None:
    """Why not, how, and on demand both networks and their maps."""
    choice = _backbone()
    st.markdown(
        _(
            "**VGG16** was the network of its day, and CAM is impossible on it: its last maps "
            "are flattened into one long row of numbers and go through **three** dense layers. "
            "No weight belongs to one feature map and one class."
        )
    )
    last_maps_pooled = text(_("last maps, pooled"))
    weights = text(_("weights"))
    scores = text(_("scores"))
    st.latex(
        rf"\underbrace{{7 \times 7 \times 512}}_{{{last_maps_pooled}}} \to "
        rf"\underbrace{{25\,088}}_{{\text{{flatten}}}} "
        rf"\xrightarrow{{\ 102\,764\,544\ {weights}\ }} "
        r"\underbrace{4096}_{\text{fc1}} \to \underbrace{4096}_{\text{fc2}} \to "
        rf"\underbrace{{1000}}_{{{scores}}}"
    )
    st.markdown(
        _(
            "The cure (Zhou et al. 2016): take the dense layers away, **average** each of the "
            "512 last maps, and learn one **weight** for each map and class. The convolutions "
            "stay as they are, so their averages are computed once for each picture and only "
            "the few new weights are fitted."
        )
    )
    weights = text(_("weights"))
    st.latex(
        r"\underbrace{14 \times 14 \times 512}_{A} \xrightarrow{\ \text{GAP}\ } "
        r"\underbrace{512}_{\overline{A_k}} \xrightarrow{\ 512 \cdot 2 + 2\, =\, 1026"
        rf"\ {weights}\ }} \underbrace{{2}}_{{\text{{forest, tank}}}}"
    )
    if choice.name != "VGG16":
        st.caption(
            _(
                "VGG16's ImageNet weights are not on this machine, so its convolutions are random "
                "here: they never learnt anything, and their maps are rough. The way is the same."
            )
        )
    made, place = _made().get(choice.name), st.empty()
    if made is None and not st.session_state.get(_ASKED):
        with place.container():
            st.button(
                _("Make VGG16 CAM-ready with {count} scenes", count=_SCENES),
                key="learn-retrofit-start",
                type="primary",
                on_click=_ask,
            )
            st.caption(
                _(
                    "Renders {count} scenes of the cloud detector's laboratory, tanks under the "
                    "sun and empty forests under cloud, and fits the new head: half a minute to "
                    "a minute on two processor cores, with about 2 GB of memory.",
                    count=_SCENES,
                )
            )
        return
    if made is None:
        made = _make(choice.name, place)
        if made is None:
            st.rerun()
    _show_both(lesson, choice, made)


def _ask() -> None:
    st.session_state[_ASKED] = True


def _backbone() -> ModelChoice:
    """VGG16 with what it learnt where that is on this machine, else with random weights."""
    file = camcore.weights_folder() / _WEIGHTS
    known = file.is_file() and file.stat().st_size == _WEIGHTS_BYTES
    return ModelChoice("VGG16" if known else "VGG16:weights=random", "VGG16")


def _make(backbone: str, place: DeltaGenerator) -> Ready | None:
    """Make it, or watch it being made; None where somebody stopped it."""
    try:
        made = run_with_progress(
            ("retrofit", backbone),
            _("Making VGG16 CAM-ready"),
            lambda progress: _work(backbone, progress),
            place,
        )
    except Exception:
        st.session_state[_ASKED] = False
        raise
    st.session_state[_ASKED] = False
    if made is not None:
        _made()[backbone] = made
    return made


def _work(backbone: str, progress: Progress) -> Ready:
    """Scenes into a folder, a head on their features, and the new file loaded."""
    rendered = 0

    def one_more() -> None:
        nonlocal rendered
        rendered += 1
        progress(rendered, 2 * _SCENES)

    with tempfile.TemporaryDirectory(prefix="camcore-") as folder:
        scenes = write_scenes(
            "laboratory", _SCENES, _SEED, Path(folder) / "scenes", progress=one_more
        )
        report = retrofit(
            backbone,
            scenes,
            Path(folder) / "VGG16-with-GAP.keras",
            progress=lambda done, of: progress(_SCENES + done, _SCENES + of),
        )
        gc.collect()  # the backbone's half a gigabyte, whose parts refer to each other
        model = camcore.load_model(str(report.file), labels=str(report.labels))
    return Ready(report, model)


def _show_both(lesson: Lesson, choice: ModelChoice, made: Ready) -> None:
    original = load_with_progress(choice, None, st.empty())
    report, ready = made.report, made.model
    st.markdown(_("## Before"))
    _show_last_layers(original, original.default_layer)
    st.markdown(_why_not(original.default_layer))
    st.markdown(_("## After"))
    _show_last_layers(ready, ready.default_layer)
    st.markdown(
        _(
            "Fitted to {images} scenes in {seconds} s; right on **{share}** of those held out.",
            images=report.images,
            seconds=f"{report.seconds:.0f}",
            share=percent(report.validation_accuracy),
        )
    )
    colour = lesson.model.input_shape[2] == 3
    picture = lesson.picture if colour else camcore.read_image(camcore.sample("tank-sunny").file)
    before = lesson.engine.explain(original, picture, method="grad-cam", fit=lesson.fit)
    after = lesson.engine.explain(ready, picture, method="cam", fit=lesson.fit)
    show_maps(
        [
            over(
                explanation,
                title,
                _(
                    "its answer: {name}, {probability}",
                    name=explanation.target.name,
                    probability=share(explanation.target.probability),
                ),
            )
            for title, explanation in ((_("Before: Grad-CAM"), before), (_("After: CAM"), after))
        ],
        picture,
        key="learn-retrofit-maps",
    )
    st.markdown(
        _(
            "Before, only a gradient method gives a map. Now CAM reads it off the weights, and "
            "on this network it is Grad-CAM's map times the number of cells. What the new head "
            "looks at in these scenes, sky or tank, is the story of the last step."
        )
    )
    st.code("python -m camcore retrofit VGG16 --data FOLDER --out vgg16-cam.keras", language="bash")
    st.caption(_("The same for any network of Keras and your own folder of class folders."))


def _why_not(layer: str) -> str:
    """Why VGG16 has no class activation map: what the engine says, in the reader's language."""
    if spoken() == ENGLISH:
        return plain(camcore.METHODS["cam"].why_not("VGG16", layer))
    return _(
        "CAM needs global average pooling and affine layers right behind {layer}, and {model} has "
        "none there; Grad-CAM, HiResCAM and Layer-CAM work on any layer.",
        layer=plain(layer),
        model="VGG16",
    )


def _show_last_layers(model: camcore.Classifier, name: str) -> None:
    layer = next(layer for layer in model.layers if layer.name == name)
    show_anatomy(f"{model.sha256} {layer.name}", model.parts(layer.name), layer)
