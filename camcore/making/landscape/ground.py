"""The ground: grass, dry grass and earth in perspective, and the shadows on it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from camcore.making.landscape.noise import Texture, mix, smoothstep
from camcore.making.landscape.sky import Light


@dataclass(frozen=True)
class Soil:
    """What grows on the ground: three colours and where they lie."""

    grass: np.ndarray
    dry: np.ndarray
    earth: np.ndarray
    dryness: float
    bareness: float
    place: tuple[float, float]
    hill: tuple[float, float, float]

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Soil:
        """Draw a soil."""
        lush, bright = rng.uniform(-1, 1), rng.uniform(0.8, 1.15)
        return cls(
            grass=_color(rng, [0.36 - 0.06 * lush, 0.43 + 0.01 * lush, 0.20], bright),
            dry=_color(rng, [0.60, 0.54, 0.33], bright),
            earth=_color(rng, [0.44, 0.36, 0.27], bright),
            dryness=rng.uniform(-0.9, 1.1),
            bareness=rng.uniform(-1.4, 0.5),
            place=tuple(rng.random(2)),
            hill=(rng.uniform(0, 0.022), rng.uniform(0.6, 1.6), rng.uniform(0, 6.3)),
        )

    def crest(self, side: int, horizon: float) -> np.ndarray:
        """Return where the ground begins in each column, as shares of the side."""
        x = np.arange(side, dtype=np.float32) / side
        height, waves, phase = self.hill
        return horizon + height * np.sin(waves * 6.283 * x + phase).astype(np.float32)


def _color(rng: np.random.Generator, base: list[float], bright: float) -> np.ndarray:
    return np.array(np.array(base) * bright + rng.uniform(-0.025, 0.025, 3), np.float32)


def paint_ground(
    canvas: np.ndarray,
    soil: Soil,
    light: Light,
    texture: Texture,
    horizon: float,
    shadow: np.ndarray,
) -> None:
    """Paint the ground into `canvas`, in place, darkened by `shadow` (side, side) in 0..1."""
    side = texture.side
    top = int(horizon * side - 0.03 * side)
    rows, columns = np.mgrid[top:side, 0:side].astype(np.float32) / side
    below = rows - soil.crest(side, horizon)
    near = np.clip(below, 0.004, None)
    depth = 0.16 / (near + 0.035)
    u = (columns - 0.5) * depth * 0.55 + soil.place[0] + 8
    v = depth * 0.62 + soil.place[1] + 8

    kinds = texture.lookup("broad", v, u)
    clumps = texture.lookup("middle", v * 1.3 + 0.4, u * 1.3)
    grain = texture.lookup("fine", v * 2.3 + 0.3, u * 2.3)
    close = texture.lookup("fine", v * 4.5, u * 6.0 + 0.2)

    dry = smoothstep(-0.9, 0.9, kinds + soil.dryness - 0.4 + 0.35 * clumps)
    color = mix(soil.grass, soil.dry, dry * 0.8)
    second = texture.lookup("broad", v * 0.8 + 0.37, u * 0.8 + 0.61)
    bare = smoothstep(0.5, 1.3, second + soil.bareness + 0.3 * clumps)
    color = mix(color, soil.earth, bare * 0.85)

    detail = smoothstep(0.02, 0.2, near)
    relief = 1 + 0.13 * clumps + (0.13 - 0.03 * detail) * grain + 0.15 * detail * close
    shadow = np.clip(shadow[top:] * (0.92 + 0.22 * clumps + 0.12 * grain), 0, 1)
    # Without cast shadows, a shadow is the sky that a thing hides from the ground at its foot.
    hidden = 0.25 if light.casts else 0.65
    lit = 0.78 * (1 - shadow) * np.clip(relief, 0.2, 1.8)
    sky = 0.92 * (1 - hidden * shadow) * np.clip(0.5 + relief / 2, 0.3, 1.5)
    color = color * (lit[..., None] * light.direct + sky[..., None] * light.ambient)
    _raise_grass(color, 1 - bare, top, texture, horizon, soil.place)
    air = light.haziness * 0.75 * np.exp(-near / 0.075)
    color = mix(color, light.haze, air)
    canvas[top:] = mix(canvas[top:], color, smoothstep(-0.002, 0.004, below))


def _raise_grass(
    color: np.ndarray,
    growth: np.ndarray,
    top: int,
    texture: Texture,
    horizon: float,
    place: tuple[float, float],
) -> None:
    """Stand rows of blades on the painted ground, in its own colours, higher in front."""
    side = texture.side
    columns = np.arange(side)
    below = 0.03
    while horizon + below < 1.05:
        tall = 0.006 + 0.075 * below
        foot = int((horizon + below) * side) - top
        head = max(0, foot - int(tall * side) - 1)
        low = min(foot, len(color) - 1)
        if foot - head > 1 and head < len(color):
            rows = np.arange(head, min(foot, len(color)))
            rise = ((foot - rows) / (tall * side))[:, None].astype(np.float32)
            # Blades: noise drawn out upward, thinner toward the tips, leaning a little.
            leaning = (columns + (rise * 0.25 * tall * side).astype(int)) % side
            row = int((below * 7.3 + place[0]) % 1 * side)
            blades = texture.bands["fine"][row + (rise * 2).astype(int), leaning]
            tufts = texture.bands["middle"][row, columns][None]
            alpha = smoothstep(0.0, 0.5, blades + 0.5 * tufts + 0.7 - 2.3 * rise)
            alpha = alpha * growth[low][None]
            shade = (0.72 + 0.5 * rise + 0.10 * blades)[..., None]
            color[rows] = mix(color[rows], color[low][None] * shade, 0.8 * alpha)
        below += 0.35 * tall + 0.004


class Shadows:
    """Shadows on the ground, drawn as shapes and blurred together; the darkest one counts."""

    def __init__(self, side: int):
        self._side = side
        self._scale = side // 2
        self._shapes: list[tuple[float, list[tuple[float, float]]]] = []

    def polygon(self, points: Iterable[Sequence[float]] | np.ndarray, strength: float) -> None:
        """Darken a polygon of (x, y) shares by `strength` 0..1."""
        self._shapes.append((strength, [(x * self._scale, y * self._scale) for x, y in points]))

    def ellipse(self, x: float, y: float, rx: float, ry: float, strength: float) -> None:
        """Darken an ellipse about (x, y)."""
        self.polygon([(x + rx * cos, y + ry * sin) for cos, sin in _TURN], strength)

    def map(self, blur: float) -> np.ndarray:
        """Return the shadows (side, side) in 0..1, softened over `blur` of the side."""
        image = Image.new("L", (self._scale, self._scale))
        draw = ImageDraw.Draw(image)
        for strength, points in sorted(self._shapes, key=lambda shape: shape[0]):
            draw.polygon(points, fill=int(255 * strength))
        image = image.filter(ImageFilter.GaussianBlur(blur * self._scale))
        image = image.resize((self._side, self._side), Image.Resampling.BILINEAR)
        return np.asarray(image, np.float32) / 255


_TURN = [(math.cos(turn), math.sin(turn)) for turn in np.linspace(0, 2 * math.pi, 24)[:-1]]
