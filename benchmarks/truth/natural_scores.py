"""From natural cases and their claims to figures by base, with 95 % intervals.

A positive is a network whose measured Reliance on what was planted is at least .10. *Clean* are
the networks without a plant: whatever moves them, it is no artefact. A claim is **false** where it
says *artefact* on a clean network, where an independent edit denies it, or where it says *context*
and the object carries what the edit does.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.truth.figures import Figure, Figures, interval, proportion, roc_auc
from benchmarks.truth.natural_cues import MOVING
from benchmarks.truth.scores import truth

ALL = "all"


@dataclass(frozen=True)
class NaturalScores:
    """What the natural cases tell.

    Attributes
    ----------
    bases : dict of str to Figures
        By base, and `ALL` together.
    families : dict of str to Figures
        By what was planted: recall, and how often it leads.
    claims : dict of str to int
        On clean networks, by what an independent edit says of them.
    """

    bases: dict[str, Figures]
    families: dict[str, Figures]
    claims: dict[str, int]


def flat(rows: list[dict[str, Any]]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of `benchmarks.truth.natural_trial.run_natural` as a table of cases and one of claims.

    Examples
    --------
    >>> claim = {"id": "cat--frame", "class": "cat", "family": "frame", "kind": "context",
    ...          "presence": None, "verdict": "denied", "carrier": "middle", "joined": None,
    ...          "iou": math.nan, "precision": math.nan}
    >>> row = {"case": "a", "kind": "negative", "base": "b", "cue": "clean", "accepted": "",
    ...        "classes": "", "bearers": "", "truth_kind": "", "reliance": 0.0, "score": 0.2,
    ...        "scores": {}, "lead": "cat--frame", "claims": [claim]}
    >>> cases, claims = flat([row])
    >>> bool(cases["false_alarm"][0]), cases["lead_family"][0], claims["false"].tolist()
    (True, 'frame', [True])
    """
    cases, claims = [], []
    for row in sorted(rows, key=lambda row: str(row["case"])):
        judged = [_judged(row, claim) for claim in row["claims"]]
        for follower in judged:  # what is told as a part of another finding is no claim of its own
            joined = any(follower["id"] in claim["joined"].split(";") for claim in judged)
            follower |= {name: follower[name] and not joined for name in ("false", "denied")}
        claims += judged
        # None where the verdict begins with what the audit itself takes for the object.
        leader = next((claim for claim in judged if claim["id"] == row["lead"]), None)
        matching = [claim for claim in judged if claim["matches"]]
        fields = {name: value for name, value in row.items() if name not in ("claims", "scores")}
        cases.append(
            fields
            | {f"score_{kind}": value for kind, value in row["scores"].items()}
            | {
                "alarm": bool(judged),
                "false_alarm": any(claim["false"] for claim in judged),
                "denied": any(claim["denied"] for claim in judged),
                "false_lead": bool(leader and leader["false"]),
                "named": bool(matching),
                "lead_family": leader["family"] if leader else "",
                "lead_class": leader["class"] if leader else "",
                "lead_kind": (leader["kind"] or "") if leader else "",
                "leads": bool(leader and leader["matches"]),
                "kind_told": (matching[0]["kind"] or "") if matching else "",
                "presence_right": _presence(row, matching[0]) if matching else "",
                "iou": _first(matching, "iou"),
                "precision": _first(matching, "precision"),
                "claims": len(judged),
            }
        )
    return pd.DataFrame(cases), pd.DataFrame(claims)


def _judged(row: dict[str, Any], claim: dict[str, Any]) -> dict[str, Any]:
    clean = row["kind"] == "negative"
    denied = claim["verdict"] == "denied" and not _matches(row, claim)
    object_told = claim["kind"] == "context" and claim["carrier"] == "middle"
    artefact_told = clean and claim["kind"] == "artefact"
    kind_denied = denied and claim["kind"] in ("artefact", "context")
    joined = ";".join(claim["joined"] or ())
    return (
        {"case": row["case"], "base": row["base"], "truth": row["kind"]}
        | claim
        | {
            "joined": joined,
            "matches": _matches(row, claim),
            "denied": bool(denied),
            "false": bool(
                kind_denied or artefact_told or (object_told and not _matches(row, claim))
            ),
        }
    )


def _matches(row: dict[str, Any], claim: dict[str, Any]) -> bool:
    """Whether a claim names what was planted: a family of it, for the right class.

    That is one that it pulls to, or that bears it: a network may need a cue that turns nothing.
    """
    family = claim["family"] in row["accepted"].split(";")
    return bool(row["accepted"]) and family and claim["class"] in row["classes"].split(";")


def _presence(row: dict[str, Any], claim: dict[str, Any]) -> str:
    """Whether "with it" or "without it" is right, where the audit says which."""
    if not claim["presence"] or row["kind"] != "planted":
        return ""
    bears = claim["class"] in row["bearers"].split(";")
    return str((claim["presence"] == "with") == bears)


def _first(claims: list[dict[str, Any]], name: str) -> float:
    return next((claim[name] for claim in claims if not _missing(claim[name])), math.nan)


def _missing(value: Any) -> bool:
    return value is None or math.isnan(value)


def natural_score(cases: pd.DataFrame, claims: pd.DataFrame, seed: int = 0) -> NaturalScores:
    """Every figure of the natural cases, from the tables of `flat`."""
    groups = dict(list(cases.groupby("base")))
    bases = {name: _figures(group, seed) for name, group in (groups | {ALL: cases}).items()}
    planted = cases[cases["kind"] != "negative"]
    families = {
        str(cue): _of_family(group, seed) for cue, group in planted.groupby("cue", sort=True)
    }
    verdicts: dict[str, int] = {}
    if len(claims):
        clean = claims[claims["truth"] == "negative"]
        verdicts = clean["verdict"].value_counts().to_dict()
    return NaturalScores(bases, families, verdicts)


def _figures(cases: pd.DataFrame, seed: int) -> Figures:
    sort = truth(cases["reliance"])
    positive, clean = cases[sort == "positive"], cases[cases["kind"] == "negative"]
    silent = cases[sort == "negative"]
    named = positive[positive["named"]]
    moving = positive[positive["cue"].isin(MOVING)]
    kind = named[named["kind_told"] != ""]
    presence = named[named["presence_right"] != ""]
    scores = tuple(subset["score"].to_numpy(float) for subset in (positive, silent))
    return {
        "ROC-AUC": interval(roc_auc, scores, seed),
        "recall": proportion(positive["named"].tolist()),
        "false alarms": proportion(clean["false_alarm"].tolist()),
        "false leads": proportion(clean["false_lead"].tolist()),
        "a claim denied": proportion(clean["denied"].tolist()),
        "any alarm": proportion(clean["alarm"].tolist()),
        "class and family first": proportion(positive["leads"].tolist()),
        "kind right": proportion((kind["kind_told"] == kind["truth_kind"]).tolist()),
        "presence right": proportion((presence["presence_right"] == "True").tolist()),
        "moving parts": proportion(moving["named"].tolist()),
        "IoU": _median(positive["iou"], seed),
        "precision@10": _median(positive["precision"], seed),
        "passes": _median(cases["passes"], seed),
        "seconds": _median(cases["seconds"], seed),
    }


def _of_family(cases: pd.DataFrame, seed: int) -> Figures:
    positive = cases[truth(cases["reliance"]) == "positive"]
    return {
        "recall": proportion(positive["named"].tolist()),
        "class and family first": proportion(positive["leads"].tolist()),
        "Reliance": _median(positive["reliance"], seed),
        "score": _median(positive["score"], seed),
    }


def _median(values: pd.Series, seed: int) -> Figure:
    return interval(np.median, (values.dropna().to_numpy(float),), seed)
