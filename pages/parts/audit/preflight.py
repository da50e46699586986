"""Before an audit starts: the pictures at a glance, what their labels mean, and what it costs."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st

import camcore
from camcore.auditing.audited_classes import Classes, match_classes, read_mapping
from camcore.auditing.preflight.cost import Cost, cost, pictures_of_classes
from camcore.auditing.preflight.preview import Preview, preview
from camcore.auditing.preflight.reading import (
    Answers,
    ask,
    better_scaling,
    named_rightly,
    scalings_of,
    surely_better,
)
from camcore.auditing.rules import RULES
from camcore.errors import LabelsError
from camcore.pictures.preprocessing import preprocessing_named
from camcore.sources.matching import mapped_columns
from camcore.sources.source import Source, read_source
from camcore.sources.suggestion import suggested_classes
from camcore.sources.synsets import are_imagenet, groups_of
from camcore.storage.address import is_address
from camcore.storage.place import place_of, status_of
from pages.components.wording import PageError, plain, reported
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import ngettext
from pages.languages.numbers import whole
from pages.parts.audit import labelling, words
from pages.pickers import model_picker
from pages.pickers.model_picker import ModelChoice
from pages.session.model_loading import load_with_progress

_THUMBNAILS = 8
_NAMED = 3
_LARGEST_ZIP = 800  # MB; unpacking a larger one is for the audit itself
_ASKED = "audit-preflight-asked"
_FRESH = 60.0  # seconds that a listing is good for


@dataclass(frozen=True)
class Checked:
    """What a person has agreed to before the start.

    Attributes
    ----------
    preprocessing, class_names, labels : str or None
        As in `camcore.auditing.runs.settings.Settings`.
    mapping : dict or None
        Labels and their classes as a mapping file holds them; None where labels match by name.
    first_asked : bool
        Whether the mapping stands there for the first time.
    """

    preprocessing: str | None
    class_names: str | None
    labels: str | None = None
    mapping: dict[str, list[int | str]] | None = None
    first_asked: bool = False


def check(place: str, choice: ModelChoice | None, options: dict[str, Any]) -> Checked | None:
    """Show the pictures, and with a model what it makes of them.

    Parameters
    ----------
    place : str
        A folder, a table or a zip that is there.
    choice : ModelChoice or None
    options : dict
        Fields of `Settings`.

    Returns
    -------
    Checked or None
        None where there is no model yet, or the pictures can be looked at only once it runs.

    Raises
    ------
    camcore.CamcoreError
        If the pictures cannot be listed or read, or the model cannot be loaded.
    """
    zipped = place.lower().endswith(".zip")
    status = status_of(place_of(place))
    if zipped and status is not None and status.st_size > _LARGEST_ZIP * 1024**2:
        st.caption(
            _(
                "A zip of more than {most} MB is unpacked by the audit itself, which asks then if "
                "its folder names are no classes of the model.",
                most=_LARGEST_ZIP,
            )
        )
        return None
    with st.spinner(_("Looking at the pictures …")):
        source = _listed(place, _stamp(place), options["split"]).source
        seen = _preview(source.digest, options["stretch"], source)
    _show(seen)
    if choice is None:
        st.caption(_("Choose a model, and it is tried on some of them."))
        return None
    model = load_with_progress(choice, None, st.empty())
    return _with_model(source, seen, model, choice, options)


def _with_model(
    source: Source,
    seen: Preview,
    model: camcore.Classifier,
    choice: ModelChoice,
    options: dict[str, Any],
) -> Checked:
    names, class_names = _names(model, choice)
    scalings = scalings_of(model) if choice.file else (model.preprocessing,)
    with st.spinner(_("Trying the model on some of them …")):
        answers = _answers(
            (
                model.sha256,
                source.digest,
                options["fit"] or model.fit,
                options["stretch"],
                *scalings,
            ),
            source,
            model,
        )
    mapping, asked_first = None, False
    if options["labels"] is None and st.session_state["audit-labels"] != "file":
        mapping, asked_first = _ask(seen, names, f"{source.digest} {model.sha256}")
    classes = _classes(seen.labels, names, options["labels"], mapping)
    preprocessing = options["preprocessing"]
    if classes is not None and classes.by == "prediction":
        _offer_groups(seen, classes, names)
    if classes is not None and classes.by == "label":
        right = named_rightly(answers, classes, model.output_kind)
        initial = preprocessing or model.preprocessing
        guessed = preprocessing is None and model.preprocessing_guessed
        taken = better_scaling(right, initial) if guessed else initial
        _say_right(right, taken, initial, guessed=guessed)
        preprocessing = taken if taken != initial else preprocessing
    if classes is not None:
        counts = pictures_of_classes(seen.labels, seen.pictures, classes)
        _say_cost(cost(counts, options["budget"], answers.seconds))
    return Checked(preprocessing, class_names, None, mapping, asked_first)


class _Listed:
    """A source, and for as long as it is in use the folder that its zip was unpacked into."""

    def __init__(self, place: str, split: str | None) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="camaudit-look-")
        self.source = read_source(place, unpack_to=Path(self.folder.name) / "zip", split=split)


def _stamp(place: str) -> int:
    """When a file or folder was last written; 0 for a folder at an address, which has no time."""
    status = status_of(place_of(place))
    if status is not None:
        return status.st_mtime_ns
    return 0 if is_address(place) else os.stat(place).st_mtime_ns


@st.cache_resource(max_entries=3, ttl=_FRESH, show_spinner=False)
def _listed(place: str, stamp: int, split: str | None) -> _Listed:
    return _Listed(place, split)


@st.cache_resource(max_entries=8, show_spinner=False)
def _preview(digest: str, stretch: str, _source: Source) -> Preview:
    return preview(_source, stretch=stretch)


@st.cache_resource(max_entries=8, show_spinner=False)
def _answers(key: tuple[str, ...], _source: Source, _model: camcore.Classifier) -> Answers:
    _, _, fit, stretch, *scalings = key
    return ask(_source, _model, scalings, fit=fit, stretch=stretch)


def _show(seen: Preview) -> None:
    """Counts, one picture of each label, and what is amiss."""
    counted = words.pictures(seen.pictures)
    if seen.labels:
        largest = sorted(seen.labels, key=lambda label: -seen.labels[label])[:_THUMBNAILS]
        listed = ", ".join(f"{plain(label)} {whole(seen.labels[label])}" for label in largest)
        more = ", …" if len(seen.labels) > len(largest) else ""
        st.markdown(
            _(
                "{pictures} in {classes}: {listed}",
                pictures=counted,
                classes=words.classes(len(seen.labels)),
                listed=f"{listed}{more}",
            )
        )
    else:
        st.markdown(_("{pictures} without labels: audited by predicted class", pictures=counted))
    some = list(seen.thumbnails)[:_THUMBNAILS]
    if some:
        st.image(
            [seen.thumbnails[label] for label in some],
            caption=[label or _("a picture") for label in some],
            width=112,
            output_format="PNG",
        )
    for line in _amiss(seen):
        st.caption(line)


def _amiss(seen: Preview) -> list[str]:
    lines = []
    all_of_them = seen.opened == seen.pictures
    opened = whole(seen.opened)
    if seen.unreadable:
        some = "; ".join(list(seen.unreadable.values())[:_NAMED])
        more = "; …" if len(seen.unreadable) > _NAMED else ""
        values = {
            "opened": opened,
            "bad": whole(len(seen.unreadable)),
            "some": f"{plain(some)}{more}",
        }
        if all_of_them:
            lines.append(
                _(
                    "Opened all {opened}: {bad} cannot be read and will be left out ({some})",
                    **values,
                )
            )
        else:
            lines.append(
                _(
                    "Opened {opened} spread over all: {bad} cannot be read and will be left out "
                    "({some})",
                    **values,
                )
            )
    elif all_of_them:
        lines.append(_("Opened all {opened}: every one can be read.", opened=opened))
    else:
        lines.append(_("Opened {opened} spread over all: every one can be read.", opened=opened))
    if seen.copies:
        lines.append(
            ngettext(
                "{count} picture is a near copy of another; together they count as one piece of "
                "evidence.",
                "{count} pictures are near copies of another; together they count as one piece of "
                "evidence.",
                seen.copies,
                count=whole(seen.copies),
            )
        )
    lines += [plain(reported(f"{note}.")) for note in seen.notes]
    return lines


def _names(model: camcore.Classifier, choice: ModelChoice) -> tuple[tuple[str, ...], str | None]:
    """The model's class names, and the file or word that gives them."""
    return tuple(model.class_names), model_picker.pick_names(choice, model).labels


def _ask(
    seen: Preview, names: Sequence[str], key: str
) -> tuple[dict[str, list[int | str]] | None, bool]:
    """What the labels stand for, and whether this is asked for the first time."""
    if not seen.labels:
        return None, False
    first = st.session_state.get(_ASKED) != key
    st.session_state[_ASKED] = key
    if first:  # what was chosen for another model's classes means nothing here
        for label in seen.labels:
            st.session_state.pop(f"audit-map-{label}", None)
            st.session_state.pop(f"audit-map-numbers-{label}", None)
    try:
        by_name = match_classes(seen.labels, names)
    except LabelsError:
        by_name = None
    if len(seen.labels) > labelling.MOST:
        if by_name is None:
            raise PageError(
                _(
                    "None of the {count} labels is a class of the model; write a mapping file for "
                    "them and give it under Options, or set the names aside there.",
                    count=whole(len(seen.labels)),
                )
            )
        return None, False
    named = {} if by_name is None else {klass.label: klass.columns for klass in by_name.classes}
    with st.expander(
        _("What the folder names stand for"), expanded=by_name is None, icon=":material/label:"
    ):
        if by_name is None:
            st.markdown(
                _(
                    "No folder name is a class of the model. What is chosen here is a suggestion: "
                    "look it over, then start. A folder that stands for nothing is left out."
                )
            )
        chosen = {
            label: labelling.ask_classes(
                label,
                count,
                names,
                named.get(label, ()) if by_name else suggested_classes(label, names),
            )
            for label, count in seen.labels.items()
        }
    if {label: tuple(columns) for label, columns in chosen.items() if columns} == named and named:
        return None, False
    if not any(chosen.values()):
        return {}, first
    return labelling.checked_mapping(chosen), first


def _classes(
    counts: dict[str, int],
    names: Sequence[str],
    labels: str | None,
    mapping: dict[str, list[int | str]] | None,
) -> Classes | None:
    """The classes that the audit would have; None while a mapping is missing."""
    if labels == "groups":
        return match_classes(counts, names, groups_of(names), by_prediction=True)
    if labels == "none" or not counts:
        return match_classes(counts, names, by_prediction=True)
    if labels is not None:
        return match_classes(counts, names, read_mapping(labels, names))
    if mapping is None:
        return match_classes(counts, names) if st.session_state["audit-labels"] != "file" else None
    return match_classes(counts, names, mapped_columns(mapping, names)) if mapping else None


def _offer_groups(seen: Preview, classes: Classes, names: Sequence[str]) -> None:
    """Join ImageNet's classes where single ones would hardly have enough pictures."""
    if seen.pictures >= RULES.least_images * len(classes.classes) or not are_imagenet(names):
        return
    if len(classes.classes) < len(names):
        return

    def join() -> None:
        st.session_state["audit-labels"] = "groups"

    st.info(
        _(
            "{pictures} for {classes}: few classes would have the {least} that an audit needs.",
            pictures=words.pictures(seen.pictures),
            classes=words.classes(len(names)),
            least=RULES.least_images,
        ),
        icon=":material/group_work:",
    )
    st.button(
        _("Join the classes into groups: dogs, birds, …"),
        key="audit-join",
        on_click=join,
        help=_(
            "Audits what the model takes for any dog, any bird and so on, by ImageNet's own "
            "order of classes."
        ),
    )


def _say_right(right: dict[str, np.ndarray], taken: str, initial: str, *, guessed: bool) -> None:
    """How many pictures the model names rightly, with this scaling of pixels and with others."""
    counts = {name: int(named.sum()) for name, named in right.items()}
    tried = len(right[taken])
    others = [name for name in counts if name != taken]
    if others:
        st.markdown(
            _(
                "**With this the model names {right} of {tried} pictures rightly**, its pixels "
                "read as {scaling}; read otherwise: {others}.",
                right=counts[taken],
                tried=tried,
                scaling=_scaling(taken),
                others=", ".join(f"{_scaling(name)} {counts[name]}" for name in others),
            )
        )
    else:
        st.markdown(
            _(
                "**With this the model names {right} of {tried} pictures rightly**.",
                right=counts[taken],
                tried=tried,
            )
        )
    if taken != initial:
        st.caption(
            _(
                "The file does not tell how pixels are scaled; {taken} is taken because it names "
                "surely more pictures rightly than {initial}. Options let you choose.",
                taken=_scaling(taken),
                initial=_scaling(initial),
            )
        )
    elif better_scaling(right, taken) != taken:
        best = better_scaling(right, taken)
        st.warning(
            _(
                "Read as {scaling} the model names {right} of {tried} rightly: choose it under "
                "Options, Pixels as, unless you know better.",
                scaling=_scaling(best),
                right=counts[best],
                tried=tried,
            ),
            icon=":material/warning:",
        )
    elif guessed and (alike := [name for name in others if not surely_better(right, taken, name)]):
        st.caption(
            _(
                "The file does not tell how pixels are scaled, and so few pictures do not tell "
                "{taken} from {others}. If you know how the model was trained, choose it under "
                "Options, Pixels as.",
                taken=_scaling(taken),
                others=reduce(_either, map(_scaling, alike)),
            )
        )


def _scaling(name: str) -> str:
    return re.split(r" ?[(（]", _(preprocessing_named(name).title))[0]


def _either(first: str, second: str) -> str:
    return _("{first} or {second}", first=first, second=second)


def _say_cost(expected: Cost) -> None:
    low, high = expected.passes
    soonest, latest = map(words.span, expected.seconds)
    st.caption(
        _(
            "It takes between {low} and {high} forward passes, on this machine between {soonest} "
            "and {latest}: the more cues are found, the longer. It can be paused.",
            low=_rounded(low),
            high=_rounded(high),
            soonest=soonest,
            latest=latest,
        )
    )


def _rounded(passes: int) -> str:
    """Two figures of a number: more are not known."""
    step = 10 ** max(0, len(str(passes)) - 2)
    return whole(round(passes / step) * step)
