"""Uploaded files that camcore needs as files, and paths that people type."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

import streamlit as st
from streamlit.runtime.uploaded_file_manager import UploadedFile

from camcore.auditing.runs.store import runs_folder
from camcore.storage.address import is_address
from camcore.storage.bounds import check_address, check_bounds
from camcore.storage.place import place_of
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.session.address import asked_where, refuse
from pages.session.visitor import is_served

_ROOM = 4_000_000_000  # bytes on disk; model files may be large, the oldest go
_TOKEN = re.compile(r"upload-([0-9a-f]{32})")


class UploadFolder:
    """Uploaded files on disk, under the hash of their name and content, gone with the server.

    Parameters
    ----------
    room : int
        Most bytes that are kept; the least recently used files are deleted.
    """

    def __init__(self, room: int = _ROOM) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="camaudit-")
        self.room = room

    def keep(self, upload: UploadedFile) -> Path:
        """Write an upload once and return where it lies, under its own name."""
        return self.keep_bytes(upload.getbuffer(), upload.name)

    def keep_bytes(self, data: bytes | memoryview, name: str) -> Path:
        """The same for what was not uploaded as a file, such as a photo of the camera."""
        name = re.sub(r"[^\w.() -]", "_", Path(name).name)[-120:] or "file"
        digest = hashlib.sha256(f"{name}\n".encode())
        digest.update(data)
        place = self.place / digest.hexdigest()
        file = place / name
        if not file.exists():
            place.mkdir(exist_ok=True)
            part = place / f".{name}.part"
            part.write_bytes(data)
            part.replace(file)
        self._touch(place)
        return file

    def token(self, path: str) -> str:
        """What an address calls one of these files: its content, 128 bits that nobody guesses."""
        return f"upload-{Path(path).parent.name[:32]}"

    def named(self, token: str) -> str | None:
        """Where the file of a token lies; None where it is not kept here (any more)."""
        match = _TOKEN.fullmatch(token)
        for place in self.place.glob(f"{match[1]}*") if match else ():
            for file in place.iterdir():
                if not file.name.startswith("."):  # one that is still being written
                    self._touch(place)
                    return str(file)
        return None

    @property
    def place(self) -> Path:
        """The folder."""
        return Path(self._folder.name)

    def holds(self, path: str) -> bool:
        """Whether a path leads to one of these files."""
        return Path(path).is_relative_to(self._folder.name)

    def _touch(self, used: Path) -> None:
        os.utime(used)
        left = self.room
        for place in sorted(self.place.iterdir(), key=os.path.getmtime, reverse=True):
            left -= sum(file.stat().st_size for file in place.iterdir())
            if left < 0 and place != used:
                shutil.rmtree(place, ignore_errors=True)


def ask_upload(label: str, *, key: str, **options: Any) -> str | None:
    """An uploader whose file outlives a change of page, which empties the widget itself.

    Returns
    -------
    str or None
        Where the file lies.
    """
    kept = f"{key}-kept"

    def forget() -> None:
        st.session_state.pop(kept, None)

    upload = st.file_uploader(label, key=key, on_change=forget, **options)
    path: str = st.session_state.get(kept) or ""
    if not (path and Path(path).exists()):  # the folder keeps the latest few
        if upload is None:
            return None
        path = st.session_state[kept] = str(upload_folder().keep(upload))
    if upload is None:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("{name}, uploaded before", name=plain(Path(path).name)))
            st.button(_("Remove"), key=f"{key}-forget", type="tertiary", on_click=forget)
    return path


def address_of(path: str | None) -> str | None:
    """What an address says of a file: an uploaded one goes by its content, another by its path."""
    if path is not None and upload_folder().holds(path):
        return upload_folder().token(path)
    return path


def is_token(text: str) -> bool:
    """Whether an address means an uploaded file."""
    return _TOKEN.fullmatch(text) is not None


def asked_upload(name: str) -> str | None:
    """The link's value under a name if it means an uploaded file; any other stays for `asked`."""
    return asked_where(name, is_token)


def follow_upload(token: str, key: str, what: str) -> None:
    """Let an uploader begin with the file that a link names, if it is still here."""
    path = upload_folder().named(token)
    st.session_state[f"{key}-kept"] = path
    if path is None:
        refuse(
            _(
                "The link asks for {what} that was uploaded, and this server does not have it "
                "(any more): choose the file again.",
                what=_(what),
            )
        )


@st.cache_resource(show_spinner=False)
def upload_folder() -> UploadFolder:
    """The folder that all sessions share; equal content is kept once."""
    return UploadFolder()


def typed_path(text: str) -> str:
    """A path or address as somebody typed it or a link says it, if it may be read.

    Raises
    ------
    camcore.InputError
        If CAMCORE_DATA_ROOT is set and the path leads out of it, and out of the folder of runs,
        where uploaded data sets lie; or if it is an address that is not allowed.
    """
    text = text.strip().strip("\"'")
    if is_address(text):
        address = str(place_of(text))
        check_address(address, served=is_served())
        return address
    path = os.path.expanduser(text)
    check_bounds(path, runs_folder())
    return path
