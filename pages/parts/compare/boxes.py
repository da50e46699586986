"""Where the object truly is: a box that one draws or types, or a file."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

import camcore
from camcore.localization import boxes_for
from pages.components.box_canvas import Box, draw_box
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import ngettext
from pages.session.address import asked, refuse

_EDGES = ("x0", "y0", "x1", "y1")
_OF = "compare-box-of"
_ASKED = "compare-box-asked"
_LARGEST_FILE = 50  # MB


def follow_link() -> None:
    """Keep the box that a link asks for until the picture is there."""
    wanted = next(iter(asked("box")), "")
    st.session_state[_ASKED] = wanted
    st.session_state[_OF] = None


def true_boxes(picture: camcore.Picture) -> tuple[Box, ...]:
    """What has been drawn, typed or uploaded for a picture; another picture begins without.

    Raises
    ------
    camcore.InputError
        If an uploaded file cannot be read.
    """
    if st.session_state.get(_OF) != picture.sha256:
        known = st.session_state.get(_OF) is not None
        st.session_state[_OF] = picture.sha256
        wanted = "" if known else st.session_state.pop(_ASKED, "")
        _set(_parsed(wanted, picture) if wanted else None)
    file = st.session_state.get("compare-boxes-file")
    if file is not None:
        return _read(file.file_id, picture.name, file.getvalue)
    box = _typed()
    return (box,) if box else ()


@st.cache_data(max_entries=8, show_spinner=False)
def _read(file_id: str, name: str, _data: Callable[[], bytes]) -> tuple[Box, ...]:
    return boxes_for(_data(), name)


def show_boxes(picture: camcore.Picture, boxes: tuple[Box, ...]) -> None:
    """The canvas, the four fields and the file."""
    drawing, fields = st.columns(2, gap="large")
    with drawing:
        draw_box(picture, boxes, key="compare-box-canvas", on_box=_set)
    with fields:
        st.caption(
            _(
                "Where is the object? Each map then gets the share of its evidence inside, beside "
                "the share that a flat map would have, and the overlap of its own box."
            )
        )
        row = st.container(horizontal=True)
        for edge in _EDGES:
            row.number_input(
                edge,
                min_value=0,
                max_value=picture.width if edge.startswith("x") else picture.height,
                value=None,
                step=1,
                key=_key(edge),
                persist_state="session",
                help=_("In pixels of the picture; x1 and y1 are just outside."),
                width=96,
            )
        typed = [st.session_state.get(_key(edge)) for edge in _EDGES]
        if _typed() is None and any(value is not None for value in typed):
            st.caption(_("All four, with x0 < x1 and y0 < y1."))
        st.file_uploader(
            _("or a file with true boxes"),
            type=["csv", "xml", "json"],
            key="compare-boxes-file",
            max_upload_size=_LARGEST_FILE,
            help=_(
                "CSV (path, x0, y0, x1, y1), Pascal VOC XML or COCO JSON; the rows of {name} are "
                "taken.",
                name=plain(picture.name),
            ),
        )
        if st.session_state.get("compare-boxes-file") is not None:
            st.caption(
                ngettext(
                    "{count} box for {name} in the file, which goes before the fields.",
                    "{count} boxes for {name} in the file, which goes before the fields.",
                    len(boxes),
                    name=plain(picture.name),
                )
            )


def address_of(boxes: tuple[Box, ...]) -> str | None:
    """The box for a link; boxes of a file are not in it."""
    box = _typed()
    return ",".join(map(str, box)) if box is not None and boxes == (box,) else None


def _key(edge: str) -> str:
    return f"compare-box-{edge}"


def _set(box: Box | None) -> None:
    for number, edge in enumerate(_EDGES):
        st.session_state[_key(edge)] = box[number] if box else None


def _typed() -> Box | None:
    values = [st.session_state.get(_key(edge)) for edge in _EDGES]
    numbers = [int(value) for value in values if value is not None]
    if len(numbers) < len(_EDGES):
        return None
    x0, y0, x1, y1 = numbers
    return (x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None


def _parsed(text: str, picture: camcore.Picture) -> Box | None:
    words = text.split(",")
    if len(words) == 4 and all(number.strip().isdecimal() and len(number) < 9 for number in words):
        x0, y0, x1, y1 = (int(number) for number in words)
        if x0 < x1 <= picture.width and y0 < y1 <= picture.height:
            return (x0, y0, x1, y1)
    refuse(
        _("The link asks for the box “{box}”, which does not lie in the picture.", box=text[:60])
    )
    return None
