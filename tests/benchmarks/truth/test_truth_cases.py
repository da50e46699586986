"""The protocol has what it promises."""

from __future__ import annotations

import math

from benchmarks.truth.cases import (
    CORRELATIONS,
    NEGATIVES,
    RECIPES,
    TUNED,
    is_fresh,
    protocol,
    quick,
    tuning,
)
from benchmarks.truth.cues import CUES
from benchmarks.truth.networks import NETWORKS

CASES = protocol("mnist")
HALF = 241


def test_every_cue_meets_every_strength_correlation_network_base_and_seed():
    for cue in CUES.values():
        of_cue = [case for case in CASES if case.cue == cue.name]
        pairs = {(case.strength, case.correlation) for case in of_cue}
        assert pairs == {(s, c) for s in cue.strengths for c in CORRELATIONS}
        assert {(case.network, case.base, case.seed) for case in of_cue} == {
            (n, b, s)
            for n in NETWORKS
            for b in ("scenes", "mnist")
            for s in range(5 if cue.name in TUNED else 7)
        }


def test_every_negative_and_recipe_on_every_network():
    for name in (*NEGATIVES, *RECIPES):
        assert {case.network for case in CASES if case.cue == name} == set(NETWORKS)
    assert sum(case.kind == "negative" for case in CASES) >= 60


def test_names_are_unique_and_fit_for_files():
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert not any(set(name) & set("/ \\:") for name in names)


def test_tuning_shares_no_seed_with_the_protocol_and_few_cues():
    chosen = tuning("mnist")
    assert {case.cue for case in chosen if case.kind == "planted"} == set(TUNED)
    assert not {case.seed for case in chosen} & {case.seed for case in CASES}


def test_without_mnist_digits_are_drawn_and_recipes_left_out():
    cases = protocol("digits")
    assert {case.base for case in cases} == {"scenes", "digits"}
    assert not any(case.kind == "recipe" for case in cases)


def test_the_first_half_is_a_protocol_of_its_own():
    planted = [
        case for case in CASES if case.kind == "planted" and not is_fresh("planted", case.seed)
    ]
    half = [case for case in CASES[:HALF] if case.kind == "planted"]
    cells = [(case.cue, case.network, case.seed) for case in half]
    assert len(half) == len(planted) / 2 == len(set(cells))
    for cue in CUES:
        assert {case.base for case in half if case.cue == cue} == {"scenes", "mnist"}
    clean = [case for case in CASES[:HALF] if case.kind == "negative"]
    assert len(clean) >= 60
    assert {(case.cue, case.network) for case in clean} == {
        (cue, network) for cue in NEGATIVES for network in NETWORKS
    }


def test_the_fresh_ones_come_last_and_chose_nothing():
    fresh = [case for case in CASES if is_fresh(case.kind, case.seed)]
    assert fresh == list(CASES[-len(fresh) :])
    assert {case.cue for case in fresh} == (set(CUES) - set(TUNED)) | set(NEGATIVES)
    assert {case.base for case in fresh} == {"scenes", "mnist"}


def test_any_beginning_is_a_fair_sample():
    begun = CASES[:120]
    assert {case.base for case in begun} >= {"scenes", "mnist"}
    assert {case.network for case in begun} == set(NETWORKS)
    assert len({case.cue for case in begun if case.kind == "planted"}) == len(CUES)
    assert all(math.isfinite(case.correlation) == (case.kind == "planted") for case in begun)


def test_the_quick_part_has_every_cue_and_every_negative():
    cases = quick("digits")
    assert {case.cue for case in cases} == {*CUES, *NEGATIVES}
    assert {case.correlation for case in cases if case.kind == "planted"} == {0.9, 1.0}
    assert set(cases) <= set(protocol("digits"))
