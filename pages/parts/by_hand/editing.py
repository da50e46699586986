"""The canvas, its controls, and the answer to the edited picture beside the map of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import streamlit as st

import camcore
from camcore.auditing.edits.by_hand import (
    BRUSH,
    FILLS,
    PARTS,
    Dab,
    HandEdit,
    edited_by_hand,
    seen_by,
)
from pages.components.edit_canvas import HANGS, HandMove, show_edit_canvas
from pages.components.map_row import show_maps
from pages.components.wording import calmly, plain, share
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked, ngettext
from pages.parts.by_hand.audited import Audited, audits_of, show_effect
from pages.parts.learn.showing import over
from pages.session.address import amend_link, asked, refuse

PART_TITLES = {
    "sky": marked("Sky (top band)"),
    "tag": marked("Corner tag"),
    "frame": marked("Frame"),
    BRUSH: marked("Brush"),
}
FILL_TITLES = {
    "picture": marked("Another picture"),
    "surroundings": marked("Surroundings"),
    "blur": marked("Blur"),
    "gray": marked("Gray"),
}
_AWAY = {part: -region.box[3] for part, region in PARTS.items()} | {BRUSH: 0.0}
"""How far down a part lies that is not on the picture: just above its upper edge."""
_BRUSH = 8  # percent of the width
_CLASSES = 3  # whose probabilities are told
_WORDS = {
    "sky": marked(
        "Drag on the picture, or press the arrow keys, to draw the top band down over it."
    ),
    BRUSH: marked(
        "Drag to paint. By keyboard: arrows move the brush, space paints, Backspace undoes."
    ),
}
_MOVES = marked("Drag on the picture, or press the arrow keys, to move it there.")


@dataclass(frozen=True, eq=False)
class Subject:
    """What is edited, and who answers.

    Attributes
    ----------
    engine : camcore.Engine
    model : camcore.Classifier
    picture : camcore.Picture
    donors : mapping of str to camcore.Picture
        Pictures to take from, by the name that an address has for them.
    layer : str
    method : str
        Of the map; one that makes a single pass.
    target : int or None
        Class of the map; None for whatever the model answers.
    fit : str
    preprocessing : str or None
    """

    engine: camcore.Engine
    model: camcore.Classifier
    picture: camcore.Picture
    donors: Mapping[str, camcore.Picture]
    layer: str
    method: str
    target: int | None = None
    fit: str = "stretch"
    preprocessing: str | None = None

    @property
    def options(self) -> dict[str, Any]:
        """For the engine; a picture as the model sees it is fitted already."""
        return {"layer": self.layer, "preprocessing": self.preprocessing, "fit": "stretch"}


@dataclass(frozen=True)
class EditState:
    """The edit of one place of the pages, in the visitor's session.

    Attributes
    ----------
    key : str
        What its widgets and values begin with.
    part, fill : str
        What is chosen before anybody chooses.
    """

    key: str
    part: str
    fill: str

    def name(self, value: str) -> str:
        """The key of one value."""
        return f"{self.key}-{value}"

    def get(self, value: str, default: Any) -> Any:
        """One value, or its default."""
        return st.session_state.get(self.name(value), default)

    def set(self, **values: Any) -> None:
        """Take over values."""
        for value, content in values.items():
            st.session_state[self.name(value)] = content

    def edit(self) -> HandEdit:
        """The edit as it stands."""
        part, fill = self.get("part", self.part), self.get("fill", self.fill)
        dabs: tuple[Dab, ...] = tuple(
            (x, y, rx, ry) for stroke in self.get("strokes", []) for x, y, rx, ry in stroke
        )
        return HandEdit(
            part, fill, self.get("right", 0.0), self.get("down", _AWAY[part]),
            dabs if part == BRUSH else (),
        )  # fmt: skip

    def clear(self) -> None:
        """Nothing is edited."""
        self.set(strokes=[], right=0.0, down=_AWAY[self.get("part", self.part)])

    def follow_link(self) -> None:
        """Take over the edit that a link asks for; the brush's strokes are in none."""
        words = next(iter(asked("edit")), "").split(",")
        if words == [""]:
            return
        self.set(donor=next(iter(asked("donor")), None))
        try:
            part, fill, *moves = words
            right, down = (float(move) / 100 for move in moves) if moves else (0.0, _AWAY[part])
            edit = HandEdit(part, fill, right, down)
        except (camcore.InputError, ValueError, KeyError):
            refuse(_("The link asks for an edit of the picture that there is not; none is made."))
            return
        self.set(part=edit.part, fill=edit.fill, right=edit.right, down=edit.down, strokes=[])

    def link(self) -> dict[str, str | None]:
        """What an address says of the edit."""
        edit = self.edit()
        words = [edit.part, edit.fill]
        if edit.part != BRUSH:
            words += [f"{100 * edit.right:.0f}", f"{100 * edit.down:.0f}"]
        return {
            "edit": ",".join(words),
            "donor": self.get("donor", None) if edit.fill == "picture" else None,
        }


def show_editing(subject: Subject, state: EditState) -> None:
    """The whole part of a page; a move of the hand runs no more than this."""
    _edit(subject, state, audits_of(subject.model))


@st.fragment
def _edit(subject: Subject, state: EditState, audits: Sequence[Audited]) -> None:
    controls = st.container(horizontal=True, vertical_alignment="bottom", key=f"{state.key}-tools")
    notices = st.container()
    left, middle, right = st.columns(3, gap="medium")
    with calmly(notices):
        with controls:
            donor_name = _pick(subject, state)
        edit = state.edit()
        seen = seen_by(subject.model, subject.picture, subject.fit)
        donor = None
        if edit.fill == "picture":
            donor = seen_by(subject.model, subject.donors[donor_name], subject.fit)
        edited = edited_by_hand(seen, edit, donor)
        mask = edit.mask(seen.height, seen.width)
        with left:
            _show_canvas(state, edit, seen, edited, donor)
        with middle:
            _show_map(subject, edited)
        with right:
            _show_answers(subject, seen, edited, float(mask.mean()))
            show_effect(subject.model, audits, edit, mask)


def _pick(subject: Subject, state: EditState) -> str:
    """What is edited and what fills it; gives the name of the picture to take from."""
    state.set(part=state.get("part", state.part), fill=state.get("fill", state.fill))
    st.segmented_control(
        _("Change"),
        list(PART_TITLES),
        key=state.name("part"),
        format_func=lambda part: _(PART_TITLES[part]),
        on_change=_chosen,
        args=(state, True),
        required=True,
    )
    fills = [fill for fill in FILLS if fill != "picture" or subject.donors]
    if state.get("fill", state.fill) not in fills:
        state.set(fill=fills[0])
    st.segmented_control(
        _("Fill it with"),
        fills,
        key=state.name("fill"),
        format_func=lambda fill: _(FILL_TITLES[fill]),
        on_change=_chosen,
        args=(state, False),
        required=True,
        help=_(
            "What lies in the same place of another picture; what the pixels around it lead to, "
            "as the audit fills a region; blur; or an even gray."
        ),
    )
    names = list(subject.donors)
    if state.get("fill", state.fill) == "picture":
        if state.get("donor", None) not in names:
            state.set(donor=names[0])
        st.selectbox(
            _("Taken from"),
            names,
            key=state.name("donor"),
            format_func=lambda name: _(camcore.sample(name).title),
            on_change=_chosen,
            args=(state, False),
            width=220,
        )
    _show_numbers(state)
    st.button(_("Undo all"), key=state.name("clear"), icon=":material/undo:", on_click=_clear,
              args=(state,))  # fmt: skip
    return str(state.get("donor", ""))


def _show_numbers(state: EditState) -> None:
    """The place of the part, or the size of the brush, for who does not drag."""
    part = state.get("part", state.part)
    if part == BRUSH:
        st.slider(_("Brush, % of the width"), 2, 30, _BRUSH, key=state.name("brush"), width=180)
        return
    low, high = (round(100 * _AWAY[part]), 0) if part == HANGS else (-100, 100)
    for value, label in (("down", _("Moved down, %")), ("right", _("Moved right, %"))):
        if part == HANGS and value == "right":
            continue
        slider = state.name(f"{value}-slider")
        default = _AWAY[part] if value == "down" else 0.0
        st.session_state[slider] = max(low, min(high, round(100 * state.get(value, default))))
        st.slider(label, low, high, key=slider, on_change=_slid, args=(state, value), width=180)


def _chosen(state: EditState, anew: bool) -> None:
    if anew:
        state.clear()
    amend_link(state.link())


def _slid(state: EditState, value: str) -> None:
    state.set(**{value: st.session_state[state.name(f"{value}-slider")] / 100})
    amend_link(state.link())


def _clear(state: EditState) -> None:
    state.clear()
    amend_link(state.link())


def _show_canvas(
    state: EditState,
    edit: HandEdit,
    seen: camcore.Picture,
    edited: camcore.Picture,
    donor: camcore.Picture | None,
) -> None:
    def moved(move: HandMove) -> None:
        state.set(right=move.right, down=move.down, strokes=move.strokes)
        if move.rests:  # not at every point on the way: each is a step of the browser's history
            amend_link(state.link())

    show_edit_canvas(
        seen,
        edited,
        donor,
        edit,
        state.get("strokes", []),
        brush=state.get("brush", _BRUSH) / 100,
        words=_(_WORDS.get(edit.part, _MOVES)),
        key=state.name("canvas"),
        on_move=moved,
    )


def _show_map(subject: Subject, edited: camcore.Picture) -> None:
    explanation = subject.engine.explain(
        subject.model, edited, target=subject.target, method=subject.method, **subject.options
    )
    method = camcore.METHODS[subject.method].title
    title = _("Where it looks for {name}", name=explanation.target.name)
    show_maps([over(explanation, title, method)], edited, key="by-hand-map")


def _show_answers(
    subject: Subject, seen: camcore.Picture, edited: camcore.Picture, covered: float
) -> None:
    """Before and after: whether the answer has turned, and each number."""
    before, after = (
        subject.engine.predict(subject.model, picture, top=None, **subject.options)
        for picture in (seen, edited)
    )
    name, regression = plain(after[0].name), subject.model.output_kind == "regression"
    if regression:
        st.markdown(f"### {name}: {before[0].score:.4g} → {after[0].score:.4g}")
    elif before[0].index != after[0].index:
        turned = _("The answer turns: {before} → {after}", before=plain(before[0].name), after=name)
        st.markdown(f"### {turned}")
    else:
        stays = _("The answer stays: {name}", name=name)
        st.markdown(f"### {stays}")
    if covered:
        st.caption(_("{share} of the picture is replaced.", share=share(covered)))
    else:
        st.caption(_("Nothing of the picture is replaced."))
    now = {answer.index: answer for answer in after}
    indices = list(
        dict.fromkeys([before[0].index, after[0].index, *(answer.index for answer in before)])
    )
    with st.container(horizontal=True, key="by-hand-numbers"):
        for index in indices[:_CLASSES]:
            was = next(answer for answer in before if answer.index == index)
            _show_number(was, now[index], regression)


def _show_number(was: camcore.Prediction, now: camcore.Prediction, regression: bool) -> None:
    if regression:
        st.metric(plain(now.name), f"{now.score:.4g}", f"{now.score - was.score:+.3g}",
                  delta_color="off")  # fmt: skip
        return
    points = round(100 * np.float64(now.probability - was.probability))
    st.metric(
        plain(now.name),
        share(now.probability),
        ngettext("{count} point", "{count} points", abs(points), count=f"{points:+d}")
        if points
        else _("as before"),
        delta_color="off",
        delta_arrow="auto" if points else "off",
    )
