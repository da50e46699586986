"""One finding opened to its evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import streamlit as st

from camcore.auditing.figures import (
    Tile,
    class_distribution,
    gallery,
    mean_maps,
    response_curve,
    swap_strip,
)
from camcore.auditing.interventions.replay import pool_of, swaps
from camcore.auditing.report import words as report_words
from camcore.auditing.report.sections import numbers
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from pages.components.wording import calmly, plain
from pages.languages.catalogues import gettext as _
from pages.languages.catalogues import marked
from pages.parts.audit import decisions, figures, object_boxes, places, repair, tables, words
from pages.parts.audit.findings_list import show_level

_SWAPS, _GALLERY = 4, 8
_TILE, _STRIP = 140, 900  # pixels: a tile at least, a row of them at most


def show_evidence(run: Run, finding: Finding) -> None:
    """Everything that speaks for a finding, the strongest evidence first."""
    places.link(
        _("All findings"), places.Place(run=places.name_of(run)), icon=":material/arrow_back:"
    )
    show_level(run, finding)
    st.header(
        _("{class_name} by {cue}", class_name=plain(finding.class_name), cue=plain(finding.cue)),
        anchor=False,
    )
    if finding.effect is not None:
        st.markdown(f"### {words.effect_of(finding)}")
    first, *others = report_words.says(run, finding)
    st.markdown(plain(first))
    st.markdown("\n".join(f"- {plain(sentence)}" for sentence in others))
    with calmly(st.container()), st.container(width=_STRIP):
        object_boxes.show_question(run, finding)
    if finding.probe is not None:
        with _section(
            marked("Before and after"),
            marked(
                "The same pictures before and after they take the cue from an image of the class, "
                "and the control: the same edit with an image of their own class."
            ),
        ):
            _show_swaps(run, finding)
    with _section(
        marked("Where the maps lie"), marked("Mean class activation maps on their native grid.")
    ):
        _show_maps(run, finding)
    with _section(
        marked("The images that show it most"),
        marked("Each under the map for its own class. A picture opens in Explore."),
    ):
        _show_gallery(run, finding)
    if finding.property is not None:
        _show_property(run, finding, finding.property)
    if finding.accuracy is not None:
        with _section(
            marked("With the cue and without it"),
            marked("Images of the class that the model recognises."),
        ):
            _show_accuracy(finding.accuracy)
    with calmly(st.container()), st.expander(_("The numbers, and how each was obtained")):
        tables.show((_("number"), _("value"), _("what it is")), numbers(run, finding))
    with st.container(width=_STRIP):
        decisions.show_decisions(run, finding)
        repair.show_repair(run, finding)
    _link_next(run, finding)


def _link_next(run: Run, finding: Finding) -> None:
    """The way on to the next cause, below all that was said of this one."""
    same = run.cause(finding.id)
    leaders = [
        candidate
        for candidate in run.findings
        if candidate.level == "relied on" and candidate.overlaps is None
    ]
    ids = [leader.id for leader in leaders]
    at = next((place for place, finding_id in enumerate(ids) if finding_id in same), None)
    if at is not None and at + 1 < len(leaders):
        following = leaders[at + 1]
        places.link(
            _(
                "Next: {class_name} by {cue}",
                class_name=plain(following.class_name),
                cue=plain(following.cue),
            ),
            places.Place(run=places.name_of(run), finding=following.id),
            icon=":material/arrow_forward:",
        )


@contextmanager
def _section(title: str, about: str) -> Iterator[None]:
    """A part of the page that fails on its own, in one sentence."""
    st.markdown(f"## {_(title)}")
    st.caption(_(about))
    with calmly(st.container()), st.container():
        yield


def _show_swaps(run: Run, finding: Finding) -> None:
    strips = _made(
        f"{figures.stamp_of(run)} swaps {finding.id}",
        lambda: [
            swap_strip(swap, finding.class_name)
            for swap in swaps(run, finding, pool_of(run), _SWAPS)
        ],
    )
    if not strips:
        st.markdown(_("No pair of the test changed its prediction."))
    for strip in strips:
        before, _donor, after, control = strip
        with st.container(border=True, width=_STRIP):
            st.markdown(
                _(
                    "**{before} → {after}**, under the control {control}",
                    before=plain(before.predicted),
                    after=plain(after.predicted),
                    control=plain(control.predicted),
                )
            )
            _show_tiles(run, finding, strip)


def _show_gallery(run: Run, finding: Finding) -> None:
    tiles = _made(
        f"{figures.stamp_of(run)} gallery {finding.id}", lambda: gallery(run, finding, _GALLERY)
    )
    with st.container(width=_STRIP):
        _show_tiles(run, finding, tiles)


def _show_tiles(run: Run, finding: Finding, tiles: tuple[Tile, ...]) -> None:
    grid = st.grid(4, min_column_width=_TILE)
    for tile in tiles:
        with grid.cell():
            data = tile.png()
            if data is None:
                st.caption(_("No picture"))
            else:
                st.image(
                    data,
                    width="stretch",
                    alt=tile.alt,
                    link=places.explore_address(run, tile.image, finding.class_name),
                )
            st.caption(f"**{plain(tile.title)}**  \n{plain(tile.caption)}")


def _made(key: str, make: Callable[[], list[tuple[Tile, ...]] | tuple[Tile, ...]]):
    with st.spinner(_("Making the pictures …")):
        return _kept(key, make)


@st.cache_resource(max_entries=24, show_spinner=False)
def _kept(key: str, _make: Callable[[], list[tuple[Tile, ...]] | tuple[Tile, ...]]):
    return _make()


def _show_maps(run: Run, finding: Finding) -> None:
    klass = run.class_names.index(finding.class_name)
    images = finding.images[:_GALLERY]
    figures.show(
        run,
        f"maps {finding.id}",
        lambda: mean_maps(run, klass, images, finding.region),
        width=640,
    )


def _show_property(run: Run, finding: Finding, name: str) -> None:
    klass = run.class_names.index(finding.class_name)
    left, right = st.columns(2, gap="medium")
    with (
        left,
        _section(
            marked("In the data"), marked("The property by class, the class of the finding on top.")
        ),
    ):
        figures.show(
            run,
            f"distribution {finding.id}",
            lambda: class_distribution(run, name, klass),
        )
    with (
        right,
        _section(
            marked("How the answer follows it"),
            marked("Within the class: its log-odds over the property."),
        ),
    ):
        figures.show(run, f"response {finding.id}", lambda: response_curve(run, name, klass))


def _show_accuracy(accuracy: dict[str, float]) -> None:
    for sentence, value in (
        (marked("with the cue: **{share}**"), accuracy["with"]),
        (marked("without the cue: **{share}**"), accuracy["without"]),
    ):
        st.progress(value, text=_(sentence, share=report_words.share(value)), width=480)
