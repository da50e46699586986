"""The protocol has what it promises."""

from __future__ import annotations

import math

from benchmarks.truth.cases import CORRELATIONS, NEGATIVES, RECIPES, TUNED, protocol, tuning
from benchmarks.truth.cues import CUES
from benchmarks.truth.networks import NETWORKS

CASES = protocol("mnist")


def test_every_cue_meets_every_strength_correlation_network_base_and_seed():
    for cue in CUES.values():
        own = [case for case in CASES if case.cue == cue.name]
        pairs = {(case.strength, case.correlation) for case in own}
        assert pairs == {(s, c) for s in cue.strengths for c in CORRELATIONS}
        assert {(case.network, case.base, case.seed) for case in own} == {
            (n, b, s) for n in NETWORKS for b in ("scenes", "mnist") for s in range(5)
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


def test_any_beginning_is_a_fair_sample():
    begun = CASES[:60]
    assert {case.base for case in begun} >= {"scenes", "mnist"}
    assert {case.network for case in begun} == set(NETWORKS)
    assert len({case.cue for case in begun if case.kind == "planted"}) == len(CUES)
    assert all(math.isfinite(case.correlation) == (case.kind == "planted") for case in begun)
