"""Edited pictures among real ones: by hand, and a gray ground where all are black."""

import numpy as np
import pytest

from camcore.auditing.interventions.realism import (
    PropertyRealism,
    Realism,
    pooled,
    properties_of,
)
from camcore.auditing.rules import RULES

RNG = np.random.default_rng(0)


def test_real_pictures_that_were_left_out_are_real():
    everything = RNG.normal(size=(600, 8)) @ RNG.normal(size=(8, 8))
    share = (Realism(everything[:300]).of(everything[300:]) >= 1).mean()
    assert share >= 1 - 3 * RULES.unreal


def test_how_real_a_point_is_by_hand():
    """Nine points one apart: inner balls reach 2, those of the ends 3, and the spread cancels.

    Left out, the two ends lie 1 from a ball of 2 or 3 that is nearest to them: the limit is about
    2. A point d beyond the end lies d from a ball of 3, hence 3 / d over the limit.
    """
    line = np.arange(9.0)[:, None]
    near, far = Realism(line).of(np.array([[8.5], [18.0]]))
    assert near / far == pytest.approx((3 / 0.5) / (3 / 10), rel=1e-4)
    assert near > 1 > far


def test_what_no_real_picture_has_is_unreal_although_it_is_small():
    """All vary in one direction by 100; another one of 20 is new."""
    real = np.zeros((200, 3))
    real[:, 0] = RNG.normal(0, 100, 200)
    moved = real[:50] + np.array([0, 0, 40.0])
    realism = Realism(real)
    assert (realism.of(real[:50]) >= 1).all()
    assert (realism.of(moved) < 1).all()


def test_one_after_another_as_all_at_once():
    real = RNG.normal(size=(100, 4))
    realism = Realism(real)
    points = RNG.normal(size=(5, 4)) * 2
    alone = np.concatenate([realism.of(row[None]) for row in points])
    np.testing.assert_allclose(realism.of(points), alone, rtol=1e-5)
    assert realism.of(points).dtype == np.float32


def garments(count, ground=0, seed=0):
    """Garments of many sizes and shades on one ground."""
    rng = np.random.default_rng(seed)
    pictures = np.full((count, 48, 48, 3), ground, np.uint8)
    for picture in pictures:
        width, height = rng.integers(10, 44, 2)
        shade = rng.integers(80, 230)
        top, left = (48 - height) // 2, (48 - width) // 2
        shades = rng.normal(shade, 12, (height, width, 1)).clip(0, 255)
        picture[top : top + height, left : left + width] = shades.astype(np.uint8)
    return pictures


def test_a_gray_ground_is_unreal_where_all_grounds_are_black():
    realism = PropertyRealism(properties_of(garments(200)))
    assert (realism.of(properties_of(garments(60, seed=1))) >= 1).mean() >= 0.9
    assert (realism.of(properties_of(garments(60, ground=60, seed=1))) < 1).all()


def test_a_gray_ground_is_real_where_some_have_it():
    both = np.concatenate([garments(100), garments(100, ground=60, seed=2)])
    realism = PropertyRealism(properties_of(both))
    assert (realism.of(properties_of(garments(60, ground=60, seed=1))) >= 1).mean() >= 0.9


def test_features_are_means_of_the_maps():
    maps = RNG.normal(size=(2, 3, 4, 5)).astype(np.float32)
    assert pooled(maps)[1, 2] == pytest.approx(maps[1, :, :, 2].mean(), rel=1e-5)
