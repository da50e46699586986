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
def shown(gap_model):
    classifier = KerasClassifier(gap_model, name="gap <b>", class_names=["a", "b", "c", "d"])
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    found = Engine().explain_each(
        classifier, read_image(pixels, name="noise.png"), range(4), layer="early"
    )
    return next(own for own in found if own.evidence == "positive")


def test_the_overlay_is_the_picture_at_alpha_0_and_the_map_at_alpha_1(shown):
    np.testing.assert_array_equal(np.asarray(shown.overlay(alpha=0)), shown.picture.pixels)
    full = np.asarray(shown.overlay(alpha=1, colormap="gray", interpolation="nearest"))
    cells = np.rint(shown.heatmap.upsampled("nearest") * 255)
    np.testing.assert_array_equal(full[..., 0], cells)


def test_the_additive_overlay_is_never_darker(shown):
    added = np.asarray(shown.overlay(alpha=0.4, colormap="jet", blend="add")).astype(int)
    assert (added >= shown.picture.pixels).all()


def test_the_box_is_drawn_on_demand(shown):
    plain, boxed = (np.asarray(shown.overlay(box=box)) for box in (False, True))
    assert not np.array_equal(plain, boxed)


def test_the_files_hold_what_the_value_holds(shown):
    files = shown.files(alpha=0.3, colormap="jet")
    np.testing.assert_array_equal(np.load(io.BytesIO(files["raw.npy"])), shown.heatmap.raw)
    np.testing.assert_array_equal(np.load(io.BytesIO(files["heatmap.npy"])), shown.heatmap.values)
    told = json.loads(files["explanation.json"])
    assert told == json.loads(json.dumps(shown.to_json()))
    assert told["raw_range"] == [shown.heatmap.raw.min(), shown.heatmap.raw.max()]
    text = Image.open(io.BytesIO(files["overlay.png"])).text
    assert text["Alpha"] == "0.3"
    assert text["Model"].startswith("gap <b> (sha256 ")
    assert shown.layer.name in text["Layer"]


def test_the_statement_counts_the_hot_half(shown):
    share, area = shown.heatmap.focus
    assert shown.statement == (
        f"{share:.0%} of the evidence for {shown.target.name} lies in {area:.0%} of the picture."
    )


def test_small_shares_are_not_called_zero(gap_model):
    classifier = KerasClassifier(gap_model)
    one = Engine().explain(classifier, read_image(np.zeros((8, 8, 3), np.uint8)))
    raw = np.full((40, 40), 1e-3, np.float32)
    raw[7, 9] = 1e4
    sharp = replace(one, heatmap=replace(one.heatmap, raw=raw))
    assert sharp.statement.startswith("More than 99% of the evidence")
    assert sharp.statement.endswith("lies in less than 1% of the picture.")


def test_saving_again_replaces_the_six_files_and_nothing_else(shown, tmp_path):
    out = tmp_path / "out"
    shown.save(out)
    (out / "notes.txt").write_text("mine")
    first = (out / "overlay.png").read_bytes()
    shown.save(out, alpha=0.9)
    assert (out / "overlay.png").read_bytes() != first
    assert (out / "notes.txt").read_text() == "mine"
    assert len(list(out.iterdir())) == 7
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_refused_option_writes_nothing(shown, tmp_path):
    with pytest.raises(InputError, match="colour map 'mauve'"):
        shown.save(tmp_path / "out", colormap="mauve")
    assert list(tmp_path.iterdir()) == []
