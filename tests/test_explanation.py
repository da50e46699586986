"""Explanations as values: what they say, what they write, all or nothing."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from camcore import Engine, read_image
from camcore.errors import InputError
from camcore.models.keras.classifier import KerasClassifier


@pytest.fixture(scope="module")
def explained(gap_model):
    classifier = KerasClassifier(gap_model, name="gap <b>", class_names=["a", "b", "c", "d"])
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    explanations = Engine().explain_each(
        classifier, read_image(pixels, name="noise.png"), range(4), layer="early"
    )
    return next(explanation for explanation in explanations if explanation.evidence == "positive")


def test_the_overlay_is_the_picture_at_alpha_0_and_the_map_at_alpha_1(explained):
    np.testing.assert_array_equal(np.asarray(explained.overlay(alpha=0)), explained.picture.pixels)
    full = np.asarray(explained.overlay(alpha=1, colormap="gray", interpolation="nearest"))
    cells = np.rint(explained.heatmap.upsampled("nearest") * 255)
    np.testing.assert_array_equal(full[..., 0], cells)


def test_the_additive_overlay_is_never_darker(explained):
    added = np.asarray(explained.overlay(alpha=0.4, colormap="jet", blend="add")).astype(int)
    assert (added >= explained.picture.pixels).all()


def test_the_box_is_drawn_on_demand(explained):
    plain, boxed = (np.asarray(explained.overlay(box=box)) for box in (False, True))
    assert not np.array_equal(plain, boxed)


def test_the_files_hold_what_the_value_holds(explained):
    files = explained.files(alpha=0.3, colormap="jet")
    np.testing.assert_array_equal(np.load(io.BytesIO(files["raw.npy"])), explained.heatmap.raw)
    np.testing.assert_array_equal(
        np.load(io.BytesIO(files["heatmap.npy"])), explained.heatmap.values
    )
    written = json.loads(files["explanation.json"])
    assert written == json.loads(json.dumps(explained.to_json()))
    assert written["raw_range"] == [explained.heatmap.raw.min(), explained.heatmap.raw.max()]
    text = Image.open(io.BytesIO(files["overlay.png"])).text
    assert text["Alpha"] == "0.3"
    assert text["Model"].startswith("gap <b> (sha256 ")
    assert explained.layer.name in text["Layer"]


def test_the_statement_counts_the_hot_half(explained):
    share, area = explained.heatmap.focus
    assert explained.statement == (
        f"{share:.0%} of the evidence for {explained.target.name} lies in {area:.0%} of the "
        "picture."
    )


def test_small_shares_are_not_called_zero(gap_model):
    classifier = KerasClassifier(gap_model)
    blank = Engine().explain(classifier, read_image(np.zeros((8, 8, 3), np.uint8)))
    raw = np.full((40, 40), 1e-3, np.float32)
    raw[7, 9] = 1e4
    sharp = replace(blank, heatmap=replace(blank.heatmap, raw=raw))
    assert sharp.statement.startswith("More than 99% of the evidence")
    assert sharp.statement.endswith("lies in less than 1% of the picture.")


def test_saving_again_replaces_the_six_files_and_nothing_else(explained, tmp_path):
    out = tmp_path / "out"
    explained.save(out)
    (out / "notes.txt").write_text("mine")
    first = (out / "overlay.png").read_bytes()
    explained.save(out, alpha=0.9)
    assert (out / "overlay.png").read_bytes() != first
    assert (out / "notes.txt").read_text() == "mine"
    assert len(list(out.iterdir())) == 7
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_refused_option_writes_nothing(explained, tmp_path):
    with pytest.raises(InputError, match="colour map 'mauve'"):
        explained.save(tmp_path / "out", colormap="mauve")
    assert list(tmp_path.iterdir()) == []
