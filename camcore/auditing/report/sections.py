"""What the page shows of each finding: pictures, charts, numbers, and a person's decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from camcore.auditing import figures
from camcore.auditing.interventions.image_pool import Pool
from camcore.auditing.interventions.replay import Swap, swaps
from camcore.auditing.report import cue_card, words
from camcore.auditing.report.album import Album, Drawn, Shown
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Decision, Run
from camcore.errors import CamcoreError

_PICTURES = {"relied on": 8, "attended": 6, "associated": 4}
_SWAPS = 4
_BOXED = {"around": "around the objects", "own": "by the object alone"}
_ACTS = {
    "outside": "the surroundings",
    "inside": "the middle",
    "shared": "what donors share",
    "broad": "its broad light and colour",
    "flat": "its plain colour",
    "absent": "its absence",
}
_ROOM = "It was left out to keep this file small; the audit page shows it."


@dataclass(frozen=True)
class Chart:
    """One chart, or why there is none."""

    title: str
    caption: str
    drawn: Drawn | None = None
    problem: str = ""


@dataclass(frozen=True)
class Captioned:
    """One picture with the words below it."""

    title: str
    caption: str
    shown: Shown | None


@dataclass(frozen=True)
class Pair:
    """One swap: four pictures and what happened."""

    pictures: tuple[Captioned, ...]
    told: str


@dataclass(frozen=True)
class Section:
    """A finding with all its evidence."""

    finding: Finding
    decision: Decision | None
    told: list[str]
    charts: list[Chart]
    pictures: list[Captioned]
    pairs: list[Pair]
    no_pairs: str
    numbers: list[tuple[str, str, str]]


@dataclass(frozen=True)
class Cause:
    """A finding, and those that are probably the same cue seen through other interventions."""

    section: Section
    same: list[Section]


@dataclass(frozen=True)
class Opening:
    """The picture of the first page: the strongest cue before, put in, and under the control."""

    sentence: str
    pictures: tuple[Captioned, ...]
    problem: str = ""


def opening_of(run: Run, album: Album, pool: Pool) -> Opening | None:
    """The first page's picture; None where nothing is relied on."""
    first = next((finding for finding in run.findings if finding.level == "relied on"), None)
    if first is None:
        return None
    sentence = cue_card.sentence_of(run, first)
    try:
        tiles = cue_card.triple_of(run, first, pool)
    except CamcoreError as error:
        return Opening(sentence, (), f"The picture cannot be shown: {error}")
    return Opening(sentence, tuple(_captioned(tile, album, "swap") for tile in tiles))


def section_of(run: Run, finding: Finding, album: Album, pool: Pool) -> Section:
    """Everything about one finding; what cannot be shown says why in its place."""
    pairs, no_pairs = _pairs(run, finding, album, pool)
    return Section(
        finding,
        run.decision(finding.id),
        words.says(run, finding),
        _charts(run, finding, album),
        _pictures(run, finding, album),
        pairs,
        no_pairs,
        numbers(run, finding),
    )


def chart_of(album: Album, title: str, caption: str, make: Callable[[], figures.Figure]) -> Chart:
    """A chart with its words, as far as it can be made."""
    try:
        figure = make()
    except CamcoreError as error:
        return Chart(title, caption, problem=f"Not shown: {error}")
    drawn = album.chart(figure.svg, figure.alt)
    return Chart(title, caption, drawn, "" if drawn else f"{figure.alt} {_ROOM}")


def _charts(run: Run, finding: Finding, album: Album) -> list[Chart]:
    klass = run.class_names.index(finding.class_name)
    name, prop = finding.class_name, finding.property
    charts = []
    if finding.region is not None:
        ids = finding.images[: _PICTURES[finding.level]]
        charts.append(
            chart_of(
                album,
                "Where the maps lie",
                f"Mean class activation map of {name} and of the other classes, on the map's own "
                "cells and one scale. The finding's region is outlined.",
                lambda: figures.mean_maps(run, klass, ids, finding.region),
            )
        )
    if prop is not None:
        title = words.title_of(finding)
        charts.append(
            chart_of(
                album,
                f"{title[:1].upper()}{title[1:]} by class",
                f"Share of the images of each class; the line is the median. {name} is on top.",
                lambda: figures.class_distribution(run, prop, klass),
            )
        )
        charts.append(
            chart_of(
                album,
                "Response",
                f"Images of {name} only: circles are recognised, crosses are not; the line joins "
                "the medians of equally many images.",
                lambda: figures.response_curve(run, prop, klass),
            )
        )
    return charts


def _pictures(run: Run, finding: Finding, album: Album) -> list[Captioned]:
    tiles = figures.gallery(run, finding, _PICTURES[finding.level])
    return [_captioned(tile, album, "gallery") for tile in tiles]


def _captioned(tile: figures.Tile, album: Album, use: str) -> Captioned:
    if tile.pixels is None:
        return Captioned(tile.title, f"{tile.alt} {tile.caption}", None)
    encoded = album.pixels(tile.pixels, tile.alt, use)
    caption = tile.caption if encoded else f"{tile.caption}. {_ROOM}"
    return Captioned(tile.title, caption, encoded)


def _pairs(run: Run, finding: Finding, album: Album, pool: Pool) -> tuple[list[Pair], str]:
    if finding.level != "relied on":
        return [], ""
    try:
        made = swaps(run, finding, pool, _SWAPS)
    except CamcoreError as error:
        return [], f"The pairs cannot be shown: {error}"
    pairs = [_pair(swap, finding, album) for swap in made]
    return pairs, "" if pairs else "No pair of this finding can be shown."


def _pair(swap: Swap, finding: Finding, album: Album) -> Pair:
    pictures = tuple(
        _captioned(tile, album, "swap") for tile in figures.swap_strip(swap, finding.class_name)
    )
    cue = figures.signed(swap.margin_edited - swap.margin_before)
    control = figures.signed(swap.margin_controlled - swap.margin_before)
    sentence = (
        f"The log-odds of {finding.class_name} move by {cue} with the cue and by {control} under "
        "the control."
    )
    return Pair(pictures, sentence)


def numbers(run: Run, finding: Finding) -> list[tuple[str, str, str]]:
    """The rows of the table: name, value, and what it means; what is not known is left out."""
    rows: list[tuple[str, str, str]] = []

    def add(name: str, value: object, means: str) -> None:
        if value is not None:
            rows.append((name, str(value), means))

    effect, interval = finding.effect, finding.interval
    if effect is not None:
        add("Effect", f"{100 * effect:.1f} points", "excess flips to the class, held-out images")
    if interval is not None:
        low, high = (f"{100 * side:.1f}" for side in interval)
        add("Interval", f"{low} to {high} points", "95 %, bootstrap over donors")
    if finding.q is not None:
        add("q", f"{finding.q:.2g}", "sign-flip test, max-T over probes, Holm over families")
    if finding.margin is not None:
        add("Shift of the log-odds", f"{finding.margin:+.2f}", "mean paired difference")
    if finding.move is not None and finding.swing:
        add(
            "Move",
            words.share(max(finding.move["value"] / finding.swing, 0.0)),
            "of the log-odds that lie between the class's pictures and the recipients",
        )
    if finding.drop is not None and finding.swing:
        add(
            "Fall without the cue",
            words.share(max(finding.drop["value"] / finding.swing, 0.0)),
            "the same in pictures of the class, when the cue is taken out",
        )
    for part, means in _ACTS.items():
        if finding.acts and part in finding.acts:
            add(f"Made by {means}", words.share(finding.acts[part]), "of the move, alone")
    if finding.alike is not None:
        add("Alike", words.share(finding.alike), "how much the cue repeats within the class only")
    if finding.stamped is not None:
        add(
            "Put there",
            words.share(finding.stamped),
            "of the place, where most pictures of the class show one content and no others do",
        )
    if finding.pairs:
        add("Pairs", finding.pairs, "recipient, donor and control each")
    _add_flips(add, run, finding)
    if finding.discovery is not None:
        add("Effect at discovery", f"{100 * finding.discovery:.1f} points", "on the other half")
    if finding.elsewhere is not None:
        add(
            "Elsewhere",
            f"{100 * finding.elsewhere:.1f} points",
            "a region of the same size from another place of the donor, objects left alone",
        )
    if finding.removal is not None:
        _add_necessity(add, finding)
    if finding.accuracy is not None:
        given, missing = (words.share(finding.accuracy[kind]) for kind in ("with", "without"))
        add("Recognised with the cue", given, "of the images of the class")
        add("Recognised without it", missing, "as far as the cue of another class tells")
    if finding.shift is not None:
        content, place = (f"{finding.shift[kind]:+.2f}" for kind in ("content", "place"))
        add(
            "Shifted pictures",
            f"content {content}, place {place}",
            "correlation of the map with the old map moved along, and left where it was",
        )
    if finding.area is not None:
        add("Area", words.share(finding.area), "of the picture that the cue takes up")
    if finding.on_object is not None:
        add("On the object", "yes" if finding.on_object else "no", "by masks or boxes")
    for fill, means in _BOXED.items():
        if finding.boxed is not None and fill in finding.boxed:
            low, high = (
                words.share(min(max(end, 0.0), 1.0)) for end in finding.boxed[fill]["interval"]
            )
            add(f"Made {means}", f"{low} to {high}", "of the effect, in pictures with boxes; 95 %")
    if finding.off_object is not None:
        add(
            "Left without the object",
            words.share(finding.off_object),
            "of the move in log-odds, with known objects, or else the middle, left alone",
        )
    if finding.in_part is not None:
        add(
            "Left in a quarter",
            words.share(finding.in_part),
            "of that move, with the property of a quarter of the donor",
        )
    if finding.attended is not None:
        add("Attention", f"p {finding.attended:.2g}", "max-T over cells of the map")
    if finding.auc is not None:
        q = "" if finding.auc_q is None else f", q {finding.auc_q:.2g}"
        add("Association", f"AUC {finding.auc:.3f}{q}", "cross-validated, permutation test")
    if finding.response is not None:
        add("Response", f"{finding.response:+.2f}", "Spearman, within the class")
    if finding.passes:
        add("Forward passes", f"{finding.passes:,}", "that the proof took")
    return rows


def _add_flips(add: Callable[[str, object, str], None], run: Run, finding: Finding) -> None:
    if finding.effect is None or finding.probe is None:
        return
    trials = run.trials("test")
    klass = run.class_names.index(finding.class_name)
    rows: pd.DataFrame = trials[(trials["klass"] == klass) & (trials["probe"] == finding.probe)]
    edited, controlled = ((rows[name] == klass).sum() for name in ("edited", "controlled"))
    add("Flipped by the cue", f"{edited} of {len(rows)}", "pairs predicted as the class")
    add("Flipped by the control", f"{controlled} of {len(rows)}", "the same edit without the cue")


def _add_necessity(add: Callable[[str, object, str], None], finding: Finding) -> None:
    removal = finding.removal or {}
    for fill, means in (
        ("transfer", "cue replaced by that of another class"),
        ("neutral", "cue filled in or made neutral"),
        ("control", "cue replaced by that of its own class"),
    ):
        if removal.get(fill) is not None:
            add(f"Leave the class ({fill})", words.share(removal[fill]), means)
    if "agree" in removal:
        add("Both fills agree", "yes" if removal["agree"] else "no", "else necessity stays open")
