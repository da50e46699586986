"""Which map of a network is shown where nobody asked for another."""

from __future__ import annotations

import pytest

from camcore.models.keras.classifier import KerasClassifier


def branches(keras, *, pooled: bool):
    layers = keras.layers
    x = layers.Conv2D(4, 3, activation="relu", name="stem")(images := keras.Input((16, 16, 3)))
    wide = layers.Conv2D(3, 3, padding="same", activation="relu", name="wide")(x)
    narrow = layers.Conv2D(2, 1, activation="relu", name="narrow")(x)
    x = layers.Concatenate(name="mixed")([wide, narrow])
    if pooled:
        x = layers.MaxPooling2D(2, name="pool")(x)
    x = layers.GlobalAveragePooling2D()(x)
    return KerasClassifier(keras.Model(images, layers.Dense(3)(x)), preprocessing="0-1")


@pytest.mark.parametrize("pooled", [False, True])
def test_branches_are_shown_where_they_meet(keras, pooled):
    """One branch is half of what the scores are made of; a pooled map is a coarser copy."""
    classifier = branches(keras, pooled=pooled)
    assert classifier.default_layer == "mixed"
    cam = {layer.name for layer in classifier.layers if layer.cam}
    assert cam == ({"pool"} if pooled else {"mixed"})


def halves(keras, images, name):
    """Two convolutions that see the left and the right half."""
    return [
        keras.layers.Conv2D(4, 3, padding="same", name=f"{name}_{part}")(images[:, :, columns])
        for part, columns in (("left", slice(16)), ("right", slice(16, None)))
    ]


def upper_and_lower(keras, images, name):
    """One convolution for the upper and the lower half."""
    conv = keras.layers.Conv2D(4, 3, name=name)
    crop = keras.layers.Cropping2D
    return [conv(crop((sides, 0))(images)) for sides in ((0, 16), (16, 0))]


def two_sizes(keras, images, name):
    """Two convolutions that see all of the picture."""
    return [keras.layers.Conv2D(4, size, name=f"{name}_{size}")(images) for size in (3, 5)]


@pytest.mark.parametrize(
    ("branches", "names"),
    [(halves, {"b_left", "b_right"}), (upper_and_lower, {"b", "b:2"}), (two_sizes, set())],
)
def test_branches_that_see_parts_of_the_picture_are_named(keras, branches, names):
    images = keras.Input((32, 32, 3))
    pooled = keras.layers.GlobalAveragePooling2D()
    joined = keras.layers.Concatenate()([pooled(x) for x in branches(keras, images, "b")])
    classifier = KerasClassifier(keras.Model(images, keras.layers.Dense(3)(joined)))
    notes = [note for note in classifier.notes if "parts of the picture apart" in note]
    assert bool(notes) == bool(names)
    assert all(repr(name) in note for name in names for note in notes)
    assert "sees 50% of it" in "".join(notes) or not names


def test_branches_that_meet_again_are_not_named(keras):
    images = keras.Input((32, 32, 3))
    joined = keras.layers.Concatenate(axis=2)(halves(keras, images, "b"))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(4, 3, name="after")(joined))
    classifier = KerasClassifier(keras.Model(images, keras.layers.Dense(3)(x)))
    assert classifier.default_layer == "after"
    assert classifier.notes == ()
