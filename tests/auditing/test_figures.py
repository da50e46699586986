"""Figures against numbers and pixels that are known beforehand."""

from __future__ import annotations

import base64
import io
import itertools
import re
import subprocess
import sys
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from camcore.auditing import figures
from camcore.auditing.figures import DARK, LIGHT
from camcore.auditing.figures.drawing import Scale
from camcore.auditing.interventions.replay import Swap
from camcore.auditing.runs.findings import Finding
from camcore.auditing.runs.run import Run
from camcore.drawing.overlay import palette
from camcore.errors import InputError
from camcore.pictures.preprocessing import Frame, whole_frame
from tests.auditing.planted_pictures import CORNER, FOREST, SIZE, TANK, maps
from tests.auditing.planted_run import planted_run


@pytest.fixture(scope="module")
def planted(tmp_path_factory):
    return planted_run(tmp_path_factory.mktemp("figures") / "run")


@pytest.fixture
def run(planted):
    """A run of its own, whose tables a test may replace."""
    return Run(planted.folder)


class Drawn:
    """What a chart consists of: an element tree, as a file in the light theme has it."""

    def __init__(self, figure: figures.Figure) -> None:
        self.root = ElementTree.fromstring(figure.file(LIGHT))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [
            element.attrib for element in self.root.iter(f"{{http://www.w3.org/2000/svg}}{tag}")
        ]

    @property
    def texts(self) -> list[str]:
        return [
            "".join(element.itertext())
            for element in self.root.iter()
            if element.tag.endswith("}text")
        ]

    def x_of(self, text: str) -> float:
        return next(float(element.get("x")) for element in self.root.iter() if element.text == text)

    @property
    def pictures(self) -> list[np.ndarray]:
        encoded = [
            element["href"].removeprefix("data:image/png;base64,") for element in self.all("image")
        ]
        return [np.asarray(Image.open(io.BytesIO(base64.b64decode(href)))) for href in encoded]


def corners(path: dict[str, str]) -> list[tuple[float, ...]]:
    """The points of a path."""
    return [tuple(map(float, point.split())) for point in re.split("[ML]", path["d"])[1:]]


def with_values(run: Run, values: dict[int, list[float]], name: str = "luminance") -> Run:
    rows = [
        {"klass": k, "predicted": k, "margin": x, "error": "", name: x}
        for k, numbers in values.items()
        for x in numbers
    ]
    run.__dict__["images"] = pd.DataFrame(rows)
    return run


def test_distribution_tells_medians_and_quartiles(run):
    with_values(run, {FOREST: [10, 20, 30, 40, 50], TANK: [1, 2, 3, 4, 5]})
    figure = figures.class_distribution(run, "luminance", TANK)
    assert figure.alt == (
        "Distribution of brightness (L*) by class. "
        "tank: median 3, half of the images between 2 and 4 (5 images); "
        "forest: median 30, half of the images between 20 and 40 (5 images)."
    )


def test_bars_stand_for_shares_and_a_line_for_the_median(run):
    with_values(run, {FOREST: [24.0] * 3, TANK: [0.0] * 3 + [24.0]})  # bins one wide
    drawn = Drawn(figures.class_distribution(run, "luminance", TANK))
    of_class, other = (path for path in drawn.all("path") if path["fill"] != "none")
    assert (of_class["fill"], other["fill"]) == ("var(--own)", "var(--other)")
    places = corners(of_class)
    base, top = places[0][1], places[1][1]
    width = (places[-1][0] - places[0][0]) / 24
    assert places[2] == (pytest.approx(places[0][0] + width, abs=0.1), top)  # the first bin
    assert places[-2][1] == pytest.approx(base - (base - top) / 3, abs=0.1)  # a third in the last
    assert {y for _, y in corners(other)[1:-3]} == {corners(other)[0][1]}  # all others are empty
    medians = [corners(path) for path in drawn.all("path") if path.get("stroke") == "var(--ink)"]
    assert [line[0][0] for line in medians] == [places[0][0], places[-1][0]]
    assert drawn.texts[-4:] == ["tank", "4", "forest", "3"]


def test_many_classes_are_gathered(run):
    run.record["classes"]["classes"] += [
        {"name": f"extra {k}", "columns": [k], "label": ""} for k in range(3, 12)
    ]
    with_values(run, {klass: [float(klass)] * (klass + 1) for klass in range(12)})
    alt = figures.class_distribution(run, "luminance", TANK).alt
    assert "extra 11: median 11" in alt  # one of the five largest
    assert "6 other classes: median 4.5, half of the images between 3 and 5.75 (26 images)" in alt
    assert "extra 3:" not in alt


def test_response_tells_the_medians_at_both_ends(run):
    with_values(run, {TANK: [float(x) for x in range(80)], FOREST: [5.0]})
    run.images.loc[:9, "predicted"] = FOREST
    figure = figures.response_curve(run, "luminance", TANK)
    # Eight bands of ten images each; the value is its own log-odds.
    assert "80 images of tank; the median goes from +4.5 at 4.5 to +74.5 at 74.5." in figure.alt
    assert "recognised (70)" in figure.alt
    assert "not recognised (10)" in figure.alt
    drawn = Drawn(figure)
    dots = [(float(circle["cx"]), float(circle["cy"])) for circle in drawn.all("circle")]
    assert len(dots) == 70
    assert all(y < before for (_, before), (_, y) in itertools.pairwise(dots))  # higher is larger
    crosses = next(path for path in drawn.all("path") if path["stroke"] == "var(--other)")
    assert crosses["d"].count("M") == 2 * 10
    line = next(path for path in drawn.all("path") if path["stroke"] == "var(--ink)")
    assert len(corners(line)) == 8


def test_effects_are_drawn_at_their_points():
    proven = Finding("a", "tank", "tag", "corner", "relied on", 0.5, (0.4, 0.6))
    open_ = Finding("b", "tank", "sky", "top", "attended", 0.0, (-0.1, 0.05))
    drawn = Drawn(figures.effect_plot([proven, open_], floor=0.1))
    rings = drawn.all("circle")
    assert [ring["fill"] for ring in rings] == ["var(--own)", "var(--paper)"]
    assert drawn.texts[4:10] == ["0", "20", "40", "60", "80", "100"]
    zero, hundred = drawn.x_of("0"), drawn.x_of("100")
    at = [zero + share * (hundred - zero) for share in (0.5, 0.0)]
    assert [float(ring["cx"]) for ring in rings] == pytest.approx(at, abs=0.11)
    low, high = corners(next(path for path in drawn.all("path") if path["stroke"] == "var(--own)"))
    assert (high[0] - low[0]) == pytest.approx(0.2 * (hundred - zero), abs=0.2)


def test_unknown_property_or_class_is_refused(run):
    with pytest.raises(InputError, match="no property 'weight'"):
        figures.class_distribution(run, "weight", TANK)
    with pytest.raises(InputError, match="on no image of class 2"):
        figures.response_curve(run, "luminance", 2)  # jeep has no readable image


def test_names_from_outside_are_text_in_one_short_line(run):
    run.record["classes"]["classes"][TANK]["name"] = "<b>&\u202e戦車\n\x00\udcff" + "x" * 50
    drawn = Drawn(figures.class_distribution(run, "luminance@top", TANK))
    assert "<b>&□戦車 □□xxxxx…" in drawn.texts
    finding = Finding("a", run.class_names[TANK], "tag", "$x_", "relied on", 0.5, (0.4, 0.6))
    assert Drawn(figures.effect_plot([finding], floor=0.1)).texts[:2] == [
        "<b>&□戦車 □□" + "x" * 17 + "…",
        "$x_",
    ]


def test_long_labels_of_an_axis_do_not_touch():
    scale = Scale((0, 6_000_000), (0, 200))
    assert scale.ticks() == [(0, "0"), (5_000_000, "5,000,000")]
    assert Scale((-0.02, 0.02), (0, 400)).ticks()[0] == (-0.02, "−0.02")


def test_colours_are_those_of_the_theme_in_a_file_and_of_the_page_elsewhere(run):
    figure = figures.response_curve(run, "luminance@top", TANK)
    assert not re.search("#[0-9a-f]{6}", figure.svg)
    for theme in (LIGHT, DARK):
        root = ElementTree.fromstring(figure.file(theme))
        assert f"--own: {theme.own}; --other: {theme.other}" in root.get("style")


def test_effects_without_interventions_are_refused():
    with pytest.raises(InputError, match="has an effect"):
        figures.effect_plot([Finding("a", "tank", "tag", "corner", "attended")], floor=0.1)


def test_mean_maps_tell_the_share_in_the_region(run):
    ours, theirs = np.zeros((2, 8, 8), np.float32)
    ours[7, 7], ours[0, 0] = 0.75, 0.25
    theirs[6, 6], theirs[0, 0] = 0.1, 0.9
    table = pd.DataFrame({"class": [TANK], "mean": [ours.tobytes()], "others": [theirs.tobytes()]})
    run.evidence = lambda name: table
    region = {"rows": 4, "columns": 4, "cells": [[3, 3]]}  # two by two cells of the map
    figure = figures.mean_maps(run, TANK, region=region)
    assert "inside the outlined region: the class 75 %, other classes 10 %." in figure.alt
    drawn = Drawn(figure)
    of_class, other, _ = drawn.pictures  # cells of 32 pixels, and the legend
    assert of_class.shape == other.shape == (256, 256, 3)
    viridis = palette("viridis")
    assert (other[:32, :32] == viridis[255]).all()  # 0.9, the highest of all, ends the one scale
    assert (of_class[-32:, -32:] == viridis[213]).all()  # 0.75
    assert (of_class[:-32] == viridis[0]).all(axis=2).mean() == pytest.approx(1 - 1 / 56)
    box = {name: float(drawn.all("image")[0][name]) for name in ("x", "y", "width", "height")}
    right, bottom = box["x"] + box["width"], box["y"] + box["height"]
    outlined = next(path for path in drawn.all("path") if path["stroke"] == "white")
    left, top = right - box["width"] / 4, bottom - box["height"] / 4
    expected = [(left, top), (left, bottom), (right, top), (right, bottom)]
    vertices = sorted(set(corners(outlined)))
    assert np.allclose(vertices, expected, atol=0.11)
    with pytest.raises(InputError, match="no mean map"):
        figures.mean_maps(run, FOREST)


def test_maps_of_a_model_that_crops_are_drawn_where_they_lie(run, monkeypatch):
    """The model sees the lower half alone: two rows of cells, the upper half gray."""
    monkeypatch.setattr(
        Run, "frame", property(lambda _: Frame(0.0, 16.0, 32.0, 32.0, 32, 32)), raising=True
    )
    monkeypatch.setattr(Run, "grid", property(lambda _: (2, 4)))
    ours = np.zeros((2, 4), np.float32)
    ours[0, 0] = 1
    data = [ours.tobytes()]
    run.evidence = lambda name: pd.DataFrame({"class": [TANK], "mean": data, "others": data})
    region = {"rows": 4, "columns": 4, "cells": [[2, 0]]}
    figure = figures.mean_maps(run, TANK, region=region)
    assert "2 x 4 cells; evidence inside the outlined region: the class 100 %" in figure.alt
    picture = Drawn(figure).pictures[0]
    assert picture.shape == (256, 256, 3)
    assert (picture[:128] == 160).all()
    viridis = palette("viridis")
    assert (picture[128:192, :64] == viridis[255]).all()
    assert (picture[192:] == viridis[0]).all()
    above = {"rows": 4, "columns": 4, "cells": [[0, 0]]}
    assert "region: the class 0 %" in figures.mean_maps(run, TANK, region=above).alt


def test_mean_maps_of_chosen_images(run):
    raw = np.full((2, 8, 8), -1, np.float32)
    raw[0, 7, 7], raw[1, 0, 0] = 5, 1  # each counts alike, whatever its scale
    run.maps = lambda ids, kind="label": raw
    alt = figures.mean_maps(run, FOREST, [3, 4], run.finding("forest--tag").region).alt
    assert "its 2 images below 50 %" in alt


@pytest.mark.parametrize(
    ("region", "shape", "cells"),
    [
        ({"rows": 3, "columns": 1, "cells": [[0, 0]]}, (7, 2), [[0, 0], [0, 1], [1, 0], [1, 1]]),
        ({"rows": 2, "columns": 2, "cells": [[0, 0], [1, 1]]}, (2, 2), [[0, 0], [1, 1]]),
        ({"rows": 8, "columns": 8, "cells": [[0, 0]]}, (4, 4), []),  # no centre lies in it
    ],
)
def test_cells_of_the_map_inside_a_region(region, shape, cells):
    assert np.argwhere(figures.maps.inside(region, *shape, whole_frame(8, 8))).tolist() == cells


def test_a_tile_leaves_what_the_model_cuts_off_as_it_is(run, monkeypatch):
    run.maps = lambda ids, kind="label": np.ones((len(ids), 8, 8), np.float32)
    lower = Frame(0.0, SIZE / 2, float(SIZE), float(SIZE), SIZE, SIZE)
    monkeypatch.setattr(Run, "frame", property(lambda _: lower))
    tile = figures.gallery(run, run.finding("tank--sky-top-band"), 1)[0]
    seen = run.seen(tile.image).astype(float)
    half = SIZE // 2
    expected = np.rint(0.55 * seen[half:] + 0.45 * palette("viridis")[255])
    assert np.abs(tile.pixels[half:] - expected).max() <= 1
    above = np.rint(0.55 * seen[:half] + 0.45 * palette("viridis")[0])
    assert np.abs(tile.pixels[:half] - above).max() <= 1


def test_gallery_shows_the_picture_under_its_map(run):
    run.maps = lambda ids, kind="label": np.ones((len(ids), 8, 8), np.float32)
    finding = run.finding("tank--sky-top-band")
    tile = figures.gallery(run, finding, 1)[0]
    assert tile.image == finding.images[0]
    expected = np.rint(0.55 * run.seen(tile.image) + 0.45 * palette("viridis")[255])
    assert np.abs(tile.pixels - expected).max() <= 1
    assert tile.alt == f"{tile.title} under its map: 100 % of the evidence in 100 % of the picture"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(tile.png()))), tile.pixels)


def test_gallery_says_what_is_missing(run, tmp_path):
    run = planted_run(tmp_path / "run")
    finding = Finding("a", "tank", "tag", "corner", "relied on", images=(25, 22, 23))
    run.path_of(22).unlink()
    raw = run.maps([25, 22, 23])
    raw[2] = np.nan
    run.maps = lambda ids, kind="label": raw
    none, gone, mapless = figures.gallery(run, finding)
    assert none.caption.endswith("no positive evidence")
    assert np.array_equal(none.pixels, run.seen(25))
    assert gone.pixels is None
    assert gone.png() is None
    assert "no such file" in gone.alt
    assert mapless.note == "no map"


def test_images_of_a_place_are_ranked_by_the_share_of_their_evidence(run):
    finding = run.finding("forest--tag")
    forests = np.flatnonzero(run.images["klass"] == FOREST)
    cells = np.maximum(maps(np.stack([run.seen(image) for image in forests]), FOREST), 0)
    assert CORNER == "cells 4x4: 3,3"  # rows and columns 6 and 7 of the map
    shares = cells[:, 6:, 6:].sum(axis=(1, 2)) / np.maximum(cells.sum(axis=(1, 2)), 1e-9)
    ids = figures.tiles.shown_by(run, finding)
    best = shares[np.searchsorted(forests, ids)]
    assert (np.diff(best) <= 1e-3).all()  # the store keeps maps in half precision
    assert set(ids) == set(forests)


def test_images_of_a_property_come_from_the_end_that_speaks_for_the_class(run):
    tanks = run.images[run.images["klass"] == TANK]
    ids = figures.tiles.shown_by(run, run.finding("tank--colour"))
    assert tanks.loc[list(ids), "lab_a"].is_monotonic_decreasing  # tanks are the redder ones


def test_swap_strip_has_all_four_with_their_predictions():
    gray = [np.full((4, 4, 1), level, np.uint8) for level in (10, 20, 30, 40)]
    swap = Swap(1, 2, 3, *gray, "forest", "tank", "forest", -2.0, 1.5, -1.9)
    tiles = figures.swap_strip(swap, "tank")
    assert [tile.pixels[0, 0].tolist() for tile in tiles] == [[v] * 3 for v in (10, 20, 30, 40)]
    assert [tile.caption for tile in tiles] == [
        "predicted forest, log-odds −2.0, image 1",
        "image 2, of tank",
        "predicted tank, log-odds +1.5, from image 2",
        "predicted forest, log-odds −1.9, the same from image 3, of its own class",
    ]
    assert tiles[2].alt == "With the donor's cue, from image 2: predicted tank"


def test_the_same_bytes_again(run):
    first = figures.response_curve(run, "luminance@top", TANK)
    figures.effect_plot(run.findings, 0.1)
    assert figures.response_curve(run, "luminance@top", TANK) == first


def test_importing_the_figures_brings_no_state_and_no_screen():
    code = (
        "import sys, camcore.auditing.figures; "
        "print(sorted({'matplotlib.pyplot', 'tensorflow', 'streamlit'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_overlay_keeps_the_size_of_what_the_model_sees(run):
    tile = figures.gallery(run, run.finding("forest--tag"), 1)[0]
    assert tile.pixels.shape == (SIZE, SIZE, 3)
