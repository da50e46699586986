"""Which picture: a sample, an upload, the camera, a path, or a digit drawn by hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

import camcore
from camcore.pictures.levels import STRETCHES
from camcore.storage.place import place_of
from pages.components.digit_canvas import draw_digit
from pages.components.thumbnails import pick_thumbnail
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.pickers.model_picker import ModelChoice
from pages.session.address import asked, asked_one
from pages.session.uploads import (
    address_of,
    ask_upload,
    follow_upload,
    is_token,
    typed_path,
    upload_folder,
)

SAMPLE, UPLOAD, CAMERA = marked("Sample"), marked("Upload"), marked("Camera")
PATH, DRAW = marked("Path"), marked("Draw")
PICTURE_TYPES = ["png", "jpg", "jpeg", "gif", "webp", "bmp", "tif", "tiff", "ppm", "avif"]
_LARGEST = 100  # MB
UPLOADER = "picture-upload"
_STRETCHES = "picture-stretches"  # by the path of a picture
_ASKED = "picture-stretch-asked"


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
    place : str or None
        Where the file lies that a person named or brought; None for a sample.
    """

    picture: camcore.Picture
    sample: str | None
    file: str
    place: str | None = None

    def link(self) -> dict[str, str | None]:
        """What an address says of the picture."""
        stretch = self.picture.stretch
        return {
            "image": self.sample,
            "path": address_of(self.place),
            "stretch": stretch if stretch != "none" else None,
        }


def follow_link() -> None:
    """Set the widgets below to the sample, or the path, that a link asks for."""
    name = asked_one(
        "image", [sample.name for sample in camcore.SAMPLES], marked("the sample picture")
    )
    path = next(iter(asked("path")), "")
    st.session_state["picture-sample"] = name
    if is_token(path):
        st.session_state["picture-source"] = UPLOAD
        follow_upload(path, UPLOADER, marked("a picture"))
    else:
        st.session_state["picture-source"] = PATH if path else SAMPLE
    if path and not is_token(path):
        st.session_state["picture-path"] = path
    st.session_state[_ASKED] = asked_one("stretch", STRETCHES, marked("the stretch"))


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
        _("Picture"),
        sources,
        key="picture-source",
        persist_state="session",
        required=True,
        format_func=_,
    )
    if source == SAMPLE:
        return _sample(choice, drawable)
    if source == UPLOAD:
        return _upload()
    if source == CAMERA:
        return _camera()
    if source == PATH:
        return _path()
    return _drawn()


def suited_samples(choice: ModelChoice | None, drawable: bool) -> list[camcore.Sample]:
    """The bundled model's samples; for any other, digits for small gray inputs, else scenes."""
    suited = [sample for sample in camcore.SAMPLES if choice and choice.name in sample.models]
    if suited:
        return suited
    gray = {model.name for model in camcore.BUNDLED_MODELS if model.input_shape[2] == 1}
    return [sample for sample in camcore.SAMPLES if gray.issuperset(sample.models) == drawable]


def sample_picture(name: str) -> camcore.Picture:
    """A sample, read once."""
    file = camcore.sample(name).file
    return _read(f"{file} {os.path.getmtime(file)}", lambda: camcore.read_image(file))


def _sample(choice: ModelChoice | None, drawable: bool) -> PictureChoice:
    suited = suited_samples(choice, drawable)
    names = [sample.name for sample in suited]
    name = st.session_state.get("picture-sample")
    if name not in names:
        name = st.session_state["picture-sample"] = names[0]
    pick_thumbnail(suited, name, into="picture-sample")
    return PictureChoice(sample_picture(name), name, os.path.relpath(camcore.sample(name).file))


def _upload() -> PictureChoice | None:
    path = ask_upload(
        _("Picture file"),
        key=UPLOADER,
        type=PICTURE_TYPES,
        max_upload_size=_LARGEST,
        label_visibility="collapsed",
    )
    return _brought(path) if path else None


def _camera() -> PictureChoice | None:
    """The photo, or the last one: another page empties the camera."""
    kept = "picture-camera-kept"
    shot = st.camera_input(_("Camera"), key="picture-camera", label_visibility="collapsed")
    if shot:
        st.session_state[kept] = _keep(shot.getvalue(), "camera.jpg")
    return _last(kept)


def _path() -> PictureChoice | None:
    typed = st.text_input(
        _("Path of a picture on this machine"), key="picture-path", persist_state="session"
    )
    if not typed.strip():
        return None
    path = typed_path(typed)
    try:
        status = place_of(path).stat()
        stamp = f"{path} {status.st_size} {status.st_mtime_ns}"
    except (OSError, ValueError):
        return PictureChoice(camcore.read_image(path), None, path)  # says what is wrong with it
    stretch = _stretch_of(path)
    picture = _read(f"{stamp} {stretch}", lambda: camcore.read_image(path, stretch=stretch))
    _offer_stretch(path, picture)
    return PictureChoice(picture, None, path, path)


def _drawn() -> PictureChoice | None:
    """The drawing, or the last one: another page empties the canvas."""
    kept = "picture-drawing-kept"

    def forget() -> None:  # also where the canvas is wiped
        st.session_state.pop(kept, None)

    if png := draw_digit(on_change=forget):
        st.session_state[kept] = _keep(png, "drawing.png")
    return _last(kept)


def _last(kept: str) -> PictureChoice | None:
    """The picture that a visitor's session holds under a key, if its file is still here."""
    path = st.session_state.get(kept)
    return _brought(path) if path and os.path.exists(path) else None


def _keep(data: bytes, name: str) -> str:
    return str(upload_folder().keep_bytes(data, name))


def _brought(path: str) -> PictureChoice:
    """A picture that came through the browser; it lies under its content's hash."""
    file = Path(path)  # a message names the file as the person knows it
    stretch = _stretch_of(path)
    picture = _read(
        f"{path} {stretch}",
        lambda: camcore.read_image(file.read_bytes(), name=file.name, stretch=stretch),
    )
    _offer_stretch(path, picture)
    return PictureChoice(picture, None, picture.name, path)


def _stretch_of(path: str) -> str:
    """Which values of 16 bits become black and white, as chosen for a picture or by its link."""
    chosen: dict[str, str] = st.session_state.setdefault(_STRETCHES, {})
    if asked_for := st.session_state.pop(_ASKED, None):
        chosen[path] = asked_for
    return chosen.get(path, "none")


def _offer_stretch(path: str, picture: camcore.Picture) -> None:
    """One click for a picture of 16 bits that uses few of them, and one back."""

    def choose(stretch: str) -> None:
        st.session_state[_STRETCHES][path] = stretch

    if advised := picture.advised_stretch:
        st.button(
            _("Brighten: show it as {levels}", levels=advised),
            key="picture-stretch",
            icon=":material/brightness_6:",
            help=_(
                "The picture has 16 bits and uses few of them. Black and white become {levels}.",
                levels=_(STRETCHES[advised]),
            ),
            on_click=choose,
            args=(advised,),
            width="stretch",
        )
    elif picture.stretch != "none":
        st.button(
            _("Shown as {levels}: back to 16-bit", levels=picture.stretch),
            key="picture-stretch-back",
            icon=":material/undo:",
            on_click=choose,
            args=("none",),
            width="stretch",
        )


@st.cache_resource(max_entries=8, show_spinner=False)
def _read(identity: str, _read_it: Callable[[], camcore.Picture]) -> camcore.Picture:
    """A decoded picture; photos of many megapixels are not decoded at each click."""
    return _read_it()
