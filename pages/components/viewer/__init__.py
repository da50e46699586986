"""The viewer: original, heatmap on its native grid and overlay, drawn in the browser.

Opacity, colours, threshold, interpolation and box act there, with no round trip to the server.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path

import streamlit as st
from PIL import Image

import camcore
from pages.components.payload import READER, pack
from pages.components.styling import CONTROLS

SHOWN_SIDE = 1400  # pixels of the longest side that is sent; the rest follows when it is saved
_LOSSLESS_PIXELS = 512 * 512

_HERE = Path(__file__).parent
_SCRIPTS = [
    "words",
    "maps",
    "drawing",
    "figures",
    "controls",
    "readout",
    "keep",
    "saving",
    "viewer",
]
_viewer = st.components.v2.component(
    "camaudit_viewer",
    html=(_HERE / "viewer.html").read_text(encoding="utf-8"),
    css=CONTROLS + (_HERE / "viewer.css").read_text(encoding="utf-8"),
    js=READER + "".join((_HERE / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS),
)


def show_viewer(
    picture: camcore.Picture, shown: Sequence[camcore.Explanation] = (), *, key: str = "viewer"
) -> None:
    """Show a picture and what explains it.

    Parameters
    ----------
    picture : Picture
    shown : sequence of Explanation
        None while there is nothing to explain yet, one, or two of the same layer and method.
    key : str
    """
    wish = f"{key}-full"
    full = bool(st.session_state.pop(wish, False))
    full = full or max(picture.width, picture.height) <= SHOWN_SIDE

    def wanted() -> None:
        st.session_state[wish] = True

    _viewer(key=key, data=_payload(picture, shown, full), on_full_change=wanted)


def _payload(picture: camcore.Picture, shown: Sequence[camcore.Explanation], full: bool) -> bytes:
    blobs: list[bytes] = []

    def add(blob: bytes) -> int:
        blobs.append(blob)
        return len(blobs) - 1

    header = {
        "picture": {
            "id": picture.sha256,
            "name": picture.name,
            "width": picture.width,
            "height": picture.height,
            "full": full,
            "encoded": add(_encoded(picture.sha256, full, lambda: picture)),
        },
        "colormaps": [{"name": n, "about": about} for n, about in camcore.COLORMAPS.items()],
        "luts": add(b"".join(camcore.palette(n).tobytes() for n in camcore.COLORMAPS)),
        "blends": [{"name": n, "about": about} for n, about in camcore.BLENDS.items()],
        "maps": [_map(one, add) for one in shown],
        # While there is no map yet, the picture is all there is to place.
        "frame": {
            "x0": 0, "y0": 0, "x1": picture.width, "y1": picture.height,
            "width": picture.width, "height": picture.height,
        },
        "grid": [1, 1],
    }  # fmt: skip
    if shown:
        one = shown[0]
        header |= {
            "frame": vars(one.heatmap.frame),
            "grid": list(one.heatmap.raw.shape),
            "layer": one.layer.name,
            "method": camcore.METHODS[one.method].title,
        }
    return pack(header, blobs)


def _map(one: camcore.Explanation, add: Callable[[bytes], int]) -> dict:
    lowest, highest = one.heatmap.raw_range
    if one.evidence == "none":
        low = high = 0.0
    else:
        low, high = (0.0 if one.heatmap.scaling == "relu" else lowest), highest
    return {
        "name": one.target.name,
        "evidence": one.evidence,
        "statement": one.statement,
        "scaling": camcore.SCALINGS[one.heatmap.scaling],
        "values": add(one.heatmap.values.astype("<f4").tobytes()),
        "raw": add(one.heatmap.raw.astype("<f4").tobytes()),
        "low": low,
        "high": high,
        "rawMin": lowest,
        "rawMax": highest,
        "box": one.heatmap.box(),
        "made": one.made,
    }


@st.cache_data(max_entries=64, show_spinner=False)
def _encoded(sha256: str, full: bool, _picture: Callable[[], camcore.Picture]) -> bytes:
    """A picture for the browser: without loss where it is small, else as a fine JPEG."""
    image = Image.fromarray(_picture().pixels)
    if not full:
        image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if image.width * image.height <= _LOSSLESS_PIXELS:
        image.save(buffer, "PNG", compress_level=4)
    else:
        image.save(buffer, "JPEG", quality=93, subsampling=0)
    return buffer.getvalue()
