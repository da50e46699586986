"""The drawn figure of the last layers: what stands in it, and where."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgba
from matplotlib.patches import Polygon

from camcore.classifier import LayerRow
from camcore.drawing.network_figure import Gap, draw_parts, drawn_layers
from camcore.drawing.theme import DARK, LIGHT
from camcore.errors import InputError


def row(name: str, *shape: int | None, kind: str = "Conv2D", parameters: int = 0, beside=False):
    return LayerRow(name, kind, shape, parameters, beside)


BEFORE = [
    row("block4_pool", 14, 14, 512, kind="MaxPooling2D"),
    row("block5_conv1", 14, 14, 512, parameters=2_359_808),
    row("block5_conv2", 14, 14, 512, parameters=2_359_808),
    row("block5_conv3", 14, 14, 512, parameters=2_359_808),
]
BEHIND = [
    row("block5_pool", 7, 7, 512, kind="MaxPooling2D"),
    row("flatten", 25088, kind="Flatten"),
    row("fc1", 4096, kind="Dense", parameters=102_764_544),
    row("fc2", 4096, kind="Dense", parameters=16_781_312),
    row("predictions", 1000, kind="Dense", parameters=4_097_000),
]
LONG = [row(f"a_long_name_of_a_layer_{i:02d}", 7, 7, 2048) for i in range(40)]


def names(rows) -> list[str | int]:
    return [entry.count if isinstance(entry, Gap) else entry.name for entry in rows]


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def heights(figure) -> list[float]:
    """Height of each solid's front, from left to right."""
    fronts = [patch for patch in figure.axes[0].patches if isinstance(patch, Polygon)][::9]
    return [float(np.ptp(front.get_xy()[:, 1])) for front in fronts]


def test_few_layers_are_all_drawn():
    before, behind = drawn_layers((BEFORE, BEHIND), "block5_conv3")
    assert names(before) == [layer.name for layer in BEFORE]
    assert names(behind) == [layer.name for layer in BEHIND]


def test_many_layers_leave_gaps_that_are_counted():
    before, behind = drawn_layers((LONG, LONG), LONG[-1].name)
    assert names(before) == [36, *(layer.name for layer in LONG[-4:])]
    assert names(behind) == [*(layer.name for layer in LONG[:2]), 35, *(o.name for o in LONG[-3:])]


def test_a_gap_never_stands_for_one_layer():
    before, behind = drawn_layers((LONG[:5], LONG[:6]), LONG[4].name)
    assert len(before) == 5
    assert len(behind) == 6


def test_layers_beside_the_map_are_not_on_the_way_to_it():
    first = [BEFORE[0], row("shortcut", 14, 14, 64, beside=True), BEFORE[3]]
    before, _ = drawn_layers((first, BEHIND), "block5_conv3")
    assert names(before) == ["block4_pool", "block5_conv3"]
    assert "layers that reach the scores beside A: 1" in texts(
        draw_parts((first, BEHIND), "block5_conv3")
    )


def test_shapes_and_parameters_are_written():
    written = texts(draw_parts((BEFORE, BEHIND), "block5_conv3"))
    assert written.count("14 × 14 × 512") == 4
    assert {"25088", "102\u202f764\u202f544", "image → A", "A → class scores", "A"} <= set(written)


def test_an_unknown_side_is_a_question_mark():
    written = texts(draw_parts(([row("conv", None, None, 8)], BEHIND), "conv"))
    assert "? × ? × 8" in written


def test_finer_grids_stand_taller():
    pyramid = [row(str(side), side, side, 64) for side in (224, 112, 14, 7)]
    drawn = heights(draw_parts((pyramid, []), "7"))
    assert len(drawn) == 4
    assert drawn == sorted(drawn, reverse=True)
    assert len(set(drawn)) == 4


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_the_theme_colours_ground_and_both_networks(theme):
    figure = draw_parts((BEFORE, BEHIND), "block5_conv3", theme)
    assert figure.get_facecolor() == to_rgba(theme.paper)
    edges = {
        patch.get_edgecolor() for patch in figure.axes[0].patches if patch.get_linewidth() == 1
    }
    assert {to_rgba(theme.own), to_rgba(theme.other)} <= edges


@pytest.mark.parametrize("parts", [(BEFORE, BEHIND), (LONG, LONG), (BEFORE[:1], BEHIND[-1:])])
def test_no_word_leaves_the_figure_or_covers_another(parts):
    figure = draw_parts(parts, parts[0][-1].name)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    boxes = [text.get_window_extent(canvas.get_renderer()) for text in figure.axes[0].texts]
    width, height = canvas.get_width_height()
    for box in boxes:
        assert 0 <= box.x0 < box.x1 <= width
        assert 0 <= box.y0 < box.y1 <= height
    for first, other in itertools.combinations(boxes, 2):
        assert not first.overlaps(other)


def test_names_with_signs_of_mathematics_and_foreign_letters_are_drawn():
    figure = draw_parts(([row("a/$x^2", 3, 3, 4)], [row("狗", 2, kind="Dense")]), "a/$x^2")
    FigureCanvasAgg(figure).draw()
    assert {"$x^2", "□"} <= set(texts(figure))


@pytest.mark.parametrize("first", [[], BEFORE[:2], [row("block5_conv3", 3, 3, 4, beside=True)]])
def test_a_table_that_does_not_lead_to_the_layer_is_refused(first):
    with pytest.raises(InputError, match="does not lead to 'block5_conv3'"):
        draw_parts((first, BEHIND), "block5_conv3")


def test_the_bundled_network_as_it_is(bundled_model):
    figure = draw_parts(bundled_model("cam1").parts("conv4"), "conv4")
    assert {"3 × 3 × 128", "73\u202f856", "gap", "scores", "1\u202f290", "4 more\nlayers"} <= set(
        texts(figure)
    )
