"""Local probes: bit for bit inside the region, untouched outside."""

import numpy as np
import pytest

from camcore.auditing.edits import Images, local_probes, probe_named


def random_images(shape, seed):
    return Images(np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8))


@pytest.mark.parametrize("shape", [(3, 28, 28, 1), (2, 50, 31, 3)])
def test_inside_is_the_donor_and_outside_the_recipient(shape):
    recipients, donors = random_images(shape, 0), random_images(shape, 1)
    for probe in local_probes():
        edited = probe.transfer(recipients, donors, np.random.default_rng(0))
        mask = probe.region.mask(*shape[1:3])
        np.testing.assert_array_equal(edited[:, mask], donors.pixels[:, mask])
        np.testing.assert_array_equal(edited[:, ~mask], recipients.pixels[:, ~mask])


def test_neutral_leaves_the_rest_and_forgets_the_region():
    recipients = random_images((3, 40, 40, 3), 0)
    probe = probe_named("cells 4x4: 1,2")
    mask = probe.region.mask(40, 40)
    other = Images(np.where(mask[..., None], 255 - recipients.pixels, recipients.pixels))
    first, second = (
        probe.neutral(images, recipients, np.random.default_rng(0))
        for images in (recipients, other)
    )
    np.testing.assert_array_equal(first[:, ~mask], recipients.pixels[:, ~mask])
    np.testing.assert_array_equal(first, second)
