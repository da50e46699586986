"""The camera: exposure, white balance, contrast, softness, vignette and noise."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Camera:
    """One camera's faults and settings."""

    gain: np.ndarray
    gamma: float
    saturation: float
    vignette: float
    noise: float
    seed: int

    @classmethod
    def drawn(cls, rng: np.random.Generator) -> Camera:
        """Draw a camera."""
        return cls(
            gain=rng.uniform(0.90, 1.18)
            * (1 + rng.uniform(-1, 1) * np.array([0.05, 0.0, -0.05]) + rng.normal(0, 0.01, 3)),
            gamma=rng.uniform(0.74, 1.0),
            saturation=rng.uniform(0.72, 1.08),
            vignette=rng.uniform(0.0, 0.22),
            noise=rng.uniform(0.003, 0.024),
            seed=int(rng.integers(2**32)),
        )

    def photograph(self, canvas: np.ndarray) -> np.ndarray:
        """Turn colours (N, N, 3) into the pixels uint8 that this camera stores."""
        side = len(canvas)
        gray = canvas.mean(axis=2, keepdims=True)
        color = np.clip(gray + (canvas - gray) * self.saturation, 0, None)
        color = color * self.gain.astype(np.float32)
        at = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
        color = color * (1 - self.vignette * 2 * (at[:, None] ** 2 + at**2))[..., None]
        # Highlights roll off instead of being cut.
        color = np.where(color > 0.8, 0.8 + 0.2 * np.tanh((color - 0.8) / 0.2), color)
        color = color**self.gamma
        grain = np.random.default_rng(self.seed).standard_normal((side, side, 3), np.float32)
        color = color + self.noise * grain
        pixels: np.ndarray = (np.clip(color, 0, 1) * 255 + 0.5).astype(np.uint8)
        return pixels
