"""Say which classes of the model each folder stands for, where their names do not tell."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import streamlit as st

from camcore.auditing.preflight.preview import label_counts
from camcore.auditing.runs.run import Run
from camcore.auditing.runs.settings import Settings
from camcore.sources.source import read_source
from camcore.sources.suggestion import suggested_classes
from camcore.sources.synsets import GROUPS, are_imagenet, columns_of, group_title
from pages.components.wording import PageError, calmly, plain
from pages.languages.catalogues import gettext as _
from pages.languages.numbers import whole
from pages.parts.audit import launching, places, words
from pages.session.model_loading import load_with_progress

MOST = 60  # labels that a form can ask for; more belong into a file
_RANGES = re.compile(r"\d{1,7}(\s*-\s*\d{1,7})?")


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


def _ask(
    counts: Mapping[str, int],
    names: Sequence[str],
    begin: Callable[[dict[str, list[int | str]]], Run],
    by_prediction: Callable[[], Run],
) -> None:
    """A multiselect of classes for each label, and the way without labels."""
    st.header(_("What do the folders stand for?"), anchor=False)
    notices = st.container()
    if len(counts) > MOST:
        st.markdown(
            _(
                "There are {count} labels; write a mapping file for them and begin anew with it "
                "under Options.",
                count=whole(len(counts)),
            )
        )
    else:
        with st.form("audit-mapping-form"):
            st.caption(
                _(
                    "Choose by name, or write numbers and ranges such as 151-268. What is chosen "
                    "already is only a suggestion by name. A folder that stands for nothing is "
                    "left out."
                )
            )
            chosen = {
                label: ask_classes(label, counts[label], names, suggested_classes(label, names))
                for label in counts
            }
            sure = st.form_submit_button(_("Audit with this mapping"), type="primary")
        if sure:
            with calmly(notices):
                _begin(begin(checked_mapping(chosen)))
    if st.button(
        _("Set the names aside: audit by predicted class"),
        key="audit-by-prediction",
        help=_(
            "Every picture then counts for the class that the model predicts. What the model "
            "relies on can still be proven; whether it is right cannot be said."
        ),
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
        return label_counts(source)
    counts = labels[labels != ""].value_counts()
    return {str(label): int(counts[label]) for label in sorted(counts.index)}


def ask_classes(
    label: str, count: int, names: Sequence[str], suggested: Sequence[int]
) -> list[int | str]:
    """The classes of one label, as a mapping file holds them: columns, numbers and ranges.

    Parameters
    ----------
    label : str
    count : int
        Pictures that have it.
    names : sequence of str
        Of the model's classes.
    suggested : sequence of int
        Columns that are chosen until a person chooses others.
    """
    groups = list(GROUPS) if are_imagenet(names) else []
    whole = next((group for group in groups if columns_of(group) == tuple(suggested)), None)
    left, right = st.columns([3, 1])
    with left:
        picked = st.multiselect(
            f"{plain(label)} · {words.pictures(count)}",
            [*groups, *range(len(names))],
            default=[whole] if whole else list(suggested),
            key=f"audit-map-{label}",
            format_func=lambda option: (
                group_title(option)
                if isinstance(option, str)
                else f"{names[option].replace('_', ' ')} · {option}"
            ),
            placeholder=_("nothing: left out"),
        )
    with right:
        typed = st.text_input(
            _("and by number"), key=f"audit-map-numbers-{label}", placeholder=_("such as 151-268")
        )
    ranges = [
        f"{low}-{high}" for group in picked if isinstance(group, str) for low, high in GROUPS[group]
    ]
    numbers = [part.strip() for part in typed.split(",") if part.strip()]
    return [*ranges, *(column for column in picked if not isinstance(column, str)), *numbers]


def checked_mapping(chosen: dict[str, list[int | str]]) -> dict[str, list[int | str]]:
    """The labels that stand for something."""
    mapping = {label: columns for label, columns in chosen.items() if columns}
    if not mapping:
        raise PageError(_("Choose at least one class for one of the folders."))
    for label, columns in mapping.items():
        for column in columns:
            if isinstance(column, str) and not _RANGES.fullmatch(column):
                raise PageError(
                    _(
                        "{value} for {label} is no number and no range like 151-268.",
                        value=repr(column),
                        label=repr(label),
                    )
                )
    return mapping


def _begin(run: Run) -> None:
    places.go(places.Place(run=places.name_of(run)))
    st.rerun()
