"""A tank: its pose and build, and the lit faces of its solid model as a viewer sees them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from camcore.making.landscape.sky import Light

_LENGTH = 6.4
"""Length of the hull in metres; the model's unit is the metre: forward, to the left, up."""

PAINT, TRACK, WHEEL, GAP = 1, 2, 3, 4
"""Materials: camouflage paint, track links, wheels, and the dark gaps between parts."""

Corner = Sequence[float] | np.ndarray
Corners = Sequence[Corner] | np.ndarray
Face = tuple[np.ndarray, int, float]
"""Points (N, 2) in the picture, material, brightness."""


@dataclass(frozen=True)
class Tank:
    """One tank's pose, build and paint.

    Attributes
    ----------
    x, y : float
        Middle of its footprint on the ground, as shares of the canvas' side.
    scale : float
        Share of the canvas' side to a metre.
    yaw, pitch : float
        How far it is turned from its side view, and how far from above it is seen, in radians.
    aim : float
        The turret's turn against the hull, in radians.
    """

    x: float
    y: float
    scale: float
    yaw: float
    pitch: float
    aim: float
    barrel: float
    turret: tuple[float, float, float]
    wheels: int
    skirt: bool
    paints: np.ndarray
    place: tuple[float, float]

    def project(self, points: Corners) -> np.ndarray:
        """Project points (N, 3) in metres to (N, 2) shares of the canvas' side."""
        metres = np.asarray(points, np.float64)
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        right = metres[:, 0] * cos - metres[:, 1] * sin
        nearer = -metres[:, 0] * sin - metres[:, 1] * cos
        down = -metres[:, 2] * math.cos(self.pitch) + nearer * math.sin(self.pitch)
        return np.stack([self.x + self.scale * right, self.y + self.scale * down], axis=1)


def draw_tank(
    rng: np.random.Generator, x: float, y: float, scale: float, colors: Sequence[np.ndarray]
) -> Tank:
    """Draw a `Tank` at a place, painted in the `colors` (N, 3) of what is around it."""
    facing = 0.0 if rng.random() < 0.5 else np.pi
    paints = np.array(colors)[rng.permutation(len(colors))[:3]]
    gray = paints.mean(axis=1, keepdims=True)
    paints = gray + (paints - gray) * rng.uniform(0.6, 0.95)
    return Tank(
        x=x,
        y=y,
        scale=scale,
        yaw=facing + rng.uniform(-0.5, 0.5),
        pitch=rng.uniform(0.09, 0.22),
        aim=rng.normal(0, 0.22),
        barrel=rng.uniform(3.0, 4.6),
        turret=(rng.uniform(1.05, 1.4), rng.uniform(0.65, 0.85), rng.uniform(0.6, 0.85)),
        wheels=int(rng.integers(5, 8)),
        skirt=rng.random() < 0.3,
        paints=np.array(np.clip(paints * [[0.8], [1.0], [1.2]], 0.06, 0.62), np.float32),
        place=tuple(rng.random(2)),
    )


def faces(tank: Tank, light: Light) -> Iterator[Face]:
    """Yield the visible faces from back to front: points (N, 2), material, brightness."""
    cos, sin = math.cos(tank.yaw), math.sin(tank.yaw)
    right, near, up = light.toward
    sun = right * cos - near * sin, -right * sin - near * cos, up
    # The side of the model (+1 left, -1 right) that the viewer sees.
    seen = -1 if cos > 0 else 1

    def face(corners: Corners, what: int, tint: float = 1.0) -> Face:
        normal = _normal(*corners[:3])
        fall = max(0.0, sum(a * float(b) for a, b in zip(normal, sun, strict=True)))
        bright = 0.42 + 0.80 * fall + 0.18 * normal[2]
        return tank.project(corners), what, tint * bright

    def solid(polygons: Iterable[Corners], what: int, tint: float = 1.0) -> Iterator[Face]:
        for corners in polygons:
            drawn = face(corners, what, tint)
            if _area(drawn[0]) > 0:
                yield drawn

    for at in (-seen, seen):
        yield from solid(_extruded(_TRACK_SIDE, at * 1.05, at * 1.68), TRACK, 0.9)
        if at == seen:
            yield from _running_gear(tank, at, face)
        else:
            yield from solid(_extruded(_LOWER_HULL, -1.05, 1.05), PAINT, 0.7)
    yield from solid(_extruded(_UPPER_HULL, -1.62, 1.62), PAINT)
    for x in (-2.8, -2.35, -1.9):  # the slats over the engine
        slat = [(x, -1.0, 1.47), (x + 0.22, -1.0, 1.47), (x + 0.22, 1.0, 1.47), (x, 1.0, 1.47)]
        yield from solid([slat], GAP, 2.5)
    yield from _turret(tank, solid, face)


def _running_gear(tank: Tank, at: int, face: Callable[..., Face]) -> Iterator[Face]:
    """Yield the wheels, and the skirt that may hang over their upper half."""
    turn = np.linspace(0, 2 * np.pi, 16, endpoint=False) * -at
    y = at * 1.69
    places = [(x, 0.42, 0.37) for x in np.linspace(-2.25, 2.1, tank.wheels)]
    places += [(2.85, 0.62, 0.28), (-2.9, 0.60, 0.30)]
    for x, z, radius in places:
        for share, what, tint in ((1.0, GAP, 1.2), (0.84, WHEEL, 1.0), (0.3, GAP, 2.0)):
            rim = radius * share
            ring = [(x + rim * np.cos(a), y, z + rim * np.sin(a)) for a in turn]
            yield face(ring, what, tint)
    if tank.skirt:
        for left in np.linspace(-3.0, 1.8, 5):
            panel = [
                (left, y, 0.55),
                (left + 1.14, y, 0.55),
                (left + 1.14, y, 1.05),
                (left, y, 1.05),
            ]
            yield face(panel if at < 0 else panel[::-1], PAINT, 0.95)


def _turret(
    tank: Tank, solid: Callable[..., Iterator[Face]], face: Callable[..., Face]
) -> Iterator[Face]:
    """Yield the turret and its gun, the gun last where it points to the viewer."""
    length, width, height = tank.turret
    outline = np.array(
        [
            (1.15, 0.45),
            (0.5, 1.2),
            (-0.9, 1.15),
            (-1.25, 0.7),
            (-1.25, -0.7),
            (-0.9, -1.15),
            (0.5, -1.2),
            (1.15, -0.45),
        ]
    ) * (length, width * 1.35)
    cos, sin = math.cos(tank.aim), math.sin(tank.aim)

    def turned(points: Corners) -> np.ndarray:
        metres = np.asarray(points, np.float64)
        x = metres[:, 0] * cos - metres[:, 1] * sin - 0.1
        y = metres[:, 0] * sin + metres[:, 1] * cos
        return np.stack([x, y, metres[:, 2]], axis=1)

    low, high = 1.47, 1.47 + height
    base = turned([(x, y, low) for x, y in outline])
    roof = turned([(0.72 * x - 0.1, 0.72 * y, high) for x, y in outline])
    sides = [[base[i], base[(i + 1) % 8], roof[(i + 1) % 8], roof[i]] for i in range(8)]
    gun_high = low + 0.5 * height
    start, end = 0.95 * length, 0.95 * length + tank.barrel
    gun = list(_gun(turned, face, start, end, gun_high))
    ahead = -math.sin(tank.yaw + tank.aim) > 0
    if not ahead:
        yield from gun
    under = turned([(1.12 * x, 1.12 * y, low) for x, y in outline])
    yield from solid([list(under)], GAP, 1.5)
    yield from solid(sides, PAINT, 0.92)
    yield from solid([list(roof)], PAINT, 1.05)
    hatch = np.linspace(0, 2 * np.pi, 8, endpoint=False)
    lid = [(-0.3 + 0.34 * np.cos(a), -0.35 + 0.34 * np.sin(a)) for a in hatch]
    base, roof = (turned([(x, y, z) for x, y in lid]) for z in (high, high + 0.2))
    sides = [[base[i], base[(i + 1) % 8], roof[(i + 1) % 8], roof[i]] for i in range(8)]
    yield from solid(sides, PAINT, 0.85)
    yield from solid([list(roof)], PAINT)
    if ahead:
        yield from gun


def _gun(
    turned: Callable[[Corners], np.ndarray],
    face: Callable[..., Face],
    start: float,
    end: float,
    z: float,
) -> Iterator[Face]:
    """Yield the barrel as bands, bright above and dark below, with mantlet and muzzle."""
    parts = ((start - 0.25, start + 0.3, 0.27), (start, end, 0.105), (end - 0.5, end, 0.15))
    for x0, x1, thick in parts:
        for low, high, tint in ((-1.0, -0.3, 0.55), (-0.3, 0.4, 0.9), (0.4, 1.0, 1.25)):
            lift = 0.02 * (x0 - start), 0.02 * (x1 - start)
            corners = turned(
                [
                    (x0, 0, z + low * thick + lift[0]),
                    (x1, 0, z + low * thick + lift[1]),
                    (x1, 0, z + high * thick + lift[1]),
                    (x0, 0, z + high * thick + lift[0]),
                ]
            )
            points, what, _ = face(corners, PAINT)
            yield points, what, 0.8 * tint


_TRACK_SIDE = (
    *((-3.2, 0.62), (-2.95, 0.25), (-2.4, 0.0), (2.3, 0.0)),
    *((3.0, 0.35), (3.2, 0.68), (2.9, 0.98), (-2.95, 1.0)),
)
_LOWER_HULL = ((-3.0, 0.5), (2.4, 0.4), (3.05, 0.85), (3.0, 1.0), (-3.1, 1.0))
_UPPER_HULL = ((-3.25, 1.0), (3.1, 1.0), (3.15, 1.08), (1.7, 1.46), (-3.1, 1.46), (-3.3, 1.2))


def _extruded(profile: Sequence[tuple[float, float]], y0: float, y1: float) -> Iterator[Corners]:
    """Yield the faces of a side profile of (x, z) between two y, each turned outward."""
    low, high = min(y0, y1), max(y0, y1)
    count = len(profile)
    for i in range(count):
        (xa, za), (xb, zb) = profile[i], profile[(i + 1) % count]
        yield [(xa, low, za), (xb, low, zb), (xb, high, zb), (xa, high, za)][::-1]
    yield [(x, low, z) for x, z in profile]
    yield [(x, high, z) for x, z in profile][::-1]


def _area(points: np.ndarray) -> float:
    """Return twice the signed area of a polygon; positive where its face is seen."""
    x, y = points[:, 0], points[:, 1]
    return float(x[1:] @ y[:-1] - x[:-1] @ y[1:] + x[0] * y[-1] - x[-1] * y[0])


def _normal(a: Corner, b: Corner, c: Corner) -> tuple[float, float, float]:
    """Return the unit normal of three corners that run counterclockwise seen from outside."""
    ux, uy, uz = (float(q - p) for p, q in zip(a, b, strict=True))
    vx, vy, vz = (float(q - p) for p, q in zip(b, c, strict=True))
    x, y, z = uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
    length = math.sqrt(x * x + y * y + z * z) + 1e-9
    return x / length, y / length, z / length
