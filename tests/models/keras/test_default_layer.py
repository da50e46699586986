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
