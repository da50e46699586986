"""The figure of a comparison, as an object and as files."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from pooled_classifier import PooledClassifier, one_bright_corner

from camcore import Engine, palette
from camcore.comparing import compare
from camcore.errors import InputError


@pytest.fixture(scope="module")
def made():
    return compare(
        Engine(), PooledClassifier(), one_bright_corner(), methods=["cam", "grad-cam", "hirescam"],
        layers=["first", "last"], targets=[0, 1], boxes=[(0, 0, 1, 1)], faithfulness=False,
    )  # fmt: skip


def words(axes) -> str:
    return " ".join(text.get_text() for text in axes.texts).replace("\n", " ")


def test_methods_by_layers_by_classes_under_one_colour_bar(made):
    *cells, bar = made.figure().axes
    assert len(cells) == 3 * 2 * 2
    assert [axes.get_ylabel() for axes in cells[::4]] == ["CAM", "Grad-CAM", "HiResCAM"]
    assert "first" in cells[0].get_title()
    assert "bright $x$" in cells[0].get_title()
    assert "dark" in cells[3].get_title()
    assert "own scale" in bar.get_ylabel()


def test_many_methods_at_one_place_lie_side_by_side():
    made = compare(
        Engine(), PooledClassifier(), one_bright_corner(), methods=["cam", "grad-cam", "hirescam"],
        layers=["last"], targets=[0], faithfulness=False,
    )  # fmt: skip
    figure = made.figure()
    *cells, _ = figure.axes
    assert [axes.get_title() for axes in cells] == ["CAM", "Grad-CAM", "HiResCAM"]
    assert cells[0].get_ylabel().startswith("last")
    assert figure.get_figwidth() > figure.get_figheight()


def test_a_cell_shows_the_overlay_or_says_why_not(made):
    cells = made.figure(alpha=1.0, colormap="gray").axes
    assert "global average pooling" in words(cells[0])
    cell = np.asarray(cells[2].images[0].get_array())
    assert cell[..., 0].tolist() == [[255, 0], [0, 0]]
    assert len(cells[2].patches) == 2, "the true box, white on black"
    assert not cells[0].patches


def test_the_colours_are_those_that_were_asked_for(made):
    cells = made.figure(alpha=1.0, colormap="inferno").axes
    cell = np.asarray(cells[2].images[0].get_array())
    np.testing.assert_array_equal(cell[0, 0], palette("inferno")[255])


def test_the_png_says_how_it_was_made(made):
    image = Image.open(io.BytesIO(made.png(alpha=0.5)))
    assert image.text["Methods"] == "CAM, Grad-CAM, HiResCAM"
    assert image.text["Alpha"] == "0.5"
    assert "pooled" in image.text["Model"]
    assert image.width > 1000


def test_the_svg_says_how_it_was_made_and_is_the_same_each_time(made):
    data = made.svg()
    assert data == made.svg()
    text = "".join(ElementTree.fromstring(data).itertext())
    assert "Methods: CAM, Grad-CAM, HiResCAM" in text
    assert "Colour map: viridis" in text


@pytest.mark.parametrize("options", [{"alpha": 1.5}, {"colormap": "mud"}])
def test_looks_that_there_are_not_are_refused(made, options):
    with pytest.raises(InputError):
        made.png(**options)
