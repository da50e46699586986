"""Trees and bushes: envelopes with ragged edges, filled with lit leaves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camcore.making.landscape.noise import Texture, mix, smoothstep
from camcore.making.landscape.sky import Light

_LEAVES = {
    "spruce": ([0.17, 0.27, 0.15], [0.04, 0.05, 0.04]),
    "broadleaf": ([0.30, 0.42, 0.15], [0.09, 0.07, 0.05]),
    "pine": ([0.24, 0.34, 0.19], [0.05, 0.05, 0.04]),
    "birch": ([0.42, 0.50, 0.20], [0.10, 0.06, 0.05]),
    "bush": ([0.29, 0.38, 0.16], [0.08, 0.07, 0.05]),
}
_BARK = {
    "spruce": [0.26, 0.20, 0.15],
    "broadleaf": [0.30, 0.25, 0.19],
    "pine": [0.50, 0.31, 0.19],
    "birch": [0.82, 0.80, 0.75],
    "bush": [0.25, 0.20, 0.15],
}

Covered = tuple[tuple[slice, slice], np.ndarray]


@dataclass(frozen=True)
class Plant:
    """One tree or bush. Lengths are shares of the canvas' side, `y` is where it meets the ground.

    `blobs` are the crown's ellipses (x, y, rx, ry), in widths and heights of the crown's box.
    """

    kind: str
    x: float
    y: float
    height: float
    width: float
    leaf: np.ndarray
    place: tuple[float, float]
    blobs: tuple[tuple[float, float, float, float], ...]
    far: float

    @property
    def trunk(self) -> float:
        """Share of the height that is bare trunk."""
        return {"spruce": 0.06, "broadleaf": 0.2, "pine": 0.5, "birch": 0.25, "bush": 0.0}[
            self.kind
        ]


def plant(
    rng: np.random.Generator, kind: str, x: float, y: float, height: float, far: float
) -> Plant:
    """Draw one `Plant` of a kind at a place; `far` is 0 in front and 1 at the horizon."""
    slender = {"spruce": 0.38, "broadleaf": 0.75, "pine": 0.42, "birch": 0.42, "bush": 1.7}[kind]
    base, spread = _LEAVES[kind]
    blobs = []
    if kind != "spruce":
        for _ in range(4 if kind == "bush" else 6):
            low = 0.62 if kind == "bush" else 0.55
            blobs.append(
                (
                    rng.uniform(-0.28, 0.28),
                    rng.uniform(0.28, low + 0.12),
                    rng.uniform(0.16, 0.30),
                    rng.uniform(0.18, 0.34),
                )
            )
    return Plant(
        kind=kind,
        x=x,
        y=y,
        height=height,
        width=height * slender * rng.uniform(0.8, 1.25),
        leaf=(base + rng.uniform(-1, 1) * np.array(spread) + rng.uniform(-0.02, 0.02, 3)).astype(
            np.float32
        ),
        place=tuple(rng.random(2)),
        blobs=tuple(blobs),
        far=far,
    )


def paint_plant(canvas: np.ndarray, it: Plant, light: Light, texture: Texture) -> list[Covered]:
    """Paint a plant into `canvas` (side, side, 3), in place.

    Returns
    -------
    list
        What it covers: the slices of a box of the canvas, and how opaque the plant is there.
    """
    covered = []
    if it.trunk:
        covered += _paint_trunk(canvas, it, light, texture)
    return covered + _paint_crown(canvas, it, light, texture)


def _paint_crown(canvas: np.ndarray, it: Plant, light: Light, texture: Texture) -> list[Covered]:
    side = texture.side
    half = 0.62 * it.width
    crown = it.height * (1 - 0.85 * it.trunk)
    top, bottom = it.y - it.height * 1.04, it.y - it.height + crown * 1.02
    box = _box(side, it.x - half, top, it.x + half, bottom)
    if box is None:
        return []
    y0, y1, x0, x1 = box
    y = (np.arange(y0, y1, dtype=np.float32) / side - (it.y - it.height))[:, None] / crown
    x = (np.arange(x0, x1, dtype=np.float32) / side - it.x)[None, :] / it.width

    fine = texture.window("fine", y1 - y0, x1 - x0, it.place)
    middle = texture.window("middle", y1 - y0, x1 - x0, it.place)
    envelope, inside = (_spruce if it.kind == "spruce" else _crown)(it, x, y)
    ragged = 0.13 if it.kind == "spruce" else 0.17
    alpha = smoothstep(-0.05, 0.09, envelope + ragged * (0.7 * middle + 0.6 * fine))

    # Leaves are lit as a relief: higher on the side of the light, darker in the hollows.
    step = 0.008
    shifted = (it.place[0] + step * light.toward[2], it.place[1] - step * light.toward[0])
    relief = middle - texture.window("middle", y1 - y0, x1 - x0, shifted)
    close = it.place[0] + step / 2 * light.toward[2], it.place[1] - step / 2 * light.toward[0]
    leaves = fine - texture.window("fine", y1 - y0, x1 - x0, close)
    around = 1.5 * light.toward[0] * x + light.toward[2] * (0.45 - inside)
    direct = 0.46 + 0.34 * relief + 0.13 * leaves + 0.65 * around + 0.18 * fine
    direct = np.clip(direct, 0.03, 1.4)
    hollow = np.clip(0.80 + 0.10 * middle + 0.16 * fine - 0.35 * inside, 0.2, 1.2)
    color = it.leaf * (direct[..., None] * light.direct + hollow[..., None] * light.ambient)
    color = mix(color, light.haze, light.haziness * it.far)
    canvas[y0:y1, x0:x1] = mix(canvas[y0:y1, x0:x1], color, alpha)
    return [(np.s_[y0:y1, x0:x1], alpha)]


def _spruce(it: Plant, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far inside a spruce's tiers (0 at the edge), and how low in its crown."""
    tiers = 7 + 6 * it.place[0]
    tier = (y * tiers + 0.25 * np.abs(x) * tiers) % 1.0
    reach = 0.48 * np.clip(y, 0, 1) ** 0.85 * (0.72 + 0.34 * tier) + 0.012
    envelope = (reach - np.abs(x)) / 0.35
    envelope = envelope - 9 * np.clip(y - 0.95, 0, None) - 9 * np.clip(0.01 - y, 0, None)
    return envelope, 0.35 * (1 - tier) + 0.3 * np.clip(y, 0, 1) + 0 * x


def _crown(it: Plant, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how far inside a crown of ellipses, and how low within the nearest of them."""
    best: np.ndarray = np.full((y.shape[0], x.shape[1]), -1.0, np.float32)
    low: np.ndarray = np.zeros_like(best)
    for bx, by, rx, ry in it.blobs:
        dy = (y - by) / ry
        inside = 1 - ((x - bx) / rx) ** 2 - dy**2
        nearer = inside > best
        best = np.where(nearer, inside, best)
        low = np.where(nearer, 0.5 + 0.5 * dy, low)
    if it.kind == "bush":
        best = np.maximum(best, 1 - (x / 0.42) ** 2 - ((y - 0.95) / 0.45) ** 2)
        best = best - 9 * np.clip(y - 0.90, 0, None)  # thin where it meets the ground
    return 0.75 * best, np.clip(0.6 * low + 0.4 * np.clip(y, 0, 1), 0, 1)


def _paint_trunk(canvas: np.ndarray, it: Plant, light: Light, texture: Texture) -> list[Covered]:
    side = texture.side
    thick = it.height * {"broadleaf": 0.035, "birch": 0.018}.get(it.kind, 0.024)
    box = _box(side, it.x - thick, it.y - 0.75 * it.height, it.x + thick, it.y)
    if box is None:
        return []
    y0, y1, x0, x1 = box
    y = (it.y - np.arange(y0, y1, dtype=np.float32) / side)[:, None] / it.height
    x = (np.arange(x0, x1, dtype=np.float32) / side - it.x)[None, :] / thick
    width = 0.55 - 0.35 * y + 0.5 * np.exp(-y / 0.02)
    alpha = smoothstep(-0.12, 0.12, width - np.abs(x))
    bark = texture.window("fine", y1 - y0, x1 - x0, it.place)
    direct = np.clip(0.5 + 0.9 * light.toward[0] * x + 0.2 * bark, 0.05, 1.2)
    color = np.array(_BARK[it.kind], np.float32) * (
        direct[..., None] * light.direct + (0.7 + 0.15 * bark)[..., None] * light.ambient
    )
    if it.kind == "birch":
        rough = texture.window("fine", y1 - y0, 1, it.place)
        color = mix(color, color * 0.3, smoothstep(0.6, 1.2, rough + 0 * bark))
    color = mix(color, light.haze, light.haziness * it.far)
    canvas[y0:y1, x0:x1] = mix(canvas[y0:y1, x0:x1], color, alpha)
    return [(np.s_[y0:y1, x0:x1], alpha)]


def _box(
    side: int, left: float, top: float, right: float, bottom: float
) -> tuple[int, int, int, int] | None:
    """Return rows and columns of a box in shares, cut to the canvas; None where it is outside."""
    y0, y1 = max(0, int(top * side)), min(side, int(bottom * side) + 1)
    x0, x1 = max(0, int(left * side)), min(side, int(right * side) + 1)
    return (y0, y1, x0, x1) if y1 - y0 > 1 and x1 - x0 > 1 else None


@dataclass(frozen=True)
class Treeline:
    """A far wood seen as one ragged edge above the horizon."""

    height: float
    spikes: float
    leaf: np.ndarray
    place: tuple[float, float]
    far: float


def treelines(rng: np.random.Generator) -> tuple[Treeline, ...]:
    """Draw one to three far woods, the farthest first."""
    count = rng.integers(1, 4)
    height = rng.uniform(0.07, 0.20)
    return tuple(
        Treeline(
            height=height * (1 - 0.25 * index) * rng.uniform(0.85, 1.15),
            spikes=rng.uniform(0.2, 1.0),
            leaf=np.array(
                [0.22, 0.31, 0.16] + rng.uniform(-1, 1, 3) * [0.05, 0.05, 0.03], np.float32
            ),
            place=tuple(rng.random(2)),
            far=0.95 - 0.3 * index,
        )
        for index in range(count)
    )


def paint_treeline(
    canvas: np.ndarray, wood: Treeline, light: Light, texture: Texture, horizon: float
) -> None:
    """Paint a far wood into `canvas`, in place, from its tops down to below the horizon."""
    side = texture.side
    y0 = max(0, int((horizon - 2.2 * wood.height) * side))
    y1 = min(side, int((horizon + 0.05) * side))
    broad = texture.window("broad", 1, side, wood.place)[0]
    crowns = texture.window("middle", 1, side, wood.place)[0]
    tips = np.abs(texture.window("fine", 1, side, wood.place)[0])
    edge = horizon - wood.height * (
        1 + 0.22 * broad + 0.16 * crowns + 0.14 * wood.spikes * (1.2 - tips)
    )
    y = (np.arange(y0, y1, dtype=np.float32) / side)[:, None]
    fine = texture.window("fine", y1 - y0, side, wood.place)
    middle = texture.window("middle", y1 - y0, side, wood.place)
    alpha = smoothstep(-0.004, 0.006, y - edge + 0.003 * fine)
    below = np.clip((y - edge) / wood.height, 0, 1.2)
    shifted = (wood.place[0] + 0.008, wood.place[1] - 0.008 * light.toward[0])
    relief = middle - texture.window("middle", y1 - y0, side, shifted)
    direct = np.clip(0.55 + 0.45 * relief + 0.12 * fine - 0.5 * below, 0.03, 1.2)
    hollow = np.clip(0.95 + 0.12 * fine - 0.45 * below, 0.3, 1.2)
    color = wood.leaf * (direct[..., None] * light.direct + hollow[..., None] * light.ambient)
    color = mix(color, light.haze, light.haziness * wood.far)
    canvas[y0:y1] = mix(canvas[y0:y1], color, alpha)
