"""The natural protocol has what it promises."""

from __future__ import annotations

import math

from benchmarks.truth.cases import NATURAL_NEGATIVES
from benchmarks.truth.natural_cases import (
    natural_cues,
    natural_protocol,
    natural_quick,
    natural_tuning,
)
from benchmarks.truth.natural_cues import NATURAL_CUES
from benchmarks.truth.networks import NETWORKS

ARRAYS, PHOTOS = ("cifar10_five", "fashion_five"), ("pets",)
CASES = natural_protocol(ARRAYS, PHOTOS)


def test_every_cue_meets_every_network_and_base():
    assert set(NATURAL_CUES) <= {cue.name for cue in natural_cues()}
    for cue in natural_cues():
        of_cue = [case for case in CASES if case.cue == cue.name]
        small = {(base, network) for base in ARRAYS for network in NETWORKS}
        assert {(case.base, case.network) for case in of_cue} == small | {("pets", "backbone")}
        assert len({(case.strength, case.correlation) for case in of_cue}) == 4


def test_there_are_sixty_networks_without_a_plant_trained_well_and_badly():
    clean = [case for case in CASES if case.kind == "negative"]
    assert len(clean) >= 60
    assert {case.cue for case in clean} == set(NATURAL_NEGATIVES)
    assert {case.base for case in clean} == {*ARRAYS, *PHOTOS}


def test_all_are_natural_and_names_are_unique_and_fit_for_files():
    assert all(case.natural for case in CASES)
    names = [case.name for case in CASES]
    assert len(set(names)) == len(names)
    assert not any(set(name) & set("/ \\:,") for name in names)


def test_tuning_shares_no_seed_with_the_protocol():
    assert {case.seed for case in natural_tuning(ARRAYS, PHOTOS)} == {-1, -2}
    assert min(case.seed for case in CASES) == 10  # lower ones were looked at


def test_grounds_need_both_of_their_bases():
    assert any(case.kind == "context" for case in CASES)
    assert not any(case.kind == "context" for case in natural_protocol(ARRAYS[:1], ()))


def test_the_quick_part_is_small_and_of_the_protocol():
    chosen = natural_quick(ARRAYS, PHOTOS)
    assert set(chosen) <= set(CASES)
    assert len(chosen) <= 10
    assert {case.base for case in chosen} == {*ARRAYS, *PHOTOS}
    assert all(case.kind != "planted" or math.isfinite(case.strength) for case in chosen)
