"""A tank in the picture: camouflage, light, grass before its tracks, and its shadow."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageDraw
from scipy.spatial import ConvexHull

from camcore.making.landscape.noise import Texture, halved, mix, smoothstep
from camcore.making.landscape.sky import Light
from camcore.making.landscape.tank import GAP, PAINT, WHEEL, Tank, faces

_CORNERS = ((1, 1), (1, -1), (-1, -1), (-1, 1))


def paint_tank(
    canvas: np.ndarray, tank: Tank, light: Light, texture: Texture, haziness: float
) -> np.ndarray:
    """Paint a tank into `canvas`, in place.

    Returns
    -------
    ndarray
        How much of each pixel the tank covers, float32 (side, side) in 0..1.
    """
    side, finer = texture.side, 2
    seen = list(faces(tank, light))
    every = np.concatenate([points for points, _, _ in seen])
    x0, y0 = np.floor(every.min(axis=0) * side).astype(int) - 1
    x1, y1 = np.ceil(every.max(axis=0) * side).astype(int) + 1
    size = ((x1 - x0) * finer, (y1 - y0) * finer)
    material, shade = Image.new("L", size), Image.new("L", size)
    on_material, on_shade = ImageDraw.Draw(material), ImageDraw.Draw(shade)
    for points, what, lit in seen:
        at = [tuple(point) for point in (points * side - (x0, y0)) * finer]
        on_material.polygon(at, fill=what)
        on_shade.polygon(at, fill=int(np.clip(lit * 160, 0, 255)))
    color, alpha = _surface(tank, light, texture, np.asarray(material), np.asarray(shade))
    color, alpha = halved(color * alpha[..., None]), halved(alpha)

    alpha, color = _grown_over(tank, texture, alpha, color, y0)
    cover = np.zeros((side, side), np.float32)
    top, left = max(0, y0), max(0, x0)
    bottom, right = min(side, y1), min(side, x1)
    inner = np.s_[top - y0 : bottom - y0, left - x0 : right - x0]
    outer = np.s_[top:bottom, left:right]
    alpha, color = alpha[inner], color[inner]
    haze = light.haze * haziness
    cover[outer] = alpha
    canvas[outer] = (
        canvas[outer] * (1 - alpha[..., None]) + color * (1 - haziness) + alpha[..., None] * haze
    )
    return cover


def _grown_over(
    tank: Tank, texture: Texture, alpha: np.ndarray, color: np.ndarray, y0: int
) -> tuple[np.ndarray, np.ndarray]:
    """Take away what the grass before its tracks hides."""
    height, width = alpha.shape
    metre = texture.side * tank.scale
    foot = height - 1 - (alpha[::-1] > 0.5).argmax(axis=0)
    on_ground = (alpha.max(axis=0) > 0.5) & (foot + y0 > tank.y * texture.side - 1.1 * metre)
    rise = (foot[None] - np.arange(height)[:, None]) / (0.4 * metre)
    row = int(tank.place[0] * texture.side)
    blades = texture.bands["fine"][row : row + height // 4 + 1, :width].repeat(4, 0)[:height]
    grass = smoothstep(0.0, 0.5, 0.7 * blades + 0.7 - 2.0 * rise) * on_ground
    return alpha * (1 - grass), color * (1 - grass[..., None])


def _surface(
    tank: Tank, light: Light, texture: Texture, material: np.ndarray, shade: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return colours and coverage of the tank's pixels at the finer grid."""
    height, width = material.shape
    # Camouflage keeps its size on the tank, however large the tank is in the picture.
    metres = np.mgrid[0:height, 0:width].astype(np.float32) / (2 * texture.side * tank.scale)
    rows, columns = metres[0] * 0.10 + tank.place[0], metres[1] * 0.07 + tank.place[1]
    first = texture.lookup("broad", rows, columns)
    second = texture.lookup("broad", rows + 0.45, columns + 0.2)
    paint = mix(tank.paints[0], tank.paints[1], smoothstep(0.0, 0.12, first))
    paint = mix(paint, tank.paints[2], smoothstep(0.55, 0.67, second))
    grime = texture.lookup("middle", metres[0] * 0.12, metres[1] * 0.12 + tank.place[0])
    fine = texture.window("fine", height // 2 + 1, width // 2 + 1, tank.place)
    fine = fine.repeat(2, 0).repeat(2, 1)[:height, :width]
    paint = paint * np.clip(1 + 0.07 * grime + 0.05 * fine, 0.6, 1.4)[..., None]

    mud = np.array([0.20, 0.17, 0.13], np.float32)
    color = np.where((material == PAINT)[..., None], paint, mud)
    color = np.where((material == WHEEL)[..., None], 0.62 * paint + 0.2 * mud, color)
    color = np.where((material == GAP)[..., None], np.array([0.05, 0.05, 0.045], np.float32), color)
    lit = (shade.astype(np.float32) / 160)[..., None]
    color = color * (
        np.clip(lit - 0.35, 0, None) * 1.25 * light.direct + (0.35 + 0.6 * lit) * light.ambient
    )
    return color.astype(np.float32), (material > 0).astype(np.float32)


def tank_shadow(tank: Tank, light: Light) -> Iterator[np.ndarray]:
    """Yield the polygons (N, 2) of its shadow on the ground, in shares of the side."""
    yield tank.project([(f * 3.5, s * 2.1, 0) for f, s in _CORNERS])
    if not light.casts:
        return
    # The ground point that a point's shadow falls on, in the turned frame of the view.
    right, near, up = light.toward
    cos, sin = np.cos(tank.yaw), np.sin(tank.yaw)
    forward, left = right * cos - near * sin, -right * sin - near * cos
    for size, wide, high in ((3.2, 1.6, 1.4), (1.5, 1.2, 2.2)):
        ground = [(f * size, s * wide, 0.0) for f, s in _CORNERS]
        thrown = [(x - forward * high / up, y - left * high / up, 0.0) for x, y, _ in ground]
        yield _hull(tank.project(ground + thrown))


def _hull(points: np.ndarray) -> np.ndarray:
    """Return the convex hull of points (N, 2)."""
    return points[ConvexHull(points).vertices]
