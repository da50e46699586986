"""Sentences of the engine that translated pages show: marked here, as the engine knows no page."""

from __future__ import annotations

from pages.languages.catalogues import marked

ENGINE_SENTENCES = (
    # Titles of the samples.
    marked("Tank under a sunny sky"),
    marked("The same tank under cloud"),
    marked("The same forest without it, sunny"),
    marked("The same forest without it, cloudy"),
    marked("Another tank, behind a bush under cloud"),
    marked("Another clearing, sunny"),
    marked("Digit 2"),
    marked("Digit 3"),
    marked("Digit 5"),
    marked("Digit 7"),
    marked("Digit 8"),
    # How a picture is fitted to a network's input.
    marked("the whole picture, stretched to the input's shape"),
    marked("the largest centred part with the input's proportions"),
    marked("the whole picture with black bars"),
    # How its pixels are scaled.
    marked("none (0 to 255, or built into the model)"),
    marked("0 to 1 (divide by 255)"),
    marked("-1 to 1 (Inception, Xception, MobileNet)"),
    marked("caffe (BGR, ImageNet mean subtracted: VGG, ResNet)"),
    marked("torch (ImageNet mean and spread: DenseNet)"),
    # Which of 16 bits become black and white.
    marked("0 to 65535, all that 16 bits can hold"),
    marked("0 to 255"),
    marked("0 to 1023"),
    marked("0 to 4095, as X-ray and CT scanners and many cameras write"),
    marked("0 to 16383"),
    marked("the lowest and the highest value of each picture"),
)
