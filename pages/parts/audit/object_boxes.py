"""Where the object is in some pictures: boxes that are drawn here, and a verdict that uses them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

import camcore
from camcore.auditing.report import words as report_words
from camcore.auditing.runs.drawn_boxes import drawn_boxes, keep_boxes
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.errors import CamcoreError
from pages.components.box_canvas import Box, draw_box
from pages.components.wording import PageError, calmly, plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked, ngettext
from pages.parts.audit import launching
from pages.session.visitor import may_change, require_own

TITLE = marked("Where is the object in these pictures?")
_EDGES = ("x0", "y0", "x1", "y1")
_PROBLEM = "audit-box-problem"
_ON = "audit-box-goes-on"


def show_question(run: Run, finding: Finding) -> None:
    """The pictures whose boxes would decide, one at a time; nothing where nothing is asked."""
    asked = report_words.asked_for(run, finding)
    if asked is None or not may_change(run) or launching.settings_of(run) is None:
        return
    st.markdown(f"## {_(TITLE)}")
    st.caption(
        _(
            "Nothing tells yet whether this is the object. Boxes around it in {count} pictures "
            "would tell: pictures of {class_name}, and others that its cue is given to; those that "
            "decide most come first. Each box is kept with the run as it is drawn.",
            count=len(asked["pictures"]),
            class_name=plain(asked["class"]),
        )
    )
    _draw(run, asked["class"], asked["pictures"])


@st.fragment
def _draw(run: Run, class_name: str, pictures: Sequence[int]) -> None:
    notices = st.container()
    with calmly(notices):
        if (problem := st.session_state.pop(_PROBLEM, None)) is not None:
            raise problem
        drawn = drawn_boxes(run)
        have = [image for image in pictures if image in drawn]
        st.progress(
            len(have) / len(pictures),
            text=_("{done} of {total} pictures have boxes", done=len(have), total=len(pictures)),
        )
        key = f"audit-box-at-{run.folder}-{class_name}"
        without = (place for place, image in enumerate(pictures) if image not in drawn)
        st.session_state.setdefault(key, next(without, 0))
        _show_picture(run, pictures, key, drawn)
        _offer_judging(run, len(have), len(pictures))


def _show_picture(
    run: Run,
    pictures: Sequence[int],
    key: str,
    drawn: dict[int, tuple[tuple[float, float, float, float], ...]],
) -> None:
    place = min(st.session_state[key], len(pictures) - 1)
    image = pictures[place]
    picture = camcore.read_image(run.path_of(image))
    width, height = (int(run.images.at[image, side]) for side in ("width", "height"))
    across, down = picture.width / width, picture.height / height  # a large file is shown smaller
    boxes = drawn.get(image, ())

    def go(step: int) -> None:
        st.session_state[key] = (place + step) % len(pictures)

    def keep(box: Box | None) -> None:
        try:
            require_own(run)
            kept = () if box is None else (*boxes, _scaled(box, 1 / across, 1 / down))
            keep_boxes(run, {image: kept})
        except CamcoreError as error:
            st.session_state[_PROBLEM] = error
            return
        if box is not None and st.session_state.get(_ON, True):
            go(1)

    left, right = st.columns(2, gap="large")
    with left:
        draw_box(
            picture,
            [tuple(map(round, _scaled(box, across, down))) for box in boxes],  # type: ignore[misc]
            key=f"audit-box-canvas-{image}",
            on_box=keep,
        )
    with right:
        label = run.class_names[int(run.images.at[image, "klass"])]
        st.markdown(
            _(
                "**Picture {number} of {total}: {label}**  \n{path}",
                number=place + 1,
                total=len(pictures),
                label=plain(label),
                path=plain(run.images.at[image, "path"]),
            )
        )
        with st.container(horizontal=True):
            st.button(_("Previous"), key="audit-box-previous", on_click=go, args=(-1,))
            st.button(_("Next"), key="audit-box-next", on_click=go, args=(1,))
        st.toggle(
            _("Go on after each box"),
            True,
            key=_ON,
            help=_("Off where a picture shows several objects."),
        )
        _type_box(image, picture, keep)


def _type_box(image: int, picture: camcore.Picture, keep: Callable[[Box | None], None]) -> None:
    """The same by numbers, for whoever draws with no pointer."""

    def typed() -> None:
        numbers = [int(st.session_state[f"audit-box-{edge}-{image}"]) for edge in _EDGES]
        x0, y0, x1, y1 = numbers
        if x0 < x1 and y0 < y1:
            keep((x0, y0, x1, y1))
        else:
            st.session_state[_PROBLEM] = PageError(
                _(
                    "the box {box} is empty; its edges must have x0 < x1 and y0 < y1.",
                    box=f"{x0} {y0} {x1} {y1}",
                )
            )

    with st.form(f"audit-box-typed-{image}", enter_to_submit=False, border=False):
        row = st.container(horizontal=True)
        for edge in _EDGES:
            side = picture.width if edge.startswith("x") else picture.height
            row.number_input(
                edge,
                min_value=0,
                max_value=side,
                value=0 if edge.endswith("0") else side,
                step=1,
                key=f"audit-box-{edge}-{image}",
                help=_("In pixels of the picture; x1 and y1 are just outside."),
                width=96,
            )
        st.form_submit_button(_("Keep this box"), on_click=typed)


def _offer_judging(run: Run, have: int, needed: int) -> None:
    """Start the same audit again: it makes the trials that boxes allow, and judges by them."""
    if have < needed:
        st.caption(
            ngettext(
                "{count} more until boxes tell anything; asked.csv lists them as well.",
                "{count} more until boxes tell anything; asked.csv lists them as well.",
                needed - have,
            )
        )
    if st.button(
        _("Judge again with these boxes"),
        key="audit-box-judge",
        type="primary",
        icon=":material/gavel:",
        disabled=have < needed,
        help=_("Only the trials among pictures with boxes are made; all else is kept."),
    ):
        launching.go_on(run)
        st.rerun()


def _scaled(box: Sequence[float], across: float, down: float) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = box
    return x0 * across, y0 * down, x1 * across, y1 * down
