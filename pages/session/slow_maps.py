"""Maps of methods that make many passes: their cost is said first, and they run beside the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import camcore
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import ngettext
from pages.languages.numbers import whole
from pages.session.background_work import run_with_progress, spoken

UNASKED = 4.0  # seconds that a map may take without anybody being asked
_RUN = "costly-run"


def explain_with_progress(
    engine: camcore.Engine,
    model: camcore.Classifier,
    picture: camcore.Picture,
    targets: Sequence[int],
    method: str,
    of: camcore.Explained,
    options: dict[str, Any],
    place: DeltaGenerator,
) -> tuple[camcore.Explanation, ...] | None:
    """Where the model looks; None while nobody has asked for what takes long, or it was stopped.

    Parameters
    ----------
    of : {"score", "probability"}
        What is explained, by methods that can explain either.
    options : dict
        The layer, fit and preprocessing of `Engine.explain_each`.
    place : DeltaGenerator
        An `st.empty` for the question, and for the progress.
    """
    chosen = camcore.METHODS[method]
    if not chosen.many_passes:
        return engine.explain_each(model, picture, targets, method=method, of=of, **options)
    key = engine.key(model, picture, method=method, **options)
    wanted = st.session_state.setdefault(_RUN, set())
    seconds = engine.estimate(model, picture, method=method, **options)
    if seconds > UNASKED and key not in wanted:
        with place.container():
            layer = next(layer for layer in model.layers if layer.name == options["layer"])
            ask(chosen, model, layer, seconds)
            st.button(
                _("Run"), key="costly-start", type="primary", on_click=wanted.add, args=(key,)
            )
        return None
    done = run_with_progress(
        ("passes", key),
        plain(chosen.title),
        lambda progress: engine.explain_each(
            model, picture, targets, method=method, progress=progress, **options
        ),
        place,
    )
    if done is None:
        wanted.discard(key)
        with place.container():
            st.info(_("{method} was stopped.", method=plain(chosen.title)))
            st.button(_("Run again"), key="costly-start", on_click=wanted.add, args=(key,))
        return None
    # The passes may be those that another session began, for other classes under other names.
    return engine.explain_each(model, picture, targets, method=method, **options)


def ask(
    method: camcore.Method, model: camcore.Classifier, layer: camcore.Layer, seconds: float
) -> None:
    """Say what a method costs on this model."""
    passes = method.passes(layer, model.input_shape)
    values = {
        "count": whole(passes),
        "method": plain(method.title),
        "layer": plain(layer.name),
        "time": spoken(seconds),
    }
    if method.needs == "image":
        st.info(
            ngettext(
                "{method} makes {count} forward pass of the whole model: about {time} on this "
                "machine.",
                "{method} makes {count} forward passes of the whole model: about {time} on this "
                "machine.",
                passes,
                **values,
            )
        )
    else:
        st.info(
            ngettext(
                "{method} makes {count} forward pass behind {layer}: about {time} on this machine.",
                "{method} makes {count} forward passes behind {layer}: about {time} on this "
                "machine.",
                passes,
                **values,
            )
        )
