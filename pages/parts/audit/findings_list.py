"""What a run found: the verdict, what is relied on as cards, the rest calmly below."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from camcore.auditing.edits.families import FAMILIES
from camcore.auditing.figures import effect_plot
from camcore.auditing.report import words as report_words
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.auditing.verdict.benchmark_figures import measured
from pages.components.wording import plain
from pages.parts.audit import figures, places, words

LEVELS = {"relied on": "red", "attended": "orange", "associated": "gray"}
KINDS = {"artefact": "red", "context": "blue", "object": "gray", "unknown": "gray"}
DECIDED = {"confirmed spurious": "red", "accepted": "green"}
_CARD = 340  # pixels
_WEAKER = {
    "attended": "Attended: the maps lie there, reliance is not shown",
    "associated": "Associated: true of the data, reliance is not shown",
}


def show_findings(run: Run) -> None:
    """The whole list."""
    first, *others = report_words.verdict(run)
    st.markdown(f"## {plain(first)}")
    if others:
        st.markdown(plain(" ".join(others)))
    st.caption(report_words.PROVES, help=_ladder())
    by_level = {level: [f for f in run.findings if f.level == level] for level in LEVELS}
    _show_proven(run, by_level["relied on"])
    for level, title in _WEAKER.items():
        if by_level[level]:
            with st.expander(f"{title} · {len(by_level[level])}"):
                for finding in by_level[level]:
                    _row(run, finding)
    _show_limits(run)


def show_level(run: Run, finding: Finding) -> None:
    """Badges: how far the finding is proven, and what was decided."""
    with st.container(horizontal=True, gap="xsmall"):
        st.badge(finding.level, color=LEVELS[finding.level], help=_ladder())  # type: ignore[arg-type]
        if finding.kind in KINDS:
            lack = finding.presence == "without"
            kind = "kind unknown" if finding.kind == "unknown" else finding.kind
            st.badge(f"without it · {kind}" if lack else kind, color=KINDS[finding.kind])  # type: ignore[arg-type]
        decided = run.decision(finding.id)
        if decided is not None:
            st.badge(
                f"{decided.decision} · {plain(decided.by)}",
                color=DECIDED[decided.decision],  # type: ignore[arg-type]
                icon=":material/how_to_reg:",
            )


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
                _show_same(run, [own for own in proven if own.overlaps == finding.id])
    if len(proven) > 1:
        with st.expander("All effects in one figure"):
            floor = run.rules["floor"]
            figures.show(run, "effects", lambda: effect_plot(proven, floor), width=640)


def _card(run: Run, finding: Finding) -> None:
    show_level(run, finding)
    st.markdown(
        f"**{plain(finding.class_name)}** by **{plain(finding.cue)}**  \n"
        f":gray[{plain(family_of(finding))}]"
    )
    st.markdown(
        f"### {words.effect_of(finding)}",
        help="Excess flips on held-out images: with the cue of an image of the class, less those "
        "that the same edit with an image of their own class makes; 95 % interval.",
    )
    name = plain(finding.class_name)
    st.caption(
        f"of other classes' images become {name} with the cue · " + " · ".join(_facts(finding))
    )
    places.link("See the evidence", place_of(run, finding), icon=":material/arrow_forward:")


def _facts(finding: Finding) -> list[str]:
    facts = []
    if finding.area is not None:
        part = report_words.share(finding.area)
        facts.append(
            "the whole picture" if finding.area == 1 else f"it takes {part} of the picture"
        )
    if finding.on_object is not None:
        facts.append("on the object" if finding.on_object else "not on the object")
    if finding.may_be_object:
        facts.append("may be the object")
    if finding.trace:
        facts.append("may be the trace of something in one place")
    if left := words.leaving(finding):
        facts.append(left)
    if finding.move is not None and finding.swing:
        moved = report_words.share(max(finding.move["value"] / finding.swing, 0.0))
        facts.append(f"moves {moved} of what lies between the classes")
    return facts


def _show_same(run: Run, same: Sequence[Finding]) -> None:
    """Findings at the place of a stronger one, below it."""
    if same:
        st.caption("Probably the same cue, seen through other interventions:")
    for finding in same:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            places.link(plain(finding.cue), place_of(run, finding))
            st.caption(words.effect_of(finding))


def _row(run: Run, finding: Finding) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        title = f"{plain(finding.class_name)} · {plain(finding.cue)}"
        places.link(title, place_of(run, finding))
        told = []
        if finding.auc is not None:
            told.append(f"AUC {finding.auc:.2f}")
        if finding.attended is not None:
            told.append(f"maps {report_words.p_value(finding.attended)}")
        if finding.effect is not None:
            told.append(words.effect_of(finding))
        st.caption(" · ".join(told))


def _show_limits(run: Run) -> None:
    """What could not be seen, and where there was too little to see anything."""
    summary = run.summary
    st.markdown(plain(summary["not_detected"]["text"]))
    for one in summary["insufficient"]:
        told = words.count(one["images"], "image")
        told += f", {one['needed']} needed" if one["images"] < one["needed"] else ""
        st.markdown(f"**Insufficient: {plain(one['class'])}.** {told}: {plain(one['why'])}.")
    for note in summary["notes"]:
        st.caption(plain(note))
    st.caption(plain(f"{measured().footnote} {measured().base}"))


def _ladder() -> str:
    return "  \n".join(f"**{word}**: {about}" for word, about in report_words.LADDER)
