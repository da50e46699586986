"""Convolutions of the networks of Keras Applications that leave scaling to the caller.

Made by `camcore.making.application_fingerprints`: how many there are before the head, and their
`fingerprint`. A number behind a name is the factor of the numbers of filters.
"""

from __future__ import annotations

FINGERPRINTS: dict[str, tuple[int, str]] = {
    "VGG16": (13, "a4a8ac26cfdc5b00"),
    "VGG19": (16, "b5c42e8fbe7dd53e"),
    "ResNet50": (53, "7dbeff3cef711382"),
    "ResNet101": (104, "263dfd1da20c5a4b"),
    "ResNet152": (155, "ddabdd31d9891454"),
    "ResNet50V2": (53, "a9ec3079bb19dc73"),
    "ResNet101V2": (104, "b74524a6a49e4a52"),
    "ResNet152V2": (155, "83a41a977d2d2b50"),
    "InceptionV3": (94, "ace2c7ac3c06bf83"),
    "InceptionResNetV2": (244, "4ee24306643c221c"),
    "Xception": (74, "07161c9e2e850e8e"),
    "DenseNet121": (120, "5acfad9a69c60aeb"),
    "DenseNet169": (168, "17179be5fe381f6b"),
    "DenseNet201": (200, "e605a2c700224834"),
    "MobileNet 0.25": (27, "1196374653398411"),
    "MobileNet 0.5": (27, "61a0b250dce91a69"),
    "MobileNet 0.75": (27, "4db1f94b250698ea"),
    "MobileNet 1.0": (27, "6ad4b4c205659bdb"),
    "MobileNetV2 0.35": (52, "4bebf9cf5dd2f721"),
    "MobileNetV2 0.5": (52, "d61c8ae1ddfb6f74"),
    "MobileNetV2 0.75": (52, "af75f1e480af4623"),
    "MobileNetV2 1.0": (52, "7489a65166088f0f"),
    "MobileNetV2 1.3": (52, "1181bc53601d04e8"),
    "MobileNetV2 1.4": (52, "a8f10c95176ec72c"),
    "NASNetMobile": (356, "5aef67045962e03b"),
    "NASNetLarge": (488, "e15434636711d13c"),
}
