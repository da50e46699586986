"""A classifier and pictures whose localisation is known on paper.

Each class looks at one colour: its score is the mean of one channel, so that its Grad-CAM map is
that channel. A rectangle on whole cells of the 8 x 8 grid comes back exactly at half the maximum;
at 20 % it comes back one pixel wider on each side, for 1.5 pixels beyond its last cell's centre
are 62.5 % of it, 2.5 are 37.5 % and 3.5 are 12.5 %.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from tests.auditing.linear_classifier import GRID, SIDE, LinearClassifier

COLOURS = ("red", "green", "blue")


def colours() -> LinearClassifier:
    """Says which colour there is most of."""
    weights = np.zeros((GRID, GRID, 3, 3), np.float32)
    for channel in range(3):
        weights[:, :, channel, channel] = 1
    return LinearClassifier(weights, (0, 0, 0), COLOURS)


def paint(file: Path, **boxes: tuple[int, int, int, int]) -> Path:
    """A black picture of 32 x 32 with a box of each colour."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    for colour, (x0, y0, x1, y1) in boxes.items():
        pixels[y0:y1, x0:x1, COLOURS.index(colour)] = 255
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(file)
    return file
