"""Noisy copies: the same every time, as large as documented, and gradients taken at each."""

from __future__ import annotations

import numpy as np
import pytest

import camcore
from camcore.errors import MethodError
from camcore.methods import METHODS
from camcore.methods.applying import raw_maps
from camcore.methods.noise import COPIES, NOISE, noisy_copies
from camcore.methods.weighted import smooth_grad_cam_plus_plus
from camcore.models.keras.classifier import KerasClassifier

SMOOTH = METHODS["smooth-grad-cam++"]


def test_noise_is_a_share_of_each_pictures_range(images):
    batch = images(2, (40, 50, 3)) * np.array([1, 100], np.float32)[:, None, None, None]
    for copy in noisy_copies(batch):
        added = (copy - batch).std(axis=(1, 2, 3)) / np.ptp(batch, axis=(1, 2, 3))
        np.testing.assert_allclose(added, NOISE, rtol=0.05)


def test_copies_differ_and_come_again(images):
    first, again = (list(noisy_copies(images(1, (6, 5, 3)))) for _ in range(2))
    assert len(first) == COPIES
    np.testing.assert_array_equal(first, again)
    assert all(np.abs(first[0] - other).max() > 0.1 for other in first[1:])


def test_a_picture_is_disturbed_in_a_batch_as_it_is_alone(images):
    batch = images(3, (6, 5, 3))
    for many, alone in zip(noisy_copies(batch), noisy_copies(batch[1:2]), strict=True):
        np.testing.assert_array_equal(many[1], alone[0])


def test_a_map_is_the_formula_of_the_gradients_at_each_copy(tiny_model, images):
    model, batch = KerasClassifier(tiny_model, preprocessing="none"), images(2, (12, 10, 3))
    forward = model.forward(batch, "late")
    at_copies = [
        model.gradients(model.forward(copy, "late"), [2, 0]) for copy in noisy_copies(batch)
    ]
    expected = smooth_grad_cam_plus_plus(forward.activations, np.stack(at_copies, axis=1))
    maps = raw_maps(model, forward, [2, 0], SMOOTH, images=batch)
    np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-7)
    plain = raw_maps(model, forward, [2, 0], METHODS["grad-cam++"])
    assert np.abs(maps - plain).max() > 1e-3 * np.abs(plain).max()
    with pytest.raises(MethodError, match="needs the pictures"):
        raw_maps(model, forward, [2, 0], SMOOTH)


def test_the_passes_are_counted_and_every_class_has_its_map(tiny_model, picture):
    model = KerasClassifier(tiny_model, preprocessing="0-1")
    both = camcore.Engine().explain_each(
        model, picture(), [0, 1], layer="late", method="smooth-grad-cam++"
    )
    assert [explanation.cost.passes for explanation in both] == [COPIES] * 2
    alone = camcore.explain(model, picture(), target=1, layer="late", method="smooth-grad-cam++")
    np.testing.assert_allclose(both[1].heatmap.raw, alone.heatmap.raw, rtol=1e-4, atol=1e-7)
    assert np.ptp(alone.heatmap.raw) > 0


def test_an_audit_does_not_offer_it():
    assert not SMOOTH.scans
    assert METHODS["grad-cam++"].scans
