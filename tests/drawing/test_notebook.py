"""What values show of themselves in a notebook: small, escaped, and true."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

import camcore
from tests.auditing.planted_run import planted_run

EVIL = "<script>alert(1)</script>"


@pytest.fixture(scope="module")
def explanation(bundled_model):
    seven = camcore.read_image(camcore.sample("digit-7").file)
    return camcore.explain(bundled_model("cam1"), seven, method="cam")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    return planted_run(tmp_path_factory.mktemp("notebook") / "run")


def test_an_explanation_shows_three_pictures_and_its_sentence(explanation):
    html = explanation._repr_html_()
    assert html.count("<img ") == 3
    assert explanation.statement in html
    assert len(html) < 400_000
    image = Image.open(io.BytesIO(explanation._repr_png_()))
    assert image.size == (28, 28)
    np.testing.assert_array_equal(np.asarray(image), np.asarray(explanation.overlay()))


def test_large_pictures_are_reduced(bundled_model):
    tank = camcore.read_image(np.zeros((900, 1200, 3), np.uint8), name="night.png")
    shown = camcore.explain(bundled_model("cloud-detector"), tank)
    assert Image.open(io.BytesIO(shown._repr_png_())).size == (480, 360)
    assert len(shown._repr_html_()) < 400_000


def test_a_comparison_shows_figure_and_table(bundled_model, explanation):
    table = camcore.compare_methods(
        bundled_model("cam1"),
        explanation.picture,
        methods=["cam", "grad-cam"],
        layers=["conv4"],
    )
    html = table._repr_html_()
    assert html.count("<img ") == 1
    assert html.count("<tr") == 1 + len(table.rows) == 3
    assert Image.open(io.BytesIO(table._repr_png_())).format == "PNG"


def test_a_run_lists_what_is_proven_and_counts_the_hints(run):
    html = run._repr_html_()
    proven = [finding for finding in run.findings if finding.level == "relied on"]
    assert html.count("<tr>") == 1 + len(proven) == 3
    low, high = (round(100 * side) for side in proven[0].interval)
    assert f"{round(100 * proven[0].effect)} ({low} to {high})" in html
    assert "Hints that nothing proves: 2." in html
    assert "complete" in html


def test_a_finding_is_a_line(run):
    finding = run.findings[0]
    assert f"{finding.class_name} by {finding.cue}: relied on" in finding._repr_html_()
    hint = run.findings[-1]
    assert "excess flips" not in hint._repr_html_()


def test_names_from_outside_are_escaped(explanation, run):
    target = replace(explanation.target, name=EVIL)
    picture = replace(explanation.picture, name=EVIL)
    finding = replace(run.findings[0], class_name=EVIL, cue=EVIL)
    for value in (replace(explanation, target=target, picture=picture), finding):
        html = value._repr_html_()
        assert "alert(1)" in html
        assert "<script" not in html
