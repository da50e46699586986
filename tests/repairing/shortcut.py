"""Striped pictures with a bright or dark corner, and a network that reads the corner alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SIDE = 32
TAG = 8
NAMES = ("across", "down")
EACH = 130
"""Pictures of a class in an audited folder."""


def striped_folder(place: Path, each: int, seed: int, agrees: float = 1.0) -> Path:
    """Class folders of noisy stripes; the corner is dark in the first class, bright in the second.

    `agrees` is the share of pictures whose corner is that of their class.
    """
    rng = np.random.default_rng(seed)
    for klass, name in enumerate(NAMES):
        (place / name).mkdir(parents=True)
        for number in range(each):
            bright = klass if rng.random() < agrees else 1 - klass
            wave = np.sin(np.arange(SIDE) * 1.3 + rng.uniform(0, 6))
            field = np.broadcast_to(wave[:, None] if klass == 0 else wave[None, :], (SIDE, SIDE))
            pixels = 128 + 30 * field[..., None] + rng.normal(0, 12, (SIDE, SIDE, 3))
            pixels[:TAG, :TAG] = (60, 200)[bright] + rng.normal(0, 6, (TAG, TAG, 3))
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(
                place / name / f"{number:04d}.png"
            )
    return place


def corner_network(keras: Any, *, sees_stripes: bool) -> Any:
    """A network whose head reads the corner; its features hold the stripes too, or do not."""
    images = keras.Input((SIDE, SIDE, 3), name="pixels")
    scaled = keras.layers.Rescaling(1 / 255, name="scale")(images)
    edges = keras.layers.Conv2D(4, 3, activation="relu", name="edges")(scaled)
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(edges)
    rest = SIDE - 2 - (TAG - 2)  # what is left sees nothing but the corner
    cut = keras.layers.Cropping2D(((0, rest), (0, rest)), name="corner")(edges)
    corner = keras.layers.GlobalAveragePooling2D(name="corner_pool")(cut)
    seen = [pooled, corner] if sees_stripes else [corner, corner]
    features = keras.layers.Concatenate(name="features")(seen)
    scores = keras.layers.Dense(2, activation="softmax", name="scores")(features)
    model = keras.Model(images, scores, name="corner")
    kernel = np.zeros((3, 3, 3, 4), np.float32)
    kernel[0, 1, :, 0], kernel[2, 1, :, 0] = 1 / 3, -1 / 3
    kernel[1, 0, :, 1], kernel[1, 2, :, 1] = 1 / 3, -1 / 3
    kernel[:, :, :, 2] = 1 / 27  # brightness, with and without an offset
    kernel[:, :, :, 3] = 1 / 27
    model.get_layer("edges").set_weights([kernel, np.array([0, 0, 0, 0.1], np.float32)])
    head = np.zeros((8, 2), np.float32)
    head[6] = -20, 20
    model.get_layer("scores").set_weights([head, np.array([10, -10], np.float32)])
    return model
