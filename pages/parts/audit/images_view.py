"""The images as a table with filters; each has a link into Explore."""

from __future__ import annotations

import base64
import io

import pandas as pd
import streamlit as st
from PIL import Image

import camcore
from camcore.auditing.runs.run import Run
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.languages.numbers import whole
from pages.parts.audit import flagged, image_board, places, words
from pages.parts.audit.figures import stamp_of

_PAGE = 25
_BOARD, _TABLE = marked("Board"), marked("Table")
_THUMB = 96  # pixels
_BAD_SHOWN = 1000


def show_images(run: Run) -> None:
    """Filters, table, and the files that could not be read."""
    cues = {
        finding.id: f"{finding.class_name} · {finding.cue}"
        for finding in run.findings
        if finding.images
    }
    by, klass, text, wrong = _ask(run, cues)
    table = _selected(stamp_of(run), by, klass, text, wrong, run)
    table = image_board.tagged(run, _cut(table, by))
    if table.empty:
        st.info(_("No image passes these filters."), icon=":material/filter_alt:")
    else:
        board = st.segmented_control(
            _("Shown as"),
            [_BOARD, _TABLE],
            key="audit-images-as",
            default=_BOARD,
            format_func=_,
            required=True,
            label_visibility="collapsed",
        )
        if board == _BOARD:
            image_board.show(run, table, by)
        else:
            _show_table(run, table, by, cues)
    _show_bad(run)


@st.cache_resource(max_entries=8, show_spinner=False)
def _selected(
    stamp: str, by: str, klass: str | None, text: str, wrong: bool, _run: Run
) -> pd.DataFrame:
    table = flagged.select(_run, by, klass, text, wrong)
    return table.assign(leaning=flagged.leaning(table))


def _cut(table: pd.DataFrame, by: str) -> pd.DataFrame:
    """The images of one group, as far as the cue matters to them; the most decided first."""
    groups = flagged.groups_of(table)
    left, right = st.columns([3, 5], vertical_alignment="bottom")
    group = left.selectbox(
        _("Class → predicted"),
        range(len(groups)),
        index=None,
        key=f"audit-images-group-{by}",
        placeholder=_("all {count}", count=whole(len(table))),
        format_func=lambda row: (
            f"{groups['class'][row]} → {groups['predicted'][row]} · {groups['images'][row]:,}"
        ),
    )
    if group is not None:
        same = (table["class"] == groups["class"][group]) & (
            table["predicted"] == groups["predicted"][group]
        )
        table = table[same]
    if by == flagged.ALL:
        return table
    counts = table["leaning"].value_counts()
    kinds = [kind for kind in flagged.MEANINGS if counts.get(kind, 0)]
    kept = right.pills(
        _("What the cue does for them"),
        kinds,
        selection_mode="multi",
        default=kinds[:1],
        key=f"audit-images-leaning-{by}",
        format_func=lambda kind: f"{_(kind)} · {whole(int(counts.get(kind, 0)))}",
        help="  \n".join(f"**{_(kind)}**: {_(about)}" for kind, about in flagged.MEANINGS.items()),
    )
    table = table[table["leaning"].isin(kept)] if kept else table
    return table.sort_values("strength", ascending=False, kind="stable", na_position="last")


def _ask(run: Run, cues: dict[str, str]) -> tuple[str, str | None, str, bool]:
    first, second, third = st.columns([3, 2, 3], vertical_alignment="bottom")
    by = first.selectbox(
        _("Flagged by"),
        [flagged.ANY, *cues, flagged.ALL],
        key="audit-images-by",
        format_func=lambda option: cues.get(option) or _(option),
        help=_("A finding flags the images that show its cue, the strongest first."),
    )
    klass = second.selectbox(
        _("Class"), run.class_names, index=None, key="audit-images-class", placeholder=_("any")
    )
    text = third.text_input(_("Path contains"), key="audit-images-text")
    wrong = st.toggle(
        _("Only wrongly predicted ones"),
        key="audit-images-wrong",
        disabled=run.record["classes"]["by"] == "prediction",
        help=_("Without labels nothing can be wrong.")
        if run.record["classes"]["by"] == "prediction"
        else None,
    )
    return by, klass, text, wrong


def _show_table(run: Run, table: pd.DataFrame, by: str, cues: dict[str, str]) -> None:
    pages = -(-len(table) // _PAGE)
    top = st.container(horizontal=True, vertical_alignment="center")
    top.caption(
        _("{images}; a picture's link opens it in Explore.", images=words.images(len(table)))
    )
    place = st.container()
    number = st.pagination(pages, key=f"audit-images-page-{by}") if pages > 1 else 1
    part = table.iloc[_PAGE * (min(number, pages) - 1) :][:_PAGE]
    place.dataframe(
        _rows(run, part, by, cues),
        hide_index=True,
        row_height=_THUMB // 2 + 16,
        height="content",
        alt=_(
            "Images, page {number} of {pages}: prediction, class and the findings that flag each",
            number=number,
            pages=pages,
        ),
        column_config={
            "picture": st.column_config.ImageColumn("", width="small"),
            "explore": st.column_config.LinkColumn(
                _("Explore"),
                display_text=_("open"),
                width="small",
                help=_("At the same layer and class."),
            ),
            "path": st.column_config.TextColumn(_("path"), width="medium"),
            "class": st.column_config.TextColumn(_("class")),
            "predicted": st.column_config.TextColumn(_("predicted")),
            "flagged by": st.column_config.TextColumn(_("flagged by")),
            "log-odds": st.column_config.NumberColumn(
                _("log-odds"),
                format="%.1f",
                help=_("Of its own class; below 0 another one is likelier."),
            ),
            "lost without the cue": st.column_config.NumberColumn(
                _("lost without the cue"),
                format="%.1f",
                help=_(
                    "How much the log-odds of the finding's class fall when the cue is taken out, "
                    "more than under the control; empty where that was not tried on this image."
                ),
            ),
        },
    )


def _rows(run: Run, part: pd.DataFrame, by: str, cues: dict[str, str]) -> pd.DataFrame:
    of = {finding.id: finding.class_name for finding in run.findings}
    classes = [of.get(by) or (name if name in run.class_names else None) for name in part["class"]]
    rows = pd.DataFrame(
        {
            "picture": [_thumbnail(run, int(image), sha) for image, sha in part["sha256"].items()],
            "explore": [
                places.explore_address(run, int(image), klass)
                for image, klass in zip(part.index, classes, strict=True)
            ],
            "path": part["path"].to_numpy(),
            "class": part["class"].to_numpy(),
            "predicted": part["predicted"].to_numpy(),
            "log-odds": part["margin"].to_numpy(),
            "lost without the cue": part["strength"].to_numpy(float),
        }
    )
    if by not in cues:
        flagged_by = ["; ".join(cues[finding] for finding in ids) for ids in part["findings"]]
        rows["flagged by"] = flagged_by
    return rows


@st.cache_data(max_entries=2000, show_spinner=False)
def _encoded(sha256: str, folder: str, _run: Run, _image: int) -> str | None:
    """A small picture inside an address; None where the file is gone by now."""
    try:
        pixels = _run.seen(_image)
    except camcore.CamcoreError:
        return None
    small = Image.fromarray(pixels.squeeze())
    small.thumbnail((_THUMB, _THUMB))
    buffer = io.BytesIO()
    small.save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _thumbnail(run: Run, image: int, sha256: str) -> str | None:
    return _encoded(sha256, str(run.folder), run, image)


def _show_bad(run: Run) -> None:
    bad = run.bad
    if bad.empty:
        st.caption(_("Every file could be read."))
        return
    with st.expander(_("{files} could not be read", files=words.files(len(bad)))):
        st.dataframe(
            bad.head(_BAD_SHOWN).rename(columns={"error": "why"}),
            hide_index=True,
            height="content" if len(bad) <= 10 else 390,
            alt=_("Files that could not be read, and why"),
        )
        if len(bad) > _BAD_SHOWN:
            st.caption(_("The first {count}; bad.csv has all.", count=whole(_BAD_SHOWN)))
