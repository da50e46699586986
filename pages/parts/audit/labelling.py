"""Say which classes of the model each folder stands for, where their names do not tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

import camcore
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.sources.source import read_source
from pages.components.wording import calmly, plain
from pages.parts.audit import launching, places, words
from pages.session.model_loading import load_with_progress

_MOST = 60  # labels that a form can ask for; more belong into a file
_RANGES = re.compile(r"\d{1,7}(\s*-\s*\d{1,7})?")


def labels_failed(run: Run) -> bool:
    """Whether the run failed because labels and classes do not match."""
    progress = run.progress
    if run.record or progress is None or progress.state != "failed":
        return False
    marks = ("--labels", "both stand for", "stands for all", "The mapping names")
    return any(mark in progress.message for mark in marks)


def offer_mapping(run: Run) -> None:
    """A multiselect of classes for each label, and the way without labels.

    Raises
    ------
    camcore.CamcoreError
        If the pictures can no longer be listed or the model cannot be loaded.
    """
    settings = launching.settings_of(run)
    if settings is None:
        return
    st.subheader("What do the folders stand for?", anchor=False)
    counts = _labels(run, settings)
    waiting, notices = st.empty(), st.container()
    model = load_with_progress(places.model_of(settings), None, waiting)
    names = model.class_names
    if len(counts) > _MOST:
        st.markdown(
            f"There are {len(counts):,} labels; write a mapping file for them and begin anew with "
            "it under Options."
        )
    else:
        with st.form("audit-mapping-form"):
            st.caption(
                "Choose by name, or write numbers and ranges such as 151-268. What is chosen "
                "already is only a suggestion by name. A folder that stands for nothing is left "
                "out."
            )
            chosen = {label: _one(label, counts[label], names) for label in counts}
            sure = st.form_submit_button("Audit with this mapping", type="primary")
        if sure:
            with calmly(notices):
                _begin(launching.start_again(run, settings, _checked(chosen)))
    if st.button(
        "Set the names aside: audit by predicted class",
        key="audit-by-prediction",
        help="Every picture then counts for the class that the model predicts. What the model "
        "relies on can still be proven; whether it is right cannot be said.",
    ):
        with calmly(notices):
            _begin(launching.start_again(run, replace(settings, labels="none")))


def _labels(run: Run, settings: Settings) -> dict[str, int]:
    """How many pictures have each label."""
    if (run.folder / "files.parquet").exists():
        labels = run.store.read_table("files.parquet", ["label"])["label"]
    else:
        # Unpacked already, and used again as long as the zip is the same.
        with run.store.locked():
            source = read_source(settings.source, unpack_to=run.folder / "unpacked")
        labels = source.files["label"]
    counts = labels[labels != ""].value_counts()
    return {str(label): int(counts[label]) for label in sorted(counts.index)}


def _one(label: str, count: int, names: Sequence[str]) -> list[int | str]:
    """The columns of one label, as a mapping file holds them."""
    left, right = st.columns([3, 1])
    with left:
        picked = st.multiselect(
            f"{plain(label)} · {words.count(count, 'picture')}",
            range(len(names)),
            default=suggested(label, names),
            key=f"audit-map-{label}",
            format_func=lambda index: f"{names[index]} · {index}",
            placeholder="nothing: left out",
        )
    with right:
        typed = st.text_input("and by number", key=f"audit-map-numbers-{label}")
    numbers = [part.strip() for part in typed.split(",") if part.strip()]
    return [*picked, *numbers]


def suggested(label: str, names: Sequence[str]) -> list[int]:
    """Classes whose names hold the label as a word, one or many.

    Examples
    --------
    >>> suggested("Cats", ["tabby cat", "catamaran", "Persian_cat", "dog"])
    [0, 2]
    """
    word = re.escape(label.casefold().strip().removesuffix("s"))
    found = re.compile(rf"(?<![a-z]){word}s?(?![a-z])")
    return [column for column, name in enumerate(names) if word and found.search(name.casefold())]


def _checked(chosen: dict[str, list[int | str]]) -> dict[str, list[int | str]]:
    """The labels that stand for something."""
    mapping = {label: columns for label, columns in chosen.items() if columns}
    if not mapping:
        raise camcore.InputError("Choose at least one class for one of the folders.")
    for label, columns in mapping.items():
        for own in columns:
            if isinstance(own, str) and not _RANGES.fullmatch(own):
                raise camcore.InputError(
                    f"{own!r} for {label!r} is no number and no range like 151-268."
                )
    return mapping


def _begin(run: Run) -> None:
    places.go(places.Place(run=places.name_of(run)))
    st.rerun()
