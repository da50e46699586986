"""Pictures of a data set as a grid: their size and their maps change in the browser at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from pages.components.payload import READER, pack
from pages.languages.catalogues import gettext as _

_HERE = Path(__file__).parent
_board = st.components.v2.component(
    "camaudit_image_board",
    html=(_HERE / "image_board.html").read_text(encoding="utf-8"),
    css=(_HERE / "image_board.css").read_text(encoding="utf-8"),
    js=READER + (_HERE / "image_board.js").read_text(encoding="utf-8"),
)


@dataclass(frozen=True)
class BoardTile:
    """One picture of the board.

    Attributes
    ----------
    image : int
        Its id.
    picture, overlay : bytes
        Encoded, without and with its map; empty where the file is gone.
    title, caption : str
        Lines below it.
    alt : str
    link : str
        Where a click on it leads.
    """

    image: int
    picture: bytes
    overlay: bytes
    title: str
    caption: str
    alt: str
    link: str


def show_board(
    tiles: Sequence[BoardTile],
    picked: Sequence[int],
    *,
    key: str,
    on_pick: Callable[[list[int]], None],
) -> None:
    """Show a board.

    Parameters
    ----------
    tiles : sequence of BoardTile
    picked : sequence of int
        Ids of those that are ticked.
    key : str
    on_pick : callable
        Gets the ids of the board's ticked pictures after a click.
    """
    known = {tile.image for tile in tiles}

    def changed() -> None:
        ids, _when = st.session_state[key].picked or ([], 0)
        on_pick([int(image) for image in ids if image in known])

    header = {
        "words": {"size": _("Size"), "map": _("Map"), "pictures": _("Pictures")},
        "picked": sorted(known.intersection(picked)),
        "tiles": [
            {
                "id": tile.image,
                "title": tile.title,
                "caption": tile.caption,
                "alt": tile.alt,
                "link": tile.link,
            }
            for tile in tiles
        ],
    }
    blobs = [blob for tile in tiles for blob in (tile.picture, tile.overlay)]
    _board(key=key, data=pack(header, blobs), on_picked_change=changed)
