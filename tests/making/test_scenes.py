"""Rendered scenes: the same from the same seed, changed only by what was asked to change."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from camcore.errors import InputError
from camcore.making import scenes as renderer
from camcore.making.landscape.camera import Camera
from camcore.making.landscape.ground import Soil
from camcore.making.landscape.land import draw_land
from camcore.making.landscape.noise import texture
from camcore.making.landscape.sky import paint_sky
from camcore.making.landscape.tank import draw_tank
from camcore.making.landscape.tank_surface import paint_tank
from camcore.making.scenes import render_scene, scenes

SEEDS = range(6)


def test_a_scene_is_its_seed():
    first = render_scene(tank=True, sunny=True, seed=11)
    again = render_scene(tank=True, sunny=True, seed=11)
    other = render_scene(tank=True, sunny=True, seed=12)
    assert first.pixels.dtype == np.uint8
    assert first.pixels.shape == (128, 128, 3)
    assert first.mask.dtype == bool
    assert first.mask.shape == (128, 128)
    np.testing.assert_array_equal(first.pixels, again.pixels)
    np.testing.assert_array_equal(first.mask, again.mask)
    assert np.abs(first.pixels.astype(int) - other.pixels).mean() > 10


@pytest.mark.parametrize("seed", SEEDS)
def test_the_other_sky_leaves_the_tank_where_it_is(seed):
    sunny = render_scene(tank=True, sunny=True, seed=seed)
    cloudy = render_scene(tank=True, sunny=False, seed=seed)
    np.testing.assert_array_equal(sunny.mask, cloudy.mask)
    tops = (scene.pixels[:20].reshape(-1, 3).astype(int) for scene in (sunny, cloudy))
    blueness = [np.median(top[:, 2] - top[:, 0]) for top in tops]
    assert blueness[0] > blueness[1]


def test_only_what_is_asked_for_changes(monkeypatch):
    """Land, tank and camera are the same whatever the sky, and whether the tank is there."""
    drawn = []

    def spied(draw):
        def spy(*generators):
            drawn.append(draw(*generators))
            return drawn[-1]

        return spy

    monkeypatch.setattr(Camera, "drawn", spied(Camera.drawn))
    monkeypatch.setattr(renderer, "draw_land", spied(draw_land))
    for tank in (True, False):
        for sunny in (True, False):
            render_scene(tank=tank, sunny=sunny, seed=21, size=32)
    assert len(drawn) == 8
    assert len({repr(land) for land in drawn[::2]}) == 1
    assert len({repr(camera) for camera in drawn[1::2]}) == 1


@pytest.mark.parametrize("sunny", [True, False])
@pytest.mark.parametrize("seed", SEEDS)
def test_without_the_tank_only_its_place_changes(seed, sunny):
    tank = render_scene(tank=True, sunny=sunny, seed=seed)
    empty = render_scene(tank=False, sunny=sunny, seed=seed)
    assert not empty.mask.any()
    changed = (tank.pixels != empty.pixels).any(axis=2)
    rows, columns = np.nonzero(tank.mask)
    assert changed[tank.mask].mean() > 0.97
    # Its shadow and the thin end of its gun reach beyond the mask, by less than the tank's width.
    reach = np.ptp(columns) + 2
    far = np.ones_like(changed)
    far[
        max(0, rows.min() - reach) : rows.max() + reach,
        max(0, columns.min() - reach) : columns.max() + reach,
    ] = False
    assert far.any()
    assert not changed[far].any()


def test_a_tank_covers_what_its_coverage_says():
    rng = np.random.default_rng(5)
    noise = texture(256)
    _, light = paint_sky(True, rng, noise, 0.5)
    colors = np.array([[0.4, 0.4, 0.2], [0.3, 0.3, 0.2], [0.2, 0.3, 0.1]])
    for _ in range(5):
        tank = draw_tank(rng, 0.5, 0.7, 0.05, colors)
        black, white = np.zeros((256, 256, 3), np.float32), np.ones((256, 256, 3), np.float32)
        cover = paint_tank(black, tank, light, noise, 0.1)
        paint_tank(white, tank, light, noise, 0.1)
        for channel in range(3):
            np.testing.assert_allclose((white - black)[..., channel], 1 - cover, atol=1e-5)
        assert 0.01 < cover.mean() < 0.1


@pytest.mark.parametrize("seed", [3, 220, 245, 268])  # in view, behind bushes, behind a trunk
def test_a_mask_holds_what_is_seen_behind_bushes_and_trunks(seed, monkeypatch):
    """A tank painted plain black, then plain gray, shows where it is really seen."""
    plain = replace(
        Camera.drawn(np.random.default_rng(0)),
        gain=np.ones(3),
        gamma=1.0,
        saturation=1.0,
        vignette=0.0,
        noise=0.0,
    )
    monkeypatch.setattr(Camera, "drawn", lambda rng: plain)

    def seen(gray: float) -> np.ndarray:
        def paint(canvas, tank, light, noise, haziness):
            cover = paint_tank(canvas.copy(), tank, light, noise, haziness)
            canvas[:] = canvas * (1 - cover[..., None]) + gray * cover[..., None]
            return cover

        monkeypatch.setattr(renderer, "paint_tank", paint)
        scene = render_scene(tank=True, sunny=False, seed=seed)
        return scene.pixels.astype(float)[..., 1] / 255, scene.mask

    (black, mask), (bright, _) = seen(0.0), seen(0.6)
    cover = (bright - black) / 0.6
    assert cover[mask].min() > 0.48
    assert cover[~mask].max() < 0.52


def test_bushes_and_trunks_hide_some_of_some_tanks():
    """The scenes of the test above are not all in plain view."""
    hidden = 0
    for seed in range(40):
        of_land, of_tank = (np.random.default_rng([seed, part]) for part in (0, 1))
        land = draw_land(of_land, of_tank)
        reach = 3 * land.tank.scale
        hidden += any(
            it.y > land.tank.y
            and abs(it.x - land.tank.x) < reach
            and it.y - it.height < land.tank.y
            for it in land.plants
        )
    assert 5 < hidden < 40


def test_a_scene_is_the_same_picture_at_another_size():
    small = render_scene(tank=True, sunny=True, seed=4, size=64)
    large = render_scene(tank=True, sunny=True, seed=4, size=128)
    shrunk = large.pixels.reshape(64, 2, 64, 2, 3).mean(axis=(1, 3))
    both = [picture.astype(float).ravel() for picture in (small.pixels, shrunk)]
    assert np.corrcoef(both)[0, 1] > 0.9
    overlap = small.mask & (large.mask.reshape(64, 2, 64, 2).mean(axis=(1, 3)) >= 0.5)
    assert overlap.sum() > 0.8 * small.mask.sum()


def test_scenes_differ_in_more_than_the_sky():
    several = list(scenes("fair", 24, seed=5))
    light = [scene.pixels.mean() for scene in several]
    masks = [scene.mask for scene in several if scene.tank]
    centers = np.array([np.argwhere(mask).mean(axis=0) for mask in masks])
    sizes = [mask.mean() for mask in masks]
    assert np.std(light) > 5
    assert np.ptp(centers[:, 1]) > 40
    assert np.ptp(centers[:, 0]) > 10
    assert max(sizes) > 2 * min(sizes)
    assert min(sizes) > 0.008


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        ("laboratory", {(True, True): 6, (False, False): 6}),
        ("field", {(True, False): 6, (False, True): 6}),
        ("fair", {(True, True): 3, (True, False): 3, (False, True): 3, (False, False): 3}),
    ],
)
def test_a_kind_ties_sky_and_tank_as_it_says(kind, cells):
    several = list(scenes(kind, 12, seed=8, size=32))
    assert Counter((scene.tank, scene.sunny) for scene in several) == cells
    assert all(scene.mask.any() == scene.tank for scene in several)
    assert len({scene.seed for scene in several}) == 12
    scene = several[5]
    again = render_scene(tank=scene.tank, sunny=scene.sunny, seed=scene.seed, size=32)
    np.testing.assert_array_equal(scene.pixels, again.pixels)


def test_other_seeds_and_kinds_give_other_scenes():
    drawn = [
        frozenset(scene.seed for scene in scenes(kind, 8, seed=seed, size=32))
        for kind in renderer.KINDS
        for seed in (0, 1)
    ]
    assert len(frozenset.union(*drawn)) == 8 * len(drawn)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"kind": "jungle", "count": 4}, "jungle"),
        ({"kind": "fair", "count": 0}, "count is 0"),
        ({"kind": "fair", "count": 4, "seed": -1}, "seed is -1"),
        ({"kind": "fair", "count": 4, "size": 31}, "size is 31"),
        ({"kind": "fair", "count": 4, "size": 1025}, "size is 1025"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    with pytest.raises(InputError, match=named):
        next(scenes(**arguments))


def test_soil_colors_stay_colors():
    for seed in range(50):
        soil = Soil.drawn(np.random.default_rng(seed))
        for color in (soil.grass, soil.dry, soil.earth):
            assert color.min() > 0
            assert color.max() < 1
