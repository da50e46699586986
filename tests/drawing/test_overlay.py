"""Pictures of maps, pixel by pixel."""

import io

import numpy as np
import pytest
from PIL import Image

from camcore.drawing import overlay as render
from camcore.errors import InputError

GRAY = np.full((2, 2, 3), 100, np.uint8)


def test_mix_and_add_by_hand():
    values = np.array([[0.0, 1.0], [1.0, 0.0]])
    mixed = render.overlay(GRAY, values, alpha=0.5, colormap="gray")
    assert mixed[0, 0, 0] == 50
    assert mixed[0, 1, 0] == 178  # 127.5 + 50, rounded to even
    added = render.overlay(GRAY, values, alpha=0.5, colormap="gray", blend="add")
    assert added[0, 0, 0] == 100
    assert added[0, 1, 0] == 228
    bright = render.overlay(GRAY + 100, values, alpha=0.5, colormap="gray", blend="add")
    assert bright[0, 1, 0] == 255


def test_fade_leaves_the_picture_where_the_map_is_zero():
    values = np.array([[0.0, 1.0], [0.5, 0.0]])
    faded = render.overlay(GRAY, values, alpha=0.5, colormap="gray", blend="fade")
    assert faded[0, 0, 0] == faded[1, 1, 0] == 100
    assert faded[0, 1, 0] == 178  # as mix: 0.5 * 100 + 0.5 * 255, rounded to even
    assert faded[1, 0, 0] == 107  # 0.75 * 100 + 0.25 * 128


def test_unseen_pixels_stay_as_they_are():
    seen = np.array([[True, False], [True, True]])
    overlaid = render.overlay(GRAY, np.ones((2, 2)), alpha=1, colormap="gray", seen=seen)
    assert overlaid[0, 1].tolist() == [100, 100, 100]
    assert overlaid[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("name", render.COLORMAPS)
def test_every_colour_map_has_256_colours(name):
    assert render.palette(name).shape == (256, 3)
    assert not render.palette(name).flags.writeable


@pytest.mark.parametrize("alpha", [-0.1, 1.1, float("nan")])
def test_alpha_outside_0_to_1_is_refused(alpha):
    with pytest.raises(InputError, match="alpha"):
        render.overlay(GRAY, np.ones((2, 2)), alpha=alpha)


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match="colour map 'hot'"):
        render.palette("hot")
    with pytest.raises(InputError, match="choose one of mix, add, fade"):
        render.overlay(GRAY, np.ones((2, 2)), blend="screen")


def test_png_carries_how_it_was_made():
    image = Image.open(io.BytesIO(render.png(GRAY, {"Layer": "conv · 7×7 · 12"})))
    assert image.text == {"Layer": "conv · 7×7 · 12"}
    np.testing.assert_array_equal(np.asarray(image), GRAY)


def test_a_box_touches_its_edges_only():
    drawn = render.with_box(np.full((40, 40, 3), 100, np.uint8), (10, 5, 30, 25))
    assert drawn[5, 10].tolist() == [0, 0, 0]
    assert drawn[24, 29].tolist() == [0, 0, 0]
    assert drawn[6, 11].tolist() == [255, 255, 255]
    assert drawn[15, 20].tolist() == [100, 100, 100]
    assert drawn[4, 10].tolist() == [100, 100, 100]
    assert drawn[25, 30].tolist() == [100, 100, 100]
