"""The images of a run as a board: under their maps, ranked, ticked and taken along as a list."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import streamlit as st
from PIL import Image

import camcore
from camcore.auditing.runs.image_remarks import ImageRemarks, remark, remarks_of, take_off
from camcore.auditing.runs.run import Run
from camcore.csv_cells import without_formula
from camcore.drawing.overlay import overlay
from camcore.heatmap import Heatmap
from pages.components.image_board import BoardTile, show_board
from pages.components.wording import calmly, plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import ngettext
from pages.languages.numbers import decimal, whole
from pages.parts.audit import places, words

_PAGE = 48
_SIDE = 320  # pixels of a picture: as large as the slider makes it
_ALPHA = 0.45


def show(run: Run, table: pd.DataFrame, by: str) -> None:
    """Show a page of images, and what can be done with those that are ticked.

    Parameters
    ----------
    run : Run
    table : DataFrame
        As of `pages.parts.audit.flagged.select`, with ``leaning``, in the order to show.
    by : str
        What flags them: a finding's id, or any.
    """
    ticked: set[int] = st.session_state.setdefault(f"audit-ticked-{run.folder}", set())
    pages = -(-len(table) // _PAGE)
    top = st.container(horizontal=True, vertical_alignment="center")
    place = st.container()
    number = st.pagination(pages, key=f"audit-board-page-{by}") if pages > 1 else 1
    part = table.iloc[_PAGE * (min(number, pages) - 1) :][:_PAGE]
    ids = [int(image) for image in part.index]

    def pick(chosen: list[int]) -> None:
        ticked.difference_update(ids)
        ticked.update(chosen)

    remarks = remarks_of(run)
    with place:
        tiles = _tiles(run, part, by, remarks)
        show_board(tiles, sorted(ticked), key=f"audit-board-{by}", on_pick=pick)
        _show_remarks(run, ticked)
    with top:
        st.caption(_("{images}; a picture opens in Explore.", images=words.images(len(table))))
        st.button(
            _("Tick all {count}", count=whole(len(table))),
            key="audit-board-all",
            on_click=ticked.update,
            args=([int(image) for image in table.index],),
        )
        st.button(
            _("Tick none"), key="audit-board-none", on_click=ticked.clear, disabled=not ticked
        )
        st.download_button(
            ngettext(
                "{count} ticked image as CSV",
                "{count} ticked images as CSV",
                len(ticked),
                count=whole(len(ticked)),
            ),
            lambda: ticked_csv(run, sorted(ticked), table),
            "ticked.csv",
            "text/csv",
            key="audit-board-csv",
            disabled=not ticked,
            icon=":material/download:",
        )


def tagged(run: Run, table: pd.DataFrame) -> pd.DataFrame:
    """The images of a tag that is asked for; all of them where none is."""
    remarks = remarks_of(run)
    counts = Counter(tag for written in remarks.values() for tag in written.tags)
    if not counts:
        return table
    chosen = st.pills(
        _("Tagged"),
        sorted(counts),
        selection_mode="multi",
        key="audit-images-tags",
        format_func=lambda tag: f"{plain(tag)} · {counts[tag]:,}",
    )
    if not chosen:
        return table
    wanted = [image for image, written in remarks.items() if set(chosen) & set(written.tags)]
    return table[table.index.isin(wanted)]


def _show_remarks(run: Run, ticked: set[int]) -> None:
    """The form that writes a tag or a note to the images that are ticked."""
    notices = st.container()
    with st.form("audit-board-remarks", enter_to_submit=False, clear_on_submit=True):
        left, right = st.columns([2, 5], vertical_alignment="bottom")
        tag = left.text_input(_("Tag"), key="audit-board-tag", max_chars=60)
        note = right.text_input(_("Note"), key="audit-board-note", max_chars=2000)
        with st.container(horizontal=True):
            number = whole(len(ticked))
            keeps = st.form_submit_button(
                ngettext(
                    "Keep for {count} ticked image",
                    "Keep for {count} ticked images",
                    len(ticked),
                    count=number,
                ),
                icon=":material/sell:",
            )
            clears = st.form_submit_button(
                ngettext(
                    "Take all off {count} ticked image",
                    "Take all off {count} ticked images",
                    len(ticked),
                    count=number,
                ),
                type="tertiary",
            )
    with calmly(notices):
        if keeps:
            remark(run, ticked, tag=tag, note=note)
        if clears:
            take_off(run, ticked)
        if keeps or clears:
            st.rerun()


def ticked_csv(run: Run, ids: Sequence[int], table: pd.DataFrame) -> bytes:
    """A list of images: where they lie, what they are, and what the cue does for them.

    Parameters
    ----------
    run : Run
    ids : sequence of int
    table : DataFrame
        Tells ``leaning`` and ``strength`` of those that it holds.
    """
    images = run.images.loc[list(ids)]
    names = dict(enumerate(run.class_names))
    known = table.reindex(images.index)
    remarks = remarks_of(run)
    written = [remarks.get(int(image), ImageRemarks()) for image in images.index]
    rows = pd.DataFrame(
        {
            "id": images.index,
            "path": [without_formula(str(run.path_of(image))) for image in images.index],
            "class": images["klass"].map(names).fillna("").map(without_formula).to_numpy(),
            "predicted": images["predicted"]
            .map(names)
            .fillna("another class")
            .map(without_formula)
            .to_numpy(),
            "log-odds": images["margin"].to_numpy(float).round(4),
            "lost without the cue": known["strength"].to_numpy(float).round(4),
            "the cue": known["leaning"].fillna("").to_numpy(),
            "tags": [without_formula("; ".join(remark.tags)) for remark in written],
            "note": [without_formula(remark.note) for remark in written],
            "link": [_link(run, int(image)) for image in images.index],
        }
    )
    return rows.to_csv(index=False, lineterminator="\n").encode()


def _link(run: Run, image: int) -> str:
    """The image in Explore at its own class, relative to this server's address."""
    klass = int(run.images.at[image, "klass"])
    name = run.class_names[klass] if 0 <= klass < len(run.class_names) else None
    return places.explore_address(run, image, name)


def _tiles(
    run: Run, part: pd.DataFrame, by: str, remarks: Mapping[int, ImageRemarks]
) -> list[BoardTile]:
    of = {finding.id: finding.class_name for finding in run.findings}
    with st.spinner(_("Drawing the maps …")):
        encoded = encoded_images(tuple(int(image) for image in part.index), str(run.folder), run)
    tiles = []
    for (image, row), (picture, heat) in zip(part.iterrows(), encoded, strict=True):
        klass = of.get(by) or (row["class"] if row["class"] in run.class_names else None)
        said = [f"{row['class']} → {row['predicted']}"]
        tried = np.isfinite(row["strength"])
        if by in of or tried:
            said.append(_(row["leaning"]))
        if tried:
            said.append(
                _(
                    "loses {lost} of {margin} log-odds without it",
                    lost=decimal(row["strength"], 1),
                    margin=decimal(row["margin"], 1),
                )
            )
        if written := remarks.get(int(image)):
            said += [text for text in (*written.tags, written.note) if text]
        alt = _("{path}, predicted {name}", path=row["path"], name=row["predicted"])
        if not picture:
            alt = _("{described}: the file can no longer be read", described=alt)
        tiles.append(
            BoardTile(
                int(image),
                picture,
                heat,
                str(row["path"]).rsplit("/", 1)[-1],
                " · ".join(said),
                alt,
                places.explore_address(run, int(image), klass),
            )
        )
    return tiles


@st.cache_resource(max_entries=6, show_spinner=False)
def encoded_images(ids: tuple[int, ...], folder: str, _run: Run) -> list[tuple[bytes, bytes]]:
    """Each picture and the same under its map; nothing where the file is gone by now."""
    encoded = []
    for image, raw in zip(ids, _run.maps(list(ids)), strict=True):
        try:
            seen = _run.seen(image)
        except camcore.CamcoreError:
            encoded.append((b"", b""))
            continue
        pixels = np.repeat(seen, 3, axis=2) if seen.shape[2] == 1 else seen
        heat = b""
        if np.isfinite(raw).all():
            heatmap = Heatmap(raw, _run.frame)
            if heatmap.evidence != "none":
                heat = _jpeg(overlay(pixels, heatmap.upsampled(), alpha=_ALPHA))
        encoded.append((_jpeg(pixels), heat))
    return encoded


def _jpeg(pixels: np.ndarray) -> bytes:
    image = Image.fromarray(pixels)
    image.thumbnail((_SIDE, _SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
