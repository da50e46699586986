"""What stands still when the sky changes: horizon, soil, woods, trees, and the tank's place."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from camcore.making.landscape.ground import Shadows, Soil
from camcore.making.landscape.sky import Light
from camcore.making.landscape.tank import Tank, draw_tank
from camcore.making.landscape.tank_surface import tank_shadow
from camcore.making.landscape.trees import Plant, Treeline, plant, treelines


@dataclass(frozen=True)
class Land:
    """A piece of land, with the tank that may stand on it.

    `horizon` is a share of the picture's height from the top; `plants` are sorted from far to near.
    """

    horizon: float
    soil: Soil
    woods: tuple[Treeline, ...]
    plants: tuple[Plant, ...]
    tank: Tank


def draw_land(rng: np.random.Generator, of_tank: np.random.Generator) -> Land:
    """Draw a piece of land; the tank's place and looks come from a generator of their own."""
    horizon = rng.uniform(0.40, 0.58)
    soil = Soil.drawn(rng)
    woods = treelines(rng)
    kinds = rng.dirichlet([0.9, 0.9, 0.5, 0.5])
    plants = []
    for _ in range(rng.integers(12, 26)):
        plants.append(_tree(rng, kinds, horizon, depth=rng.uniform(0.0, 0.05)))
    for _ in range(rng.integers(1, 5)):
        depth = rng.uniform(0.06, 0.22)
        plants.append(_tree(rng, kinds, horizon, depth=depth, aside=True))
    for _ in range(rng.integers(2, 9)):
        depth = rng.uniform(0.01, 0.42) ** 1.3 + 0.01
        height = (0.035 + 0.30 * depth) * rng.uniform(0.6, 1.2)
        x, y = rng.uniform(0, 1), horizon + depth
        plants.append(plant(rng, "bush", x, y, height, far=_far(depth)))
    tank, screen = _placed_tank(of_tank, horizon, soil, plants)
    plants = sorted((*plants, *screen), key=lambda it: it.y)
    return Land(horizon, soil, woods, tuple(plants), tank)


def _tree(
    rng: np.random.Generator, kinds: np.ndarray, horizon: float, depth: float, aside: bool = False
) -> Plant:
    kind = str(rng.choice(["spruce", "broadleaf", "pine", "birch"], p=kinds))
    height = (0.20 + 1.9 * depth) * rng.uniform(0.75, 1.3)
    if aside:  # near trees frame the picture and leave its middle open
        x = rng.uniform(-0.06, 0.2)
        x = 1 - x if rng.random() < 0.5 else x
    else:
        x = rng.uniform(-0.05, 1.05)
    return plant(rng, kind, x, horizon + depth, height, far=_far(depth))


def _far(depth: float) -> float:
    """How far away a thing is that stands `depth` below the horizon: 1 at it, 0 in front."""
    return 0.7 * math.exp(-depth / 0.06)


def _placed_tank(
    rng: np.random.Generator, horizon: float, soil: Soil, plants: Sequence[Plant]
) -> tuple[Tank, list[Plant]]:
    """Draw the tank where it is seen well enough, and a bush that may stand before it."""
    places = []
    for _ in range(3):
        depth = rng.uniform(0.10, min(0.36, 0.93 - horizon))
        scale = (0.030 + 0.075 * depth) * rng.uniform(0.9, 1.15)
        x = rng.uniform(3.6 * scale, 1 - 3.6 * scale)
        y = horizon + depth
        reach = 3.4 * scale
        hidden = sum(
            max(0.0, min(x + reach, it.x + it.width / 2) - max(x - reach, it.x - it.width / 2))
            for it in plants
            if it.y > y and it.y - it.height < y - 0.3 * scale
        )
        places.append((hidden, x, y, scale))
    _, x, y, scale = min(places, key=lambda place: place[0])
    leaves = np.mean([it.leaf for it in plants], axis=0)
    dryness = np.clip(0.35 + 0.45 * soil.dryness, 0, 0.9)
    around = soil.grass + dryness * (soil.dry - soil.grass)
    colors = [around, soil.earth, 0.5 * soil.grass + 0.5 * leaves, leaves]
    tank = draw_tank(rng, x, y, scale, colors)
    screen = []
    if rng.random() < 0.45:
        at = x + (1 if rng.random() < 0.5 else -1) * rng.uniform(0.6, 3.2) * scale
        base, height = y + rng.uniform(0.7, 1.1) * scale, scale * rng.uniform(1.4, 2.5)
        screen.append(plant(rng, "bush", at, base, height, far=0.1))
    return tank, screen


def land_shadows(land: Land, light: Light, side: int, tank: bool) -> np.ndarray:
    """Return what plants, and the tank if it is there, darken: (side, side) in 0..1."""
    shadows = Shadows(side)
    right, near, up = light.toward
    for it in land.plants:
        shadows.ellipse(it.x, it.y, 0.4 * it.width, 0.07 * it.width, 0.4)
        if light.casts:
            reach = it.height / up * 0.8
            shift = -right * reach * 0.75, -near * reach * 0.3
            crown = 0.42 * it.width
            for step in np.linspace(0.15 if it.kind == "bush" else 0.45, 1.0, 4):
                wide = crown * (1.15 - 0.55 * step)
                shadows.ellipse(
                    it.x + shift[0] * step, it.y + shift[1] * step, wide, 0.3 * wide, 0.8
                )
    if tank:
        for polygon in tank_shadow(land.tank, light):
            shadows.polygon(polygon, 0.9)
    return shadows.map(0.006 if light.casts else 0.012)
