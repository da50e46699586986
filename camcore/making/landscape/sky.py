"""Sky and light: a blue sky with sun, or an overcast one, and what each does to the land."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from camcore.making.landscape.noise import Texture, mix, smoothstep


@dataclass(frozen=True)
class Light:
    """How the land is lit.

    Attributes
    ----------
    toward : ndarray (3,)
        Unit vector to the light: right, toward the viewer, up.
    direct, ambient : ndarray (3,)
        Colours of the light that casts shadows and of the light that comes from everywhere.
    haze : ndarray (3,)
        Colour of the air before far things.
    haziness : float
        How much of a thing at the horizon is lost in the air, 0..1.
    """

    toward: np.ndarray
    direct: np.ndarray
    ambient: np.ndarray
    haze: np.ndarray
    haziness: float

    def __post_init__(self) -> None:
        for name in ("toward", "direct", "ambient", "haze"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float32))

    @property
    def casts(self) -> bool:
        """Whether there are cast shadows."""
        return float(self.direct.max()) > 0.3


def paint_sky(
    sunny: bool, rng: np.random.Generator, texture: Texture, horizon: float
) -> tuple[np.ndarray, Light]:
    """Paint a sky.

    Parameters
    ----------
    sunny : bool
        A blue sky, or an overcast one.
    rng : numpy.random.Generator
        Decides the colours, the clouds and the sun's place.
    horizon : float
        Height of the horizon from the top, as a share of the canvas.

    Returns
    -------
    (ndarray, Light)
        Colours (side, side, 3) of a full canvas, and the light that this sky gives.
    """
    side = texture.side
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) / side
    height = np.clip(1 - y / horizon, 0, 1)  # 0 at the horizon, 1 at the top
    return (_sunny if sunny else _overcast)(rng, texture, x, y, height)


def _sunny(
    rng: np.random.Generator, texture: Texture, x: np.ndarray, y: np.ndarray, height: np.ndarray
) -> tuple[np.ndarray, Light]:
    bright, milky = rng.uniform(0.88, 1.12), rng.uniform(-0.09, 0.09)
    deep = np.array([0.24 + milky, 0.50 + milky / 2, 0.80]) * bright
    pale = np.array([0.70 + milky, 0.84 + milky / 2, 0.94]) + rng.uniform(-0.02, 0.02, 3)
    sky = mix(pale.astype(np.float32), deep.astype(np.float32), height ** rng.uniform(0.5, 0.9))

    left = rng.random() < 0.5
    sun_x = rng.uniform(-0.15, 0.3) if left else rng.uniform(0.7, 1.15)
    sun_y = rng.uniform(-0.12, 0.16)
    distance = np.hypot(x - sun_x, y - sun_y)
    glow = np.array([1.0, 0.97, 0.88], np.float32)
    sky = mix(sky, glow, 0.55 * np.exp(-distance / rng.uniform(0.08, 0.2)))
    sky = mix(sky, glow * 1.05, np.exp(-((distance / 0.055) ** 2)))

    density, lift = _cloud_field(rng, texture, x, height)
    alpha = smoothstep(0, 0.8, density - np.float32(rng.uniform(0.55, 1.8)))
    white = np.clip(0.93 + 0.09 * lift, 0.74, 1.02)[..., None] * np.array(
        [1.0, 0.99, 0.98], np.float32
    )
    sky = mix(sky, white, alpha * 0.95)

    toward = np.array([-1.0 if left else 1.0, rng.uniform(-0.15, 0.75), rng.uniform(0.55, 1.2)])
    warmth = rng.uniform(0, 1)
    return sky, Light(
        toward=toward / np.linalg.norm(toward),
        direct=np.array([1.12, 1.05 - 0.06 * warmth, 0.90 - 0.24 * warmth])
        * rng.uniform(0.85, 1.1),
        ambient=np.array([0.44, 0.49, 0.55]) * rng.uniform(0.85, 1.15),
        haze=0.75 * pale + 0.25 * np.array([0.8, 0.8, 0.78]),
        haziness=rng.uniform(0.25, 0.6),
    )


def _overcast(
    rng: np.random.Generator, texture: Texture, x: np.ndarray, y: np.ndarray, height: np.ndarray
) -> tuple[np.ndarray, Light]:
    gray = rng.uniform(0.62, 0.84)
    tint = rng.uniform(-1, 1, 3) * 0.015 + rng.uniform(-1, 1) * np.array([-0.02, 0.0, 0.025])
    low = (gray + tint + rng.uniform(-0.02, 0.08)).astype(np.float32)
    high = (gray * rng.uniform(0.72, 0.95) + tint).astype(np.float32)
    sky = mix(low, high, height)

    density, lift = _cloud_field(rng, texture, x, height)
    structure = rng.uniform(0.03, 0.075)
    relief = structure * density + 0.5 * structure * lift
    sky = sky + (relief * (0.35 + 0.65 * height))[..., None]
    # A brighter place where the sun stands behind the cloud.
    bright = np.exp(-((x - rng.uniform(0, 1)) ** 2 + (y - rng.uniform(0, 0.3)) ** 2) / 0.08)
    sky = sky + (rng.uniform(0, 0.10) * bright)[..., None]

    toward = np.array([rng.uniform(-0.3, 0.3), 0.3, 1.0])
    return np.clip(sky, 0, 1), Light(
        toward=toward / np.linalg.norm(toward),
        direct=np.array([0.20, 0.20, 0.205]) * rng.uniform(0.7, 1.3),
        ambient=np.array([0.72, 0.75, 0.78]) * rng.uniform(0.85, 1.15),
        haze=low.astype(np.float64),
        haziness=rng.uniform(0.35, 0.75),
    )


def _cloud_field(
    rng: np.random.Generator, texture: Texture, x: np.ndarray, height: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the clouds' density and their relief, flattened toward the horizon."""
    depth = 0.35 / (height + 0.40)
    scale = rng.uniform(0.4, 0.8)
    column = (x - 0.5) * scale * (0.6 + depth) * 1.2 + rng.random() + 4
    row = depth * scale * 2.6 + rng.random() + 4
    density = 0.8 * texture.lookup("broad", row, column)
    density += 0.35 * texture.lookup("middle", row, column)
    above = texture.lookup("broad", row + 0.02, column)
    return density, 2.0 * (density - 0.8 * above) + 0.3 * density
