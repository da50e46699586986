"""The images of a run: which findings flag each, and how much the cue decides it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from camcore.auditing.report.tables import images_table
from camcore.auditing.runs.run import Run
from pages.parts.audit.figures import stamp_of

ANY, ALL = "any finding", "all images"


def flags_of(run: Run) -> pd.DataFrame:
    """One row an image and finding that flags it.

    Returns
    -------
    DataFrame
        ``image``, ``finding``, ``rank`` (1 shows it most) and ``strength``: log-odds of the
        finding's class that the image loses without the cue, more than under the control; NaN
        where that was not tried on it. As in images.csv.
    """
    return _flags(stamp_of(run), run)


@st.cache_resource(max_entries=3, show_spinner=False)
def _flags(stamp: str, _run: Run) -> pd.DataFrame:
    table = images_table(_run)
    tables = [pd.DataFrame(columns=["image", "finding", "rank", "strength"])]
    for finding in _run.findings:
        if f"rank {finding.id}" in table:
            own = table[["id", f"rank {finding.id}", f"strength {finding.id}"]]
            own.columns = ["image", "rank", "strength"]
            tables.append(own.dropna(subset="rank").assign(finding=finding.id))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def select(
    run: Run, by: str = ANY, klass: str | None = None, text: str = "", wrong: bool = False
) -> pd.DataFrame:
    """The images that pass the filters, those that a cue decides most first.

    Parameters
    ----------
    run : Run
    by : str
        A finding's id, `ANY` or `ALL`.
    klass : str, optional
        Name of the images' class.
    text : str
        Part of their paths; case does not matter.
    wrong : bool
        Only those whose prediction is not their class.

    Returns
    -------
    DataFrame
        Index id; ``path``, ``class``, ``predicted`` (a name), ``margin`` (log-odds of its own
        class), ``findings`` (ids, a tuple), ``strength`` (the largest), ``sha256``.
    """
    images = run.images
    kept = images["error"] == ""
    if klass is not None:
        kept &= images["klass"] == run.class_names.index(klass)
    if text.strip():
        kept &= images["path"].str.contains(text.strip(), case=False, regex=False)
    if wrong:
        kept &= (images["klass"] >= 0) & (images["klass"] != images["predicted"])
    flags = flags_of(run)
    if by not in (ANY, ALL):
        flags = flags[flags["finding"] == by]
    told = flags.sort_values("rank", kind="stable").groupby("image", sort=False)
    told = told.agg(findings=("finding", tuple), strength=("strength", "max"))
    names = dict(enumerate(run.class_names))
    table = images[["path", "margin", "sha256"]].assign(
        **{"class": images["klass"].map(names).fillna("none")},
        predicted=images["predicted"].map(names).fillna("another class"),
    )
    table = table[kept]
    if by == ALL:
        table = table.join(told).sort_index()
        return table.assign(findings=[f if isinstance(f, tuple) else () for f in table["findings"]])
    return told.join(table, how="inner")
