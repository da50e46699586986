"""Claims are tried on networks that are formulas, so that the answer is known beforehand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import ndimage

from benchmarks.truth.alarms import Held, carrier, check

SIDE, EACH = 32, 60
CORNER = {"rows": 4, "columns": 4, "cells": [[0, 0]]}
ACROSS = {"rows": 4, "columns": 4, "cells": [[3, 3]]}
RING = {
    "rows": 4, "columns": 4,
    "cells": [[r, c] for r in range(4) for c in range(4) if r in (0, 3) or c in (0, 3)],
}  # fmt: skip


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """Two classes of dull noise, alike in all."""
    rng = np.random.default_rng(4)
    pixels = rng.integers(60, 120, (2 * EACH, SIDE, SIDE, 3)).astype(np.uint8)
    return pixels, np.repeat([0, 1], EACH)


def odds_of(evidence: np.ndarray) -> np.ndarray:
    """Log-odds of both classes where positive evidence speaks for class 1."""
    return np.stack([-evidence, evidence], axis=1)


def light_at(place: tuple, threshold: float):
    """A network that tells class 1 by the light of one place."""
    return lambda pixels: odds_of((pixels[:, *place].mean(axis=(1, 2, 3)) - threshold) / 4)


def brightest_window(pixels: np.ndarray) -> np.ndarray:
    """A network that tells class 1 by something bright, wherever it is."""
    light = ndimage.uniform_filter(pixels.mean(axis=3), (0, 4, 4))
    return odds_of((light.max(axis=(1, 2)) - 160) / 8)


def held(log_odds, plant) -> Held:
    pixels, labels = pictures()
    for place in np.flatnonzero(labels == 1):
        plant(pixels[place], int(place))
    return Held(pixels, labels, None, log_odds)


def in_corner(picture: np.ndarray, _: int) -> None:
    picture[:8, :8] = 220


def in_middle(picture: np.ndarray, _: int) -> None:
    picture[12:20, 12:20] = 220


def anywhere(picture: np.ndarray, place: int) -> None:
    top, left = np.random.default_rng(place).integers(0, SIDE - 5, 2)
    picture[top : top + 5, left : left + 5] = 240


def test_a_tag_that_turns_the_network_is_borne_out():
    answer = check(held(light_at(np.s_[:8, :8], 150), in_corner), 1, "tag", CORNER, 0)
    assert answer.verdict == "borne out"
    assert answer.turns == pytest.approx(1, abs=0.05)
    assert answer.missed == pytest.approx(1, abs=0.05)
    assert carrier(answer) == "surroundings"


def test_a_claim_of_another_place_is_denied():
    answer = check(held(light_at(np.s_[:8, :8], 150), in_corner), 1, "tag", ACROSS, 0)
    assert answer.verdict == "denied"
    assert answer.turns == pytest.approx(0, abs=0.02)


def test_a_frame_beside_an_object_is_denied():
    network = held(light_at(np.s_[12:20, 12:20], 150), in_middle)
    assert check(network, 1, "frame", RING, 0).verdict == "denied"


def test_light_of_the_middle_alone_is_carried_by_the_middle():
    network = held(light_at(np.s_[10:22, 10:22], 130), lambda picture, _: picture.__iadd__(60))
    answer = check(network, 1, "brightness", None, 0)
    assert answer.verdict == "borne out"
    assert answer.surroundings == pytest.approx(0, abs=0.05)
    assert carrier(answer) == "middle"


def test_masks_tell_the_object_where_they_are_known():
    by_light = held(light_at(np.s_[:8, :8], 130), lambda picture, _: picture.__iadd__(60))
    masks = np.zeros((2 * EACH, SIDE, SIDE), bool)
    masks[:, :8, :8] = True  # the object lies in a corner
    known = Held(by_light.pixels, by_light.labels, masks, by_light.log_odds)
    assert carrier(check(by_light, 1, "brightness", None, 0)) == "surroundings"
    assert carrier(check(known, 1, "brightness", None, 0)) == "middle"


def test_a_part_that_moves_is_found_wherever_it_is():
    answer = check(held(brightest_window, anywhere), 1, "part", None, 0)
    assert answer.verdict == "borne out"
    assert answer.turns > 0.6
    assert answer.missed > 0.6
    assert math.isnan(answer.surroundings)


def test_where_nothing_moves_no_part_is_borne_out():
    network = held(light_at(np.s_[:, :], 110), lambda picture, _: picture.__iadd__(50))
    assert check(network, 1, "part", None, 0).verdict == "denied"


def test_a_fixed_pattern_is_borne_out_and_taken_out_again():
    rng = np.random.default_rng(8)
    mark = rng.choice([-12, 12], (SIDE, SIDE, 1))

    def log_odds(pixels: np.ndarray) -> np.ndarray:
        fine = (pixels.astype(float) * mark).mean(axis=(1, 2, 3))
        return odds_of(fine - 60)

    def plant(picture: np.ndarray, _: int) -> None:
        picture[:] = (picture + mark).astype(np.uint8)

    assert check(held(log_odds, plant), 1, "watermark", None, 0).verdict == "borne out"


def test_what_no_edit_can_try_is_untried():
    assert check(held(brightest_window, anywhere), 1, "dimensions", None, 0).verdict == "untried"
