"""What all probes share: names, identity, determinism, gray and colour, small and large."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from camcore.auditing.edits import (
    Images,
    global_probes,
    local_probes,
    object_probes,
    probe_named,
    refine,
)
from camcore.auditing.edits.families import FAMILIES
from camcore.errors import InputError

SHAPES = [(28, 28, 1), (28, 28, 3), (64, 48, 3), (99, 75, 1)]


def scenes(shape, seed=0, count=3):
    """Smooth scenes with an object, different in tone, all with masks and JPEG qualities."""
    rng = np.random.default_rng(seed)
    height, width, channels = shape
    fields = gaussian_filter(rng.normal(size=(count, *shape)), (0, 2, 2, 0))
    values = 120 + 250 * fields + rng.uniform(-30, 30, (count, 1, 1, channels))
    masks = np.zeros((count, height, width), bool)
    masks[:, height // 3 : height // 2, width // 4 : width // 2] = True
    values[masks] += 60
    quality = np.linspace(30, 90, count).astype(np.float32)
    return Images(np.rint(values).clip(0, 255).astype(np.uint8), masks, quality=quality)


def everything(images):
    return (*local_probes(), *global_probes(images), *object_probes(images))


@pytest.mark.parametrize("shape", SHAPES)
def test_an_image_that_is_its_own_donor_stays(shape):
    images = scenes(shape)
    for probe in everything(images):
        edited = probe.transfer(images, images, np.random.default_rng(0))
        if probe.name == "background":  # the filled object lies behind the object
            assert (edited == images.pixels).all()
        change = np.abs(edited.astype(int) - images.pixels)
        assert change.max() <= 1, probe.name


@pytest.mark.parametrize("shape", SHAPES)
def test_edits_are_pixels_of_the_same_shape_and_repeat(shape):
    recipients, donors = scenes(shape, 0), scenes(shape, 1)
    before = recipients.pixels.copy(), donors.pixels.copy()
    for probe in everything(recipients):
        for edit in (probe.transfer, probe.neutral):
            first = edit(recipients, donors, np.random.default_rng(7))
            again = edit(recipients, donors, np.random.default_rng(7))
            assert first.dtype == np.uint8
            assert first.shape == recipients.pixels.shape
            np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(recipients.pixels, before[0])
    np.testing.assert_array_equal(donors.pixels, before[1])


@pytest.mark.parametrize("shape", [(28, 28, 1), (64, 48, 3)])
def test_every_probe_changes_something(shape):
    recipients, donors = scenes(shape, 0), scenes(shape, 1)
    donors = replace(donors, quality=donors.quality - 20)
    for probe in everything(recipients):
        edited = probe.transfer(recipients, donors, np.random.default_rng(0))
        assert (edited != recipients.pixels).any(), probe.name


def test_names_come_back():
    images = scenes((28, 28, 3))
    probes = list(everything(images))
    probes += [finer for probe in probes for finer in refine(probe)]
    assert len({probe.name for probe in everything(images)}) == len(everything(images))
    for probe in probes:
        again = probe_named(probe.name)
        assert again == probe
        assert hash(again) == hash(probe)
        assert (again.family, again.cue, again.area) == (probe.family, probe.cue, probe.area)
        assert probe.family in FAMILIES
    with pytest.raises(InputError, match="brightness"):
        probe_named("smell")


def test_which_probes_apply():
    colour, gray = scenes((32, 32, 3)), scenes((32, 32, 1))
    names = [probe.name for probe in global_probes(colour)]
    assert names == [
        "brightness", "colour", "illumination", "vignette", "blur", "detail", "noise", "texture",
        "watermark", "compression",
    ]  # fmt: skip
    small = [probe.name for probe in global_probes(scenes((28, 28, 3)))]
    assert small == [name for name in names if name != "detail"]  # too few pixels for its bands
    assert "colour" not in [probe.name for probe in global_probes(gray)]
    without_colour = Images(np.repeat(gray.pixels, 3, axis=-1))
    assert "colour" not in [probe.name for probe in global_probes(without_colour)]
    same = Images(colour.pixels, quality=np.full(3, 80, np.float32))
    assert "compression" not in [probe.name for probe in global_probes(same)]
    assert object_probes(same) == ()
    unknown = Images(colour.pixels, colour.masks, known=np.zeros(3, bool))
    assert object_probes(unknown) == ()
    assert [probe.name for probe in object_probes(colour)] == ["background", "object"]


def test_the_coarse_scan():
    names = [probe.name for probe in local_probes(4)]
    assert names[:2] == ["cells 4x4: 0,0", "cells 4x4: 0,1"]
    assert len(names) == 16 + 8
    assert {probe.family for probe in local_probes(4)} == {
        "tag", "frame", "sky/top-band", "bottom-band", "side-band", "region",
    }  # fmt: skip
    assert refine(probe_named("blur")) == ()


def test_images_that_do_not_fit_are_refused():
    pixels = np.zeros((2, 28, 28, 1), np.uint8)
    with pytest.raises(InputError, match="uint8"):
        Images(pixels.astype(np.float32))
    with pytest.raises(InputError, match="channels"):
        Images(np.zeros((2, 28, 28, 4), np.uint8))
    with pytest.raises(InputError, match="masks"):
        Images(pixels, np.zeros((2, 28, 27), bool))
    with pytest.raises(InputError, match="quality"):
        Images(pixels, quality=np.zeros(3, np.float32))
