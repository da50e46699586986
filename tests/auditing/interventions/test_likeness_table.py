"""What lies over whole pictures of a class sets it apart in most of their parts; a tag does not."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from camcore.auditing.edits import Images, probe_named
from camcore.auditing.interventions.likeness_table import likeness_table
from camcore.auditing.rules import RULES

_EACH = 80


@dataclass
class Shelf:
    """Pictures by their ids, as a pool hands them out."""

    pixels: np.ndarray

    def hold(self, ids: np.ndarray) -> np.ndarray:
        return np.ones(len(ids), bool)

    def images(self, ids: np.ndarray) -> Images:
        return Images(self.pixels[ids])


def alike(pixels: np.ndarray, probe: str, column: str = "alike") -> float:
    """Of the first class of three."""
    images = pd.DataFrame({"klass": np.repeat([0, 1, 2], _EACH)})
    table = likeness_table(0, [probe_named(probe)], images, Shelf(pixels))
    return float(table[column].iloc[0])


@pytest.fixture
def photographs() -> np.ndarray:
    """Blobs of any light in front of any light; black and white are nearly always there."""
    rng = np.random.default_rng(0)
    down, across = np.mgrid[:32, :32]
    pictures = []
    for _ in range(3 * _EACH):
        waves = sum(
            np.sin(2 * np.pi * (a * down + b * across + c))
            for a, b, c in rng.uniform(-0.1, 0.1, (4, 3)) * [1, 1, 10]
        )
        grain = rng.normal(0, 12, (32, 32, 3))
        pictures.append(rng.uniform(90, 150) + 30 * waves[..., None] + grain)
    return np.clip(np.stack(pictures), 0, 255).astype(np.uint8)


def test_a_light_over_whole_pictures_sets_their_class_apart(photographs):
    lit = photographs.astype(int)
    lit[:_EACH] += 40
    assert alike(np.clip(lit, 0, 255).astype(np.uint8), "brightness") >= RULES.levels_apart
    assert alike(photographs, "brightness") < RULES.levels_apart / 2


def test_a_cast_sets_apart_by_the_difference_between_channels(photographs):
    warm = photographs.astype(int)
    warm[:_EACH] += (24, 0, -24)
    assert alike(np.clip(warm, 0, 255).astype(np.uint8), "colour") >= RULES.levels_apart


def test_a_tag_changes_the_whole_and_its_own_quarter_only(photographs):
    tagged = photographs.copy()
    tagged[:_EACH, :6, :6] = 255
    assert alike(tagged, "brightness") < RULES.levels_apart


def test_what_two_classes_show_sets_neither_apart(photographs):
    lit = photographs.astype(int)
    lit[: 2 * _EACH] += 40
    assert alike(np.clip(lit, 0, 255).astype(np.uint8), "brightness") < RULES.levels_apart


def test_a_thin_border_fills_little_of_a_frame_and_is_there_in_most_pictures(photographs):
    framed = photographs.copy()
    border = np.ones(framed.shape[1:3], bool)
    border[1:-1, 1:-1] = False
    bearing = np.flatnonzero(np.arange(_EACH) % 10)  # nine of ten
    framed[bearing[:, None], border] = (190, 30, 30)
    share = border.sum() / probe_named("ring 1/8").region.mask(32, 32).sum()
    assert alike(framed, "ring 1/8", "stamped") == pytest.approx(share)
    assert alike(photographs, "ring 1/8", "stamped") == 0
    assert np.isnan(alike(framed, "brightness", "stamped"))


def test_only_what_takes_turns_in_many_places_may_be_rarer_in_each(photographs):
    turns = photographs.copy()
    tag = np.random.default_rng(1).integers(0, 256, (8, 8, 3))
    corners = [np.s_[:8, :8], np.s_[:8, -8:], np.s_[-8:, :8], np.s_[-8:, -8:]]
    for place in range(_EACH):
        turns[place][corners[place % 4]] = tag
    assert alike(turns, "corners 1/4") == 1
    assert alike(turns, "cells 4x4: 0,0 3,3") == 0
