"""Maps side by side over one picture: one colour scale, one set of controls, in the browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

import camcore
from pages.components.encoded_picture import thumbnail
from pages.components.map_statement import statement
from pages.components.payload import READER, pack
from pages.components.styling import CONTROLS
from pages.components.viewer import CONTROL_SENTENCES
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.languages.for_browser import worded

_SENTENCES = (
    *CONTROL_SENTENCES,
    marked("Maps side by side"),
    marked("{name}, over the picture. {statement}"),
    marked("no positive evidence"),
    marked("raw values from {low} to {high}; {scaling}"),
    marked("each map's own maximum"),
    marked("Point at a map, or focus it and use the arrow keys, to read values."),
    marked("The model did not see this part."),
    marked("{name} · cell {row} down, {column} across: raw {raw}, shown as {share}"),
)
_HERE = Path(__file__).parent
_VIEWER = _HERE.parent / "viewer"  # the same controls, drawn by the same script
_SCRIPTS = [_VIEWER / f"{name}.js" for name in ("words", "maps", "drawing", "controls")]
_SCRIPTS += [_HERE / f"{name}.js" for name in ("tiles", "pointing", "map_grid")]


def _text(*files: Path) -> str:
    return "".join(file.read_text(encoding="utf-8") for file in files)


_map_grid = st.components.v2.component(
    "camaudit_map_grid",
    html=_text(_VIEWER / "viewer.html"),
    css=CONTROLS + _text(_VIEWER / "viewer.css", _HERE / "map_grid.css"),
    js=READER + _text(*_SCRIPTS),
)


@dataclass(frozen=True)
class Heading:
    """What stands over a column or beside a row.

    Attributes
    ----------
    title, sub : str
    """

    title: str
    sub: str = ""


@dataclass(frozen=True)
class Tile:
    """One place of the grid: a map, or words, or words with a button.

    Attributes
    ----------
    explanation : Explanation or None
    words : str
        What stands there instead of a map.
    ask, label : str
        What the button says to the server, and to people; no button where they are empty.
    """

    explanation: camcore.Explanation | None = None
    words: str = ""
    ask: str = ""
    label: str = ""


def show_map_grid(
    picture: camcore.Picture,
    rows: Sequence[Heading],
    columns: Sequence[Heading],
    tiles: Sequence[Tile],
    *,
    key: str,
    on_ask: Callable[[str], None],
) -> None:
    """Show maps of one picture as a grid.

    Parameters
    ----------
    picture : Picture
    rows, columns : sequence of Heading
    tiles : sequence of Tile
        Row by row, as many as rows times columns; the maps all of this picture and fit.
    key : str
    on_ask : callable
        Called with a tile's `ask` when its button is pressed.
    """

    def asked() -> None:
        value, _when = st.session_state[key].ask or ("", 0)
        if value in {tile.ask for tile in tiles} - {""}:
            on_ask(value)

    _map_grid(key=key, data=_payload(picture, rows, columns, tiles), on_ask_change=asked)


def _payload(
    picture: camcore.Picture,
    rows: Sequence[Heading],
    columns: Sequence[Heading],
    tiles: Sequence[Tile],
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
            "encoded": add(thumbnail(picture)),
        },
        "colormaps": [{"name": n, "about": _(about)} for n, about in camcore.COLORMAPS.items()],
        "luts": add(b"".join(camcore.palette(n).tobytes() for n in camcore.COLORMAPS)),
        "blends": [
            {"name": n, "title": _(n), "about": _(about)} for n, about in camcore.BLENDS.items()
        ],
        "rows": [vars(row) for row in rows],
        "columns": [vars(column) for column in columns],
        "tiles": [
            {
                "words": tile.words,
                "ask": tile.ask,
                "label": tile.label,
                "map": _map(tile.explanation, add) if tile.explanation else None,
            }
            for tile in tiles
        ],
    }
    return pack(header, blobs)


def _map(explanation: camcore.Explanation, add: Callable[[bytes], int]) -> dict:
    lowest, highest = explanation.heatmap.raw_range
    return {
        "name": f"{camcore.METHODS[explanation.method].title} · {explanation.layer.name} · "
        f"{explanation.target.name}",
        "evidence": explanation.evidence,
        "statement": statement(explanation),
        "scaling": _(camcore.SCALINGS[explanation.heatmap.scaling]),
        "low": lowest,
        "high": highest,
        "grid": list(explanation.heatmap.raw.shape),
        "frame": vars(explanation.heatmap.frame),
        "values": add(explanation.heatmap.values.astype("<f4").tobytes()),
        "raw": add(explanation.heatmap.raw.astype("<f4").tobytes()),
        "box": explanation.heatmap.box(),
    }
