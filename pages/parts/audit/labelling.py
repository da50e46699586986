"""Say which classes of the model each folder stands for, where their names do not tell."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import streamlit as st

import camcore
from camcore.auditing.audited_classes import match_classes
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.models.labels import label_key
from camcore.sources.matching import column_of
from camcore.sources.source import read_source
from camcore.sources.synsets import group_of
from pages.components.wording import calmly, plain
from pages.parts.audit import launching, places, words
from pages.pickers.model_picker import ModelChoice
from pages.session.model_loading import load_with_progress

_MOST = 60  # labels that a form can ask for; more belong into a file
_CLOSE = 0.75
_ASKING = "audit-asking"
_RANGES = re.compile(r"\d{1,7}(\s*-\s*\d{1,7})?")


@dataclass(frozen=True)
class _Asking:
    """An audit that waits for what its labels stand for."""

    settings: Settings
    counts: dict[str, int]
    names: tuple[str, ...]


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
    counts = _labels(run, settings)
    model = load_with_progress(places.model_of(settings), None, st.empty())
    _ask(
        counts,
        model.class_names,
        lambda mapping: launching.start_again(run, settings, mapping),
        lambda: launching.start_again(run, replace(settings, labels="none")),
    )


def must_ask(settings: Settings, choice: ModelChoice) -> bool:
    """Whether no label of the pictures stands for a class; then `ask_before_start` asks.

    A zip is not unpacked for this: its audit asks once it has done so.

    Raises
    ------
    camcore.CamcoreError
        If the pictures cannot be listed or the model cannot be loaded.
    """
    st.session_state.pop(_ASKING, None)
    if Path(settings.source).suffix.lower() == ".zip":
        return False
    source = read_source(settings.source, unpack_to=Path(os.devnull), split=settings.split)
    counts = _counted(source.files["label"])
    if not counts:
        return False
    names = load_with_progress(choice, None, st.empty()).class_names
    try:
        match_classes(counts, names)
    except camcore.InputError:
        st.session_state[_ASKING] = _Asking(settings, counts, tuple(names))
        return True
    return False


def ask_before_start() -> None:
    """The form for labels that stand for no class, where `must_ask` found some."""
    asking: _Asking | None = st.session_state.get(_ASKING)
    if asking is None:
        return
    st.info(
        "None of the folder names is a class of the model. Say which classes each stands for, and "
        "the audit starts.",
        icon=":material/help:",
    )
    _ask(
        asking.counts,
        asking.names,
        lambda mapping: launching.start_mapped(asking.settings, mapping),
        lambda: launching.start(replace(asking.settings, labels="none")),
    )


def _ask(
    counts: Mapping[str, int],
    names: Sequence[str],
    begin: Callable[[dict[str, list[int | str]]], Run],
    by_prediction: Callable[[], Run],
) -> None:
    """A multiselect of classes for each label, and the way without labels."""
    st.header("What do the folders stand for?", anchor=False)
    notices = st.container()
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
                _begin(begin(_checked(chosen)))
    if st.button(
        "Set the names aside: audit by predicted class",
        key="audit-by-prediction",
        help="Every picture then counts for the class that the model predicts. What the model "
        "relies on can still be proven; whether it is right cannot be said.",
    ):
        with calmly(notices):
            _begin(by_prediction())


def _labels(run: Run, settings: Settings) -> dict[str, int]:
    """How many pictures have each label."""
    launching.check_settings(settings)
    if (run.folder / "files.parquet").exists():
        labels = run.store.read_table("files.parquet", ["label"])["label"]
    else:
        # Unpacked already, and used again as long as the zip is the same.
        with run.store.locked():
            source = read_source(
                settings.source, unpack_to=run.folder / "unpacked", split=settings.split
            )
        labels = source.files["label"]
    return _counted(labels)


def _counted(labels: pd.Series) -> dict[str, int]:
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
    """Classes that a label may mean, the likeliest first.

    The one it names, ImageNet's group of them, those whose names hold it as a word, or else the
    one that is spelled nearly so.

    Examples
    --------
    >>> suggested("Cats", ["tabby cat", "catamaran", "Persian_cat", "dog"])
    [0, 2]
    >>> suggested("retreiver", ["retriever", "dog"])
    [0]
    """
    try:
        return [column_of(label, names)]
    except camcore.InputError:
        pass
    if group := group_of(label, names):
        return list(group)
    word = re.escape(label_key(label).removesuffix("s"))
    holds = re.compile(rf"(?<![a-z]){word}s?(?![a-z])")
    keys = [label_key(name) for name in names]
    found = [column for column, key in enumerate(keys) if word and holds.search(key)]
    if found:
        return found
    return [keys.index(key) for key in difflib.get_close_matches(label_key(label), keys, 1, _CLOSE)]


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
    st.session_state.pop(_ASKING, None)
    places.go(places.Place(run=places.name_of(run)))
    st.rerun()
