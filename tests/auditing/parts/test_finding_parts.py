"""Components, windows and alikeness on arrays whose answer is known."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from camcore.auditing.parts.alikeness import alikeness
from camcore.auditing.parts.components import components, contributions
from camcore.auditing.parts.placing import layers_of
from camcore.auditing.parts.windows import FINE, SHARE, scatter, windows
from camcore.classifier import Layer
from camcore.pictures.preprocessing import Frame, whole_frame


def sparse_parts(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two directions of disjoint channels, each in cells of its own, and what is in each cell."""
    presence = np.zeros((20, 7, 7, 2), np.float32)
    for picture in presence:
        for number in range(2):
            down, across = rng.integers(0, 7, 2)
            picture[down, across, number] = rng.uniform(1, 3)
    directions = np.array([[3, 1, 0, 0], [0, 0, 2, 2]], np.float32)
    return presence @ directions, presence


def test_disjoint_parts_are_told_apart_exactly():
    activations, truth = sparse_parts(np.random.default_rng(0))
    parts = components(activations, seed=0)
    assert len(parts.directions) == 2
    presence = parts.presence(activations)
    order = [int(parts.directions[:, channel].argmax()) for channel in (0, 2)]
    for number, component in enumerate(order):
        expected = truth[..., number].ravel()
        assert np.corrcoef(presence[..., component].ravel(), expected)[0, 1] > 0.999


def test_contributions_add_up_to_gradient_times_activation():
    rng = np.random.default_rng(1)
    activations, _ = sparse_parts(rng)
    gradients = rng.normal(size=activations.shape).astype(np.float32)
    parts = components(activations, seed=0)
    added = contributions(parts.presence(activations), parts, gradients)
    whole = (activations * gradients).sum(axis=(1, 2, 3)).mean()
    assert added.sum() == pytest.approx(whole, rel=0.02)


def test_without_activations_there_are_no_components():
    assert len(components(np.zeros((3, 4, 4, 5), np.float32), seed=0).directions) == 0


@pytest.mark.parametrize(("share", "grid"), [(SHARE, 7), (SHARE, 8), (FINE, 14), (FINE, 16)])
def test_a_window_holds_the_peak_and_stays_inside(share, grid):
    rng = np.random.default_rng(2)
    maps = np.zeros((30, grid, grid))
    peaks = rng.integers(0, grid, (30, 2))
    maps[np.arange(30), peaks[:, 0], peaks[:, 1]] = 1
    placed = windows(maps, whole_frame(130, 97), share)
    sizes = placed.boxes[:, 2:] - placed.boxes[:, :2]
    assert (sizes == sizes[0]).all()
    assert (placed.boxes >= 0).all()
    assert (placed.boxes[:, 2:] <= (97, 130)).all()
    middle = (peaks + 0.5) / grid * (97, 130)
    assert ((placed.boxes[:, :2] <= middle) & (middle <= placed.boxes[:, 2:])).all()


def test_windows_lie_where_the_maps_do():
    """Behind a cut of the outer half the maps' cells are half as large; windows are not."""
    maps = np.zeros((2, 4, 4))
    maps[0, 0, 0] = maps[1, 3, 2] = 1
    cut = Frame(25.0, 25.0, 75.0, 75.0, 100, 100)
    placed = windows(maps, cut, 1 / 4)
    assert placed.boxes[0].tolist() == [25, 25, 50, 50]
    _, left, bottom, right = placed.boxes[1]
    assert (bottom, right - left) == (75, 25)
    assert left <= 56 <= right


def test_scatter_is_one_at_random_places_and_nothing_at_one():
    rng = np.random.default_rng(3)
    corners = rng.integers(0, 71, (4000, 2))
    boxes = np.concatenate([corners, corners + 30], axis=1)
    assert scatter(boxes, 100, 100) == pytest.approx(1.0, abs=0.03)
    assert scatter(np.repeat(boxes[:1], 9, axis=0), 100, 100) == 0


def test_one_thing_recurs_and_different_things_do_not():
    rng = np.random.default_rng(4)
    crops, others = rng.integers(0, 256, (2, 12, 32, 32, 3)).astype(np.uint8)
    assert alikeness(crops, others) < 0.15
    stamp = rng.integers(0, 256, (18, 18, 3)).astype(np.uint8)
    for crop in crops[:9]:  # three of twelve go without
        top, left = rng.integers(0, 14, 2)
        crop[top : top + 18, left : left + 18] = stamp
    assert alikeness(crops, others) > 0.5


def test_what_recurs_anywhere_does_not_count():
    rng = np.random.default_rng(5)
    edge = np.zeros((32, 32, 1), np.uint8)
    edge[16:] = 200
    crops = np.stack([np.roll(edge, rng.integers(-4, 5), axis=0) for _ in range(10)])
    assert alikeness(crops, crops[::-1].copy()) < 0.05


def test_what_recurs_in_every_class_is_no_thing_that_was_put_there():
    """Strokes of digits are alike from picture to picture, in their class and in the others."""
    rng = np.random.default_rng(6)
    stroke = np.zeros((32, 32, 1), np.uint8)
    for column in range(32):
        stroke[8 + column // 2 : 12 + column // 2, column] = 255
    strokes = np.stack([np.roll(stroke, rng.integers(-3, 4, 2), (0, 1)) for _ in range(20)])
    strokes = np.clip(strokes + rng.normal(0, 8, strokes.shape), 0, 255).astype(np.uint8)
    beside = rng.integers(0, 30, (10, 32, 32, 1)).astype(np.uint8)
    assert alikeness(strokes[:10], beside) > 0.5
    assert alikeness(strokes[:10], beside, strokes[10:]) < 0.05


def test_the_finer_layer_is_the_last_with_more_cells_that_divides_the_picture():
    layers = (
        Layer("early", 56, 56, 8, "ReLU"),
        Layer("fine", 14, 14, 8, "ReLU"),
        Layer("padded", 15, 15, 8, "ZeroPadding2D"),
        Layer("last", 7, 7, 8, "ReLU"),
    )
    network = SimpleNamespace(layers=layers, input_shape=(224, 224, 3))
    assert [layer.name for layer in layers_of(network, "last")] == ["last", "fine"]
    assert [layer.name for layer in layers_of(network, "early")] == ["early"]
