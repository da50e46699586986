"""What a running audit is on the track of, told as what it is: not tested yet."""

from __future__ import annotations

import streamlit as st

from camcore.auditing.interventions.leads import leads
from camcore.auditing.runs.run import Run
from pages.components.wording import plain, share
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import ngettext

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
            _("**Leads so far** – found on one half of the pictures, not yet tested on the other")
        )
        st.markdown(
            "\n".join(
                "- "
                + _(
                    "{class_name}: {cue} turns {effect} more of the other classes' pictures into "
                    "it than a control does ({pairs} pairs)",
                    class_name=plain(lead.class_name),
                    cue=plain(lead.cue),
                    effect=share(lead.effect),
                    pairs=lead.pairs,
                )
                for lead in strongest[:_MOST]
            )
        )
        if len(strongest) > _MOST:
            more = len(strongest) - _MOST
            st.caption(ngettext("And {count} more class.", "And {count} more classes.", more))
