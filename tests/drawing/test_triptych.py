"""The slide of an explanation: its size, its parts, and what it carries."""

from __future__ import annotations

import io
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from camcore import Engine, read_image
from camcore.drawing.triptych import triptych_png, triptych_svg
from camcore.errors import InputError
from camcore.models.keras.classifier import KerasClassifier


@pytest.fixture(scope="module")
def explained(gap_model):
    classifier = KerasClassifier(gap_model, name="gap <b>", class_names=["a", "b", "c", "d"])
    pixels = np.full((40, 60, 3), (255, 0, 0), np.uint8)
    pixels[:20] = np.random.default_rng(0).integers(0, 255, (20, 60, 3), np.uint8)
    explanations = Engine().explain_each(
        classifier, read_image(pixels, name="noise.png"), range(4), layer="early"
    )
    return next(explanation for explanation in explanations if explanation.evidence == "positive")


def test_a_slide_has_1080_lines_and_says_how_it_was_made(explained):
    image = Image.open(io.BytesIO(triptych_png(explained, 0.5, "jet")))
    assert image.size == (1920, 1080)
    assert image.text["Model"] == explained.made["Model"]
    assert (image.text["Colour map"], image.text["Alpha"]) == ("jet", "0.5")


def test_original_stands_left_and_overlay_right(explained):
    """Pure red below on the left; on the right only where the opacity is 0."""
    red = np.array([255, 0, 0])

    def share_of_red(slide: bytes, left: int, right: int) -> float:
        pixels = np.asarray(Image.open(io.BytesIO(slide)))[:, left:right, :3]
        return float((pixels == red).all(axis=2).mean())

    covered, clear = triptych_png(explained, 1.0, "gray"), triptych_png(explained, 0.0, "gray")
    assert share_of_red(covered, 0, 640) > 0.1
    assert share_of_red(covered, 1280, 1920) == 0
    assert share_of_red(clear, 1280, 1920) > 0.1


def test_the_vector_slide_keeps_its_letters(explained):
    svg = triptych_svg(explained)
    text = " ".join(
        "".join(element.itertext()) for element in ET.fromstring(svg).iter() if element.text
    )
    assert explained.statement in " ".join(text.split())
    assert "gap <b>" in text
    assert svg == triptych_svg(explained)
    assert not re.search(
        rb"<script|https?://(?!www\.w3\.org|purl\.org|creativecommons|matplotlib)", svg
    )


def test_an_unknown_colour_map_is_refused(explained):
    with pytest.raises(InputError, match="plaid"):
        triptych_png(explained, colormap="plaid")
