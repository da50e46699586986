"""Links from an audit into Explore, and what both pages share."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from camcore import bundled
from tests.pages.app_page import address, assert_calm
from tests.pages.parts.audit.reading import AUDIT, EXPLORE, the_error, words


@pytest.fixture
def picture(tmp_path) -> Path:
    (tmp_path / "in").mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (40, 60, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "in" / "a.png")
    return tmp_path / "in" / "a.png"


def test_a_link_opens_a_picture_by_its_path(visit, picture):
    query = {"path": str(picture), "model": "tank-detector", "layer": "conv4", "class": "0",
             "method": "layer-cam"}  # fmt: skip
    app = visit(EXPLORE, **query)
    assert_calm(app)
    assert not app.warning
    assert app.pills(key="picture-source").value == "Path"
    assert app.pills(key="target-chips").value == [0]
    assert address(app) == query | {"class": "forest"}, "the address keeps the picture"
    app.text_input(key="picture-path").set_value(f"{picture} ").run()
    assert address(app)["path"] == str(picture), "what is typed is in it, too"


def test_a_link_leads_nowhere_else(visit, picture, tmp_path, monkeypatch):
    monkeypatch.setenv("CAMCORE_DATA_ROOT", str(picture.parent))
    assert_calm(visit(EXPLORE, path=str(picture)))
    Image.open(picture).save(tmp_path / "out.png")
    app = visit(EXPLORE, path=str(picture.parent / ".." / "out.png"))
    assert "outside the folder" in the_error(app)
    app = visit(EXPLORE, path=str(picture), model=str(tmp_path / "own.keras"))
    assert "outside the folder" in the_error(app)


def test_a_link_opens_a_model_file_as_the_audit_read_it(visit, picture, keras, tmp_path):
    images = keras.Input((None, None, 3))
    x = keras.layers.Conv2D(4, 3, activation="relu", name="conv")(images)
    x = keras.layers.GlobalAveragePooling2D()(x)
    keras.Model(images, keras.layers.Dense(3)(x)).save(tmp_path / "own.keras")
    (tmp_path / "names.txt").write_text("one\ntwo\nthree\n")
    query = {
        "path": str(picture), "model": str(tmp_path / "own.keras"), "layer": "conv", "class": "2",
        "labels": str(tmp_path / "names.txt"), "kind": "logits", "side": "48",
        "preprocessing": "caffe", "method": "grad-cam",
    }  # fmt: skip
    app = visit(EXPLORE, **query)
    assert_calm(app)
    assert not app.warning
    assert address(app) == query | {"class": "three"}
    assert app.number_input(key="model-side").value == 48


def test_explore_is_as_it_was_left(visit, run):
    app = visit(EXPLORE, model="tank-detector", layer="conv4", fit="pad")
    app.query_params.clear()
    app.switch_page(AUDIT).run().run()
    assert app.selectbox(key="model-bundled").value == "tank-detector", "offered here, too"
    app.switch_page(EXPLORE).run()
    assert_calm(app)
    assert app.selectbox(key="map-layer").value == "conv4"
    assert address(app)["fit"] == "pad"


MODELS = Path(bundled.__file__).parent / "models"


def test_an_uploaded_model_is_offered_on_the_other_page(visit, launched, tmp_path):
    app = visit(EXPLORE)
    app.segmented_control(key="model-group").set_value("Your file").run()
    model = (MODELS / "cloud-detector.keras").read_bytes()
    app.file_uploader(key="model-upload").upload("own.keras", model, "x/y").run()
    Image.new("RGB", (8, 8)).save(tmp_path / "1.png")
    app.query_params.clear()
    app.switch_page(AUDIT).run().run()
    assert "own.keras, uploaded before" in words(app)
    app.segmented_control(key="audit-source").set_value("Path").run()
    app.text_input(key="audit-path").set_value(str(tmp_path))
    app.selectbox(key="audit-labels").set_value("none")
    app.button(key="audit-start").click().run()
    ((settings, folder),) = launched
    assert settings.model == str(folder / "given" / "own.keras")
