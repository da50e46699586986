"""What a person decides about a finding; kept with the run, and in its report."""

from __future__ import annotations

import streamlit as st

from camcore.auditing.report import write_report
from camcore.auditing.runs.findings import DECISIONS, Finding
from camcore.auditing.runs.run import Run
from pages.components.wording import PageError, calmly, plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked, ngettext
from pages.parts.audit import words
from pages.session.visitor import signed_in_as

_ABOUT = {
    "confirmed spurious": marked("The model should not rely on this."),
    "accepted": marked("It may: the cue belongs to the class."),
}


def show_decisions(run: Run, finding: Finding) -> None:
    """The form, and what was decided before."""
    st.markdown(_("## Decision"))
    st.caption(
        _(
            "The audit proves reliance; whether it is spurious is for a person to say who knows "
            "the task."
        )
    )
    same = run.cause(finding.id)
    if len(same) > 1:
        st.caption(
            ngettext(
                "It holds for the {count} finding that is told as this one cause, on its card and "
                "in the report.",
                "It holds for all {count} findings that are told as this one cause, on their "
                "cards and in the report.",
                len(same),
            )
        )
    notices = st.empty()
    with st.form(f"audit-decision-{finding.id}", enter_to_submit=False):
        decision = st.radio(
            _("This reliance is"),
            DECISIONS,
            index=None,
            key=f"audit-decision-kind-{finding.id}",
            format_func=_,
            captions=[_(_ABOUT[choice]) for choice in DECISIONS],
        )
        by = signed_in_as() or st.text_input(
            _("Your name"), key="audit-decision-by", persist_state="session", max_chars=120
        )
        role = st.text_input(
            _("Your role"),
            key="audit-decision-role",
            persist_state="session",
            max_chars=120,
            placeholder=_("such as reviewer, or head of the laboratory"),
        )
        note = st.text_area(
            _("Note"),
            key=f"audit-decision-note-{finding.id}",
            max_chars=2000,
            height=80,
            placeholder=_("why, and what follows"),
        )
        if st.form_submit_button(_("Keep the decision"), type="primary"):
            notices.empty()  # what was wrong before is not said of this answer
            with calmly(notices), st.spinner(_("Writing the decision into the report …")):
                _decide(run, finding, decision, by, note, role)
                st.rerun()
    for kept in reversed(run.decisions):
        if kept.finding in same:
            person = ", ".join(plain(part) for part in (kept.by, kept.role) if part)
            line = _(
                "**{decision}** by {person}, {time}",
                decision=_(kept.decision),
                person=person,
                time=words.when(kept.time),
            )
            st.markdown(f"{line}: {plain(kept.note)}" if kept.note else line)


def _decide(
    run: Run, finding: Finding, decision: str | None, by: str, note: str, role: str
) -> None:
    if decision is None:
        raise PageError(_("Choose one of the two decisions first."))
    run.decide(finding.id, decision, by, note, role)
    write_report(Run(run.folder))
