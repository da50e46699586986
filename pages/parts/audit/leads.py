"""What a running audit is on the track of, told as what it is: not tested yet."""

from __future__ import annotations

import streamlit as st

from camcore.auditing.interventions.leads import leads
from camcore.auditing.runs.run import Run
from pages.components.wording import plain, share

_MOST = 5


def show_leads(run: Run) -> None:
    """The strongest leads, once the interventions have begun."""
    if not run.record:
        return
    strongest = leads(run)
    if not strongest:
        return
    with st.container(border=True, key="audit-leads"):
        st.markdown(
            "**Leads so far** – found on one half of the pictures, not yet tested on the other"
        )
        st.markdown(
            "\n".join(
                f"- {plain(lead.class_name)}: {plain(lead.cue)} turns {share(lead.effect)} more of "
                f"the other classes' pictures into it than a control does ({lead.pairs} pairs)"
                for lead in strongest[:_MOST]
            )
        )
        if len(strongest) > _MOST:
            st.caption(f"And {len(strongest) - _MOST} more classes.")
