"""Object and background: each pixel is traced to where it came from."""

import numpy as np

from camcore.auditing.edits import Images
from camcore.auditing.edits.composition import Background, Object, objects
from camcore.auditing.rules import RULES


def flat_scenes(background, thing, corner, known=None):
    """Flat scenes with a flat 12x12 object each."""
    pixels = np.full((2, 40, 40, 3), background, np.uint8)
    masks = np.zeros((2, 40, 40), bool)
    masks[:, corner : corner + 12, corner : corner + 12] = True
    pixels[masks] = thing
    return Images(pixels, masks, known)


def near(pixels, level):
    return (np.abs(pixels.astype(float) - level) < 6 * RULES.fill_noise).all()


RECIPIENTS, DONORS = flat_scenes(30, 90, 4), flat_scenes(150, 220, 20)
AROUND, AROUND_THERE = objects(RECIPIENTS), objects(DONORS)


def test_a_margin_of_three_per_cent_belongs_to_the_object():
    rows, columns = np.nonzero(AROUND[0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 16, 3, 16)
    unknown = Images(RECIPIENTS.pixels, RECIPIENTS.masks, np.zeros(2, bool))
    assert not objects(unknown).any()


def test_background_swap():
    edited = Background().transfer(RECIPIENTS, DONORS, np.random.default_rng(0))
    here, foreign = AROUND, AROUND_THERE & ~AROUND
    assert (edited[RECIPIENTS.masks] == 90).all()
    assert (edited[AROUND & ~RECIPIENTS.masks] == 30).all()
    assert (edited[~here & ~foreign] == 150).all()
    assert near(edited[foreign], 150)
    assert edited[foreign].std() > 1


def test_object_swap():
    edited = Object().transfer(RECIPIENTS, DONORS, np.random.default_rng(0))
    here, foreign = RECIPIENTS.masks, DONORS.masks
    assert (edited[foreign] == 220).all()
    assert (edited[~here & ~foreign] == 30).all()
    assert near(edited[here & ~foreign], 30)


def test_neutral_object_is_none_and_neutral_background_is_plain():
    rng = np.random.default_rng(0)
    gone = Object().neutral(RECIPIENTS, DONORS, rng)
    assert near(gone, 30)
    plain = Background().neutral(RECIPIENTS, DONORS, rng)
    assert (plain[RECIPIENTS.masks] == 90).all()
    assert near(plain[~AROUND], 150)


def test_unknown_masks_change_nothing():
    rng = np.random.default_rng(0)
    some = flat_scenes(150, 220, 20, known=np.array([True, False]))
    for probe in (Background(), Object()):
        edited = probe.transfer(RECIPIENTS, some, rng)
        assert (edited[0] != RECIPIENTS.pixels[0]).any()
        np.testing.assert_array_equal(edited[1], RECIPIENTS.pixels[1])
        np.testing.assert_array_equal(
            probe.transfer(RECIPIENTS, Images(DONORS.pixels), rng), RECIPIENTS.pixels
        )


def test_without_any_background_to_learn_from_nothing_changes():
    full = Images(DONORS.pixels, np.ones((2, 40, 40), bool))
    for reference in (full, Images(DONORS.pixels)):
        edited = Background().neutral(RECIPIENTS, reference, np.random.default_rng(0))
        np.testing.assert_array_equal(edited, RECIPIENTS.pixels)


def test_an_image_without_an_object_is_all_background():
    empty = Images(RECIPIENTS.pixels, np.zeros((2, 40, 40), bool))
    edited = Background().transfer(empty, DONORS, np.random.default_rng(0))
    assert near(edited, 150)
    pasted = Object().transfer(empty, DONORS, np.random.default_rng(0))
    assert (pasted[DONORS.masks] == 220).all()
    np.testing.assert_array_equal(pasted[~DONORS.masks], RECIPIENTS.pixels[~DONORS.masks])


def test_donor_and_control_are_filled_at_the_same_places():
    empty = Images(RECIPIENTS.pixels, np.zeros((2, 40, 40), bool))
    donors, controls = Background().alike(DONORS, empty)
    assert (objects(donors) == AROUND_THERE).all()
    assert (objects(controls) == AROUND_THERE).all()
    edited = Background().transfer(empty, controls, np.random.default_rng(0))
    assert (edited[~AROUND_THERE] == RECIPIENTS.pixels[~AROUND_THERE]).all()
    assert near(edited[AROUND_THERE], 30)
    bare = Images(RECIPIENTS.pixels)
    assert Background().alike(DONORS, bare) == (DONORS, bare)
