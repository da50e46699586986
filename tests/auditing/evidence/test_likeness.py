"""How alike the pictures of a class are, on pictures whose likeness is known."""

from __future__ import annotations

import numpy as np

from camcore.auditing.evidence.likeness import crops, levels, repeated_content, separation


def pictures(seed: int, count: int = 40, side: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, 3), np.uint8)


def test_content_that_was_put_there_repeats():
    of_class, others = pictures(0), pictures(1)
    of_class[:, 0, 0] = others[:4, 0, 0] = (250, 10, 10)
    repeated = repeated_content(of_class, others)
    assert repeated[0, 0] == np.float32(0.9)  # a tenth of the others bears it too
    assert repeated.ravel()[1:].max() < 0.15
    of_class[:, 0, 0] = pictures(2)[:, 0, 0]
    assert repeated_content(of_class, others).max() < 0.15


def test_the_common_ground_of_pictures_does_not_count():
    of_class, others = pictures(0), pictures(1)
    of_class[:, :6], others[:, 6:] = 0, 0  # black is the ground of all; these have it above
    assert repeated_content(of_class, others)[:6].max() == 0


def test_a_class_must_differ_from_every_other():
    values = np.arange(20.0)[:, None]
    assert separation(values, [values + 100, values + 10]) == 0.5
    assert separation(values, [values + 100, values]) == 0.0
    assert separation(values, []) == 0.0


def test_the_levels_of_black_and_white():
    gray = np.full((1, 10, 10, 3), 100, np.uint8)
    gray[..., 2] = 70
    assert levels(gray).tolist() == [[100, 100, 70, 100, 100, 70, 0, -30, 0, -30]]


def test_crops_are_the_whole_the_middle_and_the_quarters():
    cut = crops(np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1))
    assert [part[0, 0, 0, 0] for part in cut] == [0, 5, 0, 2, 8, 10]
    assert [part.shape[1:3] for part in cut] == [(4, 4)] + [(2, 2)] * 5
