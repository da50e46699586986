"""Keras Applications as a table: input size, preprocessing, and whether plain CAM is possible."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CatalogueModel:
    """One network of Keras Applications with its ImageNet weights.

    Attributes
    ----------
    name : str
        As in ``keras.applications``.
    family : str
    size : int
        Side of the square input in pixels.
    preprocessing : str
        Key of `camcore.PREPROCESSINGS`; ``none`` where the network scales its own input.
    megabytes : int
        Approximate size of the weights file.
    cam : bool
        True where the last maps lead through global average pooling straight into class scores.
    """

    name: str
    family: str
    size: int
    preprocessing: str
    megabytes: int
    cam: bool


def _family(
    family: str, preprocessing: str, cam: bool, *rows: tuple[str, int, int]
) -> list[CatalogueModel]:
    return [CatalogueModel(n, family, s, preprocessing, mb, cam) for n, s, mb in rows]


# Sizes from https://keras.io/api/applications/.
CATALOGUE = {
    model.name: model
    for model in (
        *_family("VGG", "caffe", False, ("VGG16", 224, 528), ("VGG19", 224, 549)),
        *_family(
            "ResNet", "caffe", True,
            ("ResNet50", 224, 98), ("ResNet101", 224, 171), ("ResNet152", 224, 232),
        ),
        *_family(
            "ResNetV2", "-1..1", True,
            ("ResNet50V2", 224, 98), ("ResNet101V2", 224, 171), ("ResNet152V2", 224, 232),
        ),
        *_family(
            "Inception", "-1..1", True, ("InceptionV3", 299, 92), ("InceptionResNetV2", 299, 215)
        ),
        *_family("Xception", "-1..1", True, ("Xception", 299, 88)),
        *_family(
            "DenseNet", "torch", True,
            ("DenseNet121", 224, 33), ("DenseNet169", 224, 57), ("DenseNet201", 224, 80),
        ),
        *_family("MobileNet", "-1..1", True, ("MobileNet", 224, 16), ("MobileNetV2", 224, 14)),
        *_family(
            "MobileNetV3", "none", False,
            ("MobileNetV3Small", 224, 10), ("MobileNetV3Large", 224, 22),
        ),
        *_family("NASNet", "-1..1", True, ("NASNetMobile", 224, 23), ("NASNetLarge", 331, 343)),
        *_family(
            "EfficientNet", "none", True,
            ("EfficientNetB0", 224, 29), ("EfficientNetB1", 240, 31), ("EfficientNetB2", 260, 36),
            ("EfficientNetB3", 300, 48), ("EfficientNetB4", 380, 75), ("EfficientNetB5", 456, 118),
            ("EfficientNetB6", 528, 166), ("EfficientNetB7", 600, 256),
        ),
        *_family(
            "EfficientNetV2", "none", True,
            ("EfficientNetV2B0", 224, 29), ("EfficientNetV2B1", 240, 34),
            ("EfficientNetV2B2", 260, 42), ("EfficientNetV2B3", 300, 59),
            ("EfficientNetV2S", 384, 88), ("EfficientNetV2M", 480, 220),
            ("EfficientNetV2L", 480, 479),
        ),
        *_family(
            "ConvNeXt", "none", False,
            ("ConvNeXtTiny", 224, 110), ("ConvNeXtSmall", 224, 193), ("ConvNeXtBase", 224, 339),
            ("ConvNeXtLarge", 224, 755), ("ConvNeXtXLarge", 224, 1311),
        ),
    )
}  # fmt: skip
