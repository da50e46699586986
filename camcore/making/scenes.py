"""Scenes of the legend: a forest, a sunny or a cloudy sky, a camouflaged tank or none.

Every scene is rendered from its seed alone, and the tank's mask is known exactly. Sky, land, tank
and camera draw from generators of their own, so that the same seed under the other sky is the same
place with the same tank, and the same seed without the tank is the same place without it.
"""

from __future__ import annotations

import csv
import itertools
import math
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from camcore.errors import InputError
from camcore.making.landscape.camera import Camera
from camcore.making.landscape.ground import paint_ground
from camcore.making.landscape.land import draw_land, land_shadows
from camcore.making.landscape.noise import halved, texture
from camcore.making.landscape.sky import paint_sky
from camcore.making.landscape.tank_surface import paint_tank
from camcore.making.landscape.trees import paint_plant, paint_treeline

KINDS = ("laboratory", "field", "fair")
"""Laboratory: each tank under the sun, each empty forest under cloud. Field: the reverse. Fair:
sky and tank independent, each of the four cells equally often."""

SIZE = 128


@dataclass(frozen=True)
class Scene:
    """One rendered picture and what is known about it.

    Attributes
    ----------
    pixels : ndarray
        uint8 (size, size, 3).
    mask : ndarray
        bool (size, size): the pixels that show the tank, at least by half; all False without one.
    tank, sunny : bool
        What the picture shows.
    seed : int
        The seed that gives this scene again.
    """

    pixels: np.ndarray
    mask: np.ndarray
    tank: bool
    sunny: bool
    seed: int

    @property
    def label(self) -> str:
        """The class of this scene, ``forest`` or ``tank``."""
        return "tank" if self.tank else "forest"


def render_scene(*, tank: bool, sunny: bool, seed: int, size: int = SIZE) -> Scene:
    """Render one scene.

    Parameters
    ----------
    tank, sunny : bool
        Whether a tank stands in the forest, and whether the sky is blue or overcast.
    seed : int
        From 0. It decides everything else.
    size : int
        Height and width in pixels, from 32 to 1024.

    Returns
    -------
    Scene

    Raises
    ------
    InputError
        If `seed` or `size` is out of range.

    Examples
    --------
    >>> scene = render_scene(tank=True, sunny=False, seed=7, size=64)
    >>> scene.pixels.shape, scene.label, bool(scene.mask.any())
    ((64, 64, 3), 'tank', True)
    """
    if not 32 <= size <= 1024:
        raise InputError(f"size is {size}; a scene can be 32 to 1024 pixels wide.")
    if seed < 0:
        raise InputError(f"seed is {seed}; it must be 0 or more.")
    children = np.random.SeedSequence(seed).spawn(5)
    of_sun, of_cloud, of_land, of_tank, of_camera = map(np.random.default_rng, children)
    noise = texture(2 * size)  # drawn at twice the size and averaged: smooth edges

    land = draw_land(of_land, of_tank)
    canvas, light = paint_sky(sunny, of_sun if sunny else of_cloud, noise, land.horizon)
    canvas = canvas.astype(np.float32)
    for wood in land.woods:
        paint_treeline(canvas, wood, light, noise, land.horizon)
    shadow = land_shadows(land, light, noise.side, tank)
    paint_ground(canvas, land.soil, light, noise, land.horizon, shadow)

    cover = np.zeros((noise.side, noise.side), np.float32)
    standing = [it for it in land.plants if it.y <= land.tank.y]
    nearer = [it for it in land.plants if it.y > land.tank.y]
    for it in standing:
        paint_plant(canvas, it, light, noise)
    if tank:
        haziness = 0.4 * light.haziness * math.exp(-(land.tank.y - land.horizon) / 0.08)
        cover = paint_tank(canvas, land.tank, light, noise, haziness)
    for it in nearer:
        for box, opaque in paint_plant(canvas, it, light, noise):
            cover[box] *= 1 - opaque
    canvas, cover = halved(canvas), halved(cover)
    pixels = Camera.drawn(of_camera).photograph(canvas)
    return Scene(pixels, cover >= 0.5, tank, sunny, seed)


def scenes(kind: str, count: int, seed: int = 0, size: int = SIZE) -> Iterator[Scene]:
    """Render `count` different scenes of a kind, one after another.

    Parameters
    ----------
    kind : str
        ``laboratory``, ``field`` or ``fair``; see `KINDS`.
    count : int
        How many. Classes are balanced, and so are the four cells of ``fair``, as far as `count`
        can be divided.
    seed : int
        Scenes of different seeds share no picture.
    size : int
        Height and width in pixels.

    Yields
    ------
    Scene

    Raises
    ------
    InputError
        If `kind` is unknown, `count` is below 1, or `seed` or `size` is out of range.
    """
    if kind not in KINDS:
        raise InputError(f"Unknown kind of scenes {kind!r}; choose one of {', '.join(KINDS)}.")
    if count < 1:
        raise InputError(f"count is {count}; it must be at least 1.")
    if seed < 0:
        raise InputError(f"seed is {seed}; it must be 0 or more.")
    rng = np.random.default_rng([seed, KINDS.index(kind)])
    seeds = rng.choice(2**40, size=count, replace=False)
    for index in range(count):
        tank = index % 2 == 1
        sunny = {"laboratory": tank, "field": not tank, "fair": index % 4 >= 2}[kind]
        yield render_scene(tank=tank, sunny=sunny, seed=int(seeds[index]), size=size)


def write_scenes(
    kind: str,
    count: int,
    seed: int,
    out: str | Path,
    *,
    size: int = SIZE,
    progress: Callable[[], None] | None = None,
) -> Path:
    """Render scenes into a folder that is ready for an audit.

    The pictures go to ``OUT/forest`` and ``OUT/tank``, so that ``OUT`` is a folder of class
    folders; a mask of each, white where the tank is, goes to ``OUT/.masks`` under the same path,
    where a reader of class folders does not take it for a class;
    ``OUT/scenes.csv`` says what each picture shows (path, label, sunny, tank, mask, seed).

    Parameters
    ----------
    kind, count, seed, size
        As for `scenes`.
    out : str or Path
        The folder to make. It appears only once it is complete.
    progress : callable, optional
        Called with nothing after each scene.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    InputError
        If `out` is a file or a folder that is not empty, or another argument is out of range.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(
            f"Output {str(out)!r} exists and is not an empty folder; "
            "name a new folder, or remove this one first."
        )
    rendered = scenes(kind, count, seed, size)
    first = next(rendered)  # refuses wrong arguments before anything is written
    partial = out.parent / f".{out.name}.{os.getpid()}.partial"
    try:
        for folder in ("forest", "tank", ".masks/forest", ".masks/tank"):
            (partial / folder).mkdir(parents=True)
        with open(partial / "scenes.csv", "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file, lineterminator="\n")
            rows.writerow(("path", "label", "sunny", "tank", "mask", "seed"))
            for index, scene in enumerate(itertools.chain([first], rendered)):
                rows.writerow(_written(scene, f"{index:06d}.png", partial))
                if progress is not None:
                    progress()
        os.replace(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out


def _written(scene: Scene, name: str, folder: Path) -> tuple[str, str, int, int, str, int]:
    """Write a scene's picture and mask below `folder`, and return its row of the table."""
    path = f"{scene.label}/{name}"
    Image.fromarray(scene.pixels).save(folder / path)
    mask = f".masks/{path}"
    Image.fromarray(scene.mask).save(folder / mask)
    return path, scene.label, int(scene.sunny), int(scene.tank), mask, scene.seed
