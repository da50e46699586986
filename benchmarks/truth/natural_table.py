"""The natural figures as tables, beside those of the rendered bases."""

from __future__ import annotations

import math

from benchmarks.truth.figures import Figure
from benchmarks.truth.natural_scores import ALL, NaturalScores
from benchmarks.truth.table import Table, percent, ranged

AIMS = {
    "ROC-AUC": 0.95,
    "recall": 0.90,
    "false alarms": 0.05,
    "class and family first": 0.90,
    "kind right": 0.90,
    "moving parts": 0.85,
    "IoU": 0.5,
}
_FAMILY = ("recall", "class and family first", "Reliance", "score")


def natural_tables(scores: NaturalScores) -> list[Table]:
    """Everything that is printed of natural cases, in order."""
    return [_bases(scores), _families(scores), _claims(scores)]


def _bases(scores: NaturalScores) -> Table:
    names = [*(name for name in scores.bases if name != ALL), ALL]
    rows = []
    for figure, of_all in scores.bases[ALL].items():
        cells = (_show(figure, scores.bases[name][figure]) for name in names)
        rows.append((figure, *cells, _aim(figure, of_all)))
    return Table(
        "Natural pictures, by base",
        ("figure", *names, "aim, reached"),
        tuple(rows),
        (
            "Positives: networks whose Reliance on what was planted is at least 0.10. ROC-AUC: of "
            "`score`, against networks with a Reliance below 0.03. Recall: what was planted is "
            "named, in the right family and for a class that it pulls to, anywhere in the list; "
            "first: by the finding that the verdict begins with.",
            "False alarms: clean networks where the audit says artefact, or says context and an "
            "independent edit on held-out pictures denies the claim or finds that the object "
            "carries it; false leads: the verdict begins with one. A claim denied: with a proven "
            "claim of any kind that such an edit denies. Any alarm: with any claim, true or not.",
            "Kind and presence: where the audit tells them. IoU, precision of the first ten "
            "flagged images, passes and seconds are medians. Shares in per cent.",
        ),
    )


def _families(scores: NaturalScores) -> Table:
    return Table(
        "Natural pictures, by what was planted",
        ("planted", "relied on", *_FAMILY),
        tuple(
            (cue, str(figures["recall"].n), *(_show(name, figures[name]) for name in _FAMILY))
            for cue, figures in scores.families.items()
        ),
        ("Reliance and score: medians over the networks that rely on it.",),
    )


def _claims(scores: NaturalScores) -> Table:
    return Table(
        "Claims on clean networks, tried by independent edits",
        ("the edits say", "claims"),
        tuple((verdict, str(count)) for verdict, count in sorted(scores.claims.items())),
    )


def _aim(name: str, figure: Figure) -> str:
    if name not in AIMS:
        return ""
    least = name != "false alarms"
    bound = f"{AIMS[name]:.2f}" if figure.hits is None else f"{100 * AIMS[name]:.0f}"
    if math.isnan(figure.value):
        return f"{'≥' if least else '≤'} {bound} -"
    missed = figure.value < AIMS[name] if least else figure.value > AIMS[name]
    return f"{'≥' if least else '≤'} {bound} {'no' if missed else 'yes'}"


def _show(name: str, figure: Figure) -> str:
    if math.isnan(figure.value):
        return "-"
    if figure.hits is not None:
        return f"{figure.hits} of {figure.n}, {percent(figure)}"
    spec = ",.0f" if name in ("passes", "seconds") else ".3f"
    return f"{figure.value:{spec}}{ranged(figure, 1, spec)}"
