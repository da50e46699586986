"""Examples that the program draws itself, and how well a layer tells their classes apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

import camcore
from camcore.making.digits import render_digit
from camcore.making.scenes import render_scene
from camcore.metrics.layer_probe import probe_accuracy
from pages.parts.learn.lesson import Lesson

LEARNT = 5  # of each class: with many, even edges tell digits apart
_HELD = 10  # of each class
_DIGITS = tuple("0123456789")
_SCENES = ("forest", "tank")


def probe_accuracies(lesson: Lesson, layers: Sequence[camcore.Layer]) -> list[float] | None:
    """The accuracy of a probe at each layer; None where no examples of the classes can be drawn."""
    draw = _drawing(lesson.model.class_names)
    if draw is None:
        return None
    names = tuple(layer.name for layer in layers)
    key = f"{lesson.model.sha256} {lesson.model.output} {lesson.options} {names}"
    return _accuracies(key, lesson, names, draw)


@st.cache_data(max_entries=16, show_spinner=False)
def _accuracies(
    key: str, _lesson: Lesson, _layers: tuple[str, ...], _draw: Callable[[int, int], np.ndarray]
) -> list[float]:
    count = len(_lesson.model.class_names)
    sets = []
    for seeds in (range(LEARNT), range(LEARNT, LEARNT + _HELD)):
        pictures = [
            camcore.read_image(_draw(klass, seed)) for seed in seeds for klass in range(count)
        ]
        seen = [
            _lesson.engine.seen(_lesson.model, picture, **_lesson.options) for picture in pictures
        ]
        sets.append((np.stack(seen), np.tile(np.arange(count), len(seeds))))
    learnt, held = sets
    return [probe_accuracy(_lesson.model, layer, learnt, held) for layer in _layers]


def _drawing(names: Sequence[str]) -> Callable[[int, int], np.ndarray] | None:
    if tuple(names) == _DIGITS:
        return render_digit
    if tuple(names) == _SCENES:
        # Sun and cloud by turns in both classes, so that the sky tells nothing.
        return lambda klass, seed: (
            render_scene(tank=klass == 1, sunny=seed % 2 == 0, seed=1000 + 2 * seed + klass).pixels
        )
    return None
