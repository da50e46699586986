"""What kept audits of a model have measured where a hand now edits one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import streamlit as st

import camcore
from camcore.auditing.edits.by_hand import BRUSH, PARTS, HandEdit
from camcore.auditing.edits.regions import Region
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from pages.components.wording import plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import ngettext
from pages.parts.audit import places
from pages.session.visitor import visible_runs

_MOST = 30  # runs that are looked at, the newest first
_COVERED = 0.5  # share of what is painted that must lie in a finding's region to be about it


@dataclass(frozen=True)
class Audited:
    """A complete audit of the model.

    Attributes
    ----------
    run : Run
    findings : tuple of Finding
        What it has proven, with an effect.
    """

    run: Run
    findings: tuple[Finding, ...]


def audits_of(model: camcore.Classifier) -> list[Audited]:
    """Complete audits of exactly this network that are kept here, newest first."""
    audits = []
    for run in visible_runs()[:_MOST]:
        try:
            if run.record.get("model", {}).get("sha256") != model.sha256 or not run.summary:
                continue
            proven = [finding for finding in run.findings if finding.level == "relied on"]
        except (camcore.CamcoreError, KeyError, TypeError):  # a damaged run says nothing here
            continue
        audits.append(Audited(run, tuple(f for f in proven if f.effect is not None)))
    return audits


def measured_at(
    audits: Sequence[Audited], edit: HandEdit, mask: np.ndarray
) -> tuple[Run, Finding] | None:
    """The strongest proven cue where the edit is, of the newest audit that has one.

    Parameters
    ----------
    audits : sequence of Audited
    edit : HandEdit
    mask : ndarray, bool, shape (H, W)
        What the edit covers.
    """
    for audited in audits:
        fitting = [finding for finding in audited.findings if _is_there(finding, edit, mask)]
        if fitting:
            return audited.run, max(fitting, key=lambda finding: finding.effect or 0.0)
    return None


def _is_there(finding: Finding, edit: HandEdit, mask: np.ndarray) -> bool:
    if edit.part != BRUSH:
        return finding.family == PARTS[edit.part].family
    if finding.region is None or not mask.any():
        return False
    cells = tuple((int(row), int(column)) for row, column in finding.region["cells"])
    region = Region(int(finding.region["rows"]), int(finding.region["columns"]), cells)
    return float(region.mask(*mask.shape)[mask].mean()) >= _COVERED


def show_effect(
    model: camcore.Classifier, audits: Sequence[Audited], edit: HandEdit, mask: np.ndarray
) -> None:
    """The audit's number beside the one picture, or that there is none."""
    if not audits:
        st.caption(
            _(
                "One picture is no proof. No audit of {model} is kept here, so there is no number "
                "over many pictures to set beside it: the Audit page makes one.",
                model=plain(model.name),
            )
        )
        return
    measured = measured_at(audits, edit, mask)
    run = audits[0].run if measured is None else measured[0]
    if measured is None:
        st.caption(
            _(
                "One picture is no proof. The audit that is kept here has proven no reliance on "
                "this part of the pictures."
            )
        )
    else:
        finding = measured[1]
        st.markdown(
            _(
                "**Over many pictures: {effect}.** Taken from pictures of {class_name}, “{cue}” "
                "turns so many more of every 100 pictures of other classes into {class_name} "
                "than the same edit without the cue ({pairs}).",
                effect=_effect_of(finding),
                class_name=plain(finding.class_name),
                cue=plain(finding.cue),
                pairs=ngettext("{count} held-out pair", "{count} held-out pairs", finding.pairs),
            )
        )
    with st.container(key="by-hand-audit"):
        places.link(
            _("The audit") if measured is None else _("The audit's evidence"),
            places.Place(run=places.name_of(run), finding=measured[1].id if measured else ""),
            icon=":material/search:",
        )


def _effect_of(finding: Finding) -> str:
    """The effect in points, with its interval.

    Examples
    --------
    >>> _effect_of(Finding("a--b", "a", "b", "b", "relied on", effect=0.62, interval=(0.54, 0.7)))
    '+62 points (54 to 70)'
    """
    whole = round(100 * (finding.effect or 0.0))
    number = f"{whole:+d}".replace("-", "−")
    points = ngettext("{count} point", "{count} points", abs(whole), count=number)
    if finding.interval is None:
        return points
    low, high = (f"{100 * bound:.0f}".replace("-", "−") for bound in finding.interval)
    return _("{points} ({low} to {high})", points=points, low=low, high=high)
