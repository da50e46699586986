"""The growing sum as a GIF: its frames are the sums, on one scale."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageSequence

from camcore.drawing.growing_sum import growing_sum_gif
from camcore.drawing.overlay import palette
from camcore.pictures.preprocessing import whole_frame


def frames(maps: np.ndarray, weights: np.ndarray) -> list[np.ndarray]:
    picture = np.zeros((10, 20, 3), np.uint8)
    gif = growing_sum_gif(maps, weights, picture, whole_frame(20, 10), "tank")
    with Image.open(io.BytesIO(gif)) as moving:
        return [np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(moving)]


def test_each_frame_shows_the_sum_so_far_on_one_scale():
    maps = np.zeros((2, 1, 2))
    maps[0, 0, 0], maps[1, 0, 1] = 1.0, 2.0
    first, last = frames(maps, np.array([1.0, 1.0]))
    half, most = palette("viridis")[128].astype(int), palette("viridis")[255].astype(int)
    left, right = (100, 116), (100, 316)  # in the panel of cells
    for drawn, at, expected in ((first, left, half), (last, left, half), (last, right, most)):
        assert np.abs(drawn[at].astype(int) - expected).max() <= 8  # of a palette of 256 colours


def test_what_is_negative_is_cut_and_nothing_is_no_error():
    assert len(frames(np.ones((3, 2, 2)), np.array([1.0, -2.0, 0.5]))) == 3
    drawn = frames(np.ones((1, 2, 2)), np.array([-1.0]))
    assert np.abs(drawn[0][100, 100].astype(int) - palette("viridis")[0]).max() <= 8
