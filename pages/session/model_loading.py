"""A model loads: the page says so, shows the picture meanwhile, and the seconds and megabytes."""

from __future__ import annotations

import os
import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import camcore
from pages.components.viewer import show_viewer
from pages.languages.catalogues import gettext as _
from pages.pickers.model_picker import ModelChoice
from pages.pickers.picture_picker import PictureChoice
from pages.session.shared_engine import model_loader

_PATIENCE = 0.8  # seconds before a page that shows something already changes


def load_with_progress(
    choice: ModelChoice, source: PictureChoice | None, place: DeltaGenerator
) -> camcore.Classifier:
    """The chosen model, loaded once for all sessions.

    Parameters
    ----------
    choice : ModelChoice
    source : PictureChoice or None
        Shown while the model loads.
    place : DeltaGenerator
        An `st.empty` for what there is to say and show meanwhile; empty again afterwards.

    Raises
    ------
    camcore.CamcoreError
        If the model cannot be loaded.
    """
    began = time.time()
    status = None

    def waiting(seconds: float) -> None:
        nonlocal status
        if status is None:
            if 0 < seconds < _PATIENCE:
                return
            with place.container():
                status = st.empty()
                if source is not None:
                    show_viewer(source.picture, key=f"viewer-while-loading-{choice.output}")
        share, words = _progress(choice, began - seconds)
        text = f"{words} {seconds:.0f} s"
        if share is None:
            status.info(text, icon=":material/hourglass_top:")
        else:
            status.progress(share, text=text)

    try:
        return model_loader().model(choice, choice.load, waiting)
    finally:
        place.empty()


def _progress(choice: ModelChoice, began: float) -> tuple[float | None, str]:
    entry = camcore.CATALOGUE.get(choice.name)
    fetched = _growing_file(began) if entry else 0
    if entry and 0 < fetched < entry.megabytes:
        return (
            min(0.99, fetched / entry.megabytes),
            _(
                "Fetching the weights of {title}: {fetched} of {megabytes} MB …",
                title=choice.title,
                fetched=f"{fetched:.0f}",
                megabytes=entry.megabytes,
            ),
        )
    return None, _("Loading {title} …", title=choice.title)


def _growing_file(since: float) -> float:
    """Megabytes of the file that Keras is fetching; it grows in the folder of its weights."""
    newest = (0.0, 0)
    try:
        for file in os.scandir(camcore.weights_folder()):
            status = file.stat()
            if status.st_mtime >= since:
                newest = max(newest, (status.st_mtime, status.st_size))
    except OSError:
        return 0.0
    return newest[1] / 1e6
