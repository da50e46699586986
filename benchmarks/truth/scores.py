"""From one row a case and one verdict a detector to figures with 95 % intervals.

Truth is causal: a case is positive where the network's measured Reliance is at least .10, negative
below .03 whatever was planted, and in between belongs to no curve and is reported apart. Clean
runs are the cases made to stay silent (``kind == "negative"``).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.truth.figures import (
    Figure,
    Figures,
    interval,
    proportion,
    rank_correlation,
    recall_at,
    roc_auc,
)
from benchmarks.truth.reliance import RELIED, UNRELIED
from camcore.errors import InputError

AUDIT = "audit"


@dataclass(frozen=True)
class Margin:
    """The audit against one baseline on the cases that both answered.

    Attributes
    ----------
    auc : Figure
        ROC-AUC of the audit minus the baseline's, by a paired bootstrap over cases.
    apart : bool
        Whether the audit's own interval begins above the end of the baseline's.
    """

    auc: Figure
    apart: bool


@dataclass(frozen=True)
class Scores:
    """Everything the benchmark prints.

    Attributes
    ----------
    cases : int
    detectors : dict of str to Figures
        Each detector on the cases that it answered.
    margins : dict of str to Margin
        The audit against each baseline.
    audit, left_out, fresh : Figures
        The audit on all cases, on those of families that chose none of its constants, and on
        those of these that nobody had looked at when a rule was last changed.
    families : dict of str to Figures
        The audit by planted cue; "recall" has as many cases as networks that learned the cue.
    planted : dict of str to int
        How many cases were planted with each cue.
    negatives : dict of str to Figure
        The audit's false alarms by kind of clean run.
    """

    cases: int
    detectors: dict[str, Figures]
    margins: dict[str, Margin]
    audit: Figures
    left_out: Figures
    fresh: Figures
    families: dict[str, Figures]
    planted: dict[str, int]
    negatives: Figures


def read(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Read what `score` takes from ``cases.csv`` and ``verdicts.csv`` in a folder.

    Words stay words: a class may be called "0" or "None".
    """
    words = ["case", "kind", "base", "network", "cue", "accepted", "classes"]
    words += ["detector", "family", "klass"]
    numbers = ["strength", "correlation", "reliance", "effect", "iou", "flag_auc"]
    cases, verdicts = (
        pd.read_csv(
            folder / file,
            dtype=dict.fromkeys(words, str),
            keep_default_na=False,
            na_values={name: [""] for name in numbers},
        )
        for file in ("cases.csv", "verdicts.csv")
    )
    return cases, verdicts


def truth(reliance: pd.Series) -> pd.Series:
    """Whether the network relies on the planted cue: "positive", "middle" or "negative".

    Parameters
    ----------
    reliance : Series of float
        Causal Reliance, -1..1; NaN counts as 0.

    Examples
    --------
    >>> list(truth(pd.Series([0.9 - 0.8, 0.0999, 0.03, 0.0299, -0.2, float("nan")])))
    ['positive', 'middle', 'middle', 'negative', 'negative', 'negative']
    """
    edges = [-np.inf, UNRELIED, RELIED, np.inf]
    names = ["negative", "middle", "positive"]
    exact = reliance.fillna(0).round(9)  # 0.9 - 0.8 is a little below 0.1
    return pd.cut(exact, edges, right=False, labels=names).astype(str)


def answers(cases: pd.DataFrame, verdicts: pd.DataFrame, detector: str) -> pd.DataFrame:
    """The cases that this detector answered, with its verdict and a column ``truth``.

    Raises
    ------
    InputError
        Where a verdict is not one of a case, or not the only one, or has no score.
    """
    of_detector = verdicts[verdicts["detector"] == detector].drop(columns="detector")
    twice = of_detector["case"][of_detector["case"].duplicated()]
    if len(twice):
        raise InputError(f"{detector!r} has two verdicts on {twice.iloc[0]!r}; keep one.")
    unknown = of_detector["case"][~of_detector["case"].isin(cases["case"])]
    if len(unknown):
        raise InputError(f"{detector!r} judged {unknown.iloc[0]!r}, which is not among the cases.")
    if of_detector["score"].isna().any():
        case = of_detector["case"][of_detector["score"].isna()].iloc[0]
        raise InputError(f"{detector!r} has no score on {case!r}; leave the verdict out instead.")
    rows = cases.merge(of_detector, on="case", validate="one_to_one")
    words = ["accepted", "classes", "family", "klass"]
    return rows.assign(truth=truth(rows["reliance"]), **rows[words].astype(object).fillna(""))


def _detection(rows: pd.DataFrame, seed: int) -> Figures:
    """What every detector is measured by, from its `answers`."""
    positive, middle, negative = (
        rows[rows["truth"] == name] for name in ("positive", "middle", "negative")
    )
    judged = rows[rows["truth"] != "middle"]
    return {
        "ROC-AUC": interval(roc_auc, _scores(positive, negative), seed),
        "precision": proportion(judged["truth"][judged["detected"]] == "positive"),
        **_recall(positive, negative, rows, seed),
        "false alarms": proportion(rows["detected"][rows["kind"] == "negative"]),
        "middle detected": proportion(middle["detected"]),
    }


def _measures(rows: pd.DataFrame, seed: int) -> Figures:
    """What only the audit is measured by: places, sizes, images and costs."""
    positive = rows[rows["truth"] == "positive"]
    planted = rows[rows["kind"] == "planted"].fillna({"reliance": 0, "effect": 0})
    pair = (planted["effect"].to_numpy(), planted["reliance"].to_numpy())
    return {
        "IoU": _median(positive["iou"], seed),
        "IoU >= .5": proportion(positive["iou"].dropna() >= 0.5),
        "Spearman": interval(rank_correlation, pair, seed, paired=True),
        "flag AUC": _median(positive["flag_auc"], seed),
        "passes": _median(rows["passes"], seed),
        "seconds": _median(rows["seconds"], seed),
    }


def _margin(audit: pd.DataFrame, baseline: pd.DataFrame, seed: int) -> Margin:
    """The audit's ROC-AUC minus a baseline's, from the `answers` of both."""
    both = audit.merge(baseline[["case", "score"]], on="case", suffixes=("", "_baseline"))
    positive, negative = (both[both["truth"] == name] for name in ("positive", "negative"))
    ours = _scores(positive, negative)
    theirs = _scores(positive, negative, "score_baseline")

    def difference(p: np.ndarray, n: np.ndarray, axis: int) -> Any:
        return roc_auc(ours[0][p], ours[1][n], axis) - roc_auc(theirs[0][p], theirs[1][n], axis)

    places = (np.arange(len(positive)), np.arange(len(negative)))
    first, second = (interval(roc_auc, samples, seed) for samples in (ours, theirs))
    return Margin(interval(difference, places, seed), first.low > second.high)


def score(cases: pd.DataFrame, verdicts: pd.DataFrame, seed: int = 0) -> Scores:
    """Every figure of the benchmark.

    Parameters
    ----------
    cases : DataFrame
        One row a case: case, kind, cue, reliance, passes, seconds, effect, iou, flag_auc,
        accepted, classes, tuned, fresh.
    verdicts : DataFrame
        One row a case and detector: case, detector, score, detected, family, klass.
    seed : int
        Of the bootstrap.

    Examples
    --------
    >>> cases = pd.DataFrame({"case": ["a", "b"], "kind": ["planted", "negative"]}).assign(
    ...     cue=["frame", "clean"], reliance=[0.4, 0.0], passes=9, seconds=1.0, effect=[0.3, 0.0],
    ...     iou=np.nan, flag_auc=np.nan, accepted="frame", classes="cat", tuned=False, fresh=False)
    >>> verdicts = cases[["case"]].assign(detector="audit", score=[0.3, 0.0],
    ...     detected=[True, False], family="frame", klass="dog")
    >>> figures = score(cases, verdicts).audit
    >>> figures["ROC-AUC"].value, figures["recall"].hits, figures["class right"].hits
    (1.0, 1, 0)
    """
    names = list(verdicts["detector"].unique())
    if AUDIT not in names:
        raise InputError(f"The verdicts are of {names}; run the detector {AUDIT!r} as well.")
    rows = {name: answers(cases, verdicts, name) for name in names}
    detectors = {name: _detection(answered, seed) for name, answered in rows.items()}
    audit = rows[AUDIT]
    left_out = audit[~audit["tuned"]]
    fresh = left_out[left_out["fresh"]]
    clean = audit[audit["kind"] == "negative"]
    planted = audit[audit["kind"] != "negative"]
    return Scores(
        cases=len(cases),
        detectors=detectors,
        margins={name: _margin(audit, rows[name], seed) for name in names if name != AUDIT},
        audit=detectors[AUDIT] | _measures(audit, seed),
        left_out=_detection(left_out, seed) | _measures(left_out, seed),
        fresh=_detection(fresh, seed) | _measures(fresh, seed),
        families={
            cue: _family(of_cue, audit, seed) for cue, of_cue in planted.groupby("cue", sort=False)
        },
        planted=planted["cue"].value_counts(sort=False).to_dict(),
        negatives={
            cue: proportion(of_cue["detected"]) for cue, of_cue in clean.groupby("cue", sort=False)
        },
    )


def _family(of_cue: pd.DataFrame, rows: pd.DataFrame, seed: int) -> Figures:
    positive = of_cue[of_cue["truth"] == "positive"]
    return {
        **_recall(positive, rows[rows["truth"] == "negative"], rows, seed),
        "IoU": _median(positive["iou"], seed),
        "effect": _median(positive["effect"].fillna(0), seed),
        "Reliance": _median(positive["reliance"], seed),
    }


def _recall(
    positive: pd.DataFrame, negative: pd.DataFrame, rows: pd.DataFrame, seed: int
) -> Figures:
    """How many positives are found, and how many of the found are named right."""
    at = interval(recall_at, _scores(positive, negative), seed)
    n = len(positive)
    detected = positive[positive["detected"]]
    return {
        "recall": proportion(positive["detected"]),
        "recall at 5 %": replace(at, n=n, hits=0 if np.isnan(at.value) else round(at.value * n)),
        "family right": _named(detected["family"], detected["accepted"], rows["family"]),
        "class right": _named(detected["klass"], detected["classes"], rows["klass"]),
    }


def _named(claimed: pd.Series, right: pd.Series, ever: pd.Series) -> Figure:
    if not any(ever):  # a detector that never names one is not wrong
        return proportion([])
    return proportion([bool(s) and s in r.split(";") for s, r in zip(claimed, right, strict=True)])


def _scores(
    positive: pd.DataFrame, negative: pd.DataFrame, column: str = "score"
) -> tuple[np.ndarray, np.ndarray]:
    return positive[column].to_numpy(float), negative[column].to_numpy(float)


def _median(values: pd.Series, seed: int) -> Figure:
    return interval(np.median, (values.dropna().to_numpy(float),), seed)
