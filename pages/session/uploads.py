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
from camcore.sources.bounds import check_bounds
from pages.components.wording import plain

_KEPT = 12  # model files may be large; the oldest go


class UploadFolder:
    """Uploaded files on disk, under their content's hash, gone with the server.

    Parameters
    ----------
    kept : int
        Most files kept; the least recently used ones are deleted.
    """

    def __init__(self, kept: int = _KEPT) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="camaudit-")
        self.kept = kept

    def keep(self, upload: UploadedFile) -> Path:
        """Write an upload once and return where it lies, under its own name."""
        data = upload.getbuffer()
        place = Path(self._folder.name) / hashlib.sha256(data).hexdigest()
        name = re.sub(r"[^\w.() -]", "_", Path(upload.name).name)[-120:] or "file"
        file = place / name
        if not file.exists():
            place.mkdir(exist_ok=True)
            part = place / f".{name}.part"
            part.write_bytes(data)
            part.replace(file)
        os.utime(place)
        for old in sorted(Path(self._folder.name).iterdir(), key=os.path.getmtime)[: -self.kept]:
            shutil.rmtree(old, ignore_errors=True)
        return file

    @property
    def place(self) -> Path:
        """The folder."""
        return Path(self._folder.name)

    def holds(self, path: str) -> bool:
        """Whether a path leads to one of these files."""
        return Path(path).is_relative_to(self._folder.name)


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
            st.caption(f"{plain(Path(path).name)}, uploaded before")
            st.button("Remove", key=f"{key}-forget", type="tertiary", on_click=forget)
    return path


@st.cache_resource(show_spinner=False)
def upload_folder() -> UploadFolder:
    """The folder that all sessions share; equal content is kept once."""
    return UploadFolder()


def typed_path(text: str) -> str:
    """A path as somebody typed it or a link says it, if it may be read.

    Raises
    ------
    camcore.InputError
        If CAMCORE_DATA_ROOT is set and the path leads out of it, and out of the folder of runs,
        where uploaded data sets lie.
    """
    path = os.path.expanduser(text.strip().strip("\"'"))
    check_bounds(path, runs_folder())
    return path
