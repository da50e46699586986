"""The scores as tables for a terminal and for the README."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from benchmarks.truth.figures import FALSE_ALARMS, Figure
from benchmarks.truth.reliance import RELIED, UNRELIED
from benchmarks.truth.scores import Scores
from camcore.auditing.rules import RULES

WIDTH = 100
AIMS = {
    "ROC-AUC": 0.97,
    "recall": 0.90,
    "recall at 5 %": 0.90,
    "false alarms": FALSE_ALARMS,
    "family right": 0.90,
    "class right": 0.95,
    "IoU": 0.5,
    "Spearman": 0.8,
}
_FAMILY = ("recall", "recall at 5 %", "family right", "class right")


@dataclass(frozen=True)
class Table:
    """One printed table.

    Attributes
    ----------
    title : str
    columns : tuple of str
    rows : tuple of tuple of str
        As many cells each as there are columns.
    notes : tuple of str
        Sentences below it.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()


def as_text(tables: Iterable[Table]) -> str:
    """Aligned columns and wrapped notes for a terminal of 100 columns.

    Examples
    --------
    >>> print(as_text([Table("Counts", ("what", "n"), (("apples", "3"),), ("Of today.",))]))
    Counts
    what    n
    apples  3
    Of today.
    """
    blocks = []
    for table in tables:
        lines = (table.columns, *table.rows)
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        blocks.append(
            [
                table.title,
                *("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines),
                *(textwrap.fill(note, WIDTH) for note in table.notes),
            ]
        )
    return "\n\n".join("\n".join(block) for block in blocks)


def as_markdown(tables: Iterable[Table]) -> str:
    """The same tables for the README.

    Examples
    --------
    >>> print(as_markdown([Table("Counts", ("what", "n"), (("apples", "3"),), ("Of today.",))]))
    **Counts**
    <BLANKLINE>
    | what | n |
    | --- | --- |
    | apples | 3 |
    <BLANKLINE>
    Of today.
    """
    blocks = []
    for table in tables:
        lines = (table.columns, ("---",) * len(table.columns), *table.rows)
        grid = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        blocks += [f"**{table.title}**", grid, *table.notes]
    return "\n\n".join(blocks)


def tables(scores: Scores) -> list[Table]:
    """Everything that is printed, in order."""
    return [
        _detection(scores),
        _naming(scores),
        _margins(scores),
        _aims(scores),
        _families(scores),
        _weak_points(scores),
        _silence(scores),
    ]


def rules_table() -> Table:
    """The numbers that the audit judges by, with what chose each."""
    return Table(
        "The audit's rules",
        ("rule", "value", "meaning", "chosen by"),
        tuple(
            (name, str(value), meaning, chosen_by)
            for name, value, meaning, chosen_by in RULES.describe()
        ),
    )


def weak_points(scores: Scores) -> dict[str, str]:
    """For each planted cue that stays below an aim, where, in words.

    Examples
    --------
    >>> from benchmarks.truth.figures import proportion
    >>> from benchmarks.truth.scores import Scores
    >>> good, bad = proportion([True] * 9), proportion([True, False])
    >>> blur = {"recall": bad, "recall at 5 %": good, "family right": good, "class right": bad}
    >>> blur["IoU"] = proportion([])  # not a local cue
    >>> weak_points(Scores(2, {}, {}, {}, {}, {}, {"blur": blur}, {"blur": 2}, {}))
    {'blur': 'weak: recall, class right'}
    """
    words = {}
    for cue, figures in scores.families.items():
        below = [name for name in (*_FAMILY, "IoU") if figures[name].value < AIMS[name]]
        if not figures["recall"].n:
            words[cue] = "not measured: no network relied on it"
        elif below:
            words[cue] = f"weak: {', '.join(below)}"
    return words


def _detection(scores: Scores) -> Table:
    names = ("ROC-AUC", "precision", "recall", "recall at 5 %")
    audit = scores.audit
    middle = audit["middle detected"]
    curve, positives = audit["ROC-AUC"].n, audit["recall"].n
    return Table(
        "Detection",
        ("detector", "cases", *names),
        tuple(
            (detector, str(figures["ROC-AUC"].n), *(_show(name, figures[name]) for name in names))
            for detector, figures in scores.detectors.items()
        ),
        (
            f"The audit's {curve} cases are {positives} positives (Reliance of the network on the "
            f"cue at least {RELIED:.2f}) and {curve - positives} negatives (below {UNRELIED:.2f}, "
            "whatever was planted). Shares are in per cent, with 95 % intervals: Wilson's, and "
            "for ROC-AUC and recall at 5 % a percentile bootstrap over networks, which has no "
            "width where the separation is perfect.",
            "Precision and recall: at each detector's own default threshold. Recall at 5 %: at "
            "the lowest threshold that at most 5 % of the negatives exceed.",
            f"Excluded middle: {middle.n} cases with Reliance from {UNRELIED:.2f} to below "
            f"{RELIED:.2f}, of which the audit detected {middle.hits}.",
        ),
    )


def _naming(scores: Scores) -> Table:
    names = ("family right", "class right", "false alarms", "middle detected")
    return Table(
        "Naming and silence",
        ("detector", *names),
        tuple(
            (detector, *(_show(name, figures[name]) for name in names))
            for detector, figures in scores.detectors.items()
        ),
        (
            "Family and class: the first one named, of the detected positives; - where a detector "
            "never names one, or nothing was to be named. False alarms: on clean runs.",
        ),
    )


def _margins(scores: Scores) -> Table:
    return Table(
        "The audit against each baseline",
        ("baseline", "ROC-AUC of the audit minus this", "intervals apart"),
        tuple(
            (name, _show("ROC-AUC", margin.auc), "yes" if margin.apart else "no")
            for name, margin in scores.margins.items()
        ),
        ("By a paired bootstrap over the cases that both answered.",),
    )


def _aims(scores: Scores) -> Table:
    rows = []
    for name, figure in scores.audit.items():
        left_out = scores.left_out[name]
        aim = ""
        if name in AIMS:
            least = name != "false alarms"
            bound = f"{AIMS[name]:.2f}" if figure.hits is None else f"{100 * AIMS[name]:.0f}"
            missed = left_out.value < AIMS[name] if least else left_out.value > AIMS[name]
            reached = "-" if math.isnan(left_out.value) else "no" if missed else "yes"
            aim = f"{'≥' if least else '≤'} {bound} {reached}"
        cells = (
            _show(name, figures[name]) for figures in (scores.audit, scores.left_out, scores.fresh)
        )
        rows.append((name, *cells, aim))
    return Table(
        "The audit and its aims",
        ("figure", "all cases", "left out", "fresh", "aim, reached"),
        tuple(rows),
        (
            "Left out: families that chose none of the audit's constants; by them an aim is "
            "reached or not. Fresh: cases of theirs that nobody had looked at when a rule was last "
            "changed. IoU, of detected local cues, flag AUC, passes and seconds are medians. "
            "Spearman: of estimated effect and Reliance over planted cases.",
        ),
    )


def _families(scores: Scores) -> Table:
    return Table(
        "Cue families",
        ("cue", "relied on", *_FAMILY),
        tuple(
            (
                cue,
                f"{figures['recall'].n} of {scores.planted[cue]}",
                *(_show(name, figures[name]) for name in _FAMILY),
            )
            for cue, figures in scores.families.items()
        ),
    )


def _weak_points(scores: Scores) -> Table:
    words = weak_points(scores)
    return Table(
        "Cue families: place, size of the effect, and weak points",
        ("cue", "IoU", "effect", "Reliance", "in words"),
        tuple(
            (
                cue,
                *(_median(figures[name]) for name in ("IoU", "effect", "Reliance")),
                words.get(cue, "meets the aims"),
            )
            for cue, figures in scores.families.items()
        ),
        ("Medians over the networks that rely on the cue; IoU of local cues that were detected.",),
    )


def _silence(scores: Scores) -> Table:
    return Table(
        "Clean runs",
        ("kind", "false alarms"),
        tuple((kind, _show("false alarms", alarms)) for kind, alarms in scores.negatives.items()),
    )


def _show(name: str, figure: Figure) -> str:
    if math.isnan(figure.value):
        return "-"
    if name == "false alarms":
        return f"{figure.hits} of {figure.n}{ranged(figure, 100, '.0f')}"
    if figure.hits is not None:
        return percent(figure)
    spec = ",.0f" if name in ("passes", "seconds") else ".3f"
    return f"{figure.value:{spec}}{ranged(figure, 1, spec)}"


def percent(figure: Figure, unit: str = "") -> str:
    """A share in per cent with its interval."""
    return f"{100 * figure.value:.0f}{unit}{ranged(figure, 100, '.0f', unit)}"


def ranged(figure: Figure, scale: int, spec: str, unit: str = "") -> str:
    """An interval in brackets, if there is one."""
    if math.isnan(figure.low):
        return ""
    return f" ({scale * figure.low:{spec}}–{scale * figure.high:{spec}}{unit})"


def _median(figure: Figure) -> str:
    return "-" if math.isnan(figure.value) else f"{figure.value:.2f}"
