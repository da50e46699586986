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
from pages.components.map_statement import statement
from pages.components.payload import READER, pack
from pages.components.styling import CONTROLS
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.languages.for_browser import worded

SHOWN_SIDE = 1400  # pixels of the longest side that is sent; the rest follows when it is saved
_LOSSLESS_PIXELS = 512 * 512

CONTROL_SENTENCES = (
    marked("Picture, heatmap and overlay"),
    marked("How the map is shown"),
    marked("alpha: how much of the colour lies over the picture"),
    marked("Opacity"),
    marked("threshold: hides the map where it is under this share of its maximum"),
    marked("Hide below"),
    marked("Colours"),
    marked("interpolation: how values between the centres of cells are made up"),
    marked("Between cells"),
    marked("true cells (nearest)"),
    marked("smooth (bilinear)"),
    marked("smoother (bicubic): adds no information"),
    marked("Blend"),
    marked(
        "Box around the largest connected region at or above 20 % of the maximum: weakly "
        "supervised localisation"
    ),
    marked("Box at 20 %"),
    marked("While held, the overlay shows the plain picture"),
    marked("Hold: plain picture"),
    marked("The overlay as shown, at the picture's own size"),
    marked("Save overlay PNG"),
)
"""What viewer.html says."""

_SENTENCES = (
    *CONTROL_SENTENCES,
    marked(
        "Two classes, one picture, one layer. Each map is scaled to its own maximum; the numbers "
        "under the colour scales tell them apart."
    ),
    marked("Original"),
    marked("The picture {name}"),
    marked("Heatmap, {grid}"),
    marked("heatmap, {grid} · {layer}, true cells"),
    marked("{name} · {layer}, true cells"),
    marked("raw values from {low} to {high}; {scaling}"),
    marked(
        "Heatmap of {name} on its native grid of {grid} cells, raw values from {low} to {high}. "
        "{statement}"
    ),
    marked("Overlay"),
    marked("no positive evidence for {name} at this layer"),
    marked("overlay · {method}"),
    marked("{method} for {name} over the picture. {statement}"),
    marked("Point at a picture, or focus it and use the arrow keys, to read values."),
    marked("The model did not see this part."),
    marked("{name}: raw {raw}, shown as {share}"),
    marked("Cell {row} down, {column} across · {values}"),
)
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
    picture: camcore.Picture,
    explanations: Sequence[camcore.Explanation] = (),
    *,
    key: str = "viewer",
) -> None:
    """Show a picture and what explains it.

    Parameters
    ----------
    picture : Picture
    explanations : sequence of Explanation
        None while there is nothing to explain yet, one, or two of the same layer and method.
    key : str
    """
    wish = f"{key}-full"
    full = bool(st.session_state.pop(wish, False))
    full = full or max(picture.width, picture.height) <= SHOWN_SIDE

    def wanted() -> None:
        st.session_state[wish] = True

    _viewer(key=key, data=_payload(picture, explanations, full), on_full_change=wanted)


def _payload(
    picture: camcore.Picture, explanations: Sequence[camcore.Explanation], full: bool
) -> bytes:
    blobs: list[bytes] = []

    def add(blob: bytes) -> int:
        blobs.append(blob)
        return len(blobs) - 1

    header = {
        "words": worded(_SENTENCES),
        "picture": {
            "id": picture.sha256,
            "name": picture.name,
            "width": picture.width,
            "height": picture.height,
            "full": full,
            "encoded": add(_encoded(picture.sha256, full, lambda: picture)),
        },
        "colormaps": [{"name": n, "about": _(about)} for n, about in camcore.COLORMAPS.items()],
        "luts": add(b"".join(camcore.palette(n).tobytes() for n in camcore.COLORMAPS)),
        "blends": [
            {"name": n, "title": _(n), "about": _(about)} for n, about in camcore.BLENDS.items()
        ],
        "maps": [_map(explanation, add) for explanation in explanations],
        # While there is no map yet, the picture is all there is to place.
        "frame": {
            "x0": 0, "y0": 0, "x1": picture.width, "y1": picture.height,
            "width": picture.width, "height": picture.height,
        },
        "grid": [1, 1],
    }  # fmt: skip
    if explanations:
        first = explanations[0]
        header |= {
            "frame": vars(first.heatmap.frame),
            "grid": list(first.heatmap.raw.shape),
            "layer": first.layer.name,
            "method": camcore.METHODS[first.method].title,
        }
    return pack(header, blobs)


def _map(explanation: camcore.Explanation, add: Callable[[bytes], int]) -> dict:
    lowest, highest = explanation.heatmap.raw_range
    if explanation.evidence == "none":
        low = high = 0.0
    else:
        low, high = (0.0 if explanation.heatmap.scaling == "relu" else lowest), highest
    return {
        "name": explanation.target.name,
        "evidence": explanation.evidence,
        "statement": statement(explanation),
        "scaling": _(camcore.SCALINGS[explanation.heatmap.scaling]),
        "values": add(explanation.heatmap.values.astype("<f4").tobytes()),
        "raw": add(explanation.heatmap.raw.astype("<f4").tobytes()),
        "low": low,
        "high": high,
        "rawMin": lowest,
        "rawMax": highest,
        "box": explanation.heatmap.box(),
        "made": explanation.made,
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
