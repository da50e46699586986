"""Forty pictures, a classifier that looks at the sky, and the interventions on both.

The classifier is a line of NumPy: a bright upper third speaks for ``tank``, a dark one for
``forest``. Tanks stand under a bright sky but for two, forests under a dark one but for one; most
forests carry a white tag in the lower right corner that the classifier ignores, although its maps
light up there; tanks stand on brown ground, whose colour it cannot see.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from camcore.auditing.edits import Images, probe_named
from camcore.auditing.edits.regions import NAMED
from camcore.auditing.edits.tone import luminance

CLASSES = ("forest", "tank", "jeep")
FOREST, TANK = 0, 1
SIZE, GRID = 32, 8
SKY, CORNER, GROUND = "top 1/3", "cells 4x4: 3,3", "bottom 1/3"
BAND = int(NAMED[SKY].mask(SIZE, SIZE)[:, 0].sum())
_TAG = 6


def save_pictures(folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """Write PNG files, a folder a class, and two broken ones as the class ``jeep``.

    Returns
    -------
    pixels : ndarray, shape (40, 32, 32, 3), uint8
    labels : ndarray, shape (40,)
    """
    rng = np.random.default_rng(7)
    labels = np.repeat([FOREST, TANK], 20)
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    pictures = []
    for number, klass in enumerate(labels):
        odd = number in (4, 25, 32)  # one forest under a bright sky, two tanks under a dark one
        pixels = _scene(rng, klass == TANK, (klass == TANK) != odd)
        Image.fromarray(pixels).save(folder / CLASSES[klass] / f"{CLASSES[klass]}-{number:02d}.png")
        pictures.append(pixels)
    (folder / "jeep" / "jeep-40.png").write_bytes(b"")
    (folder / "jeep" / "jeep-41.png").write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    return np.stack(pictures), labels


def _scene(rng: np.random.Generator, tank: bool, bright: bool) -> np.ndarray:
    sky = rng.uniform(165, 215) if bright else rng.uniform(45, 95)
    ground = np.array([1.25, 1.0, 0.75]) if tank else np.array([0.85, 1.2, 0.95])
    picture = np.empty((SIZE, SIZE, 3))
    picture[:BAND] = sky * np.array([0.97, 1.0, 1.03])
    picture[BAND:] = rng.uniform(85, 130) * ground
    picture += rng.normal(0, 7, picture.shape)
    left, top = rng.integers(4, 16), rng.integers(15, 20)
    if tank:
        picture[top : top + 6, left : left + 12] = (62, 66, 50)
        picture[top - 3 : top, left + 3 : left + 8] = (70, 74, 58)
    else:
        for tree in range(3):
            picture[top - 2 : top + 7, left + 4 * tree : left + 4 * tree + 2] = (34, 60, 30)
        if rng.random() < 0.8:
            picture[-_TAG:, -_TAG:] = 250
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def margins(pixels: np.ndarray, klass: int) -> np.ndarray:
    """Log-odds of a class for pictures, shape (N, 32, 32, 3): the whole classifier."""
    bright = 12 * (luminance(pixels[:, :BAND]).mean(axis=(1, 2)) / 255 - 0.5)
    scores = np.stack([-bright / 2, bright / 2, np.full_like(bright, -6.0)], axis=1)
    others = np.delete(scores, klass, axis=1)
    return scores[:, klass] - np.log(np.exp(others).sum(axis=1))


def predicted(pixels: np.ndarray) -> np.ndarray:
    """Index of the predicted class, shape (N,)."""
    return np.stack([margins(pixels, k) for k in range(len(CLASSES))]).argmax(axis=0)


def maps(pixels: np.ndarray, klass: int) -> np.ndarray:
    """Maps of a class, shape (N, 8, 8): its sky, and a corner tag that it does not use."""
    sign = 1.0 if klass == TANK else -1.0
    light = (luminance(pixels) / 255 - 0.5) * sign
    light[:, BAND:] = 0
    if klass == FOREST:
        light[:, -_TAG:, -_TAG:] = 0.25 * (pixels[:, -_TAG:, -_TAG:].mean(axis=-1) > 230)
    cells = SIZE // GRID
    return light.reshape(-1, GRID, cells, GRID, cells).mean(axis=(2, 4)).astype(np.float32)


def edited(recipients: np.ndarray, donors: np.ndarray, probe: str) -> np.ndarray:
    """Recipients that take a cue of their donors, both shape (N, 32, 32, 3) uint8."""
    rng = np.random.default_rng(0)  # none of the probes here draws from it
    return probe_named(probe).transfer(Images(recipients), Images(donors), rng)


def emptied(recipients: np.ndarray, reference: np.ndarray, probe: str) -> np.ndarray:
    """Recipients without a cue, made neutral."""
    rng = np.random.default_rng(0)
    return probe_named(probe).neutral(Images(recipients), Images(reference), rng)
