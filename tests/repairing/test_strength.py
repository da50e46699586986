"""Which pictures bear a cue is told by what it does when it is handed on."""

from __future__ import annotations

import numpy as np

from camcore.auditing.edits import Images, probe_named
from camcore.repairing.strength import cue_strength, present


def test_the_strength_is_what_the_donor_does_to_the_same_recipients():
    levels = np.array([10, 200, 30, 180], np.uint8)
    donors = Images(np.broadcast_to(levels[:, None, None, None], (4, 16, 16, 1)).copy())
    recipients = Images(np.full((3, 16, 16, 1), 100, np.uint8))
    probe = probe_named("cells 4x4: 0,0")
    strength = cue_strength(
        probe, donors, recipients, lambda pixels: pixels[:, :4, :4].mean(axis=(1, 2, 3)), 0
    )
    assert strength.tolist() == [10, 200, 30, 180]
    elsewhere = cue_strength(
        probe, donors, recipients, lambda pixels: pixels[:, 8:].mean(axis=(1, 2, 3)), 0
    )
    assert elsewhere.tolist() == [100] * 4
    of_class = np.array([True, False, False, True])
    assert present(strength, of_class).tolist() == [False, True, False, True]


def test_without_any_strength_the_class_tells():
    of_class = np.array([True, False, True])
    assert present(np.full(3, np.nan), of_class).tolist() == of_class.tolist()
    assert present(np.ones(3), of_class).tolist() == of_class.tolist()


def test_what_only_many_pictures_show_has_no_strength():
    images = Images(np.zeros((2, 32, 32, 3), np.uint8))
    strength = cue_strength(probe_named("watermark"), images, images, lambda p: p, 0)
    assert np.isnan(strength).all()
