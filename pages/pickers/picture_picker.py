"""Which picture: a sample, an upload, the camera, a path, or a digit drawn by hand."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

import camcore
from pages.components.digit_canvas import draw_digit
from pages.components.thumbnails import pick_thumbnail
from pages.pickers.model_picker import ModelChoice
from pages.session.address import asked, asked_one
from pages.session.uploads import typed_path

SAMPLE, UPLOAD, CAMERA, PATH, DRAW = "Sample", "Upload", "Camera", "Path", "Draw"
_TYPES = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "ppm", "avif"]
_LARGEST = 100  # MB


@dataclass(frozen=True)
class PictureChoice:
    """A picture and where it came from.

    Attributes
    ----------
    picture : camcore.Picture
    sample : str or None
        Name of the sample.
    file : str
        What to write for it in a command.
    linked : bool
        Whether a link named its path.
    """

    picture: camcore.Picture
    sample: str | None
    file: str
    linked: bool = False


def follow_link() -> None:
    """Set the widgets below to the sample, or the path, that a link asks for."""
    name = asked_one("image", [own.name for own in camcore.SAMPLES], "the sample picture")
    path = next(iter(asked("path")), "")
    st.session_state["picture-source"] = PATH if path else SAMPLE
    st.session_state["picture-sample"] = name
    st.session_state["picture-linked"] = path
    if path:
        st.session_state["picture-path"] = path


def pick_picture(choice: ModelChoice | None, drawable: bool) -> PictureChoice | None:
    """The widgets; None while no picture has been given.

    Parameters
    ----------
    choice : ModelChoice or None
        Decides which samples are offered.
    drawable : bool
        Whether the model reads what one can draw by hand.

    Raises
    ------
    camcore.CamcoreError
        If the picture cannot be read.
    """
    sources = [SAMPLE, *([DRAW] if drawable else []), UPLOAD, CAMERA, PATH]
    if st.session_state.get("picture-source") not in sources:
        st.session_state["picture-source"] = SAMPLE
    source = st.pills(
        "Picture", sources, key="picture-source", persist_state="session", required=True
    )
    if source == SAMPLE:
        return _sample(choice, drawable)
    if source == UPLOAD:
        return _upload()
    if source == CAMERA:
        shot = st.camera_input("Camera", key="picture-camera", label_visibility="collapsed")
        return _given(shot.file_id, shot.getvalue, "camera.jpg") if shot else None
    if source == PATH:
        return _path()
    return _drawn()


def _sample(choice: ModelChoice | None, drawable: bool) -> PictureChoice:
    suited = [own for own in camcore.SAMPLES if choice and choice.name in own.models]
    if not suited:  # any other model: digits for small gray inputs, scenes for colour
        gray = {own.name for own in camcore.BUNDLED_MODELS if own.input_shape[2] == 1}
        suited = [own for own in camcore.SAMPLES if gray.issuperset(own.models) == drawable]
    names = [own.name for own in suited]
    name = st.session_state.get("picture-sample")
    if name not in names:
        name = st.session_state["picture-sample"] = names[0]
    pick_thumbnail(suited, name, into="picture-sample")
    file = camcore.sample(name).file
    picture = _read(f"{file} {os.path.getmtime(file)}", lambda: camcore.read_image(file))
    return PictureChoice(picture, name, os.path.relpath(file))


def _upload() -> PictureChoice | None:
    upload = st.file_uploader(
        "Picture file",
        type=_TYPES,
        key="picture-upload",
        max_upload_size=_LARGEST,
        label_visibility="collapsed",
    )
    return _given(upload.file_id, upload.getvalue, upload.name) if upload else None


def _path() -> PictureChoice | None:
    typed = st.text_input(
        "Path of a picture on this machine", key="picture-path", persist_state="session"
    )
    if not typed.strip():
        return None
    path = typed_path(typed)
    linked = typed == st.session_state.get("picture-linked")
    try:
        status = os.stat(path)
        stamp = f"{path} {status.st_size} {status.st_mtime_ns}"
    except (OSError, ValueError):
        return PictureChoice(camcore.read_image(path), None, path)  # says what is wrong with it
    return PictureChoice(_read(stamp, lambda: camcore.read_image(path)), None, path, linked)


def _drawn() -> PictureChoice | None:
    png = draw_digit()
    return _given(hashlib.sha256(png).hexdigest(), lambda: png, "drawing.png") if png else None


def _given(identity: str, data: Callable[[], bytes], name: str) -> PictureChoice:
    picture = _read(f"{identity} {name}", lambda: camcore.read_image(data(), name=name))
    return PictureChoice(picture, None, picture.name)


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(identity: str, _read_it: Callable[[], camcore.Picture]) -> camcore.Picture:
    """A decoded picture; photos of many megapixels are not decoded at each click."""
    return _read_it()
