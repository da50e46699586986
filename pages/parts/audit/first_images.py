"""What a running audit has seen first: pictures, under their maps, and what the model answered."""

from __future__ import annotations

import streamlit as st

from camcore.auditing.runs.run import Run
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.parts.audit.image_board import encoded_images

_SHOWN = 6
_WIDTH = 150  # pixels


def show_first_images(run: Run) -> None:
    """The first few, as soon as the scan has written any."""
    if not run.record or not run.store.parts("images"):
        return
    with st.container(horizontal=True, key="audit-first-images"):
        for picture, label, answer in first_images(str(run.folder), run):
            caption = f"{label or _('no class')} → {answer or _('another class')}"
            st.image(picture, caption=plain(caption), width=_WIDTH, alt=caption)
    st.caption(_("The first pictures under their maps: class → what the model answers."))


# What the scan has written never changes: once there is something, it is read once.
@st.cache_resource(max_entries=3, show_spinner=False)
def first_images(folder: str, _run: Run) -> list[tuple[bytes, str, str]]:
    """Each as a JPEG file, its class and the model's answer; "" where that is none of them."""
    images = _run.images
    readable = images[images["error"] == ""]
    spread = readable.iloc[:: max(1, len(readable) // _SHOWN)].head(_SHOWN)
    names = dict(enumerate(_run.class_names))
    ids = tuple(int(image) for image in spread.index)
    return [
        (overlaid or picture, names.get(row.klass, ""), names.get(row.predicted, ""))
        for (picture, overlaid), row in zip(
            encoded_images(ids, folder, _run), spread.itertuples(), strict=True
        )
        if picture
    ]
