"""Networks of Keras Applications are known by their convolutions, whatever they are called."""

from __future__ import annotations

import pytest

from camcore.models.keras.classifier import KerasClassifier


@pytest.fixture(scope="module")
def base(keras):
    """The convolutions of a small MobileNet, with random weights."""
    return keras.applications.MobileNet(
        (32, 32, 3), alpha=0.25, weights=None, include_top=False, name="anything"
    )


def classified(keras, base, classes: int, before=None, nested: bool = True):
    layers = keras.layers
    images = keras.Input((32, 32, 3))
    if nested:
        x = base(before(images) if before else images)
    else:
        images, x = base.input, base.output
    return keras.Model(images, layers.Dense(classes)(layers.GlobalAveragePooling2D()(x)))


@pytest.mark.parametrize("nested", [True, False])
def test_with_the_classes_of_imagenet_the_scaling_is_known(keras, base, nested):
    classifier = KerasClassifier(classified(keras, base, 1000, nested=nested))
    assert classifier.preprocessing == "-1..1"
    assert not classifier.preprocessing_guessed
    assert any("those of MobileNet, which takes" in note for note in classifier.notes)


def test_under_another_head_it_is_the_likeliest_guess(keras, base):
    classifier = KerasClassifier(classified(keras, base, 3))
    assert classifier.preprocessing == "-1..1"
    assert classifier.preprocessing_guessed
    assert any("may have scaled them otherwise" in note for note in classifier.notes)


@pytest.mark.parametrize(
    ("before", "preprocessing", "guessed"),
    [
        (lambda keras: keras.layers.Rescaling(1 / 255), "none", False),
        (lambda keras: keras.layers.Rescaling(1 / 2), "0-1", True),
        (lambda keras: keras.layers.RandomFlip(), "-1..1", False),
    ],
)
def test_what_stands_before_it_counts_first(keras, base, before, preprocessing, guessed):
    classifier = KerasClassifier(classified(keras, base, 1000, before(keras)))
    assert classifier.preprocessing == preprocessing
    assert classifier.preprocessing_guessed is guessed


def test_what_a_person_says_is_not_commented(keras, base):
    classifier = KerasClassifier(classified(keras, base, 1000), preprocessing="caffe")
    assert classifier.preprocessing == "caffe"
    assert not any("MobileNet" in note for note in classifier.notes)


def test_another_structure_stays_a_guess(keras):
    """The control: the same builder and name with other numbers of filters."""
    other = keras.applications.MobileNet(
        (32, 32, 3), alpha=0.3, weights=None, include_top=False, name="mobilenet_0.25_224"
    )
    classifier = KerasClassifier(classified(keras, other, 1000))
    assert classifier.preprocessing == "0-1"
    assert classifier.preprocessing_guessed


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "DenseNet121", "Xception", "ResNet50V2"])
def test_the_whole_network_of_the_catalogue_is_known(keras, name):
    from camcore.models.catalogue import CATALOGUE

    model = getattr(keras.applications, name)(weights=None)
    classifier = KerasClassifier(model, name="model")
    assert classifier.preprocessing == CATALOGUE[name].preprocessing
    assert not classifier.preprocessing_guessed
