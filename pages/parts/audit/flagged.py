"""The images of a run: which findings flag each, and how much the cue decides it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from camcore.auditing.report.tables import images_table
from camcore.auditing.runs.run import Run
from pages.languages.catalogues import marked
from pages.parts.audit.figures import stamp_of

ANY, ALL = marked("any finding"), marked("all images")
DECIDED, HELPED, UNHELPED, UNTRIED = (
    marked("decided by the cue"), marked("helped by the cue"), marked("not helped by the cue"),
    marked("not tried"),
)  # fmt: skip
MEANINGS = {
    DECIDED: marked("without the cue another class is likelier"),
    HELPED: marked("it loses log-odds without the cue, and keeps its class"),
    UNHELPED: marked("it loses nothing without the cue"),
    UNTRIED: marked("the cue was not taken out of this image"),
}


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
            flags = table[["id", f"rank {finding.id}", f"strength {finding.id}"]]
            flags.columns = ["image", "rank", "strength"]
            tables.append(flags.dropna(subset="rank").assign(finding=finding.id))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def leaning(table: pd.DataFrame) -> pd.Series:
    """What the cue does for each image: one of `MEANINGS`.

    Parameters
    ----------
    table : DataFrame
        As of `select`: ``margin`` and ``strength``.

    Examples
    --------
    >>> rows = {"margin": [2.0, 2.0, 2.0, 2.0], "strength": [3.0, 1.0, -1.0, None]}
    >>> leaning(pd.DataFrame(rows)).tolist()
    ['decided by the cue', 'helped by the cue', 'not helped by the cue', 'not tried']
    """
    strength = table["strength"].astype(float)
    decided = (table["margin"] > 0) & (strength > table["margin"])
    words = np.select(
        [strength.isna(), decided, strength > 0], [UNTRIED, DECIDED, HELPED], UNHELPED
    )
    return pd.Series(words, index=table.index, dtype=object)


def groups_of(table: pd.DataFrame) -> pd.DataFrame:
    """How many images each class and prediction have, the largest group first.

    Returns
    -------
    DataFrame
        ``class``, ``predicted``, ``images``.
    """
    sizes = table.groupby(["class", "predicted"], sort=True).size()
    return sizes.sort_values(ascending=False, kind="stable").rename("images").reset_index()


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
    by_image = _by_image(flags.sort_values("rank", kind="stable"))
    names = dict(enumerate(run.class_names))
    table = images[["path", "margin", "sha256"]].assign(
        **{"class": images["klass"].map(names).fillna("none")},
        predicted=images["predicted"].map(names).fillna("another class"),
    )
    table = table[kept]
    if by == ALL:
        table = table.join(by_image).sort_index()
        return table.assign(findings=[f if isinstance(f, tuple) else () for f in table["findings"]])
    return by_image.join(table, how="inner")


def _by_image(flags: pd.DataFrame) -> pd.DataFrame:
    """What flags each image, and its largest strength; images and flags in their order.

    Aggregating tuples in pandas takes seconds for 100,000 images.
    """
    strength = flags.groupby("image", sort=False)["strength"].max()
    findings: dict[int, list[str]] = {image: [] for image in strength.index}
    for image, finding in zip(flags["image"], flags["finding"], strict=True):
        findings[image].append(finding)
    return pd.DataFrame(
        {"findings": [tuple(ids) for ids in findings.values()], "strength": strength}
    )
