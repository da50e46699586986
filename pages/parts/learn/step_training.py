"""A short training of cam1, live: its curve grows and its map gets better, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import camcore
from camcore.making.lesson import TRAINING, EpochView, LiveTraining, train_live
from pages.components.map_row import MapFigure, show_maps
from pages.components.wording import share
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import percent
from pages.parts.learn.choosing import FIRST_MODEL
from pages.parts.learn.equations import text
from pages.parts.learn.lesson import Lesson
from pages.pickers.model_picker import reads_drawings
from pages.session.background_work import Progress, run_with_progress

_EPOCHS = 8
_RUN = "learn-training-run"  # seed and digit of the training that goes on, or None
_SEED = "learn-training-seed"
_KEPT = "learn-training-kept"


@dataclass(frozen=True, eq=False)
class Kept:
    """What a session keeps of a training.

    Attributes
    ----------
    views : tuple of EpochView
    picture : camcore.Picture
        The digit that was watched.
    seed : int
    source : str
        What was learnt from; "" where it was stopped.
    """

    views: tuple[EpochView, ...]
    picture: camcore.Picture
    seed: int
    source: str = ""


def show(lesson: Lesson) -> None:
    """The button, the training as it goes on, and the last one that was done."""
    st.markdown(
        _(
            "A network begins with random weights and a map that means nothing. This trains "
            "**cam1** anew, {epochs} times through a part of its digits (**epochs**), in "
            "well under a minute. After each epoch it looks at one digit that it does not "
            "learn from.",
            epochs=_EPOCHS,
        )
    )
    loss = text(_("loss"))
    st.latex(
        rf"{loss} = -\log p_{{c}}\,,\qquad w \leftarrow w - \eta\,"
        rf"\frac{{\partial\,{loss}}}{{\partial w}}"
    )
    st.caption(
        _(
            "The loss is large where the right class $c$ gets a small probability; each step "
            "moves every weight a little so that the loss falls. The step size $\\eta$ is "
            "chosen for each weight as training goes on (Adam)."
        )
    )
    kept: Kept | None = st.session_state.get(_KEPT)
    running = st.session_state.get(_RUN)
    controls, stage = st.empty(), st.empty()
    if running is None:
        with controls.container():
            st.button(
                _("Train") if kept is None else _("Train again from other random weights"),
                key="learn-training-start",
                type="primary" if kept is None else "secondary",
                on_click=_start,
                args=(_digit(lesson),),
                help=_("Runs on this server; you may stop it."),
            )
        if kept is not None:
            with stage.container():
                _show_training(kept, beside=lesson.presenting)
        return
    try:
        seed, picture = running
        _train(seed, picture, controls, stage, beside=lesson.presenting)
    except Exception:
        st.session_state[_RUN] = None
        raise
    st.session_state[_RUN] = None
    st.rerun()


def _start(picture: camcore.Picture) -> None:
    st.session_state[_SEED] = seed = st.session_state.get(_SEED, -1) + 1
    st.session_state[_RUN] = seed, picture
    st.session_state[_KEPT] = None


def _digit(lesson: Lesson) -> camcore.Picture:
    """The lesson's digit, or a sample where its picture is none."""
    if reads_drawings(lesson.choice):
        return lesson.picture
    name = next(sample.name for sample in camcore.SAMPLES if FIRST_MODEL in sample.models)
    return camcore.read_image(camcore.sample(name).file)


def _train(
    seed: int,
    picture: camcore.Picture,
    controls: DeltaGenerator,
    stage: DeltaGenerator,
    *,
    beside: bool,
) -> None:
    """Train, or watch the training that goes on; keeps what there is when it ends."""

    def work(progress: Progress) -> LiveTraining:
        views: list[EpochView] = []
        progress(0, _EPOCHS)

        def after(view: EpochView) -> None:
            views.append(view)
            progress(view.epoch, view.epochs, tuple(views))

        return train_live(_EPOCHS, seed=seed, digit=picture, progress=after)

    def grow(views: tuple[EpochView, ...]) -> None:
        st.session_state[_KEPT] = kept = Kept(views, picture, seed)
        with stage.container():
            _show_training(kept, to_come=_EPOCHS - len(views), beside=beside)

    with stage.container():
        _show_axes()  # at once: the first chart of a server takes seconds, whole epochs long
    done = run_with_progress(
        ("train", seed, picture.sha256), _("Training"), work, controls, show=grow
    )
    if done is not None:
        st.session_state[_KEPT] = Kept(done.epochs, picture, seed, done.source)


def _show_training(kept: Kept, to_come: int = 0, *, beside: bool) -> None:
    """Curve and maps, as far as they go, with room for what is to come.

    A hall watches the map beside the curve; who reads has the maps of all epochs below.
    """
    views = kept.views
    last = views[-1]
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _show_curve(views)
    with right:
        st.markdown(
            _(
                "**Epoch {epoch} of {epochs}**  \nright on {accuracy} of the digits learnt from, "
                "on **{held_out}** of those held out; mean loss ${loss}$.",
                epoch=last.epoch,
                epochs=last.epochs,
                accuracy=percent(last.accuracy, 1),
                held_out=percent(last.validation_accuracy, 1),
                loss=Lesson.number(last.loss),
            )
        )
        ranked = np.argsort(-last.probabilities, kind="stable")
        st.markdown(
            _(
                "The watched digit: **{first}** ({most}), then {second} ({next_most}).",
                first=ranked[0],
                most=share(last.probabilities[ranked[0]]),
                second=ranked[1],
                next_most=share(last.probabilities[ranked[1]]),
            )
        )
        if beside:
            live = _maps(views[-1:], kept.picture)
            show_maps(live, kept.picture, key=f"learn-training-live-{len(views)}")
            return
        if last.epoch == last.epochs:
            st.caption(_conditions(kept))
        else:
            st.caption(_("Random weights of seed {seed}.", seed=kept.seed))
    st.markdown(_("## Its map after each epoch"))
    # A new component for each epoch: one that is drawn twice in a run would need a key twice.
    maps = _maps(views, kept.picture)
    maps += [_empty(maps[0], last.epoch + ahead) for ahead in range(1, to_come + 1)]
    show_maps(maps, kept.picture, key=f"learn-training-maps-{len(views)}")


def _conditions(kept: Kept) -> str:
    if kept.source == "MNIST":
        return _(
            "Random weights of seed {seed}. Learnt from {count} of MNIST's handwritten digits.",
            seed=kept.seed,
            count=Lesson.count(TRAINING),
        )
    return _(
        "Random weights of seed {seed}. MNIST is not on this machine, so it learnt from digits "
        "drawn by the program.",
        seed=kept.seed,
    )


def _show_axes() -> None:
    """The axes of the curve, until the first epoch is over."""
    epochs = [*range(1, _EPOCHS + 1), None, None]
    ends = [None] * _EPOCHS + [0.0, 1.0]  # at no epoch: they are not drawn, and the axis spans them
    table = pd.DataFrame(
        {_("epoch"): pd.array(epochs, "Int64"), _("learnt from"): ends, _("held out"): ends}
    )
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _draw_curve(table, _("None yet"))
    with right:
        st.markdown(_("**Epoch 1 of {epochs}** is on its way.", epochs=_EPOCHS))


def _show_curve(views: Sequence[EpochView]) -> None:
    table = pd.DataFrame(
        {
            _("epoch"): [view.epoch for view in views],
            _("learnt from"): [view.accuracy for view in views],
            _("held out"): [view.validation_accuracy for view in views],
        }
    )
    accuracies = [
        _(
            "epoch {epoch}: {held_out}",
            epoch=view.epoch,
            held_out=percent(view.validation_accuracy, 1),
        )
        for view in views
    ]
    _draw_curve(table, ", ".join(accuracies))


def _draw_curve(table: pd.DataFrame, in_words: str) -> None:
    st.line_chart(
        table,
        x=_("epoch"),
        y=[_("held out"), _("learnt from")],
        y_label=_("right answers"),
        height=340,
        alt=_("Share of right answers on held-out digits. {in_words}.", in_words=in_words),
    )


def _maps(views: Sequence[EpochView], picture: camcore.Picture) -> list[MapFigure]:
    """The map after each epoch, each on its own scale."""
    frame = camcore.Frame(0, 0, picture.width, picture.height, picture.width, picture.height)
    return [
        MapFigure(
            np.maximum(view.raw, 0),
            frame,
            _("Epoch {epoch}", epoch=view.epoch),
            _(
                "for class {target}, {probability}",
                target=view.target,
                probability=share(view.probabilities[view.target]),
            ),
            0.0,
            max(float(view.raw.max()), 1e-9),
            over=True,
            interpolation="nearest",
        )
        for view in views
    ]


def _empty(like: MapFigure, epoch: int) -> MapFigure:
    return replace(
        like,
        values=np.zeros_like(like.values),
        title=_("Epoch {epoch}", epoch=epoch),
        sub=_("still to come"),
        high=1.0,
    )
