"""Figures of natural cases, from rows made by hand."""

from __future__ import annotations

import datetime
import json
import math
from typing import Any

import pytest

from benchmarks.truth.measured import write_natural
from benchmarks.truth.natural_scores import ALL, flat, natural_score
from benchmarks.truth.natural_table import natural_tables
from benchmarks.truth.table import as_text


def claim(**fields: Any) -> dict[str, Any]:
    plain = {
        "id": "car--part", "class": "car", "family": "part", "kind": "artefact",
        "presence": "with", "verdict": "borne out", "carrier": "surroundings", "joined": None,
        "iou": math.nan, "precision": math.nan,
    }  # fmt: skip
    return plain | fields


def row(case: str, *claims: dict[str, Any], **fields: Any) -> dict[str, Any]:
    plain = {
        "case": case, "kind": "planted", "base": "cifar10_five", "cue": "ruler",
        "accepted": "part;region", "classes": "car", "bearers": "car", "truth_kind": "artefact",
        "reliance": 0.4, "score": 0.5, "scores": {"artefact": 0.5}, "lead": "car--part",
        "passes": 1000, "seconds": 60.0, "claims": list(claims),
    }  # fmt: skip
    return plain | fields


def clean(case: str, *claims: dict[str, Any], score: float = 0.0) -> dict[str, Any]:
    return row(
        case, *claims, kind="negative", cue="clean", accepted="", classes="", bearers="",
        truth_kind="", reliance=0.0, score=score, lead=claims[0]["id"] if claims else None,
    )  # fmt: skip


def figures(*rows: dict[str, Any]):
    return natural_score(*flat(list(rows))).bases[ALL]


def test_a_planted_part_that_leads_is_right_in_all():
    rates = figures(row("a", claim(iou=0.6, precision=0.9)), clean("b"))
    for name in ("recall", "class and family first", "kind right", "presence right"):
        assert (rates[name].hits, rates[name].n) == (1, 1), name
    assert (rates["moving parts"].hits, rates["IoU"].value) == (1, 0.6)
    assert rates["precision@10"].value == 0.9
    assert (rates["false alarms"].hits, rates["any alarm"].hits) == (0, 0)
    assert rates["ROC-AUC"].value == 1


@pytest.mark.parametrize(
    ("changed", "wrong"),
    [
        ({"family": "frame"}, "recall"),
        ({"class": "bird"}, "recall"),
        ({"kind": "context"}, "kind right"),
        ({"presence": "without"}, "presence right"),
        ({"id": "car--region"}, "class and family first"),
    ],
)
def test_what_is_wrong_is_counted_wrong(changed, wrong):
    first = claim(family="frame", id="car--part")
    assert (
        figures(
            row("a", first, claim(**changed)) if "id" in changed else row("a", claim(**changed))
        )[wrong].hits
        == 0
    )


@pytest.mark.parametrize(
    ("changed", "false", "denied"),
    [
        ({"kind": "artefact"}, True, False),
        ({"kind": "context"}, False, False),
        ({"kind": "context", "carrier": "middle"}, True, False),
        ({"kind": "context", "verdict": "denied"}, True, True),
        ({"kind": "unknown", "verdict": "open"}, False, False),
        ({"kind": "unknown", "verdict": "denied"}, False, True),
        ({"kind": None, "verdict": "denied"}, False, True),
    ],
)
def test_false_alarms_on_clean_networks(changed, false, denied):
    rates = figures(clean("a", claim(**changed)), clean("b"))
    assert rates["any alarm"].hits == 1
    assert rates["a claim denied"].hits == denied
    assert rates["false alarms"].hits == rates["false leads"].hits == false
    assert rates["false alarms"].n == 2


def test_a_planted_claim_is_never_denied_by_an_edit_that_fails_to_make_it():
    _, claims = flat([row("a", claim(verdict="denied"))])
    assert claims["false"].tolist() == [False]


def test_a_follower_is_no_claim_of_its_own():
    leader = claim(kind="context", joined=["car--frame"])
    follower = claim(id="car--frame", kind="unknown", verdict="denied")
    assert figures(clean("a", leader, follower))["a claim denied"].hits == 0
    assert figures(clean("a", claim(kind="context"), follower))["a claim denied"].hits == 1


def test_where_the_object_leads_nothing_planted_comes_first():
    rates = figures(row("a", claim(), lead="car--object"))
    assert (rates["recall"].hits, rates["class and family first"].hits) == (1, 0)


def test_what_is_told_as_one_cause_counts_by_its_leader():
    rows = [row("a", claim(id="x", family="tag"), claim(id="car--part"), lead="car--part")]
    cases, _ = flat(rows)
    assert cases["leads"].tolist() == [True]


def test_tables_have_a_column_for_each_base_and_say_which_aim_is_missed():
    rows = [row("a", claim()), row("b", base="fashion_five"), clean("c", claim())]
    text = as_text(natural_tables(natural_score(*flat(rows))))
    assert "cifar10_five" in text
    assert "fashion_five" in text
    assert "≥ 90 no" in text
    assert "1 of 2, 50" in text


def test_natural_figures_stand_beside_the_others_in_the_shipped_file(tmp_path):
    file = tmp_path / "measured.json"
    file.write_text(json.dumps({"date": "2026-01-01", "cases": 9, "recall": {"blur": [1, 2]}}))
    scores = natural_score(*flat([row("a", claim()), clean("b"), clean("c", claim())]))
    write_natural(file, scores, datetime.date(2026, 2, 3), "abc")
    written = json.loads(file.read_text())
    assert (written["date"], written["cases"], written["recall"]) == (
        "2026-01-01",
        9,
        {"blur": [1, 2]},
    )
    natural = written["natural"]
    assert (natural["date"], natural["source"]) == ("2026-02-03", "abc")
    assert natural["bases"]["cifar10_five"]["recall"]["hits"] == 1
    assert "named 1 of 1 planted cues" in natural["footnote"]
    assert "false alarm on 1 of 2 networks" in natural["footnote"]


def test_without_any_claim_there_are_tables_as_well():
    assert "Natural pictures" in as_text(natural_tables(natural_score(*flat([clean("a")]))))
