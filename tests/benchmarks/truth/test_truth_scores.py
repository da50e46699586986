from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from benchmarks.truth import figures, scores
from camcore.errors import InputError

PLANTED = ("fixed tag", "tag;region", "cat")


def case(name, reliance, kind="planted", **columns):
    cue, accepted, classes = PLANTED if kind == "planted" else ("clean", "", "")
    row = {
        "case": name, "kind": kind, "base": "scenes", "network": "gap", "cue": cue, "strength": 0.5,
        "correlation": 0.9, "seed": 0, "reliance": reliance, "passes": 100, "seconds": 2.0,
        "effect": reliance, "iou": np.nan, "flag_auc": np.nan, "accepted": accepted,
        "classes": classes, "tuned": False, "fresh": True,
    }  # fmt: skip
    return row | columns


def verdict(name, score, detected, family="tag", klass="cat"):
    row = {"case": name, "detector": "audit", "score": score, "detected": detected}
    return row | {"family": family, "klass": klass}


@pytest.fixture
def frames():
    """Three positives, one in the middle, one not learned, two clean runs; one false alarm."""
    cases = pd.DataFrame(
        [
            case("p1", 0.5, iou=0.8, flag_auc=0.9),
            case("p2", 0.3, iou=0.4, flag_auc=0.7, tuned=True),
            case("p3", 0.1, effect=0.0, cue="blur", accepted="blur", classes="dog", fresh=False),
            case("m", 0.05),
            case("u", 0.0),
            case("n1", np.nan, "negative", effect=np.nan),
            case("n2", np.nan, "negative", effect=np.nan, cue="padding"),
        ]
    )
    verdicts = pd.DataFrame(
        [
            verdict("p1", 0.9, True),
            verdict("p2", 0.8, True, "frame", "dog"),
            verdict("p3", 0.2, False, None, None),
            verdict("m", 0.6, True),
            verdict("u", 0.2, False, None, None),
            verdict("n1", 0.85, True),
            verdict("n2", 0.1, False, None, None),
        ]
    )
    return cases, verdicts


@pytest.fixture
def audit(frames):
    return scores.score(*frames)


def counts(figure):
    return figure.hits, figure.n


def test_auc_agrees_with_scikit_learn_where_scores_tie():
    rng = np.random.default_rng(1)
    positives, negatives = rng.integers(2, 8, 40) / 10, rng.integers(0, 6, 30) / 10
    expected = roc_auc_score([1] * 40 + [0] * 30, np.concatenate([positives, negatives]))
    assert figures.roc_auc(positives, negatives) == pytest.approx(expected)


def test_auc_of_constant_scores_is_chance():
    assert figures.roc_auc(np.ones(3), np.ones(4)) == 0.5


@pytest.mark.parametrize(
    ("negatives", "recall"),
    [
        (np.arange(19.0), 1 / 4),  # one of 19 would be 5.3 %: none may exceed the threshold, 18
        (np.arange(20.0), 1 / 4),  # one of 20 is 5 %: 19 may exceed the threshold, 18
        (np.arange(40.0) / 2, 1 / 4),  # two of 40: 19.5 and 19 may exceed 18.5
        (np.zeros(20), 1.0),
    ],
)
def test_recall_at_five_per_cent(negatives, recall):
    assert figures.recall_at(np.array([1.0, 18.0, 18.0, 18.6]), negatives) == recall


def test_a_positive_at_the_threshold_is_not_recalled():
    assert figures.recall_at(np.array([1.0, 1.0]), np.ones(20)) == 0.0


def test_wilson_of_none_in_sixty():
    figure = figures.proportion([False] * 60)
    # z^2 / (n + z^2), with z = 1.959964
    assert (figure.low, figure.high) == (0.0, pytest.approx(3.841459 / 63.841459))


def test_no_cases_have_no_proportion():
    figure = figures.proportion([])
    assert (figure.n, figure.hits) == (0, 0)
    assert np.isnan([figure.value, figure.low, figure.high]).all()


def test_interval_covers_the_normal_one_and_repeats_by_seed():
    sample = np.random.default_rng(2).normal(size=400)
    figure = figures.interval(np.mean, (sample,), seed=3)
    half = 1.96 * sample.std() / 20
    assert (figure.low, figure.high) == pytest.approx(
        (sample.mean() - half, sample.mean() + half), abs=0.02
    )
    assert figure == figures.interval(np.mean, (sample,), seed=3)
    assert figure != figures.interval(np.mean, (sample,), seed=4)


def test_one_case_has_a_value_and_no_interval():
    figure = figures.interval(np.median, (np.array([0.4]),), seed=0)
    assert figure.value == 0.4
    assert np.isnan([figure.low, figure.high]).all()


def test_constant_effects_have_no_rank_correlation():
    arrays = (np.zeros(5), np.arange(5.0))
    figure = figures.interval(figures.rank_correlation, arrays, seed=0, paired=True)
    assert np.isnan([figure.value, figure.low, figure.high]).all()


def test_one_case_has_no_rank_correlation():
    figure = figures.interval(figures.rank_correlation, (np.ones(1), np.ones(1)), 0, paired=True)
    assert np.isnan(figure.value)


def test_rank_correlation_of_ties():
    # ranks 1.5, 1.5, 3 and 1, 2, 3: covariance 1.5, variances 1.5 and 2
    value = figures.rank_correlation(np.array([0.0, 0.0, 1.0]), np.array([0.1, 0.2, 0.3]))
    assert value == pytest.approx(1.5 / np.sqrt(1.5 * 2))


def test_middle_is_on_no_curve_and_reported_apart(audit):
    figures = audit.audit
    assert counts(figures["middle detected"]) == (1, 1)
    assert figures["ROC-AUC"].n == 6
    # p1 above u, n1, n2; p2 above u, n2; p3 ties with u and is above n2
    assert figures["ROC-AUC"].value == pytest.approx((3 + 2 + 1.5) / 9)
    assert counts(figures["recall"]) == (2, 3)
    assert counts(figures["precision"]) == (2, 3)  # n1 is the false alarm
    assert counts(figures["false alarms"]) == (1, 2)  # of the clean runs, without u
    assert counts(figures["recall at 5 %"]) == (1, 3)  # above n1


def test_names_are_those_of_detected_positives(audit):
    assert counts(audit.audit["family right"]) == (1, 2)
    assert counts(audit.audit["class right"]) == (1, 2)


def test_an_accepted_family_is_any_of_the_list(frames):
    cases, verdicts = frames
    verdicts.loc[verdicts["case"] == "p2", "family"] = "region"
    assert counts(scores.score(cases, verdicts).audit["family right"]) == (2, 2)


def test_saying_nothing_is_never_right(frames):
    cases, verdicts = frames
    verdicts.loc[verdicts["case"] == "p2", "family"] = None
    cases["accepted"] = ""
    assert counts(scores.score(cases, verdicts).audit["family right"]) == (0, 2)


def test_places_images_and_costs(audit):
    figures = audit.audit
    assert figures["IoU"].value == pytest.approx(0.6)
    assert counts(figures["IoU >= .5"]) == (1, 2)
    assert figures["flag AUC"].value == pytest.approx(0.8)
    assert (figures["passes"].value, figures["seconds"].value) == (100, 2)
    # effects .5 .3 0 .05 0 against .5 .3 .1 .05 0: ranks 5 4 1.5 3 1.5 against 5 4 3 2 1
    assert figures["Spearman"].value == pytest.approx(8 / np.sqrt(9.5 * 10))
    assert figures["Spearman"].n == 5


def test_families_stand_on_what_was_learned(audit):
    tag, blur = audit.families["fixed tag"], audit.families["blur"]
    assert audit.planted == {"fixed tag": 4, "blur": 1}
    assert counts(tag["recall"]) == (2, 2)
    assert counts(tag["recall at 5 %"]) == (1, 2)
    assert (tag["effect"].value, tag["Reliance"].value) == (0.4, 0.4)
    assert counts(blur["recall"]) == (0, 1)
    assert counts(blur["family right"]) == (0, 0)
    assert (blur["effect"].value, blur["Reliance"].value) == (0.0, 0.1)


def test_clean_runs_by_kind(audit):
    assert {kind: counts(figure) for kind, figure in audit.negatives.items()} == {
        "clean": (1, 1),
        "padding": (0, 1),
    }


def test_left_out_is_without_the_tuned_families(audit):
    assert counts(audit.left_out["recall"]) == (1, 2)
    assert audit.left_out["IoU"].value == 0.8
    assert counts(audit.fresh["recall"]) == (1, 1)


def test_margin_is_paired_over_common_cases(frames):
    cases, verdicts = frames
    # turned round on all cases but p3, which the baseline did not answer
    other = verdicts[verdicts["case"] != "p3"].assign(
        detector="SpRAy", score=-verdicts["score"], family=None, klass=None
    )
    result = scores.score(cases, pd.concat([verdicts, other]))
    margin = result.margins["SpRAy"]
    assert margin.auc.n == 5
    assert margin.auc.value == pytest.approx(5 / 6 - 1 / 6)
    assert margin.auc.low <= margin.auc.value <= margin.auc.high
    assert not margin.apart
    assert counts(result.detectors["SpRAy"]["recall"]) == (2, 2)
    assert counts(result.detectors["SpRAy"]["family right"]) == (0, 0)
    assert set(result.detectors) == {"audit", "SpRAy"}


def test_a_perfect_audit_stands_apart_from_a_reversed_one(frames):
    cases, verdicts = frames
    verdicts["score"] = cases["reliance"].fillna(0)
    reversed_ = verdicts.assign(detector="SpRAy", score=-verdicts["score"])
    margin = scores.score(cases, pd.concat([verdicts, reversed_])).margins["SpRAy"]
    assert (margin.auc.value, margin.auc.low, margin.auc.high) == (1, 1, 1)
    assert margin.apart


def test_files_give_the_same_figures(frames, tmp_path):
    cases, verdicts = frames
    cases["classes"], verdicts["klass"] = (
        "0;None",
        verdicts["klass"].map({"cat": "0", "dog": "None"}),
    )
    for name, frame in zip(("cases", "verdicts"), (cases, verdicts), strict=True):
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
    result = scores.score(*scores.read(tmp_path))
    assert counts(result.audit["class right"]) == (2, 2)
    assert repr(result) == repr(scores.score(cases, verdicts))


def test_verdicts_that_cannot_be_used(frames):
    cases, verdicts = frames
    with pytest.raises(InputError, match="two verdicts on 'p1'"):
        scores.score(cases, pd.concat([verdicts, verdicts.head(1)]))
    with pytest.raises(InputError, match="'p1', which is not among the cases"):
        scores.score(cases.iloc[1:], verdicts)
    with pytest.raises(InputError, match="no score on 'p2'"):
        scores.score(cases, verdicts.assign(score=verdicts["score"].replace(0.8, np.nan)))
    with pytest.raises(InputError, match="run the detector 'audit'"):
        scores.score(cases, verdicts.assign(detector="SpRAy"))
