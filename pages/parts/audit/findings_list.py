"""What a run found: the verdict, what is relied on as cards, the rest calmly below."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from camcore.auditing.edits.families import FAMILIES
from camcore.auditing.figures import Tile, effect_plot
from camcore.auditing.interventions.replay import pool_of
from camcore.auditing.report import cue_card
from camcore.auditing.report import words as report_words
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.auditing.verdict.benchmark_figures import measured
from camcore.errors import CamcoreError
from pages.components.wording import plain, reported
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked, ngettext
from pages.languages.numbers import decimal, whole
from pages.parts.audit import figures, places, words

LEVELS = ("relied on", "attended", "associated")
_KINDS = (marked("artefact"), marked("context"))  # of the object the badge before tells already
DECIDED = {"confirmed spurious": "red", "accepted": "green"}
_CARD = 340  # pixels
_LISTED = 10  # classes with too few images that are named one by one
_TRIPLE = {
    "Before": marked("before"),
    "With the donor's cue": marked("with the cue"),
    "Control": marked("control"),
}
_WEAKER = {
    "attended": marked("Attended: the maps lie there, reliance is not shown"),
    "associated": marked("Associated: true of the data, reliance is not shown"),
}


def show_findings(run: Run) -> None:
    """The whole list."""
    first, *others = report_words.verdict(run)
    st.markdown(f"## {plain(first)}")
    if others:
        st.markdown(plain(" ".join(others)))
    st.caption(_(report_words.PROVES), help=_ladder())
    by_level = {level: [f for f in run.findings if f.level == level] for level in LEVELS}
    _show_proven(run, by_level["relied on"])
    for level, title in _WEAKER.items():
        if by_level[level]:
            with st.expander(f"{_(title)} · {len(by_level[level])}"):
                for finding in by_level[level]:
                    _row(run, finding)
    _show_limits(run)


def show_level(run: Run, finding: Finding) -> None:
    """Badges: how far the finding is proven, and what was decided."""
    with st.container(horizontal=True, gap="xsmall"):
        if finding.level == "relied on":
            where, colour, icon = _where(finding)
            st.badge(f"{_('relied on')} · {_(where)}", color=colour, icon=icon, help=_ladder())  # type: ignore[arg-type]
        else:
            st.badge(_(finding.level), color="gray", help=_ladder())
        if finding.kind in _KINDS:
            st.badge(_(finding.kind), color="gray")
        if finding.presence == "without":
            st.badge(_("by its absence"), color="gray")
        decided = run.decision(finding.id)
        if decided is not None:
            st.badge(
                f"{_(decided.decision)} · {plain(decided.by)}",
                color=DECIDED[decided.decision],  # type: ignore[arg-type]
                icon=":material/how_to_reg:",
            )


def _where(finding: Finding) -> tuple[str, str, str]:
    """Whether it is the object, the colour of that and its sign: the object is what it should use.

    Colour is never alone: the words and the sign say the same.
    """
    if finding.on_object or (finding.kind == "object" and not finding.may_be_object):
        return marked("the object"), "gray", ":material/check_circle:"
    if finding.trace:
        return marked("may be a trace"), "orange", ":material/help:"
    known = finding.on_object is False or finding.kind in ("artefact", "context")
    if known and not finding.may_be_object:
        return marked("not the object"), "red", ":material/warning:"
    return marked("may be the object"), "orange", ":material/help:"


def family_of(finding: Finding) -> str:
    """The family as people call it."""
    family = FAMILIES.get(finding.family)
    return family.title if family else finding.family


def place_of(run: Run, finding: Finding) -> places.Place:
    """The address of a finding's evidence."""
    return places.Place(run=places.name_of(run), finding=finding.id)


def _show_proven(run: Run, proven: Sequence[Finding]) -> None:
    if not proven:
        return
    grid = st.grid("auto", min_column_width=_CARD, border=True)
    ids = {finding.id for finding in proven}
    for finding in proven:
        if finding.overlaps not in ids:
            with grid.cell():
                _card(run, finding)
                _show_same(run, [other for other in proven if other.overlaps == finding.id])
    if len(proven) > 1:
        with st.expander(_("All effects in one figure")):
            floor = run.rules["floor"]
            figures.show(run, "effects", lambda: effect_plot(proven, floor), width=640)


def _card(run: Run, finding: Finding) -> None:
    show_level(run, finding)
    sentence = cue_card.sentence_of(run, finding)
    cue = _("{class_name} by {cue}", class_name=plain(finding.class_name), cue=plain(finding.cue))
    st.markdown(f"**{plain(sentence)}**" if sentence else f"**{cue}**")
    _show_triple(run, finding)
    st.markdown(
        f"{words.effect_of(finding)} · {cue}",
        help=_(
            "Excess flips on held-out images: with the cue of an image of the class, less those "
            "that the same edit with an image of their own class makes; 95 % interval."
        ),
    )
    st.caption(" · ".join(_facts(finding)))
    if (asked := report_words.asked_for(run, finding)) is not None:
        st.caption(
            _(
                "Boxes around the object in {count} pictures would tell.",
                count=len(asked["pictures"]),
            )
        )
    places.link(_("See the evidence"), place_of(run, finding), icon=":material/arrow_forward:")


def _show_triple(run: Run, finding: Finding) -> None:
    """One image before, with the cue and under the control, or why there is none."""
    with st.spinner(_("Making the pictures …")):
        tiles = _triple(f"{figures.stamp_of(run)} {finding.id}", run, finding)
    if isinstance(tiles, str):
        st.caption(_("No picture: {why}", why=plain(reported(tiles))))
        return
    for cell, tile in zip(st.columns(3, gap="xsmall"), tiles, strict=False):
        with cell:
            if (data := tile.png()) is not None:
                st.image(data, width="stretch", alt=tile.alt)
            st.caption(f"{_(_TRIPLE[tile.title])}  \n**{plain(tile.predicted)}**")


@st.cache_resource(max_entries=64, show_spinner=False)
def _triple(key: str, _run: Run, _finding: Finding) -> tuple[Tile, ...] | str:
    try:
        return cue_card.triple_of(_run, _finding, pool_of(_run))
    except CamcoreError as error:
        return str(error)


def _facts(finding: Finding) -> list[str]:
    facts = []
    if finding.area is not None:
        part = report_words.share(finding.area)
        facts.append(
            _("the whole picture") if finding.area == 1 else _("{share} of the picture", share=part)
        )
    if finding.on_object is not None:
        facts.append(_("on the object") if finding.on_object else _("not on the object"))
    if finding.may_be_object:
        facts.append(_("may be the object"))
    if finding.trace:
        facts.append(_("may be the trace of something in one place"))
    if left := words.leaving(finding):
        facts.append(left)
    if finding.move is not None and finding.swing:
        moved = report_words.share(max(finding.move["value"] / finding.swing, 0.0))
        facts.append(_("moves {share} of what lies between the classes", share=moved))
    return facts


def _show_same(run: Run, same: Sequence[Finding]) -> None:
    """Findings at the place of a stronger one, below it."""
    if same:
        st.caption(_("Probably the same cue, seen through other interventions:"))
    for finding in same:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            places.link(plain(finding.cue), place_of(run, finding))
            st.caption(words.effect_of(finding))


def _row(run: Run, finding: Finding) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        title = f"{plain(finding.class_name)} · {plain(finding.cue)}"
        places.link(title, place_of(run, finding))
        measures = []
        if finding.auc is not None:
            measures.append(f"AUC {decimal(finding.auc, 2)}")
        if finding.attended is not None:
            measures.append(_("maps {p}", p=report_words.p_value(finding.attended)))
        if finding.effect is not None:
            measures.append(words.effect_of(finding))
        st.caption(" · ".join(measures))


def _show_limits(run: Run) -> None:
    """What could not be seen, and where there was too little to see anything."""
    summary = run.summary
    st.markdown(plain(summary["not_detected"]["text"]))
    insufficient = summary["insufficient"]
    for row in insufficient[:_LISTED]:
        values = {
            "class_name": plain(row["class"]),
            "images": words.images(row["images"]),
            "why": plain(row["why"]),
        }
        if row["images"] < row["needed"]:
            said = _(
                "**Insufficient: {class_name}.** {images}, {needed} needed: {why}.",
                needed=row["needed"],
                **values,
            )
        else:
            said = _("**Insufficient: {class_name}.** {images}: {why}.", **values)
        st.markdown(said)
    if more := insufficient[_LISTED:]:
        st.markdown(
            ngettext(
                "**Insufficient:** {count} more class.",
                "**Insufficient:** {count} more classes.",
                len(more),
                count=whole(len(more)),
            )
        )
    for note in summary["notes"]:
        st.caption(plain(note))
    st.caption(plain(f"{measured().footnote} {measured().base}"))


def _ladder() -> str:
    return "  \n".join(f"**{_(level)}**: {_(about)}" for level, about in report_words.LADDER)
