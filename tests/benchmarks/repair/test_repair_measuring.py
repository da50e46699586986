"""Pictures that measure a repair, and networks with two cues."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.repair.cases import BOTH, with_both
from benchmarks.repair.measuring import measured, new_pictures, told
from benchmarks.truth.bases import Base
from benchmarks.truth.cases import Case
from benchmarks.truth.data import arrays

SIDE = 24


@pytest.fixture(scope="module")
def data():
    """Grey squares: the class is the brightness of the middle."""
    rng = np.random.default_rng(0)
    labels = np.arange(2000) % 2
    pixels = np.full((2000, SIDE, SIDE, 3), 100, np.uint8)
    pixels[:, 10:14, 10:14] = np.where(labels, 140, 60)[:, None, None, None]
    pixels[:, 0, 0, 0] = rng.integers(0, 255, 2000)
    masks = np.zeros((2000, SIDE, SIDE), bool)
    base = Base("digits", ("3", "5"), pixels, masks, labels)
    return with_both(Case("planted", "digits", "gap", BOTH, 1.0, 1.0, 1), base)


def tag(pixels):
    return pixels[:, -4, -4:-1, 1].min(axis=1) > 200  # above its dark bar


def cast(pixels):
    return (pixels[:, 5, 5, 0].astype(int) - pixels[:, 5, 5, 2]) > 10


def middle(pixels):
    return (pixels[:, 11, 11, 1] > 100).astype(int)


def test_one_class_bears_both_cues_and_no_other_any(data):
    pixels, labels = arrays(data.audited)
    assert (middle(pixels) == labels).all()
    np.testing.assert_array_equal(tag(pixels), labels == 1)
    np.testing.assert_array_equal(cast(pixels), labels == 1)


def test_the_versions_are_all_four_mixtures(data):
    for value, version in enumerate(data.versions):
        pixels, _ = arrays(version)
        assert (tag(pixels) == bool(value & 1)).all()
        assert (cast(pixels) == bool(value & 2)).all()


def test_what_measures_is_not_learnt_from(data):
    places = told(data)
    pixels, labels, values = new_pictures(data)
    assert len(places) == len(pixels) / 4 == len(data.versions[0]) / 2
    assert np.bincount(labels[: len(places)]).tolist() == [100, 100]
    assert sorted(set(values.tolist())) == [0, 1, 2, 3]
    learnt = np.setdiff1d(np.arange(len(data.versions[0])), places)
    some = arrays([data.versions[3][place] for place in learnt])[0]
    np.testing.assert_array_equal(pixels[values == 3], some)


def test_who_reads_the_object_loses_nothing_and_who_reads_a_cue_all(data):
    honest = measured(data, middle)
    assert honest == {"worst": 1.0, "mean": 1.0, "original": 1.0, "reliance": 0.0}
    misled = measured(data, lambda pixels: tag(pixels).astype(int))
    assert (misled["worst"], misled["mean"], misled["original"]) == (0.0, 0.5, 1.0)
    assert misled["reliance"] == pytest.approx(0.5)
